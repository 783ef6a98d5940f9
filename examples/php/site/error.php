<?php
// A fatal error: the visitor gets a 500 without a word about it, the log gets the message.
this_function_is_missing();

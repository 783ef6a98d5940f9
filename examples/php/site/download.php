<?php
// As many megabytes as were asked for, up to 100, made while they are sent.
$megabytes = min(100, max(0, (int) ($_GET['megabytes'] ?? 1)));
header('Content-Type: application/octet-stream');
header('Content-Disposition: attachment; filename="numbers.bin"');
header('Content-Length: ' . $megabytes * 1000000);
for ($block = 0; $block < $megabytes * 1000; $block++) {
    echo str_pad((string) $block, 1000, '.');
}

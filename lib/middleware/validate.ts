import type { Application, Middleware, StartResponse } from "../gateway/types.ts";
import { watchBody } from "./validate/body.ts";
import { checkEnviron } from "./validate/environ.ts";
import { applicationFault, serverFault, shown } from "./validate/fault.ts";
import { openBodies } from "./validate/iteration.ts";
import { ResponseState } from "./validate/response-state.ts";
import { watchStartResponse } from "./validate/start-response.ts";
import { guardStreams } from "./validate/streams.ts";

export { openBodies };

//: # The gateway interface
//:
//: What a server and an application of postern know of each other. It is PEP 3333 (WSGI 1.0.1) carried over to
//: JavaScript; names and rules are the PEP's wherever the language allows. Whatever keeps these rules runs on every
//: server, behind every middleware, under every worker model.
//:
//: This page is made from the comments of `lib/middleware/validate.ts` and the files beside it: each rule stands
//: there next to the check that enforces it. To run the rules, wrap an application while you develop or test it:
//:
//: ```ts
//: import { validate } from "postern/middleware/validate";
//:
//: const checked = validate(application);
//: ```
//:
//: The first breach throws an error whose class says who is to blame and whose `code` is the rule's family: a
//: `GatewayError` is the server's fault (or that of a middleware in front), an `ApplicationError` the application's.
//: What is allowed but looks wrong is written to `wsgi.errors` as a line that begins with `validate:`. A synchronous
//: application stays synchronous under `validate`, an array stays that array, and what is made when it is first read
//: is not read.
//:
//: ## Shapes
//:
//: @types Application Body Chunk Header Headers StartResponse Write Middleware
//:
//: @types Environ FileWrapper FileRange FileBody
//:
//: ## A request's way
//:
//: 1. The server calls the application once with an environ of its own and `startResponse`.
//: 2. The application calls `startResponse`, at the latest in the code that gives the first non-empty chunk, and
//:    returns its body or a promise of it.
//: 3. The server asks the body for its first chunk, for `HEAD` too. At the first chunk that is not empty, or at the end
//:    where there is none, it sends the head. Each chunk is sent before the next is asked for, and while the peer
//:    cannot take more, none is.
//: 4. The body ends, or the server leaves it by its iterator's `return()`, once on every path: an error, a client that
//:    has gone, `HEAD`. A generator's `finally` is where an application cleans up. A generator that was never started
//:    has no `finally` to run; one that waits is woken by `postern.signal`, not by `return()`.
//:
//: An error before the head was sent becomes a plain 500 that tells the client nothing and the log everything. After
//: that the server does what it can so that the response does not look complete. An error thrown by the cleaning up is
//: logged and changes nothing for the client.
//:
//: ## What is not as in PEP 3333, and why
//:
//: | PEP 3333 | here | because |
//: |---|---|---|
//: | `start_response`, `exc_info` | `startResponse`, and the error itself | JavaScript's spelling; an error carries its trace |
//: | the body is an iterable | also an async iterable, or a promise of either | Node must not be blocked |
//: | chunks are byte strings | bytes or strings; a string is sent as UTF-8 | text is UTF-8 everywhere else in JavaScript |
//: | `close()` of the body | `return()` of its iterator | the language calls it itself when a loop is left |
//: | `write()` blocks | `write()` returns a promise | the same |
//: | `wsgi.input` has `read`, `readline`, … | a Node `Readable` | so that `pipeline`, `for await` and busboy work |
//: | `wsgi.errors` is a text file | a Node `Writable` that takes strings | so that `console.Console` works |
//: | headers are a list of tuples | any iterable of pairs | a `Map` and a `Headers` object are welcome |
//: | a header's name is a letter, then letters, digits, `-` and `_` | any token of RFC 9110 | the RFC that rules today |
//: | some variables may be missing when empty | they are always there | nobody has to write `?? ""` |
//: | `wsgi.file_wrapper` takes a file object | `postern.file_wrapper` takes a path and a range | servers and middleware can hand the path on |
//: | `input.read(size)` has rules | those of `Readable` | Node checks them |
//: | nothing | `postern.signal` | there is no other way to wake an application that waits |
//:
//: ## The call
//:

/**
 * Checks both sides of the gateway interface and throws at the first breach: an `ApplicationError` for the
 * application's, a `GatewayError` for the server's, with the rules' code. Put it around every application in tests
 * and around none in production.
 */
export const validate: Middleware = (application) => {
  //: - **VE-01** An application is a function. Anything else is refused when it is wrapped (`ApplicationError`,
  //:   `GATEWAY_APPLICATION`).
  if (typeof application !== "function")
    throw applicationFault(
      "GATEWAY_APPLICATION",
      `the application is ${shown(application)}: pass a function`,
    );

  const validated: Application = (...call) => {
    const [environ, startResponse] = call;
    checkCall(call.length, startResponse);
    const warnings = checkEnviron(environ);
    guardStreams(environ);
    for (const warning of warnings) environ["wsgi.errors"].write(`validate: ${warning}\n`);
    const state = new ResponseState(environ);
    const body = application(environ, watchStartResponse(startResponse, state));
    return isThenable(body)
      ? body.then((settled) => watchBody(settled, state, environ))
      : watchBody(body, state, environ);
  };
  return validated;
};

function checkCall(count: number, startResponse: StartResponse): void {
  //: - **VE-02** It is called with exactly two arguments, an environ and a function (`GatewayError`, `GATEWAY_CALL`).
  if (count !== 2)
    throw serverFault("GATEWAY_CALL", `the application was called with ${count} arguments: pass two`);
  if (typeof startResponse !== "function")
    throw serverFault("GATEWAY_CALL", `startResponse is ${shown(startResponse)}: pass a function`);
}

function isThenable<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

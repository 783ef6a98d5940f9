import { Readable, type Writable } from "node:stream";
import type { Environ } from "../../gateway/types.ts";
import { applicationFault, serverFault, shown } from "./fault.ts";

//: ### Streams and extensions
//:
//: What is made when it is first read is checked when it is first read.
//:

/** Checks `wsgi.input`, `wsgi.errors` and the extensions, and puts `wsgi.errors` under watch. */
export function guardStreams(environ: Environ): void {
  guard(environ, "wsgi.input", checkInput);
  guard(environ, "wsgi.errors", watchErrors);
  guard(environ, "postern.signal", checkSignal);
  guard(environ, "postern.file_wrapper", checkFileWrapper);
}

/** Replaces a value by what `check` gives for it: at once, or when a getter is first asked. */
function guard<Key extends keyof Environ>(
  environ: Environ,
  key: Key,
  check: (value: Environ[Key]) => Environ[Key],
): void {
  const property = Object.getOwnPropertyDescriptor(environ, key);
  if (property?.get === undefined) {
    environ[key] = check(environ[key]);
    return;
  }
  const lazy = property.get;
  const settle = (value: Environ[Key]) => {
    Object.defineProperty(environ, key, { value, writable: true, enumerable: true, configurable: true });
    return value;
  };
  Object.defineProperty(environ, key, {
    get: () => settle(check(lazy.call(environ))),
    set: settle,
    enumerable: true,
    configurable: true,
  });
}

function fault(sentence: string) {
  return serverFault("GATEWAY_ENVIRON", sentence);
}

function checkInput(input: Readable): Readable {
  //: - **VE-22** `wsgi.input` is a Node `Readable` of exactly the request's body as bytes: it has no encoding set and
  //:   is not in object mode. It ends at once when there is no body. PEP 3333's `readline` family is not there;
  //:   `node:readline` takes any `Readable`. An application may leave it unread, in part or in whole.
  if (!(input instanceof Readable)) throw fault(`wsgi.input is ${shown(input)}: make it a Readable`);
  if (input.readableObjectMode || input.readableEncoding !== null)
    throw fault("wsgi.input gives something else than bytes: set no encoding and no object mode");
  return input;
}

function checkSignal(signal: AbortSignal): AbortSignal {
  //: - **VE-32** `postern.signal` is an `AbortSignal`: aborted when the client has gone, the request took too long, or
  //:   the server cannot wait any more. It wakes an application that waits for something else.
  if (!(signal instanceof AbortSignal))
    throw fault(`postern.signal is ${shown(signal)}: make it an AbortSignal`);
  return signal;
}

function checkFileWrapper<Wrapper>(wrapper: Wrapper): Wrapper {
  //: - **VE-33** `postern.file_wrapper` is a function that makes a body of a file's path, an optional range of its
  //:   bytes, both ends included, and the folder that it has to be in when it is opened, where links may have changed
  //:   meanwhile: else it fails with `ENOENT`. The body has `path` and `range`, by which a server or a middleware
  //:   recognises it.
  if (typeof wrapper !== "function")
    throw fault(`postern.file_wrapper is ${shown(wrapper)}: make it a function of a path and a range`);
  return wrapper;
}

function watchErrors(errors: Writable): Writable {
  //: - **VE-23** `wsgi.errors` is a Node `Writable` for text, and reaches the web server's log where the protocol
  //:   allows it.
  if (
    typeof errors?.write !== "function" ||
    typeof errors.end !== "function" ||
    typeof errors.on !== "function"
  )
    throw fault(`wsgi.errors is ${shown(errors)}: make it a Writable`);
  return new Proxy(errors, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...call: unknown[]): unknown => {
        checkErrorsCall(name, call);
        return Reflect.apply(member, target, call);
      };
    },
  });
}

//: ## What the application may do with the streams
//:
//: A breach throws an `ApplicationError` of code `GATEWAY_ERRORS`.
//:

function checkErrorsCall(name: string | symbol, call: readonly unknown[]): void {
  //: - **VB-13** What is written to `wsgi.errors` is a string.
  if (name === "write" && typeof call[0] !== "string")
    throw applicationFault("GATEWAY_ERRORS", `wsgi.errors was given ${shown(call[0])}: write a string`);
  //: - **VB-12** The application never ends or destroys `wsgi.errors`: later requests may share it. It may destroy
  //:   `wsgi.input` (leaving a `for await` over it does), which costs nobody but itself the rest of the body.
  if (name === "end" || name === "destroy")
    throw applicationFault("GATEWAY_ERRORS", `wsgi.errors.${name}() was called: leave the stream open`);
}

import { isNativeError } from "node:util/types";
import { HOP_BY_HOP } from "../../gateway/head.ts";
import type { Header, StartResponse, Write } from "../../gateway/types.ts";
import { isLength } from "./environ.ts";
import { applicationFault, serverFault, shown } from "./fault.ts";
import { headerValue, isBodiless, type ResponseState } from "./response-state.ts";

//: ## startResponse
//:
//: `startResponse(status, headers, error?)` sets status and headers. The head is held back until the first chunk that
//: is not empty, so an application may replace it until then. A breach throws an `ApplicationError` of the code that
//: stands at the rules.
//:

/** The `startResponse` that a watched application is given. */
export function watchStartResponse(startResponse: StartResponse, state: ResponseState): StartResponse {
  return (...call: Parameters<StartResponse>): Write => {
    const [status, headers, error] = call;
    checkCall(call.length, error, state);
    const code = checkStatus(status);
    const copy = checkHeaders(headers);
    checkFraming(code, copy);
    state.head = { code, headers: copy };
    // An array goes on as it is, so that a server which does not copy it is found out.
    const passed = Array.isArray(headers) ? headers : copy;
    const write = call.length === 2 ? startResponse(status, passed) : startResponse(status, passed, error);
    return watchWrite(write, state);
  };
}

//: ### The call (`GATEWAY_START_RESPONSE`)
//:

function checkCall(count: number, error: unknown, state: ResponseState): void {
  const fault = (sentence: string) => applicationFault("GATEWAY_START_RESPONSE", sentence);
  //: - **VR-01** It takes two arguments or three.
  if (count < 2 || count > 3)
    throw fault(
      `startResponse was called with ${count} arguments: pass status, headers and perhaps an error`,
    );
  //: - **VR-10** The third argument is the error itself that made the application change its mind, an `Error`;
  //:   `undefined` and `null` are as if it were left out. (PEP 3333 has Python's triple here.)
  if (error !== undefined && error !== null && !(error instanceof Error || isNativeError(error)))
    throw fault(`startResponse got ${shown(error)} as its error: pass an Error, the reason as its cause`);
  //: - **VR-11** A second call must have the error that is its reason.
  if (state.head !== undefined && (error === undefined || error === null))
    throw fault("startResponse was called twice: pass the error that is the reason as third argument");
  //: - **VR-16** It is not called after the body has ended.
  if (state.ended) throw fault("startResponse was called after the body had ended: call it before");
}

//: ### The status (`GATEWAY_STATUS`)
//:

function checkStatus(status: unknown): number {
  //: - **VR-02** The status is a string: three digits, one space and a phrase, such as `"200 OK"`. The digits are not
  //:   below 200: interim responses are the server's. The phrase has no control characters, no space at its end, and no
  //:   code point above 255.
  if (
    typeof status !== "string" ||
    !/^[2-9][0-9]{2} [!-~\x80-\xff](?:[ -~\x80-\xff]*[!-~\x80-\xff])?$/.test(status)
  )
    throw applicationFault("GATEWAY_STATUS", `the status is ${shown(status)}: make it such as "200 OK"`);
  return Number(status.slice(0, 3));
}

//: ### The headers (`GATEWAY_HEADERS`)
//:

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function headersFault(sentence: string) {
  return applicationFault("GATEWAY_HEADERS", sentence);
}

function checkHeaders(headers: unknown): Header[] {
  //: - **VR-03** The headers are an iterable of pairs, each an array of exactly two strings: an array of arrays, a
  //:   `Map`, a `Headers` object. They are copied at the call; what the application does to them later has no effect.
  if (typeof headers !== "object" || headers === null || !(Symbol.iterator in headers))
    throw headersFault(`the headers are ${shown(headers)}: pass an array of [name, value]`);
  const copy: Header[] = [];
  for (const pair of headers as Iterable<unknown>) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw headersFault(`a header is ${shown(pair)}: make it [name, value]`);
    copy.push(checkHeader(pair[0], pair[1]));
  }
  return copy;
}

function checkHeader(name: unknown, value: unknown): Header {
  //: - **VR-05** A name is a token (RFC 9110 §5.1): at least one of the letters and digits of ASCII and
  //:   ``!#$%&'*+-.^_`|~``.
  if (typeof name !== "string" || !token.test(name))
    throw headersFault(`a header's name is ${shown(name)}: make it a token such as "Content-Type"`);
  //: - **VR-07** A value is a string; a header without one is left out or `""`.
  if (typeof value !== "string")
    throw headersFault(`the value of ${name} is ${shown(value)}: make it a string, or leave the header out`);
  //: - **VR-06** A value has no control character: no line break above all, and no tab either.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(value))
    throw headersFault(`the value of ${name} holds a control character: ${shown(value)}`);
  //: - **VR-17** A value has no code point above 255: one code point is one byte of it.
  if (/[^\0-\xff]/.test(value))
    throw headersFault(`the value of ${name} holds a code point above 255: encode it, as RFC 8187 says`);
  //: - **VR-04** No header is called `Status`, in any case: it would be a second status for CGI's family.
  if (name.toLowerCase() === "status")
    throw headersFault("a header is called Status: put it into the status");
  //: - **VR-13** Hop-by-hop headers belong to the server: `Connection`, `Keep-Alive`, `Proxy-Authenticate`,
  //:   `Proxy-Authorization`, `Proxy-Connection`, `TE`, `Trailer`, `Trailers`, `Transfer-Encoding` and `Upgrade` are refused.
  if (HOP_BY_HOP.has(name.toLowerCase())) throw headersFault(`${name} belongs to the server: leave it out`);
  return [name, value];
}

function checkFraming(code: number, headers: readonly Header[]): void {
  const count = (wanted: string) => headers.filter(([name]) => name.toLowerCase() === wanted).length;
  for (const name of ["Content-Type", "Content-Length"]) {
    //: - **VR-09** `Content-Type` and `Content-Length` are not there on a status of 204 or 304 (nor of 1xx, which VR-02 refuses).
    if (isBodiless(code) && count(name.toLowerCase()) > 0)
      throw headersFault(`a response of status ${code} has no ${name}: leave it out`);
    //: - **VR-18** `Content-Type` and `Content-Length` are there once at most.
    if (count(name.toLowerCase()) > 1) throw headersFault(`${name} is there twice: leave one out`);
  }
  //: - **VR-19** `Content-Length` is a number in digits alone.
  const length = headerValue(headers, "content-length");
  if (length !== undefined && !isLength(length))
    throw headersFault(`Content-Length is ${shown(length)}: make it digits alone`);
}

//: ## write
//:
//: `startResponse` returns `write(chunk)`, which sends a chunk at once and ahead of the body, head first. It is there
//: for applications that are given something to write to; a generator is the better way. A breach throws an
//: `ApplicationError` of code `GATEWAY_WRITE`, or that of the chunks.
//:

function watchWrite(write: Write, state: ResponseState): Write {
  return (chunk) => {
    //: - **VR-12** It takes a chunk: a string or a `Uint8Array`.
    if (typeof chunk !== "string" && !((chunk as unknown) instanceof Uint8Array))
      throw applicationFault(
        "GATEWAY_WRITE",
        `write was given ${shown(chunk)}: give a string or a Uint8Array`,
      );
    //: - **VR-15** It is not called any more once the server has asked the body for its first chunk: what is written
    //:   comes before what is iterated.
    if (state.iterating)
      throw applicationFault("GATEWAY_WRITE", "write was called while the body is iterated: yield the chunk");
    state.take(chunk);
    const taken: unknown = write(chunk);
    //: - **VR-20** It returns a promise, which settles when the peer can take more and is rejected when the peer has
    //:   gone. (`GATEWAY_ITERATION`, the server's.)
    if (!(taken instanceof Promise))
      throw serverFault("GATEWAY_ITERATION", `write returned ${shown(taken)}: return a promise`);
    return taken;
  };
}

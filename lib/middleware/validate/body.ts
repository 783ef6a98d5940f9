import { statSync } from "node:fs";
import type { Body, Chunk, Environ, FileBody } from "../../gateway/types.ts";
import { applicationFault, shown } from "./fault.ts";
import { Iteration, type Step } from "./iteration.ts";
import type { ResponseState } from "./response-state.ts";

//: ## The body
//:
//: An application returns an iterable or an async iterable of chunks, or a promise of one. What is wrong with it throws
//: an `ApplicationError` of code `GATEWAY_BODY`; what is wrong with how it is used throws a `GatewayError` of code
//: `GATEWAY_ITERATION`.
//:

/** Checks what an application returned and puts its iteration under watch. */
export function watchBody(body: unknown, state: ResponseState, environ: Environ): Body {
  checkBody(body);
  if (isPlainArray(body)) return checkArray(body, state);
  const request = `${environ.REQUEST_METHOD} ${environ.SCRIPT_NAME}${environ.PATH_INFO}`;
  const watched = watchIterable(body, state, request);
  return isFileBody(body) ? Object.assign(watched, { path: body.path, range: body.range }) : watched;
}

function fault(sentence: string) {
  return applicationFault("GATEWAY_BODY", sentence);
}

function checkBody(body: unknown): asserts body is Body {
  //: - **VB-02** The body as a whole is not a string and not bytes: put it into an array.
  if (typeof body === "string" || ArrayBuffer.isView(body) || body instanceof ArrayBuffer)
    throw fault("the body is a string or bytes: return it in an array");
  //: - **VB-01** The body is an iterable or an async iterable. It is not `null`, `undefined` or `false`; an empty one is
  //:   `[]`.
  if (!isIterable(body))
    throw fault(`the application returned ${shown(body)}: return an iterable, [] for none`);
  //: - **VB-09** A body with `path` and `range` is a file: `path` names one that exists.
  if (isFileBody(body) && statSync(body.path, { throwIfNoEntry: false })?.isFile() !== true)
    throw fault(`the body's path is ${shown(body.path)}, which is not a file: answer 404 before`);
}

function isIterable(body: unknown): body is Body {
  const methods = Object(body) as { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown };
  return (
    typeof methods[Symbol.iterator] === "function" || typeof methods[Symbol.asyncIterator] === "function"
  );
}

function isFileBody(body: Body): body is FileBody {
  return "path" in body && "range" in body && typeof body.path === "string";
}

function isPlainArray(body: Body): body is Chunk[] {
  return Array.isArray(body) && body[Symbol.iterator] === Array.prototype[Symbol.iterator];
}

function checkArray(chunks: Chunk[], state: ResponseState): Chunk[] {
  //: - **VB-17** An array is complete when it is returned, and so `startResponse` has been called by then. A server may
  //:   send it in any number of pieces.
  for (const chunk of chunks) state.take(chunk);
  state.end();
  state.iterating = true;
  state.ended = true;
  return chunks;
}

function watchIterable(body: Body, state: ResponseState, request: string): Body {
  const closable = body as { close?: unknown };
  const iteration = new Iteration(state, request, typeof closable.close === "function");
  if (!isFileBody(body)) iteration.expect();
  const iterable: Body =
    Symbol.asyncIterator in body
      ? {
          [Symbol.asyncIterator]() {
            iteration.begin();
            return watchAsync(body[Symbol.asyncIterator](), iteration);
          },
        }
      : {
          [Symbol.iterator]() {
            iteration.begin();
            return watchSync(body[Symbol.iterator](), iteration);
          },
        };
  if (typeof closable.close !== "function") return iterable;
  const { close } = closable;
  return Object.assign(iterable, {
    close(): unknown {
      iteration.close();
      return Reflect.apply(close as () => unknown, body, []);
    },
  });
}

function watchSync(iterator: Iterator<Chunk>, iteration: Iteration): Iterator<Chunk> {
  return {
    next() {
      iteration.beforeNext();
      let step: Step;
      try {
        step = iterator.next();
      } catch (error) {
        iteration.over();
        throw error;
      }
      try {
        return iteration.afterNext(step);
      } catch (breach) {
        if (step.done !== true) leave(iterator, iteration);
        throw breach;
      }
    },
    return(value) {
      iteration.beforeReturn();
      return iterator.return?.(value) ?? { done: true, value };
    },
  };
}

function watchAsync(iterator: AsyncIterator<Chunk>, iteration: Iteration): AsyncIterator<Chunk> {
  return {
    async next() {
      iteration.beforeNext();
      let step: Step;
      try {
        step = await iterator.next();
      } catch (error) {
        iteration.over();
        throw error;
      }
      try {
        return iteration.afterNext(step);
      } catch (breach) {
        if (step.done !== true) await leave(iterator, iteration);
        throw breach;
      }
    },
    async return(value) {
      iteration.beforeReturn();
      return (await iterator.return?.(value)) ?? { done: true, value };
    },
  };
}

// Whoever gets an error from next() does not call return() any more: the application must clean up all the same.
function leave(iterator: Iterator<Chunk> | AsyncIterator<Chunk>, iteration: Iteration): unknown {
  iteration.over();
  return iterator.return?.();
}

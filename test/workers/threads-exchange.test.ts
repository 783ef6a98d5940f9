// A request of a pool of threads, from the main thread: what its server gets of the messages that a thread sends.

import { expect, test } from "vitest";
import type { Chunk, Environ } from "../../lib/gateway/types.ts";
import { Exchange } from "../../lib/workers/threads/exchange.ts";

test("a response that has come in full is whole, whatever becomes of its thread behind it", async () => {
  let failures = 0;
  const thread = { send() {}, onUnwanted() {}, onFailed: () => failures++ };
  const exchange = new Exchange({} as Environ, () => async () => {});
  exchange.begin(1, thread);
  exchange.take(["first, "], ["200 OK"], false);
  exchange.take(["last"], undefined, true);
  exchange.fail(new Error("the thread has ended"));
  const chunks: Chunk[] = [];
  for await (const chunk of await exchange.body) chunks.push(chunk);
  expect(chunks).toEqual(["first, ", "last"]);
  expect(failures).toBe(0);
});

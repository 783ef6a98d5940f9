import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../lib/errors.ts";
import { RequestBody } from "../../lib/servers/request-body.ts";

test("there is room again when the application takes all that has come", () => {
  let room = 0;
  const body: RequestBody = new RequestBody(Number.POSITIVE_INFINITY, () => {
    if (!body.full) room++;
  });
  body.give(Buffer.alloc(200_000));
  expect(body.full).toBe(true);
  expect(room).toBe(0);
  body.stream.read();
  expect(room).toBe(1);
  expect(body.full).toBe(false);
});

describe("an application that looks at its input late", () => {
  function bodyOf(length: number): RequestBody {
    const body = new RequestBody(Number.POSITIVE_INFINITY, () => {});
    body.expect(length);
    return body;
  }

  async function read(body: RequestBody): Promise<string> {
    let text = "";
    for await (const chunk of body.stream) text += String(chunk);
    return text;
  }

  test("finds the end of an empty body, and all of one that has come", async () => {
    expect(await read(bodyOf(0))).toBe("");
    const body = bodyOf(5);
    body.give(Buffer.from("hel"));
    body.give(Buffer.from("lo!"));
    expect(await read(body)).toBe("hello");
    expect(body.stream).toBe(body.stream);
  });

  test("is told of a body that has failed", async () => {
    const failed = bodyOf(5);
    failed.fail(new ProtocolError("PEER_GONE", "gone"));
    await expect(read(failed)).rejects.toMatchObject({ code: "PEER_GONE" });
    const short = bodyOf(5);
    short.finish();
    await expect(read(short)).rejects.toMatchObject({ code: "BODY_TRUNCATED" });
    expect([short.complete, short.full, short.awaited]).toEqual([true, false, false]);
  });

  test("is told that the response is over", async () => {
    const body = bodyOf(5);
    body.leave();
    await expect(read(body)).rejects.toMatchObject({ code: "RESPONSE_OVER" });
  });

  test("can ask whether all of it has come", () => {
    const complete = (body: RequestBody): unknown => Reflect.get(body.stream, "complete");
    expect([complete(bodyOf(0)), complete(bodyOf(5))]).toEqual([true, false]);
    const whole = bodyOf(5);
    whole.give(Buffer.from("hello"));
    expect(complete(whole)).toBe(true);
    const short = bodyOf(5);
    short.finish();
    expect(complete(short)).toBe(false);
  });

  test("may leave it without having read it", () => {
    const body = bodyOf(5);
    expect(body.destroyed).toBe(false);
    body.stream.destroy();
    body.give(Buffer.from("hello"));
    expect([body.destroyed, body.full, body.stream.readableLength]).toEqual([true, false, 0]);
  });
});

describe("for await", () => {
  function bodyWith(...texts: string[]): RequestBody {
    const body = new RequestBody(Number.POSITIVE_INFINITY, () => {});
    for (const text of texts) body.give(Buffer.from(text));
    return body;
  }

  async function next(iterator: AsyncIterator<unknown>): Promise<string | undefined> {
    const { value, done } = await iterator.next();
    return done === true ? undefined : String(value);
  }

  test("gets chunks as they came, and in one piece what waited in front of it", async () => {
    const body = bodyWith("a", "b");
    const iterator = body.stream[Symbol.asyncIterator]();
    for (const text of ["c", "de", "f"]) body.give(Buffer.from(text));
    const first = Buffer.from("gh");
    body.give(first);
    body.finish();
    const chunks: unknown[] = [];
    for await (const chunk of { [Symbol.asyncIterator]: () => iterator }) chunks.push(chunk);
    expect(chunks.map(String)).toEqual(["ab", "c", "de", "f", "gh"]);
    // Not copied.
    expect((chunks.at(-1) as Buffer).buffer).toBe(first.buffer);
    expect(body.stream.readableEnded).toBe(true);
    expect(await next(iterator)).toBeUndefined();
    expect(await next(body.stream[Symbol.asyncIterator]())).toBeUndefined();
  });

  test("gets every byte in order where somebody else reads as well", async () => {
    const body = bodyWith("ab");
    const iterator = body.stream[Symbol.asyncIterator]();
    for (const text of ["cde", "fgh", "ij"]) body.give(Buffer.from(text));
    const seen = [String(body.stream.read(1)), await next(iterator)];
    seen.push(String(body.stream.read(4)));
    body.give(Buffer.from("k"));
    body.finish();
    for (let text = await next(iterator); text !== undefined; text = await next(iterator)) seen.push(text);
    expect(seen.join("")).toBe("abcdefghijk");
  });

  test("waits for what is to come, more than once at a time", async () => {
    const body = bodyWith();
    const iterator = body.stream[Symbol.asyncIterator]();
    const both = Promise.all([next(iterator), next(iterator), next(iterator)]);
    expect(body.awaited).toBe(true);
    body.give(Buffer.from("a"));
    body.give(Buffer.from("b"));
    body.finish();
    expect(await both).toEqual(["a", "b", undefined]);
  });

  test("gets a chunk that it waits for at once, not when Node tells that there is something to read", async () => {
    const body = bodyWith();
    const iterator = body.stream[Symbol.asyncIterator]();
    const waiting = next(iterator);
    body.give(Buffer.from("a"));
    expect(body.stream.readableLength).toBe(0);
    // More is asked for, by who reads ahead.
    expect(body.awaited).toBe(true);
    body.give(Buffer.from("b"));
    expect(body.stream.readableLength).toBe(1);
    expect([await waiting, await next(iterator)]).toEqual(["a", "b"]);
  });

  test("gets every chunk once where somebody listens to the stream as well", async () => {
    const body = bodyWith();
    const heard: string[] = [];
    body.stream.on("data", (chunk) => heard.push(String(chunk)));
    const read: (string | undefined)[] = [];
    const iterator = body.stream[Symbol.asyncIterator]();
    const reading = (async () => {
      for (let text = await next(iterator); text !== undefined; text = await next(iterator)) read.push(text);
    })();
    for (const text of ["a", "b", "c"]) body.give(Buffer.from(text));
    body.finish();
    await reading;
    expect([heard.join(""), read.join("")]).toEqual(["abc", "abc"]);
  });

  test("that is left while somebody waits ends for all that wait", async () => {
    const body = bodyWith();
    const iterator = body.stream[Symbol.asyncIterator]();
    const waiting = [next(iterator), next(iterator)];
    await iterator.return?.();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    expect(body.stream.destroyed).toBe(true);
  });

  test("leaves room while chunks wait, and none when they are many", async () => {
    const body = bodyWith();
    const iterator = body.stream[Symbol.asyncIterator]();
    const waiting = next(iterator);
    for (let count = 0; count < 4; count++) body.give(Buffer.alloc(65_536, "x"));
    expect(body.full).toBe(true);
    expect((await waiting)?.length).toBe(65_536);
    expect([body.full, body.stream.readableLength]).toEqual([true, 196_608]);
    await next(iterator);
    await next(iterator);
    expect([body.full, body.stream.readableLength]).toEqual([false, 65_536]);
  });

  test("destroys the stream when it is left, and throws what the body failed with", async () => {
    const left = bodyWith("a", "b");
    for await (const chunk of left.stream) {
      expect(String(chunk)).toBe("ab");
      break;
    }
    expect(left.stream.destroyed).toBe(true);
    await expect(next(left.stream[Symbol.asyncIterator]())).rejects.toMatchObject({
      code: "ERR_STREAM_PREMATURE_CLOSE",
    });
    const failed = bodyWith("a");
    const iterator = failed.stream[Symbol.asyncIterator]();
    expect(await next(iterator)).toBe("a");
    const waiting = next(iterator);
    failed.fail(new ProtocolError("PEER_GONE", "gone"));
    await expect(waiting).rejects.toMatchObject({ code: "PEER_GONE" });
    expect(await next(iterator)).toBeUndefined();
  });

  test("that has not begun leaves the stream as it is", async () => {
    const body = bodyWith("a");
    await body.stream[Symbol.asyncIterator]().return?.();
    expect(body.stream.destroyed).toBe(false);
  });
});

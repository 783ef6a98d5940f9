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

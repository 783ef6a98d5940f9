import { expect, test } from "vitest";
import { RequestBody } from "../../lib/servers/request-body.ts";

test("there is room again when the application takes all that has come", () => {
  let room = 0;
  const body: RequestBody = new RequestBody(Number.POSITIVE_INFINITY, () => {
    if (!body.full) room++;
  });
  body.give(Buffer.alloc(200_000));
  expect(body.full).toBe(true);
  expect(room).toBe(0);
  body.read();
  expect(room).toBe(1);
  expect(body.full).toBe(false);
});

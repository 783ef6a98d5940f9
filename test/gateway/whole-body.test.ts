import { once } from "node:events";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { ProtocolError } from "../../lib/errors.ts";
import { wholeBody } from "../../lib/gateway/whole-body.ts";

test("all of the chunks, those that are there and those that come", async () => {
  const input = new Readable({ read() {} });
  input.push("one ");
  const whole = wholeBody(input);
  await new Promise(setImmediate);
  input.push("two");
  input.push(null);
  expect((await whole).toString()).toBe("one two");
});

test("a stream that somebody has paused is read all the same", async () => {
  const input = Readable.from([Buffer.from("some")]);
  input.pause();
  expect((await wholeBody(input)).toString()).toBe("some");
});

test("bytes that are no Buffer, and text, are made Buffers", async () => {
  const bytes = await wholeBody(Readable.from([new Uint8Array([0x61, 0x62])]));
  expect([Buffer.isBuffer(bytes), bytes.toString()]).toEqual([true, "ab"]);
  const text = Readable.from([Buffer.from([0xc3]), Buffer.from([0xa9, 0x61]), Buffer.from("b")], {
    objectMode: false,
  });
  text.setEncoding("utf8");
  expect((await wholeBody(text)).toString("hex")).toBe("c3a96162");
});

test("text counts as the bytes that it is of", async () => {
  const input = Readable.from(["\u00e9", "\u00e9"]);
  await expect(wholeBody(input, 3, () => new RangeError("too long"))).rejects.toThrow(RangeError);
});

test("a body that was read already is empty", async () => {
  const input = Readable.from([Buffer.from("gone")]);
  await wholeBody(input);
  await once(input, "close");
  expect(await wholeBody(input)).toHaveLength(0);
});

test("one that is too long is left where the limit was passed", async () => {
  const input = new Readable({ read() {} });
  const whole = wholeBody(input, 3, () => new RangeError("too long"));
  for (const chunk of ["ab", "c", "d", "rest"]) input.push(chunk);
  await expect(whole).rejects.toThrow(new RangeError("too long"));
  await new Promise(setImmediate);
  expect(input.destroyed).toBe(false);
  expect(input.isPaused()).toBe(true);
});

test.each(["before", "while"])("what was destroyed %s it is read rejects", async (when) => {
  for (const error of [new RangeError("broken"), undefined]) {
    const input = new Readable({ read() {} });
    input.push("some");
    const destroy = () => input.on("error", () => {}).destroy(error);
    if (when === "before") destroy();
    const whole = wholeBody(input);
    if (when === "while") destroy();
    await expect(whole).rejects.toThrow(error ?? ProtocolError);
  }
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordDecoder } from "../../lib/protocols/fastcgi/record-decoder.ts";
import { InputRun } from "../../lib/servers/fcgi-input-run.ts";
import { PARAMS, record, records, STDIN } from "../support/fastcgi-client.ts";

/** What requests get of STDIN, by their ids, and what comes of PARAMS, of bytes that arrive as they are. */
function received(...arriving: Buffer[]): { chunks: [number, Buffer][]; params: string } {
  const chunks: [number, Buffer][] = [];
  const params: Buffer[] = [];
  const run = new InputRun<number>((id, bytes) => chunks.push([id, bytes]));
  const decoder = new RecordDecoder((type, id, bytes, start, end) => {
    if (type === STDIN && start < end) {
      run.add(id, bytes, start, end);
      return;
    }
    run.end();
    // Kept as the connection keeps them, in the bytes that they came in.
    if (type === PARAMS) params.push(bytes.subarray(start, end));
  });
  for (const bytes of arriving) {
    decoder.push(bytes);
    run.end();
  }
  return { chunks, params: Buffer.concat(params).toString("latin1") };
}

const lengths = ({ chunks }: { chunks: [number, Buffer][] }): number[] =>
  chunks.map(([, { length }]) => length);

test("short records that arrive together are one chunk, of the memory that they arrived in", () => {
  const body = Buffer.from(Array.from({ length: 3 * 8_192 }, (_, at) => at % 251));
  const bytes = Buffer.concat(records(STDIN, 1, body, 8_192));
  const { chunks } = received(bytes);
  expect(chunks).toHaveLength(1);
  expect(chunks[0]?.[1].equals(body)).toBe(true);
  expect(chunks[0]?.[1].buffer).toBe(bytes.buffer);
});

test("a record of more than 16 KB is not moved, and those of what arrives later are a chunk of their own", () => {
  const large = Buffer.concat([record(STDIN, 1, Buffer.alloc(100)), record(STDIN, 1, Buffer.alloc(16_385))]);
  expect(lengths(received(large))).toEqual([100, 16_385]);
  const small = (): Buffer => record(STDIN, 1, Buffer.alloc(16_384));
  expect(lengths(received(Buffer.concat([small(), small()]), small()))).toEqual([32_768, 16_384]);
});

test("each request gets its own bytes in order, whatever lies between them and wherever they are cut", () => {
  const sent = fc.record({
    type: fc.constantFrom(STDIN, STDIN, PARAMS),
    id: fc.constantFrom(1, 2),
    text: fc.string({ unit: fc.constantFrom(..."abcdefgh"), minLength: 1, maxLength: 20 }),
    padding: fc.nat(7),
  });
  fc.assert(
    fc.property(fc.array(sent), fc.array(fc.nat(400)), (all, cuts) => {
      const bytes = Buffer.concat(
        all.map(({ type, id, text, padding }) => record(type, id, Buffer.from(text), padding)),
      );
      const ends = [...new Set([0, ...cuts.filter((at) => at < bytes.length), bytes.length])].sort(
        (a, b) => a - b,
      );
      const pieces = ends.slice(1).map((end, at) => Buffer.from(bytes.subarray(ends[at], end)));
      const { chunks, params } = received(...pieces);
      const textOf = (wanted: number, ids: readonly number[]): string =>
        all
          .filter(({ type, id }) => type === wanted && ids.includes(id))
          .map(({ text }) => text)
          .join("");
      for (const id of [1, 2]) {
        const got = chunks.filter(([to]) => to === id).map(([, chunk]) => chunk.toString("latin1"));
        expect(got.join("")).toBe(textOf(STDIN, [id]));
      }
      expect(params).toBe(textOf(PARAMS, [1, 2]));
    }),
  );
});

// Damaged requests of the protocols in which a connection carries one.

import { expect } from "vitest";
import type { Variable } from "../support/cgi-variables.ts";
import { type Dice, FUZZ_PATHS, type FuzzedProtocol, fuzz } from "../support/fuzz.ts";
import { SingleRequestClient } from "../support/single-request-client.ts";
import type { WireProtocol } from "../support/wire-protocol.ts";

interface FuzzedWire extends Pick<FuzzedProtocol, "createServer" | "headBytes" | "damages"> {
  readonly protocol: WireProtocol;
  /** A head in its pieces: what announces it, each variable, what ends it. */
  head(variables: readonly Variable[], dice: Dice): Buffer[];
  /** What each response begins with. */
  readonly start: RegExp;
}

function variables(path: string, ...more: Variable[]): Variable[] {
  return [
    ["REQUEST_METHOD", "POST"],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", path],
    ["SERVER_NAME", "localhost"],
    ["SERVER_PORT", "80"],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ["HTTP_X_LONG", "v".repeat(300)],
    ...more,
  ];
}

export function fuzzRequests({ protocol, head, start, ...wire }: FuzzedWire): void {
  fuzz({
    ...wire,

    stream(dice) {
      const one = (): Buffer[] => {
        const body = Buffer.alloc(dice.of([0, 1, 5, 1_000, 50_000, 70_000]), "b");
        // Sometimes more or less of a body than there is, or nothing that could be one.
        const length = dice.of([body.length, body.length, body.length, body.length + 1, 3, "", "x"]);
        const all: Variable[] = [["CONTENT_LENGTH", String(length)], ...variables(dice.of(FUZZ_PATHS))];
        const half = dice.below(body.length + 1);
        return [...head(all, dice), body.subarray(0, half), body.subarray(half)];
      };
      // Whatever comes behind the first request is no request.
      return dice.below(8) === 0 ? [...one(), ...one()] : one();
    },

    check(received) {
      if (received.length < 20) return;
      expect(received.toString("latin1", 0, 100)).toMatch(start);
      if (received.includes("\r\n\r\n")) protocol.parse(received, true);
    },

    async ask(path) {
      const client = await SingleRequestClient.connect({ path });
      await client.send(protocol.request(variables("/array"), Buffer.from("body")));
      const response = protocol.parse(await client.reply(), true);
      client.destroy();
      expect(response).toMatchObject({ status: 200, body: Buffer.alloc(100, "x") });
    },
  });
}

// The cases find fault with servers that are wrong: each of these is right but for one thing.

import { readdirSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { call } from "../../lib/testing/call.ts";
import {
  type CaseResponse,
  conformanceApplication,
  conformanceCases,
  type Exchange,
  runCase,
} from "../../lib/testing/conformance.ts";
import { temporaryFolder } from "../support/folder.ts";

const run = { scriptName: "", serverName: "localhost", serverPort: "8080", runOnce: false };

/** An exchange in process that `wrong` makes wrong: what is asked, or what is answered. */
function exchangeBut(wrong: {
  ask?: (environ: Record<string, unknown>) => Record<string, unknown>;
  answer?: (response: CaseResponse) => Partial<CaseResponse>;
}): Exchange {
  return async ({ method, target, headers, body }) => {
    const response = await call(conformanceApplication, target, {
      method,
      headers,
      ...(body !== undefined && { body }),
      ...(wrong.ask && { environ: wrong.ask({}) }),
    });
    const right = { ...response, complete: !response.cut };
    return { ...right, ...wrong.answer?.(right) };
  };
}

const faults: readonly [what: string, name: string, exchange: Exchange, complaint: RegExp][] = [
  [
    "the mount point is wrong",
    "script-name",
    exchangeBut({ ask: () => ({ SCRIPT_NAME: "/wrong" }) }),
    /SCRIPT_NAME is '\/wrong', not ''/,
  ],
  [
    "the path is not decoded",
    "percent-in-path",
    exchangeBut({ ask: () => ({ PATH_INFO: "/foo/bar%2cbaz" }) }),
    /PATH_INFO is/,
  ],
  [
    "HTTP_PROXY is let through",
    "no-proxy-variable",
    exchangeBut({ ask: () => ({ HTTP_PROXY: "http://attacker.example" }) }),
    /500 Internal Server Error/,
  ],
  [
    "the reason is lost",
    "not-found",
    exchangeBut({ answer: () => ({ reason: "" }) }),
    /the status is '404 '/,
  ],
  [
    "cookies are folded into one",
    "several-cookies",
    exchangeBut({ answer: () => ({ headers: [["Set-Cookie", "a=1, b=2"]] }) }),
    /Set-Cookie is/,
  ],
  [
    "a header is sent as UTF-8",
    "latin1-response-header",
    exchangeBut({ answer: () => ({ headers: [["X-Foo", "caf\xc3\xa9 \xc3\xbf"]] }) }),
    /X-Foo is/,
  ],
  [
    "a cut response looks whole",
    "error-after-the-first-chunk",
    exchangeBut({ answer: () => ({ complete: true }) }),
    /looks complete/,
  ],
  [
    "the client is told the error",
    "error",
    exchangeBut({ answer: () => ({ body: Buffer.from("Error: hidden reason") }) }),
    /was told/,
  ],
  [
    "HEAD gets a body",
    "head",
    exchangeBut({ answer: () => ({ body: Buffer.from("text") }) }),
    /the body is 'text'/,
  ],
  [
    "bytes are lost",
    "big-download",
    exchangeBut({ answer: ({ body }) => ({ body: body.subarray(1) }) }),
    /length is 4999999/,
  ],
  [
    "bytes are changed",
    "big-post",
    exchangeBut({ answer: ({ body }) => ({ body: Buffer.alloc(body.length) }) }),
    /are not those that were sent/,
  ],
];

test.each(faults)("%s: found by %s", async (_what, name, exchange, complaint) => {
  const one = conformanceCases.find((candidate) => candidate.name === name);
  if (one === undefined) throw new Error(`there is no case ${name}`);
  await expect(runCase(one, exchange, run)).rejects.toThrow(complaint);
  await expect(runCase(one, exchangeBut({}), run)).resolves.toBeUndefined();
});

test("a request that names no case is answered 404", async () => {
  const response = await call(conformanceApplication, "/", { headers: { "X-Case": "constructor" } });
  expect(response.status).toBe(404);
});

test("a case leaves no file, whatever its outcome", async () => {
  const folder = temporaryFolder();
  vi.stubEnv("TMPDIR", folder.path);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    folder.remove();
  });
  for (const exchange of [exchangeBut({}), exchangeBut({ answer: () => ({ status: 500 }) })]) {
    for (const one of conformanceCases) await runCase(one, exchange, run).catch(() => {});
  }
  expect(readdirSync(folder.path)).toEqual([]);
});

// What every server must show, whoever wrote it: each case holds the client's request, the application that answers
// it and what must come of it. Serve `conformanceApplication`, tell `runCase` how to reach it, run every case.

import { randomUUID } from "node:crypto";
import type { Application } from "../gateway/types.ts";
import { validate } from "../middleware/validate.ts";
import { bodyCases } from "./conformance/body-cases.ts";
import type { CaseContext, CaseRequest, CaseResponse, ConformanceCase } from "./conformance/case.ts";
import { environCases } from "./conformance/environ-cases.ts";
import { EVIDENCE_HEADER, removeEvidence } from "./conformance/evidence.ts";
import { failureCases } from "./conformance/failure-cases.ts";
import { headCases } from "./conformance/head-cases.ts";
import { removeSampleFile } from "./conformance/sample.ts";

export type { CaseRequest, CaseResponse, ConformanceCase } from "./conformance/case.ts";

export const conformanceCases: readonly ConformanceCase[] = [
  ...environCases,
  ...bodyCases,
  ...headCases,
  ...failureCases,
];

/**
 * A transport: sends one request to the server under test and gives what came back. It neither follows redirects nor
 * changes the target, and gives a cut response as one that is not `complete` instead of throwing.
 */
export type Exchange = (request: CaseRequest) => Promise<CaseResponse>;

/** The run, as far as a case can see it. */
export type ConformanceRun = Pick<CaseContext, "scriptName" | "serverName" | "serverPort" | "runOnce">;

const CASE_HEADER = "X-Case";

const applications = new Map(
  conformanceCases.map(({ name, application, breach }) => [
    name,
    breach === true ? application : validate(application),
  ]),
);

/** Answers each case: the request's `X-Case` says which. Served where `runCase` sends its requests. */
export const conformanceApplication: Application = (environ, startResponse) => {
  const application = applications.get(environ["HTTP_X_CASE"] ?? "");
  if (application !== undefined) return application(environ, startResponse);
  startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
  return ["The header X-Case names no conformance case.\n"];
};

/**
 * Runs one case.
 *
 * @throws {Error} with a sentence that says what the server did wrong
 * @example
 * test.each(conformanceCases)("$name", (one) =>
 *   runCase(one, exchange, { scriptName: "", serverName: "localhost", serverPort: "8080", runOnce: false }));
 */
export async function runCase(
  { name, request = {}, check }: ConformanceCase,
  exchange: Exchange,
  run: ConformanceRun,
): Promise<void> {
  const evidence = randomUUID();
  try {
    const requests: readonly Partial<CaseRequest>[] = Array.isArray(request) ? request : [request];
    const responses = await Promise.all(
      requests.map((one) =>
        exchange({
          method: "GET",
          target: "/",
          ...one,
          headers: [...(one.headers ?? []), [CASE_HEADER, name], [EVIDENCE_HEADER, evidence]],
        }),
      ),
    );
    const [first] = responses;
    if (first === undefined) throw new Error(`case ${name} has no request`);
    await check(first, { ...run, responses, evidence });
  } finally {
    removeEvidence(evidence);
    removeSampleFile(evidence);
  }
}

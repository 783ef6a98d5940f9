import { poolStatus } from "../../gateway/pool-status.ts";
import type { Body, Environ, Header, StartResponse } from "../../gateway/types.ts";
import type { Access } from "./access.ts";
import { type Format, formatOf } from "./format.ts";
import { statusJson } from "./json.ts";
import { CONTENT_SECURITY_POLICY, statusPage } from "./page.ts";
import { statusMetrics } from "./prometheus.ts";

/** Each time what is true now, and never what a browser takes for something else. */
const ALWAYS: readonly Header[] = [
  ["Cache-Control", "no-store"],
  ["X-Content-Type-Options", "nosniff"],
];

const HEADERS: Readonly<Record<Format, readonly Header[]>> = {
  html: [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Security-Policy", CONTENT_SECURITY_POLICY],
  ],
  json: [["Content-Type", "application/json"]],
  // The text format 0.0.4.
  prometheus: [["Content-Type", "text/plain; version=0.0.4; charset=utf-8"]],
};

/** Answers a request for the status. */
export async function answer(environ: Environ, startResponse: StartResponse, access: Access): Promise<Body> {
  const refuse = (status: string, explanation: string, ...headers: Header[]): Body => {
    startResponse(status, [["Content-Type", "text/plain; charset=utf-8"], ...ALWAYS, ...headers]);
    return [`${explanation}\n`];
  };
  switch (await access(environ)) {
    case "denied":
      return refuse("403 Forbidden", "The status is not shown to this client.");
    case "challenge":
      return refuse(
        "401 Unauthorized",
        "The status is shown to those who have its token.",
        ["WWW-Authenticate", 'Basic realm="status"'],
        ["WWW-Authenticate", 'Bearer realm="status"'],
      );
  }
  if (environ.REQUEST_METHOD !== "GET" && environ.REQUEST_METHOD !== "HEAD")
    return refuse("405 Method Not Allowed", "The status can be read, with GET and HEAD.", [
      "Allow",
      "GET, HEAD",
    ]);
  const format = formatOf(environ);
  if (format === undefined)
    return refuse("400 Bad Request", "The status has the formats html, json and prometheus.");
  const text = await textOf(format, environ);
  startResponse("200 OK", [...HEADERS[format], ...ALWAYS]);
  return [text];
}

async function textOf(format: Format, environ: Environ): Promise<string> {
  const pools = await poolStatus();
  const now = Date.now();
  switch (format) {
    case "html":
      return statusPage(pools, now, environ.QUERY_STRING);
    case "json":
      return statusJson(pools, now);
    case "prometheus":
      return statusMetrics(pools);
  }
}

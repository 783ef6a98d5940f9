// What the request was, in groups of names and values, with secrets masked by name.

import type { Failure } from "./failure.ts";
import { masked, maskedFields, maskedJson, maskedTarget } from "./masked.ts";

/** Title and rows. */
export type StateGroup = readonly [title: string, rows: readonly (readonly [name: string, value: string])[]];

/** Groups that have nothing in them are left out. */
export function requestState(failure: Failure): StateGroup[] {
  const { environ, response } = failure;
  const variables = Object.entries(environ).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const headers = variables.filter(([name]) => isHeader(name));
  const groups: StateGroup[] = [
    ["Query", maskedFields(environ.QUERY_STRING)],
    ["Input", inputRows(failure)],
    ["Headers", headers.map(([name, value]) => [headerName(name), masked(name, value)])],
    ["Cookies", cookieNames(environ.HTTP_COOKIE).map((name) => [name, masked("cookie", "-")])],
    ["Response so far", responseRows(response)],
    [
      "Environ",
      variables
        .filter(([name]) => !isHeader(name))
        .map(([name, value]) => [name, shown(name, value, environ.QUERY_STRING)]),
    ],
  ];
  return groups.filter(([, rows]) => rows.length > 0);
}

/** Method and target, as in a request line. */
export function requestLine({ environ }: Failure): string {
  const path = environ.SCRIPT_NAME + environ.PATH_INFO;
  return `${environ.REQUEST_METHOD} ${maskedTarget(path, environ.QUERY_STRING)}`;
}

function isHeader(name: string): boolean {
  return name.startsWith("HTTP_") || name === "CONTENT_TYPE" || name === "CONTENT_LENGTH";
}

function headerName(variable: string): string {
  return variable
    .replace(/^HTTP_/, "")
    .replaceAll("_", "-")
    .toLowerCase();
}

/** The query stands in other variables too. */
function shown(name: string, value: string, query: string): string {
  if (name === "QUERY_STRING") return maskedTarget("", query).slice(1);
  if (name === "REQUEST_URI") return maskedTarget(value.split("?", 1)[0] ?? "", query);
  return masked(name, value);
}

function cookieNames(header = ""): string[] {
  return header
    .split(";")
    .map((pair) => pair.split("=", 1)[0]?.trim() ?? "")
    .filter(Boolean);
}

function inputRows({ environ, input }: Failure): [string, string][] {
  if (input.length === 0) return [];
  const type = environ.CONTENT_TYPE ?? "";
  if (type.startsWith("application/x-www-form-urlencoded")) return maskedFields(input.toString());
  const json = /\bjson\b/.test(type) ? maskedJson(input.toString()) : undefined;
  return [["body", json ?? `${input.length} bytes read of ${type || "no type"}`]];
}

function responseRows({ status, headers }: Failure["response"]): [string, string][] {
  if (status === undefined) return [];
  return [
    ["status", status],
    ...headers.map(([name, value]): [string, string] => [name, masked(name, value)]),
  ];
}

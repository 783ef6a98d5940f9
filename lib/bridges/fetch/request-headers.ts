import { HEADER_VALUE } from "../../gateway/head.ts";
import { headerVariable } from "../../gateway/header-variable.ts";
import { eachHeader } from "../../gateway/plain-environ.ts";
import type { Environ } from "../../gateway/types.ts";
import { isGatewaysLength } from "../gateways-length.ts";
import { NativeHeaders } from "./native.ts";

/** The headers of variables, so that a name is looked at once and not with each request; "" for what is no header. */
const known = new Map<string, string>();
const MAX_KNOWN = 512;
const MAX_KNOWN_NAME = 128;

/** The headers of a request. What cannot be one, such as a value with a line break, is left out. */
export function requestHeaders(environ: Environ): Headers {
  const headers = new NativeHeaders();
  eachHeader(environ, (variable, value) => {
    if (value === "0" && isGatewaysLength(variable, environ)) return;
    const name = known.get(variable) ?? nameOf(variable);
    if (name !== "" && HEADER_VALUE.test(value)) headers.append(name, value);
  });
  return headers;
}

function nameOf(variable: string): string {
  const name = variable
    .replace(/^HTTP_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
  const result = headerVariable(name) === variable ? name : "";
  if (known.size < MAX_KNOWN && variable.length <= MAX_KNOWN_NAME) known.set(variable, result);
  return result;
}

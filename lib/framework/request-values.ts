// What came with a request under names, read when it is first asked for: the same for all applications that see the request.

import type { Exchange } from "./exchange.ts";
import type { Level } from "./level.ts";
import { inputLimits } from "./limits.ts";
import { loaded } from "./loaded.ts";
import { readQuery } from "./query.ts";
import type { RequestBody } from "./request-body.ts";
import type { NamedValues } from "./values.ts";

// What few requests need.
const loadCookies = loaded(() => import("./cookies.ts"));
const loadRequestBody = loaded(() => import("./request-body.ts"));

/** @throws HttpResponse 414: past a limit */
export function queryValues(exchange: Exchange, level: Level): NamedValues {
  return exchange.memo(QUERY, () => readQuery(exchange.environ.QUERY_STRING, limitsOf(level)));
}

export function cookieValues(exchange: Exchange): Promise<NamedValues> {
  return exchange.memo(COOKIES, async () => {
    const header = exchange.environ.HTTP_COOKIE;
    if (!header) return new Map();
    const { readCookies } = await loadCookies();
    return readCookies(header);
  });
}

export function requestBody(exchange: Exchange, level: Level): Promise<RequestBody> {
  return exchange.memo(BODY, async () => {
    const { RequestBody } = await loadRequestBody();
    return new RequestBody(exchange, limitsOf(level));
  });
}

function limitsOf(level: Level): typeof inputLimits {
  const own = level.option("limits");
  return own === undefined ? inputLimits : { ...inputLimits, ...own };
}

const QUERY = {};
const COOKIES = {};
const BODY = {};

import type { Environ } from "../../gateway/types.ts";

export type Format = "html" | "json" | "prometheus";

const FORMATS: ReadonlySet<string> = new Set<Format>(["html", "json", "prometheus"]);

const MEDIA_TYPES: ReadonlyMap<string, Format> = new Map([
  ["text/html", "html"],
  ["application/xhtml+xml", "html"],
  ["application/json", "json"],
  // Prometheus asks for OpenMetrics first, and takes this where that cannot be had.
  ["text/plain", "prometheus"],
  ["application/openmetrics-text", "prometheus"],
]);

/**
 * What a request asks for: `?format=json`, PHP-FPM's short form `?json`, or what Accept prefers (RFC 9110 §12.5.1). JSON
 * where nothing says; undefined for a format that there is none of.
 */
export function formatOf(environ: Environ): Format | undefined {
  const query = new URLSearchParams(environ.QUERY_STRING);
  const named = query.get("format") ?? [...query.keys()].find((name) => FORMATS.has(name));
  if (named === undefined) return preferred(environ.HTTP_ACCEPT ?? "");
  return FORMATS.has(named) ? (named as Format) : undefined;
}

function preferred(accept: string): Format {
  let best: Format = "json";
  let highest = 0;
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const format = MEDIA_TYPES.get(type);
    const weight = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    if (format === undefined || !(weight > highest)) continue;
    best = format;
    highest = weight;
  }
  return best;
}

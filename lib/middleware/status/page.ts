// The status as a page for people: no script, nothing loaded from elsewhere.

import { createHash } from "node:crypto";
import type { CounterValues } from "../../gateway/counters.ts";
import { type PoolStatus, totalsOf } from "../../gateway/pool-status.ts";
import { formatAddress } from "../../gateway/protocol-server.ts";
import { latencyBars } from "./latency-bars.ts";
import { html, Markup } from "./markup.ts";
import { bytesText, countText, durationText, shareText, shortCountText, timeText } from "./quantity.ts";
import { STYLE } from "./style.ts";
import { workerTable } from "./worker-table.ts";

/** Allows the page's own style and nothing else. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** How often a browser may be made to ask again, in seconds. */
const REFRESH_SECONDS = { least: 1, offered: 5, most: 3_600 };

export function statusPage(pools: readonly PoolStatus[], now: number, query: string): string {
  const refresh = refreshOf(query);
  const active = pools.reduce((sum, pool) => sum + totalsOf(pool).active, 0);
  const page = html`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${refresh === undefined ? "" : html`<meta http-equiv="refresh" content="${refresh}">`}
<title>Status: ${countText(active)} active</title>
<style>${new Markup(STYLE)}</style>
<header>
<h1>Status</h1>
<p>${timeText(now)}${refresh === undefined ? "" : `, every ${refresh} s`}</p>
<nav>${refreshLink(refresh)} <a href="?format=json">JSON</a> <a href="?format=prometheus">Prometheus</a></nav>
</header>
<main>
${pools.length === 0 ? nothing() : pools.map((pool) => poolSection(pool, now))}
</main>
</html>
`;
  return page.text;
}

/** Undefined where the page is not to be asked for again. */
function refreshOf(query: string): number | undefined {
  const seconds = Number.parseInt(new URLSearchParams(query).get("refresh") ?? "", 10);
  const { least, most } = REFRESH_SECONDS;
  return seconds >= least ? Math.min(seconds, most) : undefined;
}

function refreshLink(refresh: number | undefined): Markup {
  const { offered } = REFRESH_SECONDS;
  if (refresh !== undefined) return html`<a href="?format=html">Stop refreshing</a>`;
  return html`<a href="?format=html&amp;refresh=${offered}">Refresh every ${offered} s</a>`;
}

function nothing(): Markup {
  return html`<section><p>Nothing is counted here: this process answers one request.</p></section>`;
}

function poolSection(pool: PoolStatus, now: number): Markup {
  const total = totalsOf(pool);
  return html`<section>
<h2>${pool.addresses.map(formatAddress).join(", ") || pool.protocol}</h2>
<p class="faint">${pool.protocol} · ${pool.model} · process ${pool.pid} · up ${durationText(now - pool.startedAt)},
since ${timeText(pool.startedAt)}</p>
<div class="columns">
<dl>${figures(pool, total, now)}</dl>
${latencyBars(total)}
</div>
${workerTable(pool, total, now)}
</section>
`;
}

function figures(pool: PoolStatus, total: CounterValues, now: number): Markup[] {
  const { requests, errors } = total;
  const { waiting, crashes } = pool;
  const seconds = Math.max(1, (now - pool.startedAt) / 1000);
  return [
    figure("Requests", countText(requests), `${shortCountText(requests / seconds)} a second`),
    figure("Active", countText(total.active), `at most ${countText(total.maxActive)} at once`),
    ...(waiting === undefined ? [] : [figure("Waiting", countText(waiting), "for a worker")]),
    figure("Errors", countText(errors), `${shareText(errors, requests)} of requests`, errors > 0),
    figure("Refused", countText(total.refused), "by the server"),
    figure("Connections", countText(total.open), `open, of ${countText(total.accepted)}`),
    figure("Received", bytesText(total.bytesReceived), "over the sockets"),
    figure("Sent", bytesText(total.bytesSent), "over the sockets"),
    ...(pool.model === "single" ? [] : [figure("Crashes", countText(crashes), "of workers", crashes > 0)]),
  ];
}

function figure(name: string, value: string, note: string, wrong = false): Markup {
  return html`<div><dt>${name}</dt><dd class="${wrong ? "wrong" : ""}">${value}</dd><dd>${note}</dd></div>
`;
}

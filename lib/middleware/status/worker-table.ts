import type { CounterValues } from "../../gateway/counters.ts";
import type { PoolStatus, WorkerStatus } from "../../gateway/pool-status.ts";
import { latencyQuantile, meanLatency } from "./latency.ts";
import { html, type Markup } from "./markup.ts";
import { boundText, bytesText, countText, durationText, millisecondsText } from "./quantity.ts";

/** One worker, or several together. */
interface Row {
  readonly name: string;
  readonly counters: CounterValues;
  readonly worker?: WorkerStatus;
  /** Whether its connections are its own: those of threads are all of them the process's. */
  readonly connected: boolean;
}

type Column = readonly [name: string, text: (row: Row, now: number) => string | undefined];

const COLUMNS: readonly Column[] = [
  ["Generation", ({ worker }) => worker && countText(worker.generation)],
  ["Up", ({ worker }, now) => worker && durationText(now - worker.startedAt)],
  ["Active", ({ counters }) => countText(counters.active)],
  ["Requests", ({ counters }) => countText(counters.requests)],
  ["Errors", ({ counters }) => countText(counters.errors)],
  ["Received", ({ counters, connected }) => (connected ? bytesText(counters.bytesReceived) : undefined)],
  ["Sent", ({ counters, connected }) => (connected ? bytesText(counters.bytesSent) : undefined)],
  ["Memory", ({ worker }) => worker && bytesText(worker.memoryBytes)],
  ["Mean", ({ counters }) => shown(meanLatency(counters), millisecondsText)],
  ["p50", ({ counters }) => shown(latencyQuantile(counters, 0.5), boundText)],
  ["p95", ({ counters }) => shown(latencyQuantile(counters, 0.95), boundText)],
  ["p99", ({ counters }) => shown(latencyQuantile(counters, 0.99), boundText)],
];

export function workerTable(pool: PoolStatus, total: CounterValues, now: number): Markup {
  const { workers, ended } = pool;
  const connected = workers.every((worker) => worker.thread === undefined);
  const rows = workers.map((worker): Row => {
    const thread = worker.thread === undefined ? "" : `, thread ${worker.thread}`;
    return { name: `${worker.pid}${thread}`, counters: worker.counters, worker, connected };
  });
  const sums: Row[] = [];
  if (ended.requests > 0) sums.push({ name: "Ended workers", counters: ended, connected });
  if (workers.length + sums.length > 1) sums.push({ name: "Together", counters: total, connected: true });
  return html`<table>
<caption>${workers.length === 1 ? "One worker" : `${countText(workers.length)} workers`}</caption>
<thead><tr><th scope="col">Process</th><th scope="col">State</th>
${COLUMNS.map(([name]) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => tableRow(row, now))}</tbody>
<tfoot>${sums.map((row) => tableRow(row, now))}</tfoot>
</table>
<p class="note">p50, p95 and p99: that share of the requests took no longer, as far as the counts above can tell.</p>`;
}

function tableRow(row: Row, now: number): Markup {
  const state =
    row.worker === undefined
      ? html`<td></td>`
      : html`<td class="state ${row.worker.state}">${row.worker.state}</td>`;
  return html`<tr><th scope="row">${row.name}</th>${state}
${COLUMNS.map(([name, text]) => html`<td data-label="${name}">${text(row, now) ?? ""}</td>`)}</tr>
`;
}

function shown(milliseconds: number | undefined, text: (milliseconds: number) => string): string {
  return milliseconds === undefined ? "-" : text(milliseconds);
}

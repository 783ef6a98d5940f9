import { type CounterValues, LATENCY_MS } from "../../gateway/counters.ts";
import { finishedRequests, meanLatency } from "./latency.ts";
import { html, type Markup } from "./markup.ts";
import { boundText, countText, millisecondsText } from "./quantity.ts";

/** The histogram, from its first bucket that is not empty to the last. */
export function latencyBars(total: CounterValues): Markup {
  const { latency } = total;
  const mean = meanLatency(total);
  if (mean === undefined)
    return html`<div><h3>How long requests took</h3><p class="faint">None has finished yet.</p></div>`;
  const first = latency.findIndex((count) => count > 0);
  const last = latency.findLastIndex((count) => count > 0);
  const most = Math.max(...latency);
  const bars = latency.slice(first, last + 1).map((count, index) => {
    const bound = LATENCY_MS[first + index] ?? Number.POSITIVE_INFINITY;
    return html`<li><span>${boundText(bound)}</span>
<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${(100 * count) / most}" height="1"/></svg>
<span>${countText(count)}</span></li>
`;
  });
  return html`<div>
<h3>How long requests took</h3>
<ol class="bars">${bars}</ol>
<p class="note">${millisecondsText(mean)} on average, of ${countText(finishedRequests(total))} that have finished</p>
</div>`;
}

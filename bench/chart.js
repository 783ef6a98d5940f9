// Bars as an SVG file, which is readable on a light page and on a dark one.

/**
 * @typedef {object} Bar
 * @property {string} name
 * @property {number} value
 * @property {boolean} [ours]
 */

const ROW = 26;
const BAR = 16;
const NAMES = 230;
const BARS = 400;
const VALUES = 90;
const HEAD = 40;

/**
 * @param {string} title
 * @param {Bar[]} bars
 * @param {{ line: number, cut?: number }} scale
 */
export function barChart(title, bars, { line, cut = Number.POSITIVE_INFINITY }) {
  const longest = Math.max(line, ...bars.map(({ value }) => Math.min(value, cut)));
  const x = (value) => NAMES + Math.round((Math.min(value, cut) / longest) * BARS);
  const [width, height] = [NAMES + BARS + VALUES, HEAD + bars.length * ROW + 8];
  const rows = bars.map(({ name, value, ours }, index) => {
    const top = HEAD + index * ROW;
    const middle = top + BAR - 4;
    const end = x(value);
    // A bar that is longer than there is room for ends in a gap.
    const gap = value > cut ? `<path class="gap" d="M${end - 14} ${top}l6 0l-6 ${BAR}l-6 0z"/>` : "";
    return `<text x="${NAMES - 8}" y="${middle}" text-anchor="end">${escaped(name)}</text>
<rect class="${ours ? "ours" : "other"}" x="${NAMES}" y="${top}" width="${Math.max(1, end - NAMES)}" height="${BAR}"/>${gap}
<text x="${end + 6}" y="${middle}">${value.toFixed(2)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>
svg { color-scheme: light dark; }
text { font: 13px sans-serif; fill: #1f2328; }
.title { font-weight: bold; }
.ours { fill: #1a7f37; }
.other { fill: #8c959f; }
.line { stroke: #1f2328; stroke-dasharray: 4 3; }
.gap { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.ours { fill: #3fb950; }
.other { fill: #6e7681; }
.line { stroke: #e6edf3; }
.gap { fill: #0d1117; }
}
</style>
<text class="title" x="8" y="20">${escaped(title)}</text>
${rows.join("\n")}
<line class="line" x1="${x(line)}" x2="${x(line)}" y1="${HEAD - 8}" y2="${height - 4}"/>
</svg>
`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** The page's whole look. It loads nothing, so that the page works where it is all that works. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfb;
  --ink: #1f2328;
  --faint: #656c76;
  --line: #e4e4e0;
  --accent: #3d6fb4;
  --bar: #b9cce6;
  --good: #2e7d4f;
  --busy: #9a6700;
  --wrong: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b;
    --ink: #e3e5e8;
    --faint: #949ba5;
    --line: #2c3035;
    --accent: #8ab4f0;
    --bar: #37527a;
    --good: #6cc48d;
    --busy: #e0b04a;
    --wrong: #ff8f85;
  }
}
* { box-sizing: border-box; }
body {
  max-width: 78rem;
  margin: 0 auto;
  padding: 1.5rem 1.25rem 3rem;
  background: var(--paper);
  color: var(--ink);
  font: 0.9375rem/1.5 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
}
header { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; align-items: baseline; }
h1 { margin: 0; font-size: 1.125rem; font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-left: auto; }
a { color: var(--accent); text-underline-offset: 0.2em; }
a:not(:hover, :focus-visible) { text-decoration-color: var(--line); }
section { margin-top: 1.5rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
h2 { margin: 0; font-size: 1.5rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
h3, caption {
  margin: 0 0 0.75rem;
  color: var(--faint);
  font-size: 0.8125rem;
  font-weight: 600;
  text-align: left;
}
p { margin: 0.25rem 0 0; }
.faint, .note, header p { color: var(--faint); }
.note { margin-top: 0.75rem; font-size: 0.8125rem; }
.columns { display: grid; gap: 2rem 3rem; margin: 1.75rem 0 2.25rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1.5rem 1rem; margin: 0; align-content: start; }
dt, dd { margin: 0; }
dt, dd + dd { color: var(--faint); font-size: 0.8125rem; }
dt { font-weight: 600; }
dt + dd { font-size: 1.5rem; line-height: 1.35; }
.bars { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 0.25rem 0.75rem; margin: 0; padding: 0; list-style: none; font-size: 0.8125rem; }
.bars li { display: contents; }
.bars span { text-align: right; white-space: nowrap; }
.bars svg { width: 100%; height: 1.25rem; border-left: 1px solid var(--line); }
.bars rect { fill: var(--bar); }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
caption { margin: 0; padding-bottom: 0.5rem; }
th, td { padding: 0.375rem 0 0.375rem 1rem; text-align: right; white-space: nowrap; font-weight: 400; }
th:first-child, td:first-child { padding-left: 0; }
th:first-child, th:nth-child(2), .state { text-align: left; }
thead th { color: var(--faint); font-size: 0.8125rem; border-bottom: 1px solid var(--line); }
tbody tr + tr > *, tfoot tr > * { border-top: 1px solid var(--line); }
tfoot tr:last-child > * { font-weight: 600; }
.state::before { content: ""; display: inline-block; width: 0.5rem; height: 0.5rem; margin-right: 0.5rem; border-radius: 50%; background: currentColor; }
.ready::before { color: var(--good); }
.starting::before { color: var(--busy); }
.stopping::before { color: var(--faint); }
.wrong { color: var(--wrong); font-weight: 600; }
@media (min-width: 56rem) {
  .columns { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
}
@media (max-width: 55.99rem) {
  nav { width: 100%; margin: 0; }
  thead { display: none; }
  table, caption, tbody, tfoot { display: block; }
  tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: 0.5rem 1rem; padding: 0.875rem 0; border-top: 1px solid var(--line); }
  tbody th { grid-column: 1 / -2; font-weight: 600; }
  tfoot th { grid-column: 1 / -1; font-weight: 600; }
  tbody tr > *, tfoot tr > *, tbody tr + tr > * { display: block; padding: 0; border: 0; text-align: left; }
  tbody tr > .state { grid-column: -2 / -1; text-align: right; }
  td[data-label]::before { content: attr(data-label); display: block; color: var(--faint); font-size: 0.8125rem; font-weight: 400; }
  td:empty { display: none; }
}
`;

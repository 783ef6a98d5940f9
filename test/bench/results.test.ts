import { fileURLToPath } from "node:url";
import { parse } from "parse5";
import { expect, test } from "vitest";

const { barChart } = await import(fileURLToPath(new URL("../../bench/chart.js", import.meta.url)));

const { written } = await import(fileURLToPath(new URL("../../bench/table.js", import.meta.url)));

test("a figure that is nothing but for its last digits has no sign", () => {
  expect(written({ median: -0.04, min: -1.2, max: 0.04 }, 1)).toBe("0.0 (-1.2–0.0)");
  expect(written({ median: -0.4, min: -10, max: 0 }, 0)).toBe("0 (-10–0)");
});

test("a chart says all in words, and has colours for a light page and a dark one", () => {
  const bars = [
    { name: "postern <fast>", value: 0.7, ours: true },
    { name: "another", value: 9 },
  ];
  const svg: string = barChart("CPU time & more", bars, { line: 1, cut: 4 });
  expect(svg).toContain("<title>CPU time &amp; more</title>");
  expect(svg).toContain("postern &lt;fast></text>");
  expect(svg).toContain(">0.70</text>");
  expect(svg).toContain(">9.00</text>");
  expect(svg).toContain("@media (prefers-color-scheme: dark)");
  // The longest bar is as long as what it was cut at; the other has its share of that.
  const widths = [...svg.matchAll(/<rect [^>]*width="(\d+)"/g)].map(([, width]) => Number(width));
  expect(widths).toEqual([70, 400]);
  expect(svg.match(/class="gap" d=/g)).toHaveLength(1);
  const errors: string[] = [];
  parse(svg, { onParseError: ({ code }) => errors.push(code) });
  expect(errors.filter((code) => code !== "missing-doctype")).toEqual([]);
});

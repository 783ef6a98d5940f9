// Reads Prometheus's text format 0.0.4, strictly. The rules are those of "Text format details" in
// https://prometheus.io/docs/instrumenting/exposition_formats/, typed from there and not taken from lib.

export interface Sample {
  /** With a histogram's suffix. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly help: string | undefined;
  readonly type: string;
  readonly samples: readonly Sample[];
}

interface GrowingMetric extends Metric {
  help: string | undefined;
  type: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];

/** @throws {Error} where the text breaks a rule */
export function parsePrometheus(text: string): ReadonlyMap<string, Metric> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end with a line feed");
  const metrics = new Map<string, GrowingMetric>();
  const seen = new Set<string>();
  let current: GrowingMetric | undefined;
  const metricOf = (name: string, line: string): GrowingMetric => {
    if (current?.name === name) return current;
    if (!NAME.test(name)) throw new Error(`no name of a metric: ${line}`);
    if (metrics.has(name)) throw new Error(`the lines of ${name} are no single group: ${line}`);
    current = { name, help: undefined, type: "untyped", samples: [] };
    metrics.set(name, current);
    return current;
  };
  for (const line of text.split("\n").slice(0, -1)) {
    if (line.trim() === "") continue;
    const [, word, about = "", rest = ""] = /^#\s+(HELP|TYPE)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    if (word !== undefined) {
      const metric = metricOf(about, line);
      if (metric.samples.length > 0) throw new Error(`${word} comes behind the first sample: ${line}`);
      if (word === "HELP") {
        if (metric.help !== undefined) throw new Error(`a second HELP: ${line}`);
        if (/\\(?![\\n])/.test(rest)) throw new Error(`no escape of a HELP: ${line}`);
        metric.help = unescaped(rest);
      } else {
        if (metric.type !== "untyped" || !TYPES.includes(rest))
          throw new Error(`no type, or a second: ${line}`);
        metric.type = rest;
      }
      continue;
    }
    if (line.trimStart().startsWith("#")) continue;
    const sample = parseSample(line);
    const base = sample.name.replace(/_(bucket|sum|count)$/, "");
    const metric = metricOf(
      current?.name === base && current.type === "histogram" ? base : sample.name,
      line,
    );
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(key)) throw new Error(`the same name and labels again: ${line}`);
    seen.add(key);
    metric.samples.push(sample);
  }
  for (const metric of metrics.values()) if (metric.type === "histogram") checkHistogram(metric);
  return metrics;
}

function parseSample(line: string): Sample {
  const [, name = "", inside = "", value = "", timestamp] =
    /^\s*([^\s{]+)\s*(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$/.exec(line) ?? [];
  if (!NAME.test(name)) throw new Error(`no sample: ${line}`);
  if (timestamp !== undefined) throw new Error(`a time of its own, which nobody asked for: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = inside; rest !== ""; ) {
    const [whole, label = "", text = ""] = LABEL.exec(rest) ?? [];
    if (whole === undefined || label in labels) throw new Error(`no labels: ${line}`);
    labels[label] = unescaped(text);
    rest = rest.slice(whole.length);
  }
  return { name, labels, value: parseValue(value, line) };
}

function parseValue(text: string, line: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error(`no value: ${line}`);
  return Number(text);
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_escape, character: string) => (character === "n" ? "\n" : character));
}

/** Buckets rise in their bounds and in their counts, and the one of all, `+Inf`, counts as many as `_count`. */
function checkHistogram({ name, samples }: Metric): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _bound, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const own of series.values()) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map((sample) => parseValue(sample.labels["le"] ?? "", name));
    const rises = (values: readonly number[]) =>
      values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
    const count = own.find((sample) => sample.name === `${name}_count`)?.value;
    const sum = own.find((sample) => sample.name === `${name}_sum`)?.value;
    if (!rises(bounds) || new Set(bounds).size !== bounds.length)
      throw new Error(`${name}: bounds do not rise`);
    if (!rises(buckets.map((sample) => sample.value))) throw new Error(`${name}: counts are not cumulative`);
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name}: no bucket of all`);
    if (count === undefined || buckets.at(-1)?.value !== count)
      throw new Error(`${name}: the bucket of all is not _count`);
    if (sum === undefined) throw new Error(`${name}: no _sum`);
  }
}

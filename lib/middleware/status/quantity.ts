// Numbers as people read them.

import { LATENCY_MS } from "../../gateway/counters.ts";

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

export function countText(count: number): string {
  return whole.format(count);
}

/** Such as `1.2K`, where there is little room. */
export function shortCountText(count: number): string {
  return short.format(count);
}

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[unit]}`;
}

/** Of a length of time: `0.42 ms`, `12 ms`, `1.5 s`. */
export function millisecondsText(milliseconds: number): string {
  if (milliseconds < 9.95) return `${Number(milliseconds.toFixed(2))} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  return `${Number((milliseconds / 1000).toFixed(1))} s`;
}

/** Of a long time, in its two largest units: `3 d 4 h`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([value]) => value > 0);
  return shown.map(([value, unit]) => `${value} ${unit}`).join(" ");
}

/** In UTC, to the second. */
export function timeText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** What took no longer than a bound of the histogram, or longer than the last. */
export function boundText(milliseconds: number): string {
  return Number.isFinite(milliseconds)
    ? `≤ ${millisecondsText(milliseconds)}`
    : `> ${millisecondsText(LATENCY_MS[LATENCY_MS.length - 1] ?? 0)}`;
}

/** In percent; a little is never nothing. */
export function shareText(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  return `${Number(percent.toFixed(percent < 1 ? 2 : 1))} %`;
}

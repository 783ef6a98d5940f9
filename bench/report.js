import { barChart } from "./chart.js";
import { describeRun } from "./machine.js";
import { floorTable, targetTable } from "./table.js";

/**
 * @typedef {object} Figure
 * @property {import("./statistics.js").Spread} measured
 * @property {import("./statistics.js").Spread} [cpuTime] the same by CPU time, where another time is measured
 * @property {import("./statistics.js").Spread} [instructions] the same by instructions, where they could be counted
 *
 * @typedef {Figure & { name: string }} Floor what the same run shows to be the least, and of what
 *
 * @typedef {object} Stated
 * @property {string} what is compared, and with what
 * @property {number} limit
 * @property {boolean} [atLeast] whether the limit is the least; otherwise it is the most
 * @property {Floor} [floor]
 * @property {number} [digits] behind the point (2; 3 where the limit is below 0.1)
 * @property {string} [unit]
 *
 * @typedef {Figure & Stated} Target
 */

/** What a run has found so far. Each piece is shown as soon as it is there. */
export class Report {
  #head;
  #pieces = [];
  #targets = [];
  #charts = [];
  #shown = false;

  /** @param {string[]} words of the command line */
  constructor(words) {
    this.#head = `${describeRun(words).join("  \n")}\n`;
  }

  /** @param {string} name of the part, after which its charts are named */
  textFor(name) {
    const charts = this.#charts.map(({ title }, at) => `![${title}](performance/${name}${at || ""}.svg)\n`);
    return [this.#head, ...this.#pieces, ...charts].join("\n");
  }

  /** SVG files, in the order in which {@link textFor} names them. */
  get charts() {
    return this.#charts.map(({ svg }) => svg);
  }

  /**
   * @param {string} title
   * @param {string} table
   */
  add(title, table) {
    this.#show(`### ${title}\n\n${table}`);
  }

  /** @param {string} text what else is worth knowing about the run */
  note(text) {
    this.#show(`${text}\n`);
  }

  /**
   * @param {string} title
   * @param {import("./chart.js").Bar[]} bars
   * @param {{ line: number, cut?: number }} scale a value to draw a line at, and one to cut bars at
   */
  chart(title, bars, scale) {
    this.#charts.push({ title, svg: barChart(title, bars, scale) });
  }

  /** @param {Target} target */
  target(target) {
    this.#targets.push(target);
  }

  /** @param {Report} other */
  takeTargets(other) {
    this.#targets.push(...other.#targets);
  }

  /** The verdict on each target so far. */
  addTargets() {
    if (this.#targets.length === 0) return;
    this.add("What was to be reached", targetTable(this.#targets));
    const floored = this.#targets.filter(({ floor }) => floor !== undefined);
    if (floored.length > 0) this.add("The floors of this run", floorTable(floored));
  }

  #show(piece) {
    if (!this.#shown) process.stdout.write(`\n${this.#head}`);
    this.#shown = true;
    this.#pieces.push(piece);
    process.stdout.write(`\n${piece}`);
  }
}

import { describeRun } from "./machine.js";

/** What a run has found so far. Each part is shown as soon as it is there. */
export class Report {
  #parts = [];

  /** @param {string[]} words of the command line */
  constructor(words) {
    this.#show(`${describeRun(words).join("  \n")}\n`);
  }

  get text() {
    return this.#parts.join("\n");
  }

  /**
   * @param {string} title
   * @param {string} table
   */
  add(title, table) {
    this.#show(`### ${title}\n\n${table}`);
  }

  #show(part) {
    this.#parts.push(part);
    process.stdout.write(`\n${part}`);
  }
}

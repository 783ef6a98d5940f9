import type { Socket } from "node:net";
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { Counters } from "../../gateway/counters.ts";
import type { Report } from "./messages.ts";

/** How often a child tells what it is doing at the most, in milliseconds. */
const REPORT_MS = 250;

/** A child that was at work for a larger part of the time tells when it has become quiet. */
const QUIET = 0.1;

/** Tells a pool what this process is doing: at once when it begins to do something, then from time to time. */
export class Reporter {
  /** Connections that the parent gave it, and those of them that are open. */
  #taken = 0;
  #connections = 0;
  readonly #counters: Counters;
  readonly #send: (report: Report) => void;
  #timer: NodeJS.Timeout | undefined;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #busy = 0;
  /** What the last report said. */
  #requests = 0;
  #active = 0;
  #open = 0;

  constructor(counters: Counters, send: (report: Report) => void) {
    this.#counters = counters;
    this.#send = send;
  }

  /** Something has begun or ended. Called for every request, so it does nothing where a report is due anyway. */
  note(): void {
    if (this.#timer === undefined) this.report();
  }

  /** A connection has come from the parent. */
  take(connection: Socket): void {
    this.#taken++;
    this.#connections++;
    this.note();
    connection.once("close", () => {
      this.#connections--;
      this.note();
    });
  }

  /** Reports now, and again when something has changed. */
  report(): void {
    const utilization = performance.eventLoopUtilization();
    this.#busy = performance.eventLoopUtilization(utilization, this.#utilization).utilization;
    this.#utilization = utilization;
    this.#requests = this.#counters.requests;
    this.#active = this.#counters.active;
    this.#open = this.#connections;
    this.#send({
      counters: this.#counters.values(),
      taken: this.#taken,
      connections: this.#connections,
      busy: this.#busy,
      memoryBytes: process.memoryUsage.rss(),
    });
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), REPORT_MS).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const { requests, active } = this.#counters;
    const changed =
      requests !== this.#requests || active !== this.#active || this.#connections !== this.#open;
    if (changed || this.#busy > QUIET) this.report();
    else if (active > 0) this.#wait();
  }
}

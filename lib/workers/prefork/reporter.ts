import type { Socket } from "node:net";
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { Counters } from "../../gateway/counters.ts";
import type { Report } from "./messages.ts";

/** How often a child tells what it is doing at the most, in milliseconds. */
const REPORT_MS = 250;

/** Over less than this, in milliseconds, the part of the time in which a child was at work says nothing: a request is all of it. */
const MEASURE_MS = 100;

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
  /** The last report was of a connection, and what comes on it has not begun. */
  #expectant = false;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #busy = 0;
  #measuredAt = performance.now();
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
    if (this.#timer === undefined || this.#expectant) this.report();
  }

  /** A connection has come from the parent. */
  take(connection: Socket): void {
    this.#taken++;
    this.#connections++;
    this.report();
    // Its request may compute from its beginning, and then nobody could say so any more.
    this.#expectant = true;
    connection.once("close", () => {
      this.#connections--;
      // With nothing left to do it is there for the next one at once.
      if (this.#counters.active === 0) this.report();
      else this.note();
    });
  }

  /** Reports now, and again when something has changed. */
  report(): void {
    this.#expectant = false;
    this.#measure();
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

  #measure(): void {
    const now = performance.now();
    if (now - this.#measuredAt < MEASURE_MS) return;
    this.#measuredAt = now;
    const utilization = performance.eventLoopUtilization();
    this.#busy = performance.eventLoopUtilization(utilization, this.#utilization).utilization;
    this.#utilization = utilization;
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

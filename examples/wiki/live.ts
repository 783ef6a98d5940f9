import { setTimeout as pause } from "node:timers/promises";
import type { Web } from "postern";
import { findVersion, type Version } from "./pages.ts";
import { toHtml } from "./reading.ts";

/** A page each time that it is saved after the version that the reader has. */
export class Events {
  GET(web: Web, name: string) {
    const { after } = web.query({ after: "0" });
    // A browser that connects again says what it had last.
    const seen = Number(web.requestHeader("Last-Event-ID") ?? after);
    return web.events(changes(web, name, seen));
  }
}

async function* changes(web: Web, name: string, seen: number) {
  for await (const { id, author, text } of versionsOf(name, seen, web.signal)) {
    yield { id, data: { author, html: toHtml(web, text) } };
  }
}

// The database is asked, since it may be another process that saves.
async function* versionsOf(name: string, seen: number, signal: AbortSignal): AsyncGenerator<Version> {
  for (let last = seen; !signal.aborted; ) {
    const version = await findVersion(name);
    if (version !== undefined && version.id > last) {
      last = version.id;
      yield version;
    }
    await pause(300, undefined, { signal }).catch(() => {});
  }
}

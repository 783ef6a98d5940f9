// An application whose time is over, and which goes on all the same.

import { expect, test } from "vitest";
import { ErrorStream } from "../../lib/gateway/error-stream.ts";
import { respond } from "../../lib/gateway/respond.ts";
import type { ResponseSink } from "../../lib/gateway/sink.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { emptyEnviron } from "../../lib/gateway/variables.ts";

class Sink implements ResponseSink {
  readonly calls: string[] = [];
  closed = false;

  head({ status }: { status: string }): void {
    this.calls.push(status);
  }

  write(): void {
    this.calls.push("write");
  }

  flush(): boolean {
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.closed = true;
    this.calls.push("end");
  }

  cut(): void {
    this.closed = true;
    this.calls.push("cut");
  }
}

const late = () => new Promise((resolve) => setTimeout(resolve, 60));

test.each<[string, Application]>([
  [
    "returns an array",
    async (_environ, startResponse) => {
      await late();
      startResponse("200 OK", []);
      return ["late"];
    },
  ],
  [
    "returns an iterable",
    async (_environ, startResponse) => {
      await late();
      startResponse("200 OK", []);
      return new Set(["late"]);
    },
  ],
  [
    "writes",
    async (_environ, startResponse) => {
      await late();
      await startResponse("200 OK", [])("late");
      return [];
    },
  ],
])("one that %s is answered for once, and is no error of its own", async (_name, application) => {
  const sink = new Sink();
  const errors: string[] = [];
  const environ = emptyEnviron();
  environ.REQUEST_METHOD = "GET";
  environ["wsgi.errors"] = new ErrorStream((bytes) => errors.push(bytes.toString()));
  await respond(application, environ, sink, { timeoutMs: 20 });
  expect(sink.calls).toEqual(["504 Gateway Timeout", "write", "end"]);
  expect(errors).toEqual([]);
});

// Applications with sessions as processes, and clients that ask them over HTTP.

import { Agent, get } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { Child } from "../../support/child.ts";
import { compiled } from "../../support/dist.ts";
import type { Front } from "../../support/front.ts";
import { startNginx } from "../../support/nginx.ts";
import { freePort, untilListening } from "../../support/port.ts";

/** Starts the sample application and waits until it listens. */
export async function startApplication(
  store: string,
  children?: number,
): Promise<{ child: Child; port: number }> {
  const port = await freePort();
  const child = new Child(process.execPath, [join(import.meta.dirname, "programs/application.js")], {
    env: {
      ...process.env,
      DIST: dirname(fileURLToPath(compiled("index.ts"))),
      STORE: store,
      BIND: String(port),
      ...(children === undefined ? {} : { CHILDREN: String(children) }),
    },
  });
  const failed = child.ended.then(() => Promise.reject(new Error(child.output)));
  await Promise.race([untilListening(port), failed]);
  return { child, port };
}

export function startFrontOf(ports: readonly number[]): Promise<Front> {
  return startNginx(
    (listen) => `
      upstream applications {
        ${ports.map((port) => `server 127.0.0.1:${port} fail_timeout=1s;`).join("\n")}
        keepalive 64;
      }
      server {
        ${listen}
        location / {
          proxy_pass http://applications;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
        }
      }`,
  );
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cookie: string | undefined;
}

/** A browser with one session, which may ask many things at once. */
export class Browser {
  cookie = "";
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(port: number) {
    this.#port = port;
  }

  ask(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = this.cookie === "" ? {} : { Cookie: this.cookie };
      const request = get(
        { port: this.#port, host: "127.0.0.1", path, headers, agent: this.#agent },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("error", reject);
          response.on("end", () => {
            const cookie = response.headers["set-cookie"]?.[0]?.split(";")[0];
            if (cookie !== undefined) this.cookie = cookie;
            resolve({ status: response.statusCode ?? 0, text, cookie });
          });
        },
      );
      request.on("error", reject);
    });
  }

  async see(): Promise<Record<string, unknown>> {
    const { status, text } = await this.ask("/see");
    expect(status, text).toBe(200);
    return JSON.parse(text) as Record<string, unknown>;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Many requests at once that change different keys of a session, and some that count in one key of it. */
export async function changeAtOnce(browser: Browser, changes: number, counts: number): Promise<void> {
  await browser.ask("/set/user/ada");
  const paths = Array.from({ length: changes }, (_, index) => `/set/key${index}/${index}`);
  for (let i = 0; i < counts; i += 1) paths.splice(Math.floor((i * paths.length) / counts), 0, "/add");
  const failed = (await Promise.all(paths.map((path) => browser.ask(path)))).filter(
    ({ status }) => status !== 200,
  );
  expect(failed).toEqual([]);
  const expected: Record<string, unknown> = { user: "ada", count: counts };
  for (let index = 0; index < changes; index += 1) expected[`key${index}`] = String(index);
  expect(await browser.see()).toEqual(expected);
}

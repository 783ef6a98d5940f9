// What every web server is asked, and what comes back of it, in the words of the documentation's tables.

import { createHash, randomBytes } from "node:crypto";
import { Agent, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Front } from "../front.ts";
import { silence } from "../until.ts";
import { type Answer, ask, begin, head, type Question, readAnswer } from "./ask.ts";
import type { Mount } from "./way.ts";
import { withWitness } from "./witness.ts";

/** A running web server, and the application behind it at its mount. */
export interface Stand {
  readonly front: Front;
  readonly mount: Mount;
  /** A folder that everybody may look into. */
  readonly folder: string;
  /** What the client of a TLS port trusts. */
  readonly certificate: string;
  /** Whether each request starts a process. */
  readonly slow: boolean;
}

export interface Check {
  readonly name: string;
  /** In which of the tables it is a column. */
  readonly table: "requests" | "responses" | "streams";
  /** What comes of it where the web server does nothing special. */
  readonly expected: string;
  /** Measured at one mount only, since it takes its time. */
  readonly once?: boolean;
  /**
   * Measures.
   *
   * @param expected the outcome that is expected: how long to wait for what a web server never does depends on it
   */
  measure(stand: Stand, expected: string): Promise<string>;
}

/** For what comes, since the machine may be busy; in milliseconds. */
const PATIENCE_MS = 15_000;

/** For what is not expected to come, in milliseconds. */
const SILENCE_MS = 400;

const upload = randomBytes(20_000_000);
const uploadDigest = sha256(upload);
const download = Buffer.alloc(20_000_000, "postern ");

export const checks = [
  {
    name: "`SCRIPT_NAME` and `PATH_INFO`",
    table: "requests",
    expected: "yes",
    async measure(stand) {
      const paths = ["/", "/x/y", "/a%20b/caf%C3%A9/%252F?x=%2F"];
      const seen = await Promise.all(paths.map((path) => about(stand, path)));
      const wanted = ["/", "/x/y", "/a b/caf\u00c3\u00a9/%2F"];
      const right = seen.every(
        (environ, index) => environ.SCRIPT_NAME === prefix(stand) && environ.PATH_INFO === wanted[index],
      );
      const query = seen[2]?.QUERY_STRING;
      return right && query === "x=%2F" && (await takesMount(stand)) ? "yes" : JSON.stringify(seen);
    },
  },
  {
    name: "`/a%2Fb`",
    table: "requests",
    expected: "`/a/b`, raw in `REQUEST_URI`",
    async measure(stand) {
      const answer = await get(stand, "/a%2Fb");
      if (answer.status !== 200) return String(answer.status);
      const { PATH_INFO, REQUEST_URI } = JSON.parse(String(answer.body)) as Seen;
      return `\`${PATH_INFO}\`${REQUEST_URI.endsWith("/a%2Fb") ? ", raw in `REQUEST_URI`" : ""}`;
    },
  },
  {
    name: "`//a`",
    table: "requests",
    expected: "`//a`",
    once: true,
    async measure(stand) {
      return `\`${(await about(stand, "//a")).PATH_INFO}\``;
    },
  },
  {
    name: "`Host: site.example:8080`",
    table: "requests",
    expected: "as it is",
    async measure(stand) {
      const { HTTP_HOST = "" } = await about(stand, "/", { headers: { Host: "site.example:8080" } });
      if (HTTP_HOST === "site.example:8080") return "as it is";
      return HTTP_HOST === "site.example" ? "without port" : "the application's address";
    },
  },
  {
    name: "client's address",
    table: "requests",
    expected: "yes",
    async measure(stand) {
      const answer = await get(stand, "/");
      const { REMOTE_PORT } = JSON.parse(String(answer.body)) as Seen;
      return REMOTE_PORT === String(answer.localPort) ? "yes" : "no";
    },
  },
  {
    name: "`Authorization`",
    table: "requests",
    expected: "yes",
    async measure(stand) {
      const authorization = "Basic dXNlcjpwYXNz";
      const { HTTP_AUTHORIZATION } = await about(stand, "/", { headers: { Authorization: authorization } });
      return HTTP_AUTHORIZATION === authorization ? "yes" : "no";
    },
  },
  {
    name: "https",
    table: "requests",
    expected: "yes",
    async measure(stand) {
      const { front, certificate } = stand;
      const answer = await ask(front.tlsPort ?? 0, `${prefix(stand)}/`, { certificate });
      const plain = await about(stand, "/");
      const { scheme } = JSON.parse(String(answer.body)) as Seen;
      return scheme === "https" && plain.scheme === "http" ? "yes" : "no";
    },
  },
  {
    name: "404",
    table: "responses",
    expected: "yes",
    async measure(stand) {
      const { status, reason, body } = await get(stand, "/missing");
      const got = `${status} ${reason}: ${body}`;
      return got === "404 Not Found: there is no such page" ? "yes" : got;
    },
  },
  {
    name: "reason of one's own",
    table: "responses",
    expected: "yes",
    async measure(stand) {
      const { status, reason } = await get(stand, "/reason");
      if (status !== 404) return String(status);
      return reason === "Nothing Here" ? "yes" : "no";
    },
  },
  {
    name: "two `Set-Cookie`",
    table: "responses",
    expected: "yes",
    async measure(stand) {
      const { headers, body } = await get(stand, "/cookies", { headers: { Cookie: "c=3; d=4" } });
      const got = `${headers["set-cookie"]?.join(" ")} ${body}`;
      return got === "a=1; Path=/ b=2; Path=/ c=3; d=4" ? "yes" : got;
    },
  },
  {
    name: "POST",
    table: "responses",
    expected: "yes",
    async measure(stand) {
      const body = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
      const answer = await get(stand, "/echo", { method: "POST", body });
      return answer.status === 200 && answer.body.equals(body) ? "yes" : String(answer.status);
    },
  },
  {
    name: "chunked POST",
    table: "responses",
    expected: "yes",
    async measure(stand, expected) {
      const sent = begin(stand.front.port, `${prefix(stand)}/echo`, {
        method: "POST",
        headers: { "Transfer-Encoding": "chunked" },
      });
      sent.write("one");
      const answered = head(sent);
      // A web server that takes no such body says so before it has all of it.
      const patience = /^\d/.test(expected) ? PATIENCE_MS : SILENCE_MS;
      await Promise.race([answered.catch(() => {}), silence(patience)]);
      sent.end("two");
      // An application that gets no body answers at once, and the web server may close before the client has the answer.
      const answer = await answered.then(readAnswer).catch(() => undefined);
      if (answer === undefined) return "no";
      if (answer.status !== 200) return String(answer.status);
      return String(answer.body) === "onetwo" ? "yes" : "no";
    },
  },
  {
    name: "20 MB up",
    table: "responses",
    expected: "yes",
    async measure(stand) {
      const answer = await get(stand, "/digest", { method: "POST", body: upload });
      if (answer.status !== 200) return String(answer.status);
      const { digest } = JSON.parse(String(answer.body)) as { digest: string };
      return digest === uploadDigest ? "yes" : "damaged";
    },
  },
  {
    name: "20 MB down",
    table: "responses",
    expected: "yes",
    async measure(stand) {
      const { status, body } = await get(stand, "/bytes?n=20000000");
      if (status !== 200) return String(status);
      return body.equals(download) ? "yes" : "damaged";
    },
  },
  {
    name: "200 requests of 1 KB",
    table: "responses",
    expected: "yes",
    once: true,
    async measure(stand) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      // Each is a new process there.
      const count = stand.slow ? 20 : 200;
      const wanted = Buffer.alloc(1024, "postern ");
      let lost = 0;
      for (let done = 0; done < count; done++) {
        const { status, body } = await get(stand, "/bytes?n=1024", { agent });
        if (status !== 200 || !body.equals(wanted)) lost++;
      }
      agent.destroy();
      return lost === 0 ? "yes" : `${lost} lost`;
    },
  },
  {
    name: "response streams",
    table: "streams",
    expected: "yes",
    measure: (stand, expected) =>
      withWitness(stand.folder, async (witness) => {
        const sent = begin(stand.front.port, `${prefix(stand)}/parts?witness=${witness.path}`, {});
        sent.end();
        const first = head(sent).then(async (message) => {
          const chunk = await firstPiece(message);
          return { message, chunk };
        });
        const early = await Promise.race([first, silence(expected === "yes" ? PATIENCE_MS : SILENCE_MS)]);
        await witness.go();
        const { message, chunk } = await first;
        const rest = await readAnswer(message);
        if (`${chunk}${rest.body}` !== "firstsecond") return "damaged";
        return early !== undefined && String(chunk) === "first" ? "yes" : "no";
      }),
  },
  {
    name: "request streams",
    table: "streams",
    expected: "yes",
    measure: (stand, expected) =>
      withWitness(stand.folder, async (witness) => {
        const half = Buffer.alloc(50_000, "half ");
        const sent = begin(stand.front.port, `${prefix(stand)}/arrivals?witness=${witness.path}`, {
          method: "POST",
          headers: { "Content-Length": String(2 * half.length) },
        });
        const answer = head(sent);
        sent.write(half);
        const patience = expected === "yes" ? PATIENCE_MS : SILENCE_MS;
        const early = await witness.hears(["the first part is here"], patience);
        sent.end(half);
        const { status, body } = await readAnswer(await answer);
        if (status !== 200) return String(status);
        const { digest } = JSON.parse(String(body)) as { digest: string };
        if (digest !== sha256(Buffer.concat([half, half]))) return "damaged";
        return early === undefined ? "no" : "yes";
      }),
  },
  {
    name: "client leaves",
    table: "streams",
    expected: "heard of at once",
    measure: (stand, expected) => leaving(stand, expected),
  },
  {
    name: "cut, with Content-Length",
    table: "streams",
    expected: "looks cut",
    measure: (stand) => cutting(stand, "length&"),
  },
  {
    name: "cut, without",
    table: "streams",
    expected: "looks cut",
    measure: (stand) => cutting(stand, ""),
  },
] as const satisfies readonly Check[];

export type CheckName = (typeof checks)[number]["name"];

interface Seen {
  readonly SCRIPT_NAME: string;
  readonly PATH_INFO: string;
  readonly QUERY_STRING: string;
  readonly REQUEST_URI: string;
  readonly HTTP_HOST?: string;
  readonly HTTP_AUTHORIZATION?: string;
  readonly REMOTE_PORT?: string;
  readonly scheme: string;
}

function prefix({ mount }: Stand): string {
  return mount === "/" ? "" : mount;
}

function get(stand: Stand, path: string, question?: Question): Promise<Answer> {
  return ask(stand.front.port, prefix(stand) + path, question);
}

/** What the application says of the request's environ. */
async function about(stand: Stand, path: string, question?: Question): Promise<Seen> {
  const { status, body } = await get(stand, path, question);
  if (status !== 200) throw new Error(`${path} was answered ${status}: ${body}\n${stand.front.log()}`);
  return JSON.parse(String(body)) as Seen;
}

/** Whether the mount point itself, without a slash, is the application's or leads to it, and what only begins so is not. */
async function takesMount(stand: Stand): Promise<boolean> {
  if (stand.mount === "/") return true;
  if ((await ask(stand.front.port, "/application")).status === 200) return false;
  const { status, headers, body } = await get(stand, "");
  if (status === 301) return headers.location?.endsWith(`${stand.mount}/`) === true;
  const { SCRIPT_NAME, PATH_INFO } = JSON.parse(String(body)) as Seen;
  return SCRIPT_NAME === stand.mount && PATH_INFO === "";
}

/** A client that leaves while the application computes, and what the application hears of it. */
function leaving(stand: Stand, expected: string): Promise<string> {
  return withWitness(stand.folder, async (witness) => {
    const client = connect(stand.front.port, "127.0.0.1");
    client.on("error", () => {});
    client.write(`GET ${prefix(stand)}/patience?witness=${witness.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    if ((await witness.hears(["waiting"], PATIENCE_MS)) !== "waiting") return "not served";
    client.destroy();

    const patience = expected === "heard of at once" ? PATIENCE_MS : SILENCE_MS;
    const silent = await witness.hears(["aborted"], patience);
    if (silent === "aborted") return "heard of at once";
    if (silent === "ended") return "the process is ended";
    await witness.go();
    const sending = await witness.hears(["aborted", "sent all"], PATIENCE_MS);
    return sending === "aborted" ? "heard of when it sends" : "never heard of";
  });
}

/** The first piece of a body; the rest waits. */
function firstPiece(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    message.once("error", reject);
    message.once("data", (piece: Buffer) => {
      message.pause();
      resolve(piece);
    });
  });
}

/** A response that fails after its first piece, which the client has got by then if the web server lets it through. */
function cutting(stand: Stand, query: string): Promise<string> {
  return withWitness(stand.folder, async (witness) => {
    const sent = begin(stand.front.port, `${prefix(stand)}/cut?${query}witness=${witness.path}`, {});
    sent.end();
    const first = head(sent).then(async (message) => {
      await firstPiece(message);
      return message;
    });
    await Promise.race([first.catch(() => {}), silence(SILENCE_MS)]);
    await witness.go();
    const message = await first.catch(() => undefined);
    if (message === undefined) return "looks cut";
    const { status, complete } = await readAnswer(message);
    if (status !== 200) return String(status);
    return complete ? "looks whole" : "looks cut";
  });
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

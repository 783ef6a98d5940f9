// What the tests put behind a real web server, as a module that any process can serve.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { validate } from "postern/middleware/validate";

export const app = validate(answer);

const json = [["Content-Type", "application/json"]];
const plain = [["Content-Type", "text/plain"]];
const bytes = [["Content-Type", "application/octet-stream"]];

async function* answer(environ, startResponse) {
  const query = new URLSearchParams(environ.QUERY_STRING);
  switch (environ.PATH_INFO) {
    case "/digest": {
      const digest = await digestOf(environ["wsgi.input"]);
      startResponse("200 OK", json);
      yield JSON.stringify({ ...digest, peakBytes: peakBytes() });
      return;
    }
    case "/bytes": {
      const total = Number(query.get("n"));
      startResponse("200 OK", [...plain, ["Content-Length", String(total)]]);
      const chunk = Buffer.alloc(65_536, "postern ");
      for (let left = total; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
      return;
    }
    case "/missing":
      startResponse("404 Not Found", plain);
      yield "there is no such page";
      return;
    case "/reason":
      startResponse("404 Nothing Here", plain);
      yield "";
      return;
    case "/echo":
      startResponse("200 OK", bytes);
      yield* environ["wsgi.input"];
      return;
    case "/cookies":
      startResponse("200 OK", [...plain, ["Set-Cookie", "a=1; Path=/"], ["Set-Cookie", "b=2; Path=/"]]);
      yield environ.HTTP_COOKIE ?? "";
      return;
    case "/cut": {
      const witness = await Witness.call(query);
      startResponse("200 OK", query.has("length") ? [...plain, ["Content-Length", "50"]] : plain);
      yield "partial";
      await witness.go;
      throw new Error("this response is cut on purpose");
    }
    case "/parts":
      startResponse("200 OK", plain);
      yield* parts(await Witness.call(query));
      return;
    case "/arrivals": {
      const witness = await Witness.call(query);
      const digest = await digestOf(environ["wsgi.input"], () => witness.tell("the first part is here"));
      startResponse("200 OK", json);
      yield JSON.stringify(digest);
      return;
    }
    case "/patience":
      startResponse("200 OK", plain);
      yield* patience(await Witness.call(query), environ["postern.signal"]);
      return;
    default:
      startResponse("200 OK", json);
      yield JSON.stringify({ ...shown(environ), pid: process.pid, peakBytes: peakBytes() });
  }
}

/** The second part is not sent before the test says so. */
async function* parts(witness) {
  yield "first";
  await witness.go;
  yield "second";
}

/** Waits for the client to go: first in silence, then, when the test says so, sending a bounded number of bytes. */
async function* patience(witness, signal) {
  signal.addEventListener("abort", () => witness.tell("aborted"));
  try {
    witness.tell("waiting");
    await Promise.race([witness.go, signal.aborted || once(signal, "abort")]);
    const chunk = Buffer.alloc(65_536, "postern ");
    for (let count = 0; count < 512 && !signal.aborted; count++) yield chunk;
    if (!signal.aborted) witness.tell("sent all");
  } finally {
    witness.tell("cleaned up");
  }
}

/** A test that listens on a unix socket, is told what happens here, and says when to go on. */
class Witness {
  #socket;
  go;

  constructor(socket) {
    this.#socket = socket;
    this.go = once(socket, "data");
    this.go.catch(() => {});
    socket.on("error", () => {});
  }

  static async call(query) {
    const socket = connect(query.get("witness"));
    await once(socket, "connect");
    return new Witness(socket);
  }

  tell(words) {
    this.#socket.write(`${words}\n`);
  }
}

/** @param {() => void} [onFirst] called when the first part has come */
async function digestOf(input, onFirst) {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of input) {
    if (bytes === 0) onFirst?.();
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest("hex") };
}

function shown(environ) {
  const { SCRIPT_NAME, PATH_INFO, QUERY_STRING, REQUEST_URI, REQUEST_METHOD, CONTENT_LENGTH } = environ;
  const { HTTP_X_TEST, HTTP_HOST, HTTP_AUTHORIZATION, REMOTE_PORT } = environ;
  return {
    SCRIPT_NAME,
    PATH_INFO,
    QUERY_STRING,
    REQUEST_URI,
    REQUEST_METHOD,
    CONTENT_LENGTH,
    HTTP_X_TEST,
    HTTP_HOST,
    HTTP_AUTHORIZATION,
    REMOTE_PORT,
    scheme: environ["wsgi.url_scheme"],
  };
}

/** The most memory that this process had in RAM. */
function peakBytes() {
  return process.resourceUsage().maxRSS * 1024;
}

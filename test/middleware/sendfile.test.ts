import { chmodSync, mkdirSync, realpathSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Application, Environ, FileRange, Header } from "../../lib/gateway/types.ts";
import { pipeline } from "../../lib/middleware/pipeline.ts";
import { type SendfileOptions, sendfile } from "../../lib/middleware/sendfile.ts";
import { staticApplication } from "../../lib/middleware/static-files.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { apache, startApache } from "../support/apache.ts";
import { type RunningFcgi, startFcgi } from "../support/fcgi-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import type { Front } from "../support/front.ts";
import { ask } from "../support/fronts/ask.ts";
import { externalSocket, lighttpd, startLighttpd } from "../support/lighttpd.ts";
import { nginx, startNginx } from "../support/nginx.ts";
import { findProgram } from "../support/programs.ts";

const xsendfile = findProgram("mod_xsendfile");

const TEXT = "0123456789";
const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

const temporary = temporaryFolder();
const folder = realpathSync(temporary.path);
const files = join(folder, "files");

beforeAll(() => {
  // nginx's worker may be another user.
  chmodSync(folder, 0o755);
  mkdirSync(join(files, "sub"), { recursive: true });
  const write = (name: string, content: string | Buffer = TEXT) => {
    writeFileSync(join(files, name), content);
    utimesSync(join(files, name), Date.parse(DATE) / 1000, Date.parse(DATE) / 1000);
  };
  write("a.txt");
  write("odd \u00fc%?#;&+.txt");
  write("sub/b.txt");
  write("c.js");
  write("c.js.gz", gzipSync(TEXT));
  writeFileSync(join(folder, "files-too.txt"), "secret");
  symlinkSync("/etc/hostname", join(files, "out.txt"));
});

afterAll(() => temporary.remove());

function answering(
  path: string,
  { status = "200 OK", range, headers = [] }: { status?: string; range?: FileRange; headers?: Header[] } = {},
): Application {
  return (environ, startResponse) => {
    startResponse(status, [["Content-Type", "text/plain"], ...headers]);
    return environ["postern.file_wrapper"](join(files, path), range);
  };
}

const unopened = (application: Application): Application => {
  return (environ: Environ, startResponse) => {
    environ["postern.file_wrapper"] = (path, range = {}) => ({
      path,
      range,
      [Symbol.asyncIterator]: () => {
        throw new Error("opened");
      },
    });
    return application(environ, startResponse);
  };
};

function asked(options: SendfileOptions, application: Application, request: CallRequest = {}) {
  return call(validate(sendfile(options)(validate(unopened(application)))), "/", request);
}

describe("what is sent", () => {
  test.each<[SendfileOptions, string, string]>([
    [{ header: "X-Sendfile" }, "a.txt", `${files}/a.txt`],
    [{ header: "X-LIGHTTPD-send-file" }, "a.txt", `${files}/a.txt`],
    [{ header: "X-LIGHTTPD-send-file" }, "odd \u00fc%?#;&+.txt", `${files}/odd%20%C3%BC%25%3F%23;&+.txt`],
    [{ header: "X-Sendfile", folders: [files] }, "sub/../a.txt", `${files}/a.txt`],
    [{ header: "X-Accel-Redirect", folders: { [files]: "/internal" } }, "sub/b.txt", "/internal/sub/b.txt"],
    [
      { header: "X-Accel-Redirect", folders: { [folder]: "/all/", [`${files}/`]: "/files/" } },
      "a.txt",
      "/files/a.txt",
    ],
  ])("%j of %s: %s", async (options, path, expected) => {
    for (const method of ["GET", "HEAD"]) {
      const headers: Header[] = [
        ["Content-Length", "10"],
        ["ETag", '"a"'],
      ];
      const response = await asked(options, answering(path, { headers }), { method });
      expect(response).toMatchObject({ status: 200, text: "", errors: "", cut: false });
      expect(response.headers.filter(([name]) => name !== "Content-Length")).toEqual([
        ["Content-Type", "text/plain"],
        ["ETag", '"a"'],
        [options.header, expected],
      ]);
      expect(response.header("Content-Length")).not.toBe("10");
    }
    expect(openBodies()).toEqual([]);
  });

  test("a part that was asked for: the web server does ranges", async () => {
    const headers: Header[] = [
      ["Content-Range", "bytes 1-2/10"],
      ["Content-Length", "2"],
    ];
    const application = answering("a.txt", {
      status: "206 Partial Content",
      range: { start: 1, end: 2 },
      headers,
    });
    const response = await asked({ header: "X-Sendfile" }, application);
    expect(response.status).toBe(200);
    expect(response.header("Content-Range")).toBeUndefined();
    expect(response.header("X-Sendfile")).toBe(`${files}/a.txt`);
  });

  test.each<[string, Application, SendfileOptions]>([
    [
      "a part that is something of its own",
      answering("a.txt", { range: { start: 1 } }),
      { header: "X-Sendfile" },
    ],
    [
      "the beginning of a file",
      answering("a.txt", { range: { start: 0, end: 3 } }),
      { header: "X-Sendfile" },
    ],
    ["another status", answering("a.txt", { status: "404 Not Found" }), { header: "X-Sendfile" }],
    ["a file elsewhere", answering("../files-too.txt"), { header: "X-Sendfile", folders: [files] }],
    [
      "a file without a location",
      answering("../files-too.txt"),
      { header: "X-Accel-Redirect", folders: { [files]: "/files" } },
    ],
    [
      "a coding that nginx would drop",
      answering("c.js.gz", { headers: [["Content-Encoding", "gzip"]] }),
      { header: "X-Accel-Redirect", folders: { [files]: "/files" } },
    ],
    [
      "a coding that Apache would drop",
      answering("c.js.gz", { headers: [["Content-Encoding", "gzip"]] }),
      { header: "X-Sendfile" },
    ],
    [
      "a name that lighttpd would decode and Apache would not",
      answering("odd \u00fc%?#;&+.txt"),
      { header: "X-Sendfile" },
    ],
    [
      "an array",
      (_environ, startResponse) => {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return [TEXT];
      },
      { header: "X-Sendfile" },
    ],
  ])("not for %s", async (_what, application, options) => {
    const response = await call(validate(sendfile(options)(validate(application))), "/");
    expect(response.header(options.header)).toBeUndefined();
    expect(response.body.length).toBeGreaterThan(0);
    expect(response.cut).toBe(false);
  });

  test("whatever the request says", async () => {
    const headers = {
      "X-Sendfile-Type": "X-Accel-Redirect",
      "X-Accel-Mapping": `${files}=/etc`,
      "X-Sendfile": "/etc/passwd",
    };
    const response = await asked({ header: "X-Sendfile" }, answering("a.txt"), { headers });
    expect(response.header("X-Sendfile")).toBe(`${files}/a.txt`);
    expect(response.header("X-Accel-Redirect")).toBeUndefined();
  });

  test.each([
    { header: "X-Accel-Redirect", folders: { "/a": "internal" } },
    { header: "X-Sendfile-Type" },
    {},
  ])("%j: the start fails", (options) => {
    expect(() => sendfile(options as unknown as SendfileOptions)).toThrow(
      expect.objectContaining({ code: "OPTION" }),
    );
  });
});

const ENCODED = /^200 \/.*odd%20%C3%BC%25%3F%23;&\+\.txt$/;
/** By the application itself. */
const SENT = /^200 -$/;

interface Site {
  readonly front: Front;
  readonly server: RunningFcgi;
  /** Status and X-Sendfile or X-Accel-Redirect of each response of the application. */
  readonly sent: string[];
}

/** Static files behind a real web server. */
async function startSite(options: SendfileOptions, start: (socket: string) => Promise<Front>): Promise<Site> {
  const sent: string[] = [];
  const watched: Application = (environ, startResponse) => {
    const app = pipeline([sendfile(options)], staticApplication(files, { precompressed: ["gzip"] }));
    return app(environ, (status, headers, error) => {
      const list = [...headers];
      const path = list.find(([name]) => name === options.header)?.[1];
      sent.push(`${status.slice(0, 3)} ${path ?? "-"}`);
      return startResponse(status, list, error);
    });
  };
  const server = await startFcgi(watched, process.getuid?.() === 0 ? { socketGroup: "nogroup" } : {});
  chmodSync(dirname(server.path), 0o755);
  return { front: await start(server.path), server, sent };
}

async function stopSite({ front, server }: Site): Promise<void> {
  await front.stop();
  await server.stop();
}

/**
 * What holds behind each of them.
 *
 * @param odd what the application sends for a name that has to be encoded
 */
function asTheApplicationWould(site: () => Site, odd: RegExp): void {
  test.each<[string, Record<string, string>, number, string, string | undefined]>([
    ["GET", {}, 200, TEXT, undefined],
    ["HEAD", {}, 200, "", undefined],
    ["GET", { Range: "bytes=2-4" }, 206, "234", "bytes 2-4/10"],
    ["GET", { Range: "bytes=-2" }, 206, "89", "bytes 8-9/10"],
    ["GET", { Range: "bytes=20-" }, 416, "", "bytes */10"],
    ["GET", { "If-Modified-Since": DATE }, 304, "", undefined],
  ])("%s %j: %d", async (method, headers, status, text, contentRange) => {
    const { front } = site();
    const answer = await ask(front.port, "/a.txt", { method, headers });
    expect(answer.status).toBe(status);
    if (status < 400) expect(String(answer.body)).toBe(text);
    expect(answer.headers["content-range"]).toBe(contentRange);
    if (status === 200 || status === 206) {
      expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
      expect(answer.headers["content-length"]).toBe(String(status === 200 ? 10 : text.length));
    }
    expect(answer.headers).not.toHaveProperty("x-sendfile");
    expect(answer.headers).not.toHaveProperty("x-accel-redirect");
    expect(answer.complete).toBe(true);
  });

  test("a name that has to be encoded", async () => {
    const { front, sent } = site();
    const answer = await ask(front.port, "/odd%20%C3%BC%25%3F%23;&+.txt");
    expect(String(answer.body)).toBe(TEXT);
    expect(sent.at(-1)).toMatch(odd);
  });

  test("an answer of the web server's own tag", async () => {
    const { front } = site();
    const first = await ask(front.port, "/a.txt");
    const tag = first.headers.etag ?? "";
    expect(tag).not.toBe("");
    expect((await ask(front.port, "/a.txt", { headers: { "If-None-Match": tag } })).status).toBe(304);
    const headers = { Range: "bytes=0-0", "If-Range": tag };
    expect(await ask(front.port, "/a.txt", { headers })).toMatchObject({
      status: 206,
      body: Buffer.from("0"),
    });
    const other = { Range: "bytes=0-0", "If-Range": '"other"' };
    expect((await ask(front.port, "/a.txt", { headers: other })).status).toBe(200);
  });

  test("a precompressed file keeps its coding", async () => {
    const { front } = site();
    const answer = await ask(front.port, "/c.js", { headers: { "Accept-Encoding": "gzip" } });
    expect(answer.headers["content-encoding"]).toBe("gzip");
    expect(answer.body).toEqual(gzipSync(TEXT));
  });

  test("no file, and one that is not to be had", async () => {
    const { front } = site();
    expect((await ask(front.port, "/missing")).status).toBe(404);
    expect((await ask(front.port, "/out.txt")).status).toBe(404);
  });
}

describe.skipIf(nginx === undefined)("behind nginx, X-Accel-Redirect", () => {
  let site: Site;

  beforeAll(async () => {
    site = await startSite({ header: "X-Accel-Redirect", folders: { [files]: "/internal" } }, (socket) =>
      startNginx(
        (listen) => `server {
          ${listen}
          location / { include fastcgi_params; fastcgi_pass unix:${socket}; }
          location /internal/ { internal; alias ${files}/; }
        }`,
      ),
    );
  });
  afterAll(() => stopSite(site));

  asTheApplicationWould(() => site, ENCODED);

  test("the web server sends it, from a location that nobody else reaches", async () => {
    await ask(site.front.port, "/a.txt");
    expect(site.sent.at(-1)).toBe("200 /internal/a.txt");
    const direct = await ask(site.front.port, "/internal/a.txt");
    expect(direct.status).toBe(404);
  });
});

describe.skipIf(lighttpd === undefined).each([
  ["X-Sendfile", SENT],
  ["X-LIGHTTPD-send-file", ENCODED],
] as const)("behind lighttpd, %s", (header, odd) => {
  let site: Site;

  beforeAll(async () => {
    site = await startSite({ header, folders: [files] }, (socket) => {
      const { modules, config } = externalSocket(socket, "/");
      const enabled = `"x-sendfile" => "enable", "x-sendfile-docroot" => ("${files}"), "check-local"`;
      return startLighttpd({ modules, config: config.replace('"check-local"', enabled) });
    });
  });
  afterAll(() => stopSite(site));

  asTheApplicationWould(() => site, odd);

  test("the web server sends it", async () => {
    await ask(site.front.port, "/a.txt", { headers: { Range: "bytes=2-4" } });
    expect(site.sent.at(-1)).toBe(`200 ${files}/a.txt`);
  });
});

describe.skipIf(apache === undefined || xsendfile === undefined)("behind Apache, X-Sendfile", () => {
  let site: Site;

  beforeAll(async () => {
    site = await startSite({ header: "X-Sendfile", folders: [files] }, (socket) =>
      startApache(
        `XSendFile On
        XSendFilePath "${files}"
        ProxyPass "/" "unix:${socket}|fcgi://localhost/"`,
        ["proxy", "proxy_fcgi", "xsendfile"],
      ),
    );
  });
  afterAll(() => stopSite(site));

  asTheApplicationWould(() => site, SENT);

  test("the web server sends it", async () => {
    const answer = await ask(site.front.port, "/a.txt", { headers: { Range: "bytes=2-4" } });
    expect(answer.status).toBe(206);
    expect(site.sent.at(-1)).toBe(`200 ${files}/a.txt`);
  });
});

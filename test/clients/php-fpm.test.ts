// PHP itself, of which no fake can say what it makes of the variables that it is sent.

import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type FcgiClientOptions, fcgiClient } from "../../lib/clients/fcgi.ts";
import { application, mount } from "../../lib/index.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { serve } from "../../lib/serve.ts";
import { request } from "../../lib/testing/request.ts";
import { PhpFpm, phpFpm } from "../support/php-fpm.ts";

const SHOW = `<?php
header('Content-Type: application/json');
$names = ['REQUEST_METHOD', 'SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'REQUEST_URI', 'DOCUMENT_ROOT', 'SCRIPT_FILENAME',
  'PHP_SELF', 'HTTP_X_FOO', 'HTTP_PROXY', 'HTTPS', 'REMOTE_ADDR', 'SERVER_NAME', 'CONTENT_TYPE', 'STAGE'];
foreach ($names as $name) $seen[$name] = $_SERVER[$name] ?? null;
echo json_encode(['server' => $seen, 'get' => $_GET, 'post' => $_POST, 'cookies' => $_COOKIE, 'input' => file_get_contents('php://input')]);
`;

describe.skipIf(phpFpm === undefined)("PHP-FPM", () => {
  let fpm: PhpFpm;

  beforeAll(async () => {
    fpm = new PhpFpm();
    fpm.script("show.php", SHOW);
    await fpm.start();
  });
  afterAll(() => fpm.remove());

  /** PHP mounted at /php of an application. */
  function site(options: Partial<FcgiClientOptions> = {}) {
    const php = fcgiClient({ address: fpm.socket, php: { documentRoot: fpm.root }, ...options });
    onTestFinished(() => php.close());
    const app = validate(application([["/php", mount(php)]]));
    return { php, ask: (path: string, what = {}) => request(app, path, what) };
  }

  /** The same behind HTTP. */
  async function served(options: Partial<FcgiClientOptions> = {}): Promise<string> {
    const php = fcgiClient({ address: fpm.socket, php: { documentRoot: fpm.root }, ...options });
    const server = serve(validate(application([["/php", mount(php)]])), {
      protocol: "http",
      bindAddress: { host: "127.0.0.1", port: 0 },
      log: () => {},
    });
    const [address] = await server.listening;
    onTestFinished(async () => {
      await server.close();
      await php.close();
    });
    return `http://127.0.0.1:${address !== undefined && "port" in address ? address.port : 0}/php`;
  }

  test("GET, with what PHP knows of the request", async () => {
    const { ask } = site({ environ: { STAGE: "test" } });
    const response = await ask("/php/show.php/a%20b/c?x=1&y[]=2", {
      headers: { "X-Foo": "bar", Proxy: "http://attacker.example", Cookie: "a=1; b=2" },
      https: true,
    });
    expect(response.status).toBe(200);
    expect(JSON.parse(response.text)).toEqual({
      server: {
        REQUEST_METHOD: "GET",
        SCRIPT_NAME: "/php/show.php",
        PATH_INFO: "/a b/c",
        QUERY_STRING: "x=1&y[]=2",
        REQUEST_URI: "/php/show.php/a%20b/c?x=1&y[]=2",
        DOCUMENT_ROOT: fpm.root,
        SCRIPT_FILENAME: `${fpm.root}/show.php`,
        PHP_SELF: "/php/show.php/a b/c",
        HTTP_X_FOO: "bar",
        HTTP_PROXY: null,
        HTTPS: "on",
        REMOTE_ADDR: "127.0.0.1",
        SERVER_NAME: "localhost",
        CONTENT_TYPE: null,
        STAGE: "test",
      },
      get: { x: "1", y: ["2"] },
      post: [],
      cookies: { a: "1", b: "2" },
      input: "",
    });
  });

  test("POST of a form, and of bytes of unknown length", async () => {
    const { ask } = site();
    const form = await ask("/php/show.php", { data: { name: "Zoë", text: "a&b" } });
    expect(JSON.parse(form.text)).toMatchObject({
      server: { REQUEST_METHOD: "POST", PATH_INFO: null },
      post: { name: "Zoë", text: "a&b" },
    });
    const pieces = async function* () {
      yield Buffer.from('{"in":');
      yield Buffer.from("1}");
    };
    const json = await ask("/php/show.php", {
      data: pieces(),
      headers: { "Content-Type": "application/json" },
    });
    expect(JSON.parse(json.text)).toMatchObject({ input: '{"in":1}' });
  });

  test("an upload of several records, byte by byte the same", async () => {
    fpm.script(
      "upload.php",
      "<?php header('Content-Type: text/plain'); echo $_FILES['f']['name'], ' ', $_FILES['f']['size'], ' ', md5_file($_FILES['f']['tmp_name']);",
    );
    const bytes = Uint8Array.from({ length: 1_500_000 }, (_value, index) => index & 0xff);
    const response = await site().ask("/php/upload.php", { data: { f: new File([bytes], "ünï.bin") } });
    expect(response.text).toBe(`ünï.bin 1500000 ${createHash("md5").update(bytes).digest("hex")}`);
  });

  test("10 MB to download, over HTTP", async () => {
    fpm.script(
      "download.php",
      "<?php header('Content-Type: application/octet-stream'); for ($i = 0; $i < 10000; $i++) echo str_pad($i, 1000, '.');",
    );
    const base = await served();
    const body = Buffer.from(await (await fetch(`${base}/download.php`)).arrayBuffer());
    expect(body.length).toBe(10_000_000);
    expect(body.subarray(9_999_000, 9_999_010).toString()).toBe("9999......");
  });

  test("status, several cookies, a redirect and headers of PHP's pass through", async () => {
    fpm.script(
      "head.php",
      "<?php setcookie('a', '1'); setcookie('b', '2', ['path' => '/php']); header('X-One: 1'); header('X-One: 2', false); http_response_code(418); echo 'tea';",
    );
    fpm.script("moved.php", "<?php header('Location: /elsewhere?x=1');");
    const { ask } = site();
    const response = await ask("/php/head.php");
    const values = (name: string) =>
      response.headers.filter(([other]) => other === name).map(([, value]) => value);
    expect([response.status, response.text]).toEqual([418, "tea"]);
    expect(values("Set-Cookie")).toEqual(["a=1", "b=2; path=/php"]);
    expect(values("X-One")).toEqual(["1", "2"]);
    const moved = await ask("/php/moved.php");
    expect([moved.status, moved.header("Location")]).toEqual([302, "/elsewhere?x=1"]);
  });

  test("HEAD has the head alone", async () => {
    const response = await site().ask("/php/show.php", { method: "HEAD" });
    expect([response.status, response.header("Content-Type"), response.text]).toEqual([
      200,
      "application/json",
      "",
    ]);
  });

  test("a fatal error is a 500, and its message is in wsgi.errors alone", async () => {
    fpm.script("fatal.php", "<?php error_log('first a note'); missing_function();");
    const response = await site().ask("/php/fatal.php");
    expect([response.status, response.text]).toEqual([500, ""]);
    expect(response.errors).toMatch(/PHP message: first a note/);
    expect(response.errors).toMatch(
      /PHP Fatal error: +Uncaught Error: Call to undefined function missing_function\(\)/,
    );
    expect(response.errors.endsWith("\n")).toBe(true);
  });

  test("what PHP flushes arrives while the script goes on", async () => {
    fpm.script(
      "stream.php",
      "<?php header('Content-Type: text/plain'); echo 'one'; flush(); while (!file_exists($_GET['until'])) { usleep(5000); clearstatcache(); } echo 'two';",
    );
    const go = fpm.beside("go");
    const base = await served();
    const response = await fetch(`${base}/stream.php?until=${encodeURIComponent(go)}`);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe("one");
    writeFileSync(go, "");
    const second = await reader?.read();
    expect(Buffer.from(second?.value ?? []).toString()).toBe("two");
    expect((await reader?.read())?.done).toBe(true);
  });

  test("a script that is too slow is a 504, and a later request is answered", async () => {
    fpm.script("slow.php", "<?php sleep(1); echo 'late';");
    const { ask } = site({ responseTimeoutMs: 200 });
    const response = await ask("/php/slow.php");
    expect([response.status, response.text]).toEqual([504, "Gateway Timeout\n"]);
    expect(response.errors).toContain(`the FastCGI server at ${fpm.socket} was silent for 200 ms`);
    expect((await ask("/php/show.php")).status).toBe(200);
  });

  test("connections that are kept: many requests on one, more at once than there are processes", async () => {
    const { php, ask } = site({ maxIdle: 2 });
    for (let round = 0; round < 5; round++) expect((await ask("/php/show.php")).status).toBe(200);
    expect(php.connections()).toEqual({ open: 1, idle: 1, waiting: 0 });
    // Idle ones must not keep the processes for which the others wait.
    const many = await Promise.all(Array.from({ length: 20 }, () => ask("/php/show.php")));
    expect(many.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  test("stopped it is a 502 that says what to do; started again it answers", async () => {
    const { ask } = site({ maxIdle: 2 });
    expect((await ask("/php/show.php")).status).toBe(200);
    await fpm.stop();
    const response = await ask("/php/show.php");
    expect([response.status, response.text]).toEqual([502, "Bad Gateway\n"]);
    expect(response.errors).toMatch(
      /cannot connect to the FastCGI server at .*fpm\.sock: (ENOENT|ECONNREFUSED), .*start the server/,
    );
    await fpm.start();
    expect((await ask("/php/show.php")).status).toBe(200);
  });

  test("a front controller answers what is no script", async () => {
    const { ask } = site({ php: { documentRoot: fpm.root, fallback: "show.php" } });
    const response = await ask("/php/articles/7?x=1");
    expect(JSON.parse(response.text).server).toMatchObject({
      SCRIPT_NAME: "/php/show.php",
      PATH_INFO: null,
      REQUEST_URI: "/php/articles/7?x=1",
    });
  });

  test("nothing runs but scripts in the folder", async () => {
    mkdirSync(`${fpm.root}/folder.php`);
    fpm.script("folder.php/inside.php", "<?php echo 'inside';");
    fpm.script("picture.jpg", "<?php echo 'a picture ran';");
    writeFileSync(fpm.beside("outside.php"), "<?php echo 'outside ran';");
    symlinkSync(fpm.beside("outside.php"), `${fpm.root}/link.php`);
    symlinkSync(`${fpm.root}/show.php`, `${fpm.root}/inner-link.php`);
    const { ask } = site();
    for (const path of [
      "/php/missing.php",
      "/php/picture.jpg",
      "/php/picture.jpg/x.php",
      "/php/picture.jpg%00.php",
      "/php/../outside.php",
      "/php/%2e%2e/outside.php",
      "/php/x/..%2f..%2foutside.php",
      "/php/link.php",
      "/php/show.phpx",
      "/php/",
      "/php",
    ]) {
      const { status, text } = await ask(path);
      expect([path, status, text]).toEqual([path, 404, "Not Found\n"]);
    }
    expect((await ask("/php/folder.php/inside.php")).text).toBe("inside");
    expect((await ask("/php/inner-link.php")).status).toBe(200);
  });

  test("a folder is its index, below the slash", async () => {
    mkdirSync(`${fpm.root}/dé`);
    fpm.script("dé/index.php", "<?php echo $_SERVER['SCRIPT_NAME'];");
    const { ask } = site();
    const redirected = await ask("/php/d%C3%A9?x=1");
    expect([redirected.status, redirected.header("Location")]).toEqual([301, "/php/d%C3%A9/?x=1"]);
    expect((await ask("/php/d%C3%A9/")).text).toBe("/php/dé/index.php");
  });

  test("a folder that is not there is a 500 that says so in the log alone", async () => {
    const response = await site({ php: { documentRoot: "/nowhere/at/all" } }).ask("/php/show.php");
    expect([response.status, response.text]).toEqual([500, "Internal Server Error\n"]);
    expect(response.errors).toContain(
      '/nowhere/at/all is not there, or may not be read; correct "documentRoot"',
    );
  });
});

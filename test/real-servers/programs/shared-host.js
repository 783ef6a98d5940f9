// What the tests let Phusion Passenger load, which is asked for much that cannot be had there.

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { validate } from "postern/middleware/validate";
import { run } from "postern/server";

const plain = ["Content-Type", "text/plain"];

async function* answer(environ, startResponse) {
  const query = new URLSearchParams(environ.QUERY_STRING);
  switch (environ.PATH_INFO) {
    case "/cookies": {
      const cookies = ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/"];
      startResponse("200 OK", [plain, ...cookies.map((cookie) => ["Set-Cookie", cookie])]);
      yield environ.HTTP_COOKIE ?? "";
      return;
    }
    case "/held":
      // It ends when the test has made a file.
      startResponse("200 OK", [plain]);
      yield "first, ";
      while (!existsSync(query.get("until"))) await sleep(20);
      yield `last of ${process.pid}`;
      return;
    default: {
      startResponse("200 OK", [["Content-Type", "application/json"]]);
      const plainValues = Object.entries(environ).filter(([, value]) => typeof value !== "object");
      yield JSON.stringify({ ...Object.fromEntries(plainValues), pid: process.pid });
    }
  }
}

void run(validate(answer), {
  protocol: "fcgi",
  bindAddress: ["/nowhere/at/all.sock", "127.0.0.1:0"],
  workers: process.env["WORKERS"] ?? "prefork",
});

import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../lib/errors.ts";
import { application, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const app = application([
  ["/data", async (web: Web) => web.data()],
  ["/input", async (web: Web) => web.input()],
  [
    "/parts",
    async (web: Web) => {
      for await (const part of web.parts()) if (part.kind === "file") await part.stream.toArray();
    },
  ],
]);
app.internalError = () => "sorry";

const types = {
  form: "application/x-www-form-urlencoded",
  multipart: "multipart/form-data; boundary=B",
};
const start = '--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nxxx';

// A body that breaks off is the peer's fault, wherever the application was reading it: no page of its own, no log.
describe("an input that the server ends with an error", () => {
  test.each([
    ["BODY_TOO_LARGE", 413],
    ["BODY_TIMEOUT", 408],
    ["BODY_TRUNCATED", 400],
  ])("%s → %i", async (code, status) => {
    for (const path of ["/data", "/input", "/parts"]) {
      for (const type of [types.form, types.multipart]) {
        const data = (async function* () {
          yield Buffer.from(start);
          throw new ProtocolError(code, "the peer's fault");
        })();
        const response = await ask(app, path, { data, headers: { "Content-Type": type } });
        expect([path, type, response.status, response.errors]).toEqual([path, type, status, ""]);
      }
    }
  });
});

import { AutoRouter, cors, error, json, status, text, withContent } from "itty-router";

const { preflight, corsify } = cors({ origin: "https://example.org" });
const router = AutoRouter({ before: [preflight], finally: [corsify] });

router
  .get("/hello/:name", ({ name, query }) => `Hello, ${name} ${JSON.stringify(query)}`)
  .get("/json", () => ({ a: 1 }))
  .get("/text", () => text("text", { headers: { "X-Foo": "bar" } }))
  .get("/nothing", () => status(204))
  .get("/error", () => error(418, "teapot"))
  .get("/throw", () => {
    throw new Error("hidden reason");
  })
  .post("/content", withContent, ({ content }) => json({ content }))
  .all("/any/*", (request) => `${request.method} ${request.url}`);

export default router;

// An ordinary application of connect.

import connect from "connect";

export function connectApplication() {
  const app = connect();
  app.use("/mounted", (request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(
      JSON.stringify({ url: request.url, originalUrl: request.originalUrl, method: request.method }),
    );
  });
  app.use("/body", (request, response) => {
    response.writeHead(200, { "Content-Type": "application/octet-stream" });
    request.pipe(response);
  });
  app.use("/throw", () => {
    throw new Error("<thrown>");
  });
  app.use("/next", (_request, _response, next) => next(Object.assign(new Error("later"), { status: 503 })));
  app.use((error, _request, _response, next) => {
    error.stack = `${error.name}: ${error.message}`;
    next(error);
  });
  return app;
}

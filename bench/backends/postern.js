// A gateway application over postern's FastCGI server. Arguments: the socket's path, the server's module.

import { reportReady } from "./ready.js";

const [bindAddress, module] = process.argv.slice(2);
const { WSGIServer } = await import(module);

const server = new WSGIServer(
  (_environ, startResponse) => {
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["Content-Length", "13"],
    ]);
    return ["Hello, World!"];
  },
  { bindAddress },
);
await server.listening;
reportReady();

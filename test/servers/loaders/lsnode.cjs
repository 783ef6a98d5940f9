// Does with an application what LiteSpeed's lsnode.js does with it.

const { EventEmitter } = require("node:events");
const { closeSync, openSync, rmSync } = require("node:fs");
const { Server } = require("node:http");
const { resolve } = require("node:path");

const { LSNODE_ROOT, LSNODE_STARTUP_FILE, LSNODE_SOCKET, LSNODE_BIND_SOCKET, LSNODE_CONSOLE_LOG } =
  process.env;

module.isApplicationLoader = true;
globalThis.LsNode = new EventEmitter();
process.chdir(LSNODE_ROOT);
closeSync(1);
openSync(LSNODE_CONSOLE_LOG || "/dev/null", "a");

const { listen } = Server.prototype;
let listens = false;
Server.prototype.address = () => LSNODE_SOCKET;
Server.prototype.listen = function (...args) {
  if (listens) {
    console.error("http.Server.listen() was called more than once, ignore.");
    return this;
  }
  listens = true;
  this.prependListener("request", ({ socket }) => {
    Object.defineProperty(socket, "remoteAddress", { configurable: true, get: () => "127.0.0.1" });
    Object.defineProperty(socket, "remotePort", { configurable: true, get: () => args[0] });
  });
  const callback = args.length > 1 ? args.at(-1) : undefined;
  if (LSNODE_BIND_SOCKET) rmSync(LSNODE_SOCKET, { force: true });
  listen.call(this, LSNODE_BIND_SOCKET ? { path: LSNODE_SOCKET } : { fd: 0 }, () => callback?.call(this));
  return this;
};

const file = resolve(LSNODE_ROOT, LSNODE_STARTUP_FILE);
void Promise.resolve(file.endsWith(".mjs") ? import(file) : require(file)).then((exported) => {
  if (!listens && typeof exported.listen === "function") exported.listen(3000);
});

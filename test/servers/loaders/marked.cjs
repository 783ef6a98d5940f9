// A loader of a web server that nobody has heard of, which listens on descriptor 0.

const { Server } = require("node:http");

module.isApplicationLoader = true;
const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  return listen.call(this, { fd: 0 }, args.at(-1));
};
require(process.env.STARTUP_FILE);

#!/usr/bin/env node
// What npm links as `postern`: CommonJS in words that an old Node understands, so that it can say that it is too old.

const { engines } = require("../../package.json");
const wanted = engines.node.replace(/^>=/, "").split(".");
const found = process.versions.node.split(".");
const newer = Number(found[0]) - Number(wanted[0]) || Number(found[1]) - Number(wanted[1]);

if (newer < 0) {
  console.error(
    `postern needs Node ${engines.node.slice(2)} or later, and this is ${process.versions.node}: see https://nodejs.org/en/download for a newer one.`,
  );
  process.exitCode = 1;
} else {
  void import("./main.js");
}

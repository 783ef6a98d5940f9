// The test suites that `npm run frameworks` knows, and where each comes from. npm's packages of most frameworks leave their
// tests out; Debian's sources have those of some. Koa's are in neither: it takes a folder.

/** What a suite needs to be installed besides its package's own dependencies is `needs`; `clone` is where its tests can be had. */
export const suites = {
  express5: {
    // Debian 12 has Express 4 alone: these are the tests of 4.18 with the code of 5, and those of what 5 took away fail without
    // postern as well.
    source: { debian: "node-express", codeOf: "express@5" },
    // What 5 sends in other words.
    reworded: [
      [/charset=UTF-8/g, "charset=utf-8"],
      [/filename="([\w.-]+)"/g, "filename=$1"],
    ],
    clone: "https://github.com/expressjs/express",
    needs: [
      "safe-buffer",
      "methods",
      "multiparty@4",
      "utils-merge",
      "marked@0.7",
      "http-errors",
      "escape-html",
    ],
    runner: "mocha",
    args: ["--require", "test/support/env", "--check-leaks", "test/"],
    // Those of its examples are written with paths that 5 no longer takes, unless they are its own.
    checkoutArgs: ["test/acceptance/"],
  },
  express4: {
    source: { debian: "node-express" },
    runner: "mocha",
    args: ["--require", "test/support/env", "--check-leaks", "test/", "test/acceptance/"],
  },
  connect: {
    source: { debian: "node-connect" },
    runner: "mocha",
    args: ["--require", "test/support/env", "--check-leaks", "test/"],
  },
  fastify: {
    source: { npm: "fastify@5" },
    runner: "node:test",
    files: /^test\/(?!bundler\/|build\/).*\.test\.m?js$/,
  },
  koa: {
    clone: "https://github.com/koajs/koa",
    runner: "node:test",
    files: /^__tests__\/.*\.test\.js$/,
  },
};

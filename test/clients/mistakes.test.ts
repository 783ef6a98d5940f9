// Addresses and folders that are none are refused when the client is made, and so are applications by the bridges.

import { expect, test } from "vitest";
import { toFetch } from "../../lib/bridges/fetch.ts";
import { toNode } from "../../lib/bridges/node.ts";
import { fcgiClient } from "../../lib/clients/fcgi.ts";
import { scgiClient } from "../../lib/clients/scgi.ts";

test.each(["http://localhost:9000", "unix:/run/app.sock", "tcp://127.0.0.1:9000"])(
  "%s is no address",
  (address) => {
    for (const client of [fcgiClient, scgiClient])
      expect(() => client({ address })).toThrow(
        expect.objectContaining({
          code: "ADDRESS",
          message: `option "address" is "${address}"; give a path that contains "/", a port, or "host:port"`,
        }),
      );
  },
);

test.each([[{}], [{ documentRoot: 7 }]])("php: %j has no folder", (php) => {
  expect(() => fcgiClient({ address: 9000, php: php as never })).toThrow(
    expect.objectContaining({
      code: "OPTION",
      message: 'the option "php" needs "documentRoot", the folder with the scripts',
    }),
  );
});

test.each([undefined, 7, {}])("%j is no application", (application) => {
  for (const bridge of [toNode, toFetch])
    expect(() => bridge(application as never)).toThrow(expect.objectContaining({ code: "APPLICATION" }));
});

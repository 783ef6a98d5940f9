// Options and stores that are none are refused when the sessions are made.

import { expect, test } from "vitest";
import { diskStore } from "../../../lib/framework/sessions/stores/disk.ts";
import { memoryStore } from "../../../lib/framework/sessions/stores/memory.ts";
import { postgresStore } from "../../../lib/framework/sessions/stores/postgres.ts";
import { redisStore } from "../../../lib/framework/sessions/stores/redis.ts";
import { sessions } from "../../../lib/framework/sessions.ts";
import { application } from "../../../lib/index.ts";

const app = application([["/", () => ""]]);
const made = (options: object) => () => sessions(app, memoryStore(), options as never);

test.each<[string, () => unknown, says: string]>([
  ["diskStore()", () => diskStore(undefined as never), "diskStore() takes a folder first"],
  ["diskStore() of options", () => diskStore({ folder: "x" } as never), "diskStore() takes a folder first"],
  [
    "redisStore() of a URL",
    () => redisStore("redis://localhost" as never),
    "a client of the package redis first",
  ],
  ["redisStore() of options", () => redisStore({ url: "x" } as never), "a client of the package redis first"],
  ["postgresStore()", () => postgresStore(undefined as never), "a pool of the package pg first"],
  ["secure", made({ secure: "false" }), 'option "secure": "false" is neither true nor false'],
  ["ignoreChangeIp", made({ ignoreChangeIp: 0 }), 'option "ignoreChangeIp": 0 is neither true nor false'],
  [
    "initializer",
    made({ initializer: 7 }),
    'option "initializer" is an object, such as { count: 0 }, or a function',
  ],
  [
    "cookieLifetime",
    made({ cookieLifetime: "sesion" }),
    'option "cookieLifetime": "sesion" is neither "session", "timeout" nor seconds',
  ],
])("%s", (_name, make, says) => {
  expect(make).toThrow(expect.objectContaining({ code: "OPTION", message: expect.stringContaining(says) }));
});

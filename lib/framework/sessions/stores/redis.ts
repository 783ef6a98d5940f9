import { GatewayError } from "../../../errors.ts";
import { checkOptions } from "../../../gateway/option-names.ts";
import type { SessionChanges, SessionStore, SessionValues, StoredSession } from "../store.ts";

/** What is used of a client of the package `redis`. */
export interface RedisClient {
  /** Commands are sent at once, not kept until the server is there again. */
  readonly isReady: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface RedisStoreOptions {
  /** What the keys begin with. @defaultValue `"session:"` */
  prefix?: string;
}

/**
 * Keeps sessions in Redis 4 or later, or what speaks its protocol and runs its scripts: each is a hash, its fields the values,
 * and Redis removes it when its time is over. For any number of processes and machines.
 *
 * @param client - made by `createClient()` of the package `redis`, and connected; it connects again by itself
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): SessionStore {
  checkOptions("redisStore()", options, { prefix: true });
  if (typeof client?.on !== "function")
    throw new GatewayError(
      "OPTION",
      "redisStore() takes a client of the package redis first, such as redisStore(createClient())",
    );
  // An `error` that nobody listens to would end the process; who asks for a session hears of it.
  // Once, however many stores share it.
  if (!guarded.has(client)) client.on("error", () => {});
  guarded.add(client);
  return new RedisStore(client, options.prefix ?? "session:");
}

const guarded = new WeakSet<RedisClient>();

/** A field that every hash has, as Redis keeps no empty one. Keys that begin so are none of an application's. */
const MARK = "@";

// Each script runs as one step, which no other command comes between.
const READ = `
local left = redis.call("PTTL", KEYS[1])
if left < 0 then return false end
return {left, redis.call("HGETALL", KEYS[1])}`;

const CREATE = `
for i = 2, #ARGV, 2 do redis.call("HSET", KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call("PEXPIRE", KEYS[1], ARGV[1])`;

const MERGE = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
local deleted = 3 + 2 * tonumber(ARGV[2])
for i = 3, deleted - 1, 2 do redis.call("HSET", KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = deleted, #ARGV do redis.call("HDEL", KEYS[1], ARGV[i]) end
redis.call("PEXPIRE", KEYS[1], ARGV[1])
return 1`;

// No text is empty: JSON has no empty form. So "" stands for a key that is not there.
const REPLACE = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
if (redis.call("HGET", KEYS[1], ARGV[2]) or "") ~= ARGV[3] then return 0 end
if ARGV[4] == "" then redis.call("HDEL", KEYS[1], ARGV[2])
else redis.call("HSET", KEYS[1], ARGV[2], ARGV[4]) end
redis.call("PEXPIRE", KEYS[1], ARGV[1])
return 1`;

const RENAME = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
redis.call("RENAME", KEYS[1], KEYS[2])
return 1`;

const DELETE = `redis.call("DEL", KEYS[1])`;

class RedisStore implements SessionStore {
  readonly #client: RedisClient;
  readonly #prefix: string;

  constructor(client: RedisClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const reply = await this.#run(READ, [id], []);
    if (!Array.isArray(reply)) return undefined;
    const [remainingMs, fields] = reply as [number, string[]];
    const values = new Map<string, string>();
    for (let i = 0; i < fields.length; i += 2) values.set(fields[i] ?? "", fields[i + 1] ?? "");
    values.delete(MARK);
    return { values, remainingMs };
  }

  async create(id: string, values: SessionValues, lifetimeMs: number): Promise<void> {
    await this.#run(CREATE, [id], [lifetime(lifetimeMs), MARK, "1", ...[...values].flat()]);
  }

  async merge(id: string, changes: SessionChanges, lifetimeMs: number): Promise<boolean> {
    const set: string[] = [];
    const deleted: string[] = [];
    for (const [key, text] of changes) {
      if (text === null) deleted.push(key);
      else set.push(key, text);
    }
    const args = [lifetime(lifetimeMs), String(set.length / 2), ...set, ...deleted];
    return (await this.#run(MERGE, [id], args)) === 1;
  }

  async replace(
    id: string,
    key: string,
    before: string | null,
    after: string | null,
    lifetimeMs: number,
  ): Promise<boolean> {
    const args = [lifetime(lifetimeMs), key, before ?? "", after ?? ""];
    return (await this.#run(REPLACE, [id], args)) === 1;
  }

  async rename(id: string, newId: string): Promise<boolean> {
    return (await this.#run(RENAME, [id, newId], [])) === 1;
  }

  async delete(id: string): Promise<void> {
    await this.#run(DELETE, [id], []);
  }

  async #run(script: string, ids: readonly string[], args: string[]): Promise<unknown> {
    // Else the client would keep the command, and run it when the request is long over.
    if (!this.#client.isReady) throw new Error("Redis is not connected");
    return this.#client.eval(script, { keys: ids.map((id) => this.#prefix + id), arguments: args });
  }
}

// PEXPIRE takes whole numbers.
function lifetime(ms: number): string {
  return String(Math.ceil(ms));
}

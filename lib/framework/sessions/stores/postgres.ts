import { GatewayError } from "../../../errors.ts";
import { checkOptions } from "../../../gateway/option-names.ts";
import type { SessionChanges, SessionStore, SessionValues, StoredSession } from "../store.ts";

/** What is used of a pool of the package `pg`. */
export interface PostgresPool {
  query(
    text: string,
    values: unknown[],
  ): Promise<{ readonly rows: readonly Record<string, unknown>[]; readonly rowCount: number | null }>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface PostgresStoreOptions {
  /**
   * The table, with or without its schema: small letters, digits and `_`, up to 63 characters. A word of SQL's own, such as
   * `"user"`, does too.
   *
   * @defaultValue `"postern_sessions"`
   */
  table?: string;

  /**
   * Makes the table when it is missed. Without it, make it as `docs/sessions.md` says.
   *
   * @defaultValue `true`
   */
  createTable?: boolean;
}

/**
 * Keeps sessions in PostgreSQL 12 or later: each is a row, its values in a `jsonb`. For any number of processes and machines.
 *
 * @param pool - a `Pool` of the package `pg`
 * @throws GatewayError `OPTION`: no name of a table
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): SessionStore {
  checkOptions("postgresStore()", options, { table: true, createTable: true });
  if (typeof pool?.on !== "function")
    throw new GatewayError(
      "OPTION",
      "postgresStore() takes a pool of the package pg first, such as postgresStore(new Pool())",
    );
  const table = options.table ?? "postern_sessions";
  const isShort = table.split(".").every((name) => name.length <= NAME_BYTES);
  if (!isShort || !/^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/.test(table)) {
    throw new GatewayError(
      "OPTION",
      `option "table": ${JSON.stringify(table)} is no name such as "app.sessions"`,
    );
  }
  const quoted = table.split(".").map((name) => `"${name}"`);
  // An `error` of an idle connection that nobody listens to would end the process; who asks for a session hears of it.
  // Once, however many stores share it.
  if (!guarded.has(pool)) pool.on("error", () => {});
  guarded.add(pool);
  return new PostgresStore(pool, quoted.join("."), options.createTable ?? true);
}

const guarded = new WeakSet<PostgresPool>();

/** So many rows are removed at once. */
const PART = 1_000;

/** Names are cut to so many bytes, without an error. */
const NAME_BYTES = 63;

/** PostgreSQL's code for a table that is not there. */
const UNDEFINED_TABLE = "42P01";

/**
 * The values are texts inside the `jsonb`, not JSON of their own: what JSON can say and `jsonb` cannot (NUL, halves of
 * characters) is kept as well, and a value comes back exactly as it was written.
 */
class PostgresStore implements SessionStore {
  readonly #pool: PostgresPool;
  readonly #table: string;
  readonly #mayCreate: boolean;

  constructor(pool: PostgresPool, table: string, mayCreate: boolean) {
    this.#pool = pool;
    this.#table = table;
    this.#mayCreate = mayCreate;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const { rows } = await this.#query(
      `SELECT data, extract(epoch FROM expires - now()) * 1000 AS remaining FROM ${this.#table} ` +
        "WHERE id = $1 AND expires > now()",
      [id],
    );
    const row = rows[0];
    if (row === undefined) return undefined;
    const values = new Map(Object.entries(row["data"] as Record<string, string>));
    return { values, remainingMs: Number(row["remaining"]) };
  }

  async create(id: string, values: SessionValues, lifetimeMs: number): Promise<void> {
    await this.#query(`INSERT INTO ${this.#table} (id, expires, data) VALUES ($1, ${UNTIL}, $3::jsonb)`, [
      id,
      lifetimeMs,
      toObject(values),
    ]);
  }

  // One statement is one step: of two that meet, the second waits for the first and begins with what it has written.
  async merge(id: string, changes: SessionChanges, lifetimeMs: number): Promise<boolean> {
    const set = new Map<string, string>();
    const deleted: string[] = [];
    for (const [key, text] of changes) {
      if (text === null) deleted.push(key);
      else set.set(key, text);
    }
    return this.#changes(
      `UPDATE ${this.#table} SET expires = ${UNTIL}, data = (data - $3::text[]) || $4::jsonb ` +
        "WHERE id = $1 AND expires > now()",
      [id, lifetimeMs, deleted, toObject(set)],
    );
  }

  async replace(
    id: string,
    key: string,
    before: string | null,
    after: string | null,
    lifetimeMs: number,
  ): Promise<boolean> {
    return this.#changes(
      `UPDATE ${this.#table} SET expires = ${UNTIL}, data = ` +
        "CASE WHEN $5::text IS NULL THEN data - $3::text ELSE data || jsonb_build_object($3::text, $5::text) END " +
        "WHERE id = $1 AND expires > now() AND data ->> $3::text IS NOT DISTINCT FROM $4::text",
      [id, lifetimeMs, key, before, after],
    );
  }

  async rename(id: string, newId: string): Promise<boolean> {
    return this.#changes(`UPDATE ${this.#table} SET id = $2 WHERE id = $1 AND expires > now()`, [id, newId]);
  }

  async delete(id: string): Promise<void> {
    await this.#query(`DELETE FROM ${this.#table} WHERE id = $1`, [id]);
  }

  // In parts, so that no statement holds many rows for long, nor waits for another process that does the same.
  async cleanUp(atMost = Number.POSITIVE_INFINITY): Promise<void> {
    const part = Math.min(atMost, PART);
    let removed = 0;
    for (let count = part; count === part && removed < atMost; removed += count) {
      const { rowCount } = await this.#query(
        `DELETE FROM ${this.#table} WHERE id = ANY(ARRAY(` +
          `SELECT id FROM ${this.#table} WHERE expires <= now() LIMIT $1 FOR UPDATE SKIP LOCKED))`,
        [part],
      );
      count = rowCount ?? 0;
    }
  }

  async #changes(text: string, values: unknown[]): Promise<boolean> {
    return ((await this.#query(text, values)).rowCount ?? 0) > 0;
  }

  async #query(text: string, values: unknown[]): ReturnType<PostgresPool["query"]> {
    try {
      return await this.#pool.query(text, values);
    } catch (error) {
      if (!this.#mayCreate || (error as { code?: unknown }).code !== UNDEFINED_TABLE) throw error;
      await this.#createTable();
      return this.#pool.query(text, values);
    }
  }

  // Two who make it at once are kept apart. What is one string is one transaction. PostgreSQL names the index: no other has it.
  async #createTable(): Promise<void> {
    await this.#pool.query(
      "DO $$ BEGIN " +
        `PERFORM pg_advisory_xact_lock(hashtext('postern ${this.#table}')); ` +
        `IF to_regclass('${this.#table}') IS NULL THEN ` +
        `CREATE TABLE ${this.#table} (id text PRIMARY KEY, expires timestamptz NOT NULL, data jsonb NOT NULL); ` +
        `CREATE INDEX ON ${this.#table} (expires); ` +
        "END IF; END $$",
      [],
    );
  }
}

const UNTIL = "now() + $2::float8 * interval '1 millisecond'";

function toObject(values: SessionValues): string {
  return `{${[...values].map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join()}}`;
}

// Sessions that are in the cookie itself, encrypted and authenticated: nothing is kept on the server.

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { ApplicationError } from "../../../errors.ts";
import { checkOptions } from "../../../gateway/option-names.ts";
import type {
  CookieStore,
  SessionChanges,
  SessionKeep,
  SessionStore,
  SessionValues,
  StoredSession,
} from "../store.ts";
import { fromJson, setText, toJson } from "../values-json.ts";

export interface CookieStoreOptions {
  /**
   * Keys, of 32 characters at least: 32 random bytes, such as `openssl rand -base64 32` gives. The first one seals; all are
   * tried when a cookie is opened, so that a key can be replaced and nobody is logged out: put the new one in front, and take
   * the old one away after `timeout`.
   */
  secrets: readonly string[];

  /**
   * The longest value of the cookie, in bytes. The values of a session may take three quarters of it, less some 90 bytes.
   * Past it the request fails (`SESSION_SIZE`). Browsers drop a cookie of more than 4,096 bytes together with its attributes.
   *
   * @defaultValue `3_800`
   */
  maxBytes?: number;
}

/**
 * Keeps each session in its client's cookie, sealed with AES-256-GCM. Nothing has to be kept on the server, which suits CGI
 * and any number of machines. What that costs: a session cannot be ended but by its time (whoever has copied a cookie goes on
 * using it after `kill()` and `regenerate()`), and of two requests at once that change it the later answer wins.
 *
 * @throws ApplicationError `SECRETS`: no key, or a short one
 */
export function cookieStore(options: CookieStoreOptions): CookieStore {
  checkOptions("cookieStore()", options, { secrets: true, maxBytes: true });
  const { secrets, maxBytes = 3_800 } = options;
  const isList = Array.isArray(secrets) && secrets.length > 0;
  // A variable that is not set is no key, and the letters of a text are none each.
  if (!isList || secrets.some((secret) => typeof secret !== "string" || secret.length < MIN_SECRET)) {
    throw new ApplicationError(
      "SECRETS",
      `a cookie store needs the option \`secrets\`, a list of keys of ${MIN_SECRET} characters or more`,
    );
  }
  return {
    open: (cookie, cookieName) => openCookie(cookie, new Seal(secrets, cookieName), maxBytes),
  };
}

const MIN_SECRET = 32;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The bytes of a sealed text: salt, ciphertext, tag. Key and nonce are made of the secret and the salt (HKDF, RFC 5869), so
 * that each key seals once: of random nonces under one key there may only be 2^32 (NIST SP 800-38D §8.3).
 */
class Seal {
  readonly #secrets: readonly string[];
  /** In the key, so that the cookie of one name is nothing under another. */
  readonly #info: string;

  constructor(secrets: readonly string[], cookieName: string) {
    this.#secrets = secrets;
    this.#info = `postern session 1 ${cookieName}`;
  }

  close(text: string): string {
    const salt = randomBytes(SALT_BYTES);
    const { key, iv } = this.#keyFor(this.#secrets[0] ?? "", salt);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const sealed = Buffer.concat([salt, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return sealed.toString("base64url");
  }

  open(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    // Other texts give the same bytes; only the one that was sent is ours.
    if (bytes.length < SALT_BYTES + TAG_BYTES || bytes.toString("base64url") !== sealed) return undefined;
    for (const secret of this.#secrets) {
      const { key, iv } = this.#keyFor(secret, bytes.subarray(0, SALT_BYTES));
      const decipher = createDecipheriv("aes-256-gcm", key, iv);
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = decipher.update(bytes.subarray(SALT_BYTES, -TAG_BYTES), undefined, "utf8");
      try {
        return text + decipher.final("utf8");
      } catch {
        // Sealed with another key, or changed.
      }
    }
    return undefined;
  }

  #keyFor(secret: string, salt: Uint8Array): { key: Buffer; iv: Buffer } {
    const bytes = Buffer.from(hkdfSync("sha256", secret, salt, this.#info, KEY_BYTES + IV_BYTES));
    return { key: bytes.subarray(0, KEY_BYTES), iv: bytes.subarray(KEY_BYTES) };
  }
}

/** What is sealed: when the session ends, its id, its values. */
const SEALED = /^(\d+) ([0-9a-f]{32}) (.*)$/s;

function openCookie(cookie: string | undefined, seal: Seal, maxBytes: number): SessionKeep {
  const store = new OneSession();
  const match =
    cookie === undefined || cookie.length > maxBytes ? null : SEALED.exec(seal.open(cookie) ?? "");
  const [, expiresAt, id, json = ""] = match ?? [];
  const values = fromJson(json);
  if (id !== undefined && values !== undefined) store.put(id, values, Number(expiresAt));
  return {
    store,
    id,
    isCookie: true,
    cookieFor(current) {
      const sealed = seal.close(`${store.expiresAt} ${current} ${toJson(store.values)}`);
      if (sealed.length <= maxBytes) return sealed;
      throw new ApplicationError(
        "SESSION_SIZE",
        `the session takes ${sealed.length} bytes when it is sealed, and maxBytes of the cookie store is ${maxBytes}: ` +
          "keep what is large elsewhere, and its key here",
      );
    },
  };
}

/** The session of one request, on its way from one cookie to the next. */
class OneSession implements SessionStore {
  expiresAt = 0;
  values = new Map<string, string>();
  #id: string | undefined;

  put(id: string, values: SessionValues, expiresAt: number): void {
    this.#id = id;
    this.values = new Map(values);
    this.expiresAt = expiresAt;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    if (!this.#has(id)) return undefined;
    return { values: new Map(this.values), remainingMs: this.expiresAt - Date.now() };
  }

  async create(id: string, values: SessionValues, lifetimeMs: number): Promise<void> {
    this.put(id, values, Date.now() + lifetimeMs);
  }

  async merge(id: string, changes: SessionChanges, lifetimeMs: number): Promise<boolean> {
    if (!this.#has(id)) return false;
    for (const [key, text] of changes) setText(this.values, key, text);
    this.expiresAt = Date.now() + lifetimeMs;
    return true;
  }

  async replace(
    id: string,
    key: string,
    before: string | null,
    after: string | null,
    lifetimeMs: number,
  ): Promise<boolean> {
    if ((this.values.get(key) ?? null) !== before) return false;
    return this.merge(id, new Map([[key, after]]), lifetimeMs);
  }

  async rename(id: string, newId: string): Promise<boolean> {
    if (!this.#has(id)) return false;
    this.#id = newId;
    return true;
  }

  async delete(id: string): Promise<void> {
    if (this.#id === id) this.#id = undefined;
  }

  #has(id: string): boolean {
    return this.#id === id && this.expiresAt > Date.now();
  }
}

// An environ that costs what is read of it. A front end sends some thirty variables with each request, and a small
// application looks at three of them; to make all into strings, and those into an object, is a third of a small request.

import { inspect } from "node:util";
import {
  checkLength,
  checkMethod,
  completeEnviron,
  completePath,
  completions,
  type EnvironOptions,
  type GatewayValues,
  type PathVariables,
  type ServerVariables,
  WSGI_VERSION,
} from "./environ.ts";
import { fileWrapper } from "./file-body.ts";
import { isHeader, PLAIN, plainEnviron, SENT } from "./plain-environ.ts";
import type { Environ } from "./types.ts";
import type { DeferredVariables } from "./variables.ts";

/**
 * The environ of variables that a web server sent, as `completeEnviron` makes it. It is an ordinary object for all that an
 * application can do with it; a value is made when it is read, and all of them when somebody asks which there are.
 *
 * @throws {ProtocolError} as `completeEnviron` does
 */
export function deferredEnviron(
  variables: DeferredVariables,
  values: GatewayValues,
  options: EnvironOptions,
): Environ {
  if (options.environ === undefined) return new DeferredEnviron(variables, values, options).environ;
  const environ = variables.toEnviron();
  completeEnviron(environ, values, options);
  return environ;
}

/** In front of what has been set, in place of no prototype: V8 keeps an object that has none as a table, which costs more to make. */
const NO_KEYS = Object.freeze(Object.create(null) as object);

class DeferredEnviron {
  /** What the application gets. */
  readonly environ: Environ;
  readonly #variables: DeferredVariables;
  readonly #values: GatewayValues;
  readonly #options: EnvironOptions;
  #path: SentPath | undefined;
  /** What has been set; all there is, when it is complete. */
  #known: Environ | undefined;
  #complete = false;
  /** A variable that may be a header of the request has been set. */
  #hasOwnHeader = false;

  constructor(variables: DeferredVariables, values: GatewayValues, options: EnvironOptions) {
    this.#variables = variables;
    this.#values = values;
    this.#options = options;
    this.environ = new Proxy(this, traps) as unknown as Environ;
    checkMethod(variables.valueOf("REQUEST_METHOD"));
    checkLength(variables.valueOf("CONTENT_LENGTH"));
    if (variables.hasDoubtfulPath) this.#makePath();
  }

  /** What is seen of it in a console, which calls this on what the application has. */
  [inspect.custom](this: Environ): Environ {
    return plainEnviron(this);
  }

  get(key: string): unknown {
    const known = this.#known?.[key];
    return known !== undefined || this.#complete ? known : this.#make(key);
  }

  has(key: string): boolean {
    if (this.#complete) return key in this.whole();
    return key === "postern.signal" || this.get(key) !== undefined;
  }

  set(key: string, value: unknown): void {
    // What is there and undefined cannot be told from what is not made yet.
    const known = value === undefined ? this.whole() : this.#known;
    if (isHeader(key)) this.#hasOwnHeader = true;
    if (known !== undefined) known[key] = value;
    else {
      this.#known = Object.create(NO_KEYS) as Environ;
      this.#known[key] = value;
    }
  }

  /** One property, without which others there are. */
  describe(key: string): PropertyDescriptor | undefined {
    // A descriptor of the signal must not make it.
    if (this.#complete || key === "postern.signal") return Object.getOwnPropertyDescriptor(this.whole(), key);
    const value = this.get(key);
    if (value === undefined) return undefined;
    return { value, writable: true, enumerable: true, configurable: true };
  }

  /** What an application has under a symbol. */
  symbol(key: symbol): unknown {
    return this.#complete ? Reflect.get(this.whole(), key) : undefined;
  }

  /** What was sent, where its headers are all that there are and a visitor finds each name once. */
  get sent(): DeferredVariables | undefined {
    const isAll = !this.#complete && !this.#hasOwnHeader && this.#variables.areSingle;
    return isAll ? this.#variables : undefined;
  }

  /** None, unless the application has given it one. */
  get prototype(): object | null {
    return this.#complete ? Reflect.getPrototypeOf(this.whole()) : null;
  }

  /** All of it, as an object that goes on to be what is behind this one. */
  whole(): Environ {
    if (this.#complete && this.#known !== undefined) return this.#known;
    const environ = this.#variables.toEnviron();
    completeEnviron(environ, this.#values, this.#options);
    this.#complete = true;
    this.#known = Object.assign(environ, this.#known);
    return environ;
  }

  #make(key: string): unknown {
    const variables = this.#variables;
    switch (key) {
      case "SCRIPT_NAME":
      case "PATH_INFO":
        return (this.#path ?? this.#makePath())[key];
      case "QUERY_STRING":
      case "SERVER_NAME":
      case "SERVER_PORT":
      case "SERVER_PROTOCOL":
      case "wsgi.url_scheme":
        return completions[key](new SentVariables(variables));
      case "CONTENT_LENGTH":
      case "CONTENT_TYPE":
      case "REMOTE_USER":
        return variables.valueOf(key) || undefined;
      case "postern.chunked":
        return variables.chunked;
      case "postern.signal":
        return this.#values.cancellation.signal;
      case "postern.file_wrapper":
        return fileWrapper;
      case "wsgi.version":
        return WSGI_VERSION;
      case "wsgi.input":
        return this.#values.input;
      case "wsgi.errors":
        return this.#values.errors;
      case "wsgi.multithread":
        return this.#values.multithread;
      case "wsgi.multiprocess":
        return this.#values.multiprocess;
      case "wsgi.run_once":
        return this.#values.runOnce;
      default:
        return variables.valueOf(key);
    }
  }

  #makePath(): SentPath {
    const path = new SentPath(this.#variables);
    completePath(path, this.#options);
    this.#path = path;
    return path;
  }
}

/** What values are made of, each when it is looked at. */
class SentVariables implements ServerVariables {
  readonly #variables: DeferredVariables;

  constructor(variables: DeferredVariables) {
    this.#variables = variables;
  }

  get REQUEST_URI(): string | undefined {
    return this.#variables.valueOf("REQUEST_URI");
  }

  get DOCUMENT_URI(): string | undefined {
    return this.#variables.valueOf("DOCUMENT_URI");
  }

  get SCRIPT_FILENAME(): string | undefined {
    return this.#variables.valueOf("SCRIPT_FILENAME");
  }

  get SERVER_SOFTWARE(): string | undefined {
    return this.#variables.valueOf("SERVER_SOFTWARE");
  }

  get QUERY_STRING(): string | undefined {
    return this.#variables.valueOf("QUERY_STRING");
  }

  get SERVER_NAME(): string | undefined {
    return this.#variables.valueOf("SERVER_NAME");
  }

  get SERVER_PORT(): string | undefined {
    return this.#variables.valueOf("SERVER_PORT");
  }

  get SERVER_PROTOCOL(): string | undefined {
    return this.#variables.valueOf("SERVER_PROTOCOL");
  }

  get HTTP_HOST(): string | undefined {
    return this.#variables.valueOf("HTTP_HOST");
  }

  get HTTPS(): string | undefined {
    return this.#variables.valueOf("HTTPS");
  }

  get REQUEST_SCHEME(): string | undefined {
    return this.#variables.valueOf("REQUEST_SCHEME");
  }
}

/** The path as it was sent, which is completed here. */
class SentPath extends SentVariables implements PathVariables {
  SCRIPT_NAME: string | undefined;
  PATH_INFO: string | undefined;

  constructor(variables: DeferredVariables) {
    super(variables);
    this.SCRIPT_NAME = variables.valueOf("SCRIPT_NAME");
    this.PATH_INFO = variables.valueOf("PATH_INFO");
  }
}

/**
 * What makes an ordinary object of it. An environ may be changed (VE-03 of the interface), so there are two things that it
 * does not let itself be: closed to new keys, and given a property that cannot be changed again.
 */
const traps: ProxyHandler<DeferredEnviron> = {
  get(deferred, key, receiver) {
    if (typeof key === "string") return deferred.get(key);
    if (key === PLAIN) return receiver === deferred.environ ? deferred.whole() : undefined;
    if (key === SENT) return receiver === deferred.environ ? deferred.sent : undefined;
    return deferred.symbol(key);
  },
  set(deferred, key, value, receiver) {
    if (typeof key === "symbol" || receiver !== deferred.environ)
      return Reflect.set(
        deferred.whole(),
        key,
        value,
        receiver === deferred.environ ? deferred.whole() : receiver,
      );
    deferred.set(key, value);
    return true;
  },
  has: (deferred, key) => (typeof key === "string" ? deferred.has(key) : key in deferred.whole()),
  getOwnPropertyDescriptor: (deferred, key) =>
    typeof key === "string"
      ? deferred.describe(key)
      : Reflect.getOwnPropertyDescriptor(deferred.whole(), key),
  defineProperty: (deferred, key, property) =>
    property.configurable !== false &&
    Reflect.defineProperty(deferred.whole(), key, { ...property, configurable: true }),
  deleteProperty: (deferred, key) => Reflect.deleteProperty(deferred.whole(), key),
  ownKeys: (deferred) => Reflect.ownKeys(deferred.whole()),
  getPrototypeOf: (deferred) => deferred.prototype,
  setPrototypeOf: (deferred, prototype) => Reflect.setPrototypeOf(deferred.whole(), prototype),
  preventExtensions: () => false,
};

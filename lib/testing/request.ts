import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Application } from "../gateway/types.ts";
import { type CallRequest, type CallResponse, call, type OpenResponse, openCall } from "./call.ts";
import { encodeMultipart, encodeUrl, type FormEntry } from "./form-encoding.ts";

/** A request as a client would describe it: forms and files instead of their bytes. */
export interface TestRequest extends Omit<CallRequest, "body"> {
  /** @defaultValue `"GET"`, or `"POST"` where there is a body */
  readonly method?: string;
  /** Added to the target's query; a list is sent as several of the same name, what is `undefined` not at all. */
  readonly query?: Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
  /**
   * The body. An object is sent as a form, as multipart if a `Blob` or `File` is in it; text without a
   * `Content-Type` is taken for a form by the application, as it is in web.py. An iterable of bytes comes without
   * a length, as a chunked request does.
   */
  readonly data?: CallRequest["body"] | Blob | URLSearchParams | FormData | TestFields;
  /** Instead of `data`: a value that is sent as JSON. */
  readonly json?: unknown;
  /** Files of a multipart form, whose other fields are in `data`. */
  readonly files?: Readonly<Record<string, Blob | readonly Blob[]>>;
  /** Sent in one `Cookie` header, the values encoded as `web.setCookie()` does. */
  readonly cookies?: Readonly<Record<string, string>>;
  /** Throws when anything is written to the error log. @defaultValue `false` */
  readonly fatal?: boolean;
}

/** A request whose response is wanted while it is sent. */
export interface TestStreamRequest extends TestRequest {
  /** Does not wait for the end of the body. */
  readonly stream: true;
}

const OPTIONS: Readonly<Record<keyof TestStreamRequest, true>> = {
  method: true,
  headers: true,
  scriptName: true,
  https: true,
  host: true,
  environ: true,
  signal: true,
  debug: true,
  query: true,
  data: true,
  json: true,
  files: true,
  cookies: true,
  fatal: true,
  stream: true,
};

/** What others call them: fetch(), supertest and web.py. */
const WORDS = {
  body: "data",
  form: "data",
  env: "environ",
  params: "query",
  cookie: "cookies",
  header: "headers",
};

type QueryValue = string | number | boolean | undefined;
type TestValue = string | number | boolean | Blob;

/** Fields of a form; a list is sent as several of the same name. */
export type TestFields = Readonly<Record<string, TestValue | readonly TestValue[]>>;

/**
 * Calls an application in this process, without a server.
 *
 * @param target path and query as they stand in a URL; what cannot stand there is percent-encoded
 * @throws {GatewayError} `OPTION`: two bodies, or no path; `UNKNOWN_OPTION`; `ERRORS_LOGGED`: the application wrote to its log, and the request is
 * `fatal`
 */
export async function request(
  application: Application,
  target: string,
  description: TestStreamRequest,
): Promise<OpenResponse>;
export async function request(
  application: Application,
  target: string,
  description?: TestRequest,
): Promise<CallResponse>;
export async function request(
  application: Application,
  target: string,
  description: TestRequest & { readonly stream?: boolean } = {},
): Promise<CallResponse | OpenResponse> {
  if (typeof target !== "string")
    throw new GatewayError(
      "OPTION",
      `a request begins with its path, such as "/", and not with ${typeof target}`,
    );
  checkOptions("a request", description, OPTIONS, WORDS);
  const { query, data, json, files, cookies, fatal, stream, ...rest } = description;
  const whole = withQuery(target, query);
  const headers = [...pairs(rest.headers)];
  if (cookies !== undefined) headers.push(["Cookie", cookieHeader(cookies)]);
  const body = await encode(data, json, files);
  if (body.type !== undefined && !headers.some(([name]) => /^content-type$/i.test(name))) {
    headers.push(["Content-Type", body.type]);
  }
  const asked: CallRequest = {
    ...(body.bytes !== undefined && { method: "POST", body: body.bytes }),
    ...rest,
    headers,
  };
  if (stream === true) return openCall(application, whole, asked);
  const response = await call(application, whole, asked);
  if (fatal === true && response.errors !== "") {
    throw new GatewayError(
      "ERRORS_LOGGED",
      `${asked.method ?? "GET"} ${whole} was answered ${response.status}, and this went to the error log:\n${response.errors}`,
    );
  }
  return response;
}

function withQuery(target: string, query: TestRequest["query"] = {}): string {
  const encoded = target.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const values: readonly QueryValue[] = Array.isArray(value) ? value : [value];
    for (const item of values) if (item !== undefined) fields.append(name, String(item));
  }
  if (fields.size === 0) return encoded;
  return `${encoded}${encoded.includes("?") ? "&" : "?"}${fields}`;
}

function cookieHeader(cookies: Readonly<Record<string, string>>): string {
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("; ");
}

/** The bytes of a body and their type, where either is known. */
interface Encoded {
  readonly bytes?: CallRequest["body"];
  readonly type?: string;
}

async function encode(
  data: TestRequest["data"],
  json: unknown,
  files: TestRequest["files"],
): Promise<Encoded> {
  if (json !== undefined) {
    if (data !== undefined || files !== undefined)
      throw twoBodies("json is a body of its own: leave data and files out");
    return { bytes: JSON.stringify(json), type: "application/json" };
  }
  if (files !== undefined) {
    if (data !== undefined && !isFields(data))
      throw twoBodies("with files, data has the other fields of the form: make it an object");
    return encodeMultipart([...entriesOf(data ?? {}), ...entriesOf(files)]);
  }
  if (data === undefined) return {};
  if (data instanceof Blob) {
    return {
      bytes: new Uint8Array(await data.arrayBuffer()),
      ...(data.type !== "" && { type: data.type }),
    };
  }
  if (data instanceof URLSearchParams) return encodeUrl(data);
  if (data instanceof FormData) return encodeMultipart(data);
  if (!isFields(data)) return { bytes: data };
  const entries = entriesOf(data);
  return entries.some(([, value]) => value instanceof Blob) ? encodeMultipart(entries) : encodeUrl(entries);
}

function twoBodies(reason: string): GatewayError {
  return new GatewayError("OPTION", `a request has one body: ${reason}`);
}

function isFields(data: NonNullable<TestRequest["data"]>): data is TestFields {
  if (typeof data !== "object" || data instanceof Uint8Array || Symbol.asyncIterator in data) return false;
  return !(data instanceof Blob || data instanceof URLSearchParams || data instanceof FormData);
}

function entriesOf(fields: TestFields): FormEntry[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const values: readonly TestValue[] = Array.isArray(value) ? value : [value];
    return values.map((item): FormEntry => [name, item instanceof Blob ? item : String(item)]);
  });
}

function pairs(headers: CallRequest["headers"] = []): Iterable<readonly [string, string]> {
  return Symbol.iterator in headers
    ? (headers as Iterable<readonly [string, string]>)
    : Object.entries(headers);
}

import type { Application } from "../gateway/types.ts";
import { type CallRequest, type CallResponse, call } from "./call.ts";

/** A request as a client would describe it: forms and files instead of their bytes. */
export interface TestRequest extends Omit<CallRequest, "body"> {
  /** @defaultValue `"GET"`, or `"POST"` where there is `data` */
  readonly method?: string;
  /**
   * The body. An object is sent as a form, as multipart if a `Blob` or `File` is in it; text without a
   * `Content-Type` is taken for a form by the application, as it is in web.py.
   */
  readonly data?: CallRequest["body"] | TestFields;
}

type TestValue = string | number | boolean | Blob;

/** Fields of a form; a list is sent as several of the same name. */
export type TestFields = Readonly<Record<string, TestValue | readonly TestValue[]>>;

/**
 * Calls an application in this process, without a server.
 *
 * @param target path and query as in a request line
 */
export async function request(
  application: Application,
  target: string,
  description: TestRequest = {},
): Promise<CallResponse> {
  return call(application, target, await toCallRequest(description));
}

async function toCallRequest({ data, ...request }: TestRequest): Promise<CallRequest> {
  if (data === undefined) return request;
  const encoded = isFields(data) ? await encodeForm(data) : { body: data, type: undefined };
  const headers = [...pairs(request.headers)];
  if (encoded.type !== undefined && !headers.some(([name]) => /^content-type$/i.test(name))) {
    headers.push(["Content-Type", encoded.type]);
  }
  return { method: "POST", ...request, headers, body: encoded.body };
}

function isFields(data: NonNullable<TestRequest["data"]>): data is TestFields {
  return typeof data === "object" && !(data instanceof Uint8Array) && !(Symbol.asyncIterator in data);
}

async function encodeForm(fields: TestFields): Promise<{ body: Uint8Array | string; type: string }> {
  const entries = Object.entries(fields).flatMap(([name, value]) => {
    const values: readonly TestValue[] = Array.isArray(value) ? value : [value];
    return values.map((item): [string, TestValue] => [name, item]);
  });
  if (!entries.some(([, value]) => value instanceof Blob)) {
    const query = new URLSearchParams(
      entries.map(([name, value]): [string, string] => [name, String(value)]),
    );
    return { body: query.toString(), type: "application/x-www-form-urlencoded" };
  }
  const form = new FormData();
  for (const [name, value] of entries) {
    if (value instanceof Blob) form.append(name, value);
    else form.append(name, String(value));
  }
  const response = new Response(form);
  return {
    body: new Uint8Array(await response.arrayBuffer()),
    type: response.headers.get("Content-Type") ?? "multipart/form-data",
  };
}

function pairs(headers: CallRequest["headers"] = []): Iterable<readonly [string, string]> {
  return Symbol.iterator in headers
    ? (headers as Iterable<readonly [string, string]>)
    : Object.entries(headers);
}

// The methods a handler may have. What comes off the wire is looked up here, never on a handler.

/** RFC 9110 §9 and RFC 5789. Any other method is answered 501 before anything of the application runs. */
export const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
] as const;

export type Method = (typeof METHODS)[number];

/** The method that a request's word names. V8 looks this string up as a property at once, and the request's only by its text. */
export function knownMethod(word: string): Method | undefined {
  return METHODS.find((method) => method === word);
}

/** RFC 9110 §9.2.1: methods that ask for nothing but an answer. */
export function isSafe(method: Method): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "TRACE";
}

/** The methods that `handler` answers, as the `Allow` header lists them. */
export function allowedMethods(handler: Readonly<Record<Method, unknown>>): Method[] {
  return METHODS.filter((method) => {
    if (method === "OPTIONS") return true;
    if (method === "HEAD" && typeof handler.GET === "function") return true;
    return typeof handler[method] === "function";
  });
}

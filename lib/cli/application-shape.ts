// What a module exports, in words: for the sentence that says why postern cannot serve it.

/** Shapes of other frameworks, by what their applications have. The first that fits is named. */
const shapes: readonly (readonly [description: string, members: readonly string[]])[] = [
  ["an Express application", ["handle", "use", "set", "listen"]],
  ["a Fastify application", ["inject", "route", "listen"]],
  ["a Koa application", ["callback", "use", "listen"]],
  ["a Node HTTP server", ["listen", "close", "address"]],
  ["a fetch application, such as Hono's", ["fetch"]],
];

/** An application of another framework, in words; undefined for anything else. */
export function foreignShape(value: unknown): string | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const has = (member: string): boolean => typeof (value as Record<string, unknown>)[member] === "function";
  return shapes.find(([, members]) => members.every(has))?.[0];
}

/** Such as `a class`, `the string "x"` or `an object`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return isClass(value) ? `the class ${value.name}` : "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A class is a function too, but cannot be called. */
export function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}

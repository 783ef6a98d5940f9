import { GatewayError } from "../errors.ts";
import type { Application } from "../gateway/types.ts";
import { isEventHandler, kindOf, type ShapeName, toApplication } from "./application-shape.ts";

/** The exports that are tried, in this order. */
const names = ["app", "application", "default", "handler", "server"];

const expected =
  "what application(urls) returns, a gateway application, (environ, startResponse) => body, or an application of " +
  "Express, Koa, Fastify or Hono";

/**
 * Makes a gateway application of what a module exports as `app`, `application`, by default, or as `handler`, as
 * SvelteKit's build for Node does, or `server`.
 *
 * @param shown the module's name for an error
 * @throws {GatewayError} of code `NO_APPLICATION`
 */
export async function findApplication(
  exported: Readonly<Record<string, unknown>>,
  shown: string,
  shape?: ShapeName,
): Promise<Application> {
  // What CommonJS modules export is an object in their default export.
  const inner = exported["default"];
  for (const place of [exported, isRecord(inner) ? inner : {}]) {
    for (const name of names) {
      const value = place[name];
      const application = await toApplication(value instanceof Promise ? await value : value, shape);
      if (application !== undefined) return application;
    }
  }
  throw new GatewayError("NO_APPLICATION", complaint(exported, shown));
}

function complaint(exported: Readonly<Record<string, unknown>>, shown: string): string {
  const named = names.find((name) => name in exported);
  const others = Object.keys(exported);
  const events = names.find((name) => isEventHandler(exported[name]));
  if (events !== undefined) {
    return (
      `${shown} exports no application (it exports a handler of events, such as AWS Lambda's, as ${events}, and web servers ` +
      `send requests): export ${expected}, as app or as the default; --shape says what it is where its parameters mislead.`
    );
  }
  const what =
    named !== undefined
      ? `${kindOf(exported[named])} as ${named}`
      : others.length === 0
        ? "nothing"
        : `only ${others.join(", ")}`;
  return `${shown} exports no application (it exports ${what}): export ${expected}, as app or as the default.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

// A request from the gateway's call to the body that goes back: the outermost frame of an application.

import { inspect } from "node:util";
import { ProtocolError } from "../errors.ts";
import type { Body, Environ, StartResponse } from "../gateway/types.ts";
import type { AppCore, Page } from "./app-core.ts";
import { pageFor, runLevel, settle } from "./dispatch.ts";
import { methodOf } from "./endpoint.ts";
import { Exchange } from "./exchange.ts";
import { asResponse, foreignHeaders, hiddenStatus } from "./foreign-error.ts";
import { HttpResponse } from "./http-response.ts";
import { Level } from "./level.ts";
import { loaded } from "./loaded.ts";
import { pathText } from "./location.ts";
import { toBody } from "./result.ts";
import { hasNoContent } from "./status.ts";
import { abandon, EndedFileBody, isFileBody, StreamedBody } from "./streamed-body.ts";
import { isThenable } from "./thenable.ts";
import { Web } from "./web.ts";

const loadCookies = loaded(() => import("./cookies.ts"));

/** Answers at once where the handler does; nothing is waited for that is there already. */
export function answer(core: AppCore, environ: Environ, startResponse: StartResponse): Body | Promise<Body> {
  const level = new Level(core, pathText(environ.PATH_INFO), { environ });
  const exchange = new Exchange(environ, level);
  let body: Body | Promise<Body>;
  try {
    body = toBody(exchange, run(exchange, level));
  } catch (error) {
    return recover(exchange, error, startResponse);
  }
  if (isThenable(body) || exchange.hasTasks || exchange.cookies.length > 0 || hasNoContent(exchange.status)) {
    return complete(exchange, body, startResponse).catch((error) => recover(exchange, error, startResponse));
  }
  startResponse(exchange.statusLine, exchange.headers.list);
  exchange.headSent = true;
  return body;
}

function run(exchange: Exchange, level: Level): unknown {
  try {
    methodOf(exchange.environ.REQUEST_METHOD);
    return runLevel(exchange, level);
  } catch (error) {
    return asResponse(error);
  }
}

async function complete(
  exchange: Exchange,
  drawn: Body | Promise<Body>,
  startResponse: StartResponse,
): Promise<Body> {
  let body = isThenable(drawn) ? await draw(exchange, drawn) : drawn;
  if (exchange.hasHeadTasks) body = await prepareHead(exchange, body);
  try {
    if (hasNoContent(exchange.status)) {
      await abandon(body);
      exchange.headers.removeContent();
      body = [];
    }
    if (exchange.cookies.length > 0) await sendCookies(exchange);
    if (exchange.hasTasks) body = await withTasks(exchange, body);
    startResponse(exchange.statusLine, exchange.headers.list);
    exchange.headSent = true;
  } catch (error) {
    await abandon(body).catch((other: unknown) => log(exchange, other));
    throw error;
  }
  return body;
}

// A generator may throw a response before its first chunk.
async function draw(exchange: Exchange, body: Body | Promise<Body>): Promise<Body> {
  try {
    return await body;
  } catch (error) {
    let result: unknown = asResponse(error);
    for (let level: Level | undefined = exchange.level; level !== undefined; level = level.parent) {
      result = settle(level, new Web(exchange, level), result);
    }
    return toBody(exchange, result);
  }
}

// A task may throw a response, which takes the place of the one that was drawn.
async function prepareHead(exchange: Exchange, body: Body): Promise<Body> {
  if (!exchange.hasHeadTasks) return body;
  try {
    await exchange.prepareHead();
    return body;
  } catch (error) {
    await abandon(body).catch((other: unknown) => log(exchange, other));
    const response = asResponse(error);
    exchange.reset(response.status);
    return prepareHead(exchange, await draw(exchange, Promise.reject(response)));
  }
}

async function sendCookies(exchange: Exchange): Promise<void> {
  const { writeCookie } = await loadCookies();
  for (const cookie of exchange.cookies.splice(0)) {
    exchange.headers.add("Set-Cookie", await writeCookie(cookie));
  }
}

async function withTasks(exchange: Exchange, body: Body): Promise<Body> {
  if (body instanceof StreamedBody) return body;
  if (isFileBody(body))
    return new EndedFileBody(
      body,
      () => exchange.end(),
      (error) => log(exchange, error),
    );
  await exchange.end();
  return body;
}

/**
 * An application that has a page for errors logs the error and sends the page. Otherwise the error goes on to the
 * server, which logs it and answers 500, with the trace where it is told to. Either way it is logged once. An error of
 * another framework's package keeps its status.
 */
async function recover(exchange: Exchange, error: unknown, startResponse: StartResponse): Promise<Body> {
  try {
    const status = hiddenStatus(error);
    // What fails in a processor around a mounted application is for the pages of the one that the processor belongs to.
    const { failure } = exchange;
    const level = failure !== undefined && failure.error === error ? failure.level : exchange.level;
    const page = errorPage(level, status);
    // In development the page of `postern/middleware/debug-page` says more.
    const debugged = exchange.environ["postern.debug"] === true;
    if ((page === undefined && status === 500) || debugged || error instanceof ProtocolError) throw error;
    log(exchange, error);
    exchange.reset(status);
    for (const [name, value] of foreignHeaders(error)) exchange.headers.add(name, value);
    const result = page === undefined ? new HttpResponse(status) : page(new Web(exchange, level), error);
    const body = await toBody(exchange, result);
    return await complete(exchange, body, startResponse);
  } catch (failure) {
    await exchange.end().catch((other: unknown) => log(exchange, other));
    throw failure;
  }
}

function errorPage(level: Level, status: number): Page | undefined {
  return pageFor(level.core, status) ?? (level.parent && errorPage(level.parent, status));
}

function log(exchange: Exchange, error: unknown): void {
  exchange.environ["wsgi.errors"].write(`${inspect(error)}\n`);
}

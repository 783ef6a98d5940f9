import type { RequestListener, Server } from "node:http";

type Made = RequestListener | Server | Promise<RequestListener | Server>;

/** Each call makes an application of its own: they keep sessions. */
export const applications: Readonly<
  Record<"Express 5" | "Express 4" | "connect" | "Koa" | "Fastify", () => Made>
>;

/** Bytes that show when some are lost or change places. */
export function bytes(size: number): Buffer;

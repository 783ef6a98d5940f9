// The applications, under the names of their frameworks.

import express from "express";
import express4 from "express4";
import { connectApplication } from "./connect.js";
import { expressApplication } from "./express.js";
import { fastifyApplication } from "./fastify.js";
import { koaApplication } from "./koa.js";

export { bytes } from "./parts.js";

export const applications = {
  "Express 5": () => expressApplication(express),
  "Express 4": () => expressApplication(express4),
  connect: connectApplication,
  Koa: () => koaApplication().callback(),
  Fastify: async () => (await fastifyApplication()).server,
};

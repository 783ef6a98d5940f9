import { GatewayError } from "../errors.ts";

/** The server that an application speaks for gave no response. Nothing can be told of one, so the caller gets this. */
export class UnansweredError extends GatewayError {}

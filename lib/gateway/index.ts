export { ApplicationError, GatewayError, ProtocolError } from "../errors.ts";
export { EARLY_HEAD } from "./early-head.ts";
export { shiftPath } from "./shift-path.ts";
export type {
  Application,
  Body,
  Chunk,
  Environ,
  FileBody,
  FileRange,
  FileWrapper,
  Header,
  Headers,
  Middleware,
  StartResponse,
  Write,
} from "./types.ts";

export { type CallRequest, type CallResponse, call } from "./call.ts";

import type { Application } from "../../lib/gateway/types.ts";
import type { CallResponse } from "../../lib/testing/call.ts";
import { request, type TestRequest } from "../../lib/testing/request.ts";

/** One request to an application, as a client would make it. */
export function ask(application: Application, target: string, what: TestRequest = {}): Promise<CallResponse> {
  return request(application, target, what);
}

import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import type { CallResponse } from "../../lib/testing/call.ts";
import { request, type TestRequest } from "../../lib/testing/request.ts";

/** One request to an application, as a client would make it. The gateway's rules are checked on the way. */
export function ask(application: Application, target: string, what: TestRequest = {}): Promise<CallResponse> {
  return request(validate(application), target, what);
}

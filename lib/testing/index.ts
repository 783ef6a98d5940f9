export { type CallRequest, type CallResponse, call } from "./call.ts";
export {
  type CaseRequest,
  type CaseResponse,
  type ConformanceCase,
  type ConformanceRun,
  conformanceApplication,
  conformanceCases,
  type Exchange,
  runCase,
} from "./conformance.ts";

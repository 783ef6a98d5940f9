export { Browser, type OpenOptions } from "./browser.ts";
export type { BrowserForm } from "./browser-form.ts";
export type { BrowserLink } from "./browser-link.ts";
export type { BrowserOptions } from "./browser-transport.ts";
export {
  type CallRequest,
  type CallResponse,
  call,
  type OpenResponse,
  openCall,
  type ResponseStart,
} from "./call.ts";
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
export type { CookieJar, StoredCookie } from "./cookie-jar.ts";
export type { FieldValue, FormControl, FormOption } from "./form-control.ts";
export { freePort } from "./free-port.ts";
export type { HtmlElement } from "./html-page.ts";
export {
  type LiveApplication,
  type LiveOptions,
  liveApplication,
  type TestedApplication,
} from "./live-application.ts";
export { request, type TestFields, type TestRequest, type TestStreamRequest } from "./request.ts";
export { requestEnviron } from "./request-environ.ts";
export { type ReadyOptions, serverReady } from "./server-ready.ts";
export { type SessionStoreCase, sessionStoreCases } from "./session-store.ts";

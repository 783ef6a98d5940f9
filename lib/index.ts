// The front door of the framework: names, no logic.

export { ApplicationError, GatewayError, ProtocolError } from "./errors.ts";
export type { ApplicationOptions, Config, Page } from "./framework/app-core.ts";
export {
  type App,
  application,
  autoApplication,
  type PageClass,
  type RunOptions,
  subdomainApplication,
} from "./framework/application.ts";
export type { CacheOptions } from "./framework/cache-control.ts";
export type { Context } from "./framework/context.ts";
export type { CookieDefaults, CookieOptions } from "./framework/cookies.ts";
export type { EventOptions, EventStream, ServerSentEvent } from "./framework/event-stream.ts";
export type { FileOptions } from "./framework/file.ts";
export type { FileResult } from "./framework/file-result.ts";
export {
  type HeaderFields,
  HttpResponse,
  type Redirect,
  type RedirectOptions,
} from "./framework/http-response.ts";
export type { InputLimits } from "./framework/limits.ts";
export type { LinkArgument, LinkFields, RouteLink } from "./framework/link.ts";
export { type Mount, mount } from "./framework/mount.ts";
export type { FieldPart, FilePart, Part } from "./framework/multipart.ts";
export type { Next, Processor } from "./framework/processors.ts";
export {
  accepted,
  alreadyReported,
  type BareResponder,
  badGateway,
  badRequest,
  conflict,
  contentTooLarge,
  created,
  expectationFailed,
  failedDependency,
  forbidden,
  found,
  gatewayTimeout,
  gone,
  html,
  httpVersionNotSupported,
  imUsed,
  insufficientStorage,
  internalServerError,
  json,
  lengthRequired,
  locked,
  loopDetected,
  methodNotAllowed,
  misdirectedRequest,
  movedPermanently,
  multipleChoices,
  multiStatus,
  networkAuthenticationRequired,
  noContent,
  nonAuthoritativeInformation,
  notAcceptable,
  notExtended,
  notFound,
  notImplemented,
  notModified,
  ok,
  partialContent,
  paymentRequired,
  permanentRedirect,
  preconditionFailed,
  preconditionRequired,
  proxyAuthenticationRequired,
  type Redirector,
  type Responder,
  rangeNotSatisfiable,
  redirect,
  requestHeaderFieldsTooLarge,
  requestTimeout,
  resetContent,
  seeOther,
  serviceUnavailable,
  type Typed,
  temporaryRedirect,
  text,
  tooEarly,
  tooManyRequests,
  unauthorized,
  unavailableForLegalReasons,
  unprocessableContent,
  unsupportedMediaType,
  upgradeRequired,
  uriTooLong,
  useProxy,
  variantAlsoNegotiates,
} from "./framework/responses.ts";
export type { RouteInfo } from "./framework/routes.ts";
export type { Handler, HandlerClass, HandlerFunction, Route, Target } from "./framework/target.ts";
export { type Lazy, lazy, type Processed, withProcessors } from "./framework/target-wrappers.ts";
export type { TemplateError } from "./framework/template-error.ts";
export type { TemplateResult } from "./framework/template-result.ts";
export type {
  TemplateCompiler,
  TemplateEscape,
  TemplateType,
  TemplateTypes,
} from "./framework/template-types.ts";
export {
  type CommonOptions,
  type Render,
  type RenderOptions,
  type TemplateOptions,
  type TextOptions,
  template,
  templates,
  view,
} from "./framework/templates.ts";
export type { SaveOptions, Upload } from "./framework/upload.ts";
export { type Default, type Defaults, upload, uploads } from "./framework/values.ts";
export type { HeaderOptions, Web } from "./framework/web.ts";
export type { Browser } from "./testing/browser.ts";
export type { BrowserOptions } from "./testing/browser-transport.ts";
export type { CallResponse, OpenResponse } from "./testing/call.ts";
export type { TestFields, TestRequest, TestStreamRequest } from "./testing/request.ts";

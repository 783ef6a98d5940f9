import type { RequestListener } from "node:http";
import { ProtocolError } from "../../errors.ts";
import { completeEnviron } from "../../gateway/environ.ts";
import { ErrorStream } from "../../gateway/error-stream.ts";
import { writeToStderr } from "../../gateway/log.ts";
import { checkOptions } from "../../gateway/option-names.ts";
import { refuse, respond } from "../../gateway/respond.ts";
import { checkApplication } from "../../gateway/stack.ts";
import type { Application } from "../../gateway/types.ts";
import { environOf, mountOf } from "./request-environ.ts";
import { NodeSink } from "./response-sink.ts";

export interface ToNodeOptions {
  /**
   * Where the application is mounted, such as `"/app"`. A request for a path that is not below it sees the whole path.
   *
   * @defaultValue `req.baseUrl`, which Express sets where it has mounted the listener, else `""`
   */
  readonly scriptName?: string;
  /** Variables merged over every request's. @defaultValue none */
  readonly environ?: Readonly<Record<string, string>>;
  /** Takes what the application writes to `wsgi.errors`. @defaultValue standard error */
  readonly writeErrors?: (bytes: Uint8Array) => void;
  /** Shows an error's trace to the client. @defaultValue `false` */
  readonly debug?: boolean;
}

/**
 * A gateway application as a request listener, for `http.createServer`, `https`, `http2` with its compatibility API, and
 * for `app.use()` of Express and connect.
 *
 * Limits and time-outs are the server's. Nothing may have read the body before, such as a body parser.
 *
 * @example
 * createServer(toNode(application)).listen(8080);
 */
export function toNode(application: Application, options: ToNodeOptions = {}): RequestListener {
  checkApplication(application);
  checkOptions("toNode()", options, { scriptName: true, environ: true, writeErrors: true, debug: true });
  const { debug, environ: variables, scriptName, writeErrors = writeToStderr } = options;
  const errors = new ErrorStream(writeErrors);
  return (request, response) => {
    const sink = new NodeSink(request, response);
    const { input, cancellation } = sink;
    const values = { input, errors, cancellation, multithread: true, multiprocess: false, runOnce: false };
    try {
      const environ = environOf(request);
      const mount = scriptName ?? mountOf(request);
      completeEnviron(environ, values, { environ: variables, scriptName: mount, repair: false });
      void respond(application, environ, sink, { debug });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refuse(sink, request.method ?? "GET", "400 Bad Request");
    }
  };
}

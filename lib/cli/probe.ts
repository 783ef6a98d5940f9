import type { Application } from "../gateway/types.ts";

/** Names the path that a front asks for until the application has started. */
export const probeVariable = "POSTERN_PROBE";

/** Answers that one path itself, so that the application does not see a request nobody made. */
export function answeringProbe(application: Application, path: string | undefined): Application {
  if (!path) return application;
  return (environ, startResponse) => {
    if (environ.PATH_INFO !== path) return application(environ, startResponse);
    startResponse("204 No Content", []);
    return [];
  };
}

import type { Application } from "../../gateway/types.ts";

/** An application that has nothing. */
export const notFound: Application = (_environ, startResponse) => {
  startResponse("404 Not Found", [["Content-Type", "text/plain; charset=utf-8"]]);
  return ["Not Found\n"];
};

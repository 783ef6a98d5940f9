// Web servers of shared hosts start Node with a script of their own. It loads the application's start-up file, mostly with
// require(), after replacing http.Server's listen(): the first server that listens gets the web server's socket, whatever
// address it asks for, and no other may listen.

import { join, resolve } from "node:path";

/** A script that loads the start-up file in Node's place, and the web server behind it. */
export interface Loader {
  readonly kind: "passenger" | "litespeed" | "other";
  /** As it is written in messages. */
  readonly name: string;
  /** Where the start-up file may be: the application's file that starts the server. */
  readonly startupFiles: readonly string[];
  /** Where the web server has mounted the application, other than at `/`; undefined when it does not say. */
  readonly mount?: string;
  /** A path that the socket was bound to by this process, and that its successor may bind anew. */
  readonly socketPath?: string;
  /** Calls `stop` when the web server wants the process to end. The function that it gives takes that back. */
  onExit(stop: () => void): () => void;
}

/** What Passenger's node-loader.js leaves in the global `PhusionPassenger`. */
interface PassengerGlobal {
  readonly options: {
    readonly app_root?: string;
    readonly startup_file?: string;
    readonly base_uri?: string;
  };
  on(event: "exit", listener: () => void): unknown;
  off(event: "exit", listener: () => void): unknown;
}

interface MainModule extends NodeJS.Module {
  readonly isApplicationLoader?: boolean;
}

/** The loader that this process was started with; undefined when Node itself has loaded the script. */
export function findLoader(): Loader | undefined {
  const globals = globalThis as { PhusionPassenger?: PassengerGlobal; LsNode?: unknown };
  if (globals.PhusionPassenger !== undefined) return passenger(globals.PhusionPassenger);
  if (globals.LsNode !== undefined) return liteSpeed(process.env);
  // The module of the script that Node was started with. ES modules have no require.main, which would be the same.
  const main = process.mainModule as MainModule | undefined;
  return main?.isApplicationLoader === true ? other(main) : undefined;
}

/** Passenger says with an event that the process is to end, and ends it at once where nobody listens. */
function passenger(global: PassengerGlobal): Loader {
  const { app_root: root = process.cwd(), startup_file: file, base_uri: mount = "/" } = global.options;
  return {
    kind: "passenger",
    name: "Phusion Passenger",
    startupFiles: [file || join(root, "app.js")],
    ...(mount === "/" ? {} : { mount }),
    onExit(stop) {
      global.on("exit", stop);
      return () => global.off("exit", stop);
    },
  };
}

/** LiteSpeed's lsnode.js. The variables alone prove nothing, since processes that the application starts have them too. */
function liteSpeed(environment: NodeJS.ProcessEnv): Loader {
  const { LSNODE_ROOT: root, LSNODE_STARTUP_FILE: file, LSNODE_BIND_SOCKET: binds } = environment;
  const path = binds ? environment["LSNODE_SOCKET"] : undefined;
  return {
    kind: "litespeed",
    name: "LiteSpeed",
    startupFiles: [resolve(root || ".", file || "app.js")],
    ...(path ? { socketPath: path } : {}),
    // It sends TERM.
    onExit: () => () => {},
  };
}

/** By the mark that Passenger and LiteSpeed also put on their main modules, so that applications know a loader. */
function other(main: MainModule): Loader {
  return {
    kind: "other",
    name: main.filename,
    startupFiles: main.children.map(({ filename }) => filename),
    onExit: () => () => {},
  };
}

// Phusion Passenger for tests, inside an Apache of their own.

import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { apache, startApache } from "./apache.ts";
import { kill } from "./child.ts";
import { type TemporaryFolder, temporaryFolder } from "./folder.ts";
import type { Front } from "./front.ts";
import { findProgram } from "./programs.ts";

/** Where Passenger's module is, or undefined: `describe.skipIf(passenger === undefined)`. */
export const passenger = apache && findProgram("mod_passenger");

/** Passenger's own script, which loads the start-up file. */
export const nodeLoader = "/usr/share/passenger/helper-scripts/node-loader.js";

/** An application and where it is mounted. */
export interface Mounted {
  readonly mount: string;
  readonly folder: string;
  readonly startupFile: string;
  /** Directives for this application alone. */
  readonly config?: string;
}

export interface RunningPassenger extends Front {
  /** Ends Apache as `apachectl graceful-stop` does, with what is in flight. */
  stopGracefully(): void;
}

/**
 * Starts Apache with Passenger, which starts each application when it is first asked for.
 *
 * @param config directives for applications, given a folder for documents
 */
export async function startPassenger(config: (documents: string) => string): Promise<RunningPassenger> {
  const folder = temporaryFolder();
  try {
    const server = await startApache(configuration(folder, config), ["passenger"]);
    const stop = async (): Promise<void> => {
      await server.stop();
      folder.remove();
    };
    const stopGracefully = () => {
      kill(Number(readFileSync(join(folder.path, "apache.pid"), "utf8")), "SIGWINCH");
    };
    return { ...server, stop, stopGracefully };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

function configuration(folder: TemporaryFolder, config: (documents: string) => string): string {
  chmodSync(folder.path, 0o755);
  const documents = join(folder.path, "documents");
  mkdirSync(documents);
  return `
    PidFile ${folder.path}/apache.pid
    DocumentRoot ${documents}
    <Directory ${documents}>
      Require all granted
    </Directory>
    PassengerRoot /usr/lib/ruby/vendor_ruby/phusion_passenger/locations.ini
    PassengerInstanceRegistryDir ${folder.path}
    PassengerNodejs ${process.execPath}
    PassengerLoadShellEnvvars off
    PassengerDisableSecurityUpdateCheck on
    PassengerDisableAnonymousTelemetry on
    # How often restart.txt is looked at, in seconds: at every request.
    PassengerStatThrottleRate 0
    ${config(documents)}
  `;
}

/** Directives for an application. */
export function mounted({ mount, folder, startupFile, config = "" }: Mounted, documents: string): string {
  return `
    ${mount === "/" ? "" : `Alias ${mount} ${documents}`}
    <Location ${mount}>
      PassengerBaseURI ${mount}
      PassengerAppGroupName ${mount}
      PassengerAppRoot ${folder}
      PassengerAppType node
      PassengerStartupFile ${startupFile}
      ${config}
    </Location>
  `;
}

import { createServer } from "node:net";
import { GatewayError } from "../errors.ts";

/** Where a site is to answer. */
export interface SiteAddress {
  readonly host: string;
  readonly port: number;
}

/** How many ports are tried. */
const tries = 100;

/** Why nobody could listen there now; undefined where somebody could. */
export async function portProblem({ host, port }: SiteAddress): Promise<NodeJS.ErrnoException | undefined> {
  const server = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.on("error", resolve);
    server.listen(port, host, () => resolve(undefined));
  });
  if (problem === undefined) await new Promise((resolve) => server.close(resolve));
  return problem;
}

/**
 * The address, or the one with the next port on which nobody listens.
 *
 * @throws {GatewayError} of code `ADDRESS_IN_USE`
 */
export async function nextFreePort({ host, port }: SiteAddress): Promise<SiteAddress> {
  const last = Math.min(port + tries, 65_536) - 1;
  for (let next = port; next <= last; next++) {
    const problem = await portProblem({ host, port: next });
    // What else is wrong is said by whoever listens there.
    if (problem?.code !== "EADDRINUSE") return { host, port: next };
  }
  const text = `The ports from ${port} to ${last} of ${host} are all in use: choose another one with PORT.`;
  throw new GatewayError("ADDRESS_IN_USE", text);
}

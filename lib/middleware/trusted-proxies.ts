// Who the client is and what it asked for, where proxies stand in between: their headers, believed as far as they are
// the proxies' own.

import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { RemoteAddresses } from "../gateway/remote-addresses.ts";
import type { Environ, Middleware } from "../gateway/types.ts";
import { believe } from "./trusted-proxies/believe.ts";
import { claimsOf, type Family } from "./trusted-proxies/claims.ts";
import { parseNode } from "./trusted-proxies/node.ts";

/** What a proxy can say about a request. */
export type ProxyFact = "for" | "proto" | "host" | "port" | "prefix";

export interface TrustedProxiesOptions {
  /**
   * Addresses and networks of the proxies, such as `["127.0.0.1", "10.0.0.0/8"]`; `"unix:"` is whoever comes over a unix
   * socket. A request whose `REMOTE_ADDR` is another stays as it is. The chain is walked from its end to the first
   * address that is not in the list: that is the client.
   *
   * Whoever is in the list can claim to be anybody: name the proxies and not the networks of their clients.
   */
  proxies?: readonly string[] | undefined;

  /**
   * How many proxies every request passes, in the place of `proxies`, where their addresses are not known. A request
   * whose chain is shorter stays as it is. Whoever reaches the server past the proxies can claim to be anybody.
   */
  hops?: number | undefined;

  /**
   * The headers that the proxies write: `X-Forwarded-For` and its family, or `Forwarded` (RFC 7239). The other family is
   * never looked at, since a proxy passes on what it does not know: a client could write it.
   */
  family: Family;

  /**
   * What is believed: the client's address (`for`), its scheme (`proto`), the `Host` that it asked for (`host`), the port
   * (`port`, of X-Forwarded-Port) and the part of the path that the proxy has taken off (`prefix`, of
   * X-Forwarded-Prefix). RFC 7239 has the first three.
   *
   * Name only what the outermost proxy sets in every request: what it does not set comes from the client. A forwarded
   * host that the client chooses ends up in links.
   *
   * @defaultValue `["for", "proto"]`
   */
  believe?: readonly ProxyFact[] | undefined;
}

const FACTS: readonly ProxyFact[] = ["for", "proto", "host", "port", "prefix"];

/**
 * Puts into the environ what trusted proxies say about a request: `REMOTE_ADDR` and `REMOTE_PORT`, `wsgi.url_scheme` and
 * `HTTPS`, `HTTP_HOST`, `SERVER_NAME` and `SERVER_PORT`, `SCRIPT_NAME` and `REQUEST_URI`. What these were before is in
 * `postern.proxy`, an object that is there when a proxy was believed.
 *
 * A value that is malformed is ignored, alone: of the address, what the next proxy saw counts, as nginx has it. Of a
 * header with one value for each proxy, the one counts that belongs to the client's address; of a shorter one the first.
 *
 * @example
 * app.run(import.meta, {
 *   middleware: [trustedProxies({ proxies: ["127.0.0.1"], family: "x-forwarded" })],
 * });
 *
 * @throws {GatewayError} `OPTION` when neither or both of `proxies` and `hops` are given, or when an option makes no sense
 */
export function trustedProxies(options: TrustedProxiesOptions): Middleware {
  checkOptions("trustedProxies()", options, { proxies: true, hops: true, family: true, believe: true });
  const facts = factsOf(options);
  const { knows, count } = trustOf(options, facts);
  const { family } = options;
  return (application) => (environ, startResponse) => {
    if (knows(environ)) {
      const claims = claimsOf(environ, family);
      const trusted = count(claims.for);
      if (trusted !== undefined) believe(environ, claims, facts, trusted);
    }
    return application(environ, startResponse);
  };
}

interface Trust {
  /** Whether the peer is a proxy. */
  knows(environ: Environ): boolean;
  /** How many entries at the end of a chain trusted proxies have written; undefined when it is too short to tell. */
  count(chain: readonly string[]): number | undefined;
}

function trustOf({ proxies, hops }: TrustedProxiesOptions, facts: ReadonlySet<ProxyFact>): Trust {
  if ((proxies === undefined) === (hops === undefined))
    throw new GatewayError("OPTION", 'trusted proxies need either "proxies" or "hops"');
  if (proxies !== undefined) {
    const addresses = new RemoteAddresses(proxies, "OPTION");
    return {
      knows: (environ) => addresses.hasPeer(environ),
      count: (chain) => {
        let count = 1;
        while (count < chain.length && addresses.has(parseNode(chain.at(-count) ?? "")?.address ?? ""))
          count++;
        return count;
      },
    };
  }
  const all = Number(hops);
  if (!Number.isSafeInteger(all) || all < 1)
    throw new GatewayError("OPTION", `option "hops" is ${hops}; give a number of proxies from 1 on`);
  return {
    knows: () => true,
    count: (chain) => (facts.has("for") && chain.length < all ? undefined : all),
  };
}

function factsOf({ family, believe: facts = ["for", "proto"] }: TrustedProxiesOptions): Set<ProxyFact> {
  if (family !== "x-forwarded" && family !== "forwarded")
    throw new GatewayError("OPTION", 'trusted proxies need a "family": "x-forwarded" or "forwarded"');
  const known = family === "forwarded" ? FACTS.slice(0, 3) : FACTS;
  if (!Array.isArray(facts))
    throw new GatewayError(
      "OPTION",
      `option "believe" is ${JSON.stringify(facts)}; give a list of ${known.join(", ")}`,
    );
  const unknown = facts.find((fact) => !known.includes(fact));
  if (unknown === undefined) return new Set(facts);
  throw new GatewayError(
    "OPTION",
    `option "believe" names ${JSON.stringify(unknown)}; there are ${known.join(", ")}`,
  );
}

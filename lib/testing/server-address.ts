import { GatewayError } from "../errors.ts";

/**
 * Where an HTTP server is, and the application on it: the URL without a `/` at its end.
 *
 * @throws {GatewayError} `ADDRESS` when it is no URL of http or https, or has more than host, port and path
 */
export function parseServerUrl(address: string | URL): URL {
  const url = URL.canParse(String(address)) ? new URL(address) : undefined;
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (url === undefined || !isPlain || !/^https?:$/.test(url.protocol)) {
    throw new GatewayError(
      "ADDRESS",
      `${JSON.stringify(String(address))} is no address of a server: give one such as "http://127.0.0.1:8080", or with the path of the application behind it`,
    );
  }
  return url;
}

/** Where the application is mounted. */
export function mountOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, "");
}

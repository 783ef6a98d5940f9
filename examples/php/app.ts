// PHP below /php of a postern application: PHP-FPM runs the scripts in site/, postern answers the rest and forwards.
//   node examples/php/app.js                                        starts a PHP-FPM of its own, where one is installed
//   PHP_FPM=/run/php/php8.2-fpm.sock node examples/php/app.js       goes to one that runs; also 127.0.0.1:9000
// Then open http://127.0.0.1:8080/php/. Debian has PHP-FPM in the package php-fpm. One that runs as another user (www-data)
// has to be able to read site/, and to let this process's user connect: listen.group and listen.mode in its pool.

import { fileURLToPath } from "node:url";
import { application, mount } from "postern";
import { type FcgiClientOptions, fcgiClient } from "postern/client/fcgi";
import { startPhpFpm } from "./php-fpm.ts";

type Php = ReturnType<typeof fcgiClient>;

const documentRoot = fileURLToPath(new URL("site", import.meta.url));
let starting: Promise<Php> | undefined;

/** Begun with the first request, so that whoever only imports this file starts nothing. */
async function startPhp(): Promise<Php> {
  const address: FcgiClientOptions["address"] = process.env["PHP_FPM"] || (await startPhpFpm());
  return fcgiClient({ address, php: { documentRoot }, responseTimeoutMs: 30_000 });
}

export const app = application([
  [
    "/",
    () => '<!doctype html><title>postern</title><p>This page is JavaScript. <a href="php/">PHP is here.</a>',
  ],
  [
    "/php",
    mount(async (environ, startResponse) => {
      starting ??= startPhp();
      const php = await starting.catch((error: unknown) => {
        // The next request tries again.
        starting = undefined;
        throw error;
      });
      return php(environ, startResponse);
    }),
  ],
]);

app.run(import.meta);

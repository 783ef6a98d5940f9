// HTTP's Basic authentication (RFC 7617). Readable on its way unless the connection is encrypted.

import { GatewayError } from "../errors.ts";
import { type Credentials, parseCredentials } from "../gateway/basic-credentials.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { answerPlainly } from "../gateway/plain-answer.ts";
import type { Body, Environ, Header, Middleware, StartResponse } from "../gateway/types.ts";
import { isSameText } from "./basic-auth/same-text.ts";

export interface BasicAuthOptions {
  /**
   * Names and their passwords. Kept as they are: for more than a few people that know each other, hash them and use
   * `verify`.
   */
  users?: Readonly<Record<string, string>> | undefined;

  /**
   * Decides in the place of `users`. Anything but `true` refuses. Compare in constant time (`timingSafeEqual`), and slow
   * down who guesses: nothing here counts attempts.
   */
  verify?: ((user: string, password: string, environ: Environ) => boolean | Promise<boolean>) | undefined;

  /**
   * What the browser tells the user that the password is for. Printable ASCII.
   *
   * @defaultValue `"restricted area"`, Plack's
   */
  realm?: string | undefined;
}

/**
 * Answers 401 to a request without name and password that are right. Else the application finds the name in `REMOTE_USER`,
 * as bytes of UTF-8, and `Basic` in `AUTH_TYPE`: what the web server had there before is gone in any case.
 *
 * Apache hands the header on to CGI and FastCGI only with `CGIPassAuth On`.
 *
 * @example
 * const admin = basicAuth({ users: { ada: process.env["ADMIN_PASSWORD"] ?? "" } })(application);
 *
 * @throws {GatewayError} `OPTION` when not exactly one of `users` and `verify` is given, when a password is empty, or when
 * the realm is none
 */
export function basicAuth(options: BasicAuthOptions): Middleware {
  checkOptions("basicAuth()", options, { users: true, verify: true, realm: true });
  const verify = verifierOf(options);
  const challenge: Header = ["WWW-Authenticate", `Basic realm="${realmOf(options)}", charset="UTF-8"`];
  const refuse = (startResponse: StartResponse) =>
    answerPlainly(startResponse, "401 Unauthorized", [challenge]);
  return (application) => (environ, startResponse) => {
    delete environ.REMOTE_USER;
    delete environ["AUTH_TYPE"];
    const credentials = parseCredentials(environ.HTTP_AUTHORIZATION);
    if (credentials === undefined) return refuse(startResponse);
    const decide = (isRight: boolean): Body | Promise<Body> => {
      if (isRight !== true) return refuse(startResponse);
      environ.REMOTE_USER = Buffer.from(credentials.user).toString("latin1");
      environ["AUTH_TYPE"] = "Basic";
      return application(environ, startResponse);
    };
    const verdict = verify(credentials, environ);
    return typeof verdict === "boolean" ? decide(verdict) : Promise.resolve(verdict).then(decide);
  };
}

type Verifier = (credentials: Credentials, environ: Environ) => boolean | Promise<boolean>;

function verifierOf({ users, verify }: BasicAuthOptions): Verifier {
  if ((users === undefined) === (verify === undefined))
    throw new GatewayError("OPTION", 'basic authentication needs either "users" or "verify"');
  if (verify !== undefined) return ({ user, password }, environ) => verify(user, password, environ);
  if (typeof users !== "object" || users === null || Array.isArray(users))
    throw new GatewayError("OPTION", 'the "users" are an object of names and their passwords');
  const passwords = new Map(Object.entries(users));
  for (const [user, password] of passwords) {
    if (typeof password === "string" && password !== "" && !user.includes(":")) continue;
    throw new GatewayError(
      "OPTION",
      `the user ${JSON.stringify(user)} has no password, or a colon in the name, which cannot be sent`,
    );
  }
  return ({ user, password }) => {
    const right = passwords.get(user);
    // An unknown name takes as long as a known one.
    return isSameText(password, right ?? "") && right !== undefined;
  };
}

function realmOf({ realm = "restricted area" }: BasicAuthOptions): string {
  if (/^[\x20-\x7e]+$/.test(realm)) return realm.replace(/["\\]/g, "\\$&");
  throw new GatewayError("OPTION", 'the "realm" must be printable ASCII');
}

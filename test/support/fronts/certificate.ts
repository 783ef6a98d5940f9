import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../programs.ts";

/** Where openssl is, or undefined. */
export const openssl = findProgram("openssl");

/** A certificate for 127.0.0.1 that vouches for itself, as files and as the text that a client trusts. */
export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly text: string;
}

/** Makes a certificate in a folder. */
export function makeCertificate(folder: string): Certificate {
  if (openssl === undefined) throw new Error("openssl is missing");
  const [keyPath, certificatePath] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyPath];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync(openssl, ["req", "-x509", ...key, ...name, "-days", "2", "-out", certificatePath], {
    stdio: "pipe",
  });
  return { certificatePath, keyPath, text: readFileSync(certificatePath, "utf8") };
}

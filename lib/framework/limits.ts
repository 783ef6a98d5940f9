import { GatewayError } from "../errors.ts";

/** What a client may send in a query, a form or an upload. Past a size the answer is 413. */
export interface InputLimits {
  /**
   * Fields of one form, or of one query (past which the answer is 414).
   *
   * @defaultValue `1_000`, PHP's `max_input_vars`
   */
  maxFields?: number;

  /**
   * Longest name of a field or file, in bytes (past which the answer is 414 for a query).
   *
   * @defaultValue `1_024`: room for a name of 32 keys, Rack's depth
   */
  maxNameBytes?: number;

  /**
   * Longest value of a field, in bytes. A file that is asked for as text counts as a field.
   *
   * @defaultValue `1_048_576`, busboy's own
   */
  maxFieldBytes?: number;

  /**
   * Files of one form.
   *
   * @defaultValue `128`, Rack's
   */
  maxFiles?: number;

  /**
   * Longest file, in bytes.
   *
   * @defaultValue `268_435_456` (256 MiB)
   */
  maxFileBytes?: number;

  /**
   * Parts of one multipart body, those without a name among them. The headers of a part end at 16 KiB, which is
   * busboy's own limit and a broken form (400).
   *
   * @defaultValue `4_096`, Rack's
   */
  maxParts?: number;

  /**
   * Whole multipart body, in bytes: what one request can put on the disk.
   *
   * @defaultValue `1_073_741_824` (1 GiB)
   */
  maxFormBytes?: number;

  /**
   * What one request can make us hold in memory, in bytes: the body of `web.data()` and of a form without files,
   * and names and values together of a form with files.
   *
   * @defaultValue `16_777_216` (16 MiB), Rack's for buffered parts
   */
  maxDataBytes?: number;

  /**
   * Longest body that `web.json()` reads, in bytes.
   *
   * @defaultValue `1_048_576` (1 MiB), Fastify's
   */
  maxJsonBytes?: number;

  /**
   * Files up to this size stay in memory, in bytes; longer ones are written to a folder of this request under
   * the system's temporary folder, which is removed when the request ends.
   *
   * @defaultValue `102_400`, bottle's
   */
  spoolBytes?: number;
}

export const inputLimits: Readonly<Required<InputLimits>> = {
  maxFields: 1_000,
  maxNameBytes: 1_024,
  maxFieldBytes: 1_048_576,
  maxFiles: 128,
  maxFileBytes: 268_435_456,
  maxParts: 4_096,
  maxFormBytes: 1_073_741_824,
  maxDataBytes: 16_777_216,
  maxJsonBytes: 1_048_576,
  spoolBytes: 102_400,
};

/**
 * Refuses what is no limit: past a text, NaN or nothing at all no form would ever be.
 *
 * @throws {GatewayError} `OPTION` when a limit is no number from 0 on
 */
export function checkLimits(limits: InputLimits): void {
  for (const [name, limit] of Object.entries(limits)) {
    if (typeof limit === "number" && limit >= 0) continue;
    const text = typeof limit === "string" ? JSON.stringify(limit) : String(limit);
    throw new GatewayError(
      "OPTION",
      `the option "limits": ${name} is ${text}; give a number from 0 on, or Infinity`,
    );
  }
}

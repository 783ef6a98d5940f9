import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { GatewayError } from "../errors.ts";
import { mediaType } from "../framework/media-types.ts";
import { UsageError } from "./command.ts";

export interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/**
 * The body that -d or -F describe; undefined where there is neither.
 *
 * @throws {GatewayError} `NO_SUCH_FILE`
 */
export async function encodeBody(
  values: Readonly<Record<string, unknown>>,
  cwd: string,
): Promise<EncodedBody | undefined> {
  const data = values["data"] as string[] | undefined;
  const form = values["form"] as string[] | undefined;
  if (data && form) throw new UsageError("-d and -F are two kinds of forms: use one of them.");
  if (data) return { bytes: encodeData(data, cwd), type: "application/x-www-form-urlencoded" };
  return form && encodeForm(form, cwd);
}

/** As curl: what is encoded already stays as it is; what no form may hold is encoded. */
function encodeData(items: readonly string[], cwd: string): Uint8Array {
  const parts = items.map((item) => {
    if (item.startsWith("@")) return readFile(item.slice(1), cwd);
    const isForm = /^[^{["\s]/.test(item);
    return Buffer.from(isForm ? item.replace(/[^\x21-\x7e]+/gu, encodeURIComponent) : item);
  });
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from("&"), part])));
}

async function encodeForm(fields: readonly string[], cwd: string): Promise<EncodedBody> {
  const form = new FormData();
  for (const field of fields) {
    const [, name, file, value = ""] = /^([^=]+)=(?:@(.+)|(.*))$/s.exec(field) ?? [];
    if (name === undefined) throw new UsageError(`"${field}" is no field: write name=value or name=@file.`);
    if (file === undefined) form.append(name, value);
    else form.append(name, new Blob([readFile(file, cwd)], { type: mediaType(file) }), basename(file));
  }
  const response = new Response(form);
  const type = response.headers.get("Content-Type") ?? "multipart/form-data";
  return { bytes: new Uint8Array(await response.arrayBuffer()), type };
}

function readFile(name: string, cwd: string): Buffer<ArrayBuffer> {
  const path = resolve(cwd, name);
  try {
    return readFileSync(path) as Buffer<ArrayBuffer>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new GatewayError("NO_SUCH_FILE", `${path} cannot be read (${code}).`, { cause: error });
  }
}

// Fields of a form as the bytes of a request's body, in the three encodings of the HTML standard.

/** A name with a text or a file. */
export type FormEntry = readonly [name: string, value: string | Blob];

export interface EncodedForm {
  readonly bytes: Uint8Array | string;
  /** The media type, with its parameters. */
  readonly type: string;
}

/** `application/x-www-form-urlencoded`; of a file its name is left. */
export function encodeUrl(entries: Iterable<FormEntry>): EncodedForm {
  const query = new URLSearchParams();
  for (const [name, value] of entries) query.append(name, nameOf(value));
  return { bytes: query.toString(), type: "application/x-www-form-urlencoded" };
}

/** `multipart/form-data`. */
export async function encodeMultipart(entries: Iterable<FormEntry>): Promise<EncodedForm> {
  const form = new FormData();
  for (const [name, value] of entries) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value);
  }
  const response = new Response(form);
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    type: response.headers.get("Content-Type") ?? "multipart/form-data",
  };
}

/** `text/plain`, which nobody can read back. */
export function encodePlain(entries: Iterable<FormEntry>): EncodedForm {
  const lines = [...entries].map(([name, value]) => `${name}=${nameOf(value)}\r\n`);
  return { bytes: lines.join(""), type: "text/plain" };
}

function nameOf(value: string | Blob): string {
  if (typeof value === "string") return value;
  return value instanceof File ? value.name : "blob";
}

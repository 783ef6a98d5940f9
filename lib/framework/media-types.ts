let table: Readonly<Record<string, string>> | undefined;

/**
 * The types that a web application sends, by the end of a file's name in small letters. Anything else is
 * `application/octet-stream`. The table is made when it is first asked for, as a CGI script seldom does.
 */
export function mediaTypes(): Readonly<Record<string, string>> {
  table ??= {
    avif: "image/avif",
    css: "text/css; charset=utf-8",
    csv: "text/csv; charset=utf-8",
    gif: "image/gif",
    gz: "application/gzip",
    htm: "text/html; charset=utf-8",
    html: "text/html; charset=utf-8",
    ico: "image/vnd.microsoft.icon",
    jpeg: "image/jpeg",
    jpg: "image/jpeg",
    js: "text/javascript; charset=utf-8",
    json: "application/json",
    md: "text/markdown; charset=utf-8",
    mjs: "text/javascript; charset=utf-8",
    mp3: "audio/mpeg",
    mp4: "video/mp4",
    ogg: "audio/ogg",
    otf: "font/otf",
    pdf: "application/pdf",
    png: "image/png",
    svg: "image/svg+xml",
    ttf: "font/ttf",
    txt: "text/plain; charset=utf-8",
    wasm: "application/wasm",
    wav: "audio/wav",
    webm: "video/webm",
    webp: "image/webp",
    woff: "font/woff",
    woff2: "font/woff2",
    xhtml: "application/xhtml+xml; charset=utf-8",
    xml: "application/xml; charset=utf-8",
    zip: "application/zip",
  };
  return table;
}

/** `html` as the media type it is short for, without its parameters; a type with a slash is one already. */
export function fullType(type: string): string {
  if (type.includes("/")) return type;
  const types = mediaTypes();
  return Object.hasOwn(types, type) ? (types[type] as string).replace(/;.*/, "") : type;
}

/** The media type of a file, by the end of its name. */
export function mediaType(path: string): string {
  const extension = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  const types = mediaTypes();
  return Object.hasOwn(types, extension) ? (types[extension] as string) : "application/octet-stream";
}

import { lookup } from "mrmime";

/** In use on the web, and not in the package's table. */
const MORE: Readonly<Record<string, string>> = { ico: "image/vnd.microsoft.icon" };

/** The media type of a file by the end of its name. */
export function mediaType(name: string, types: Readonly<Record<string, string>>): string {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (Object.hasOwn(types, ending)) return types[ending] as string;
  const type = lookup(ending) ?? (Object.hasOwn(MORE, ending) ? MORE[ending] : undefined);
  if (type === undefined) return "application/octet-stream";
  return type.startsWith("text/") ? `${type}; charset=utf-8` : type;
}

import type { Header } from "../../gateway/types.ts";
import type { PrecompressedCoding } from "../static-files.ts";

/** What is known of a served folder before any request. */
export interface Folder {
  /** Absolute. */
  readonly path: string;
  readonly index: readonly string[];
  /** Folders without an index are listed. */
  readonly listing: boolean;
  /** The header's value; undefined sends none. */
  readonly cacheControl: string | undefined;
  readonly headers: ((path: string) => readonly Header[]) | undefined;
  readonly precompressed: readonly PrecompressedCoding[];
  readonly types: Readonly<Record<string, string>>;
  readonly dotNames: ReadonlySet<string>;
  readonly followLinks: boolean;
}

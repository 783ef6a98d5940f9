// What `postern bundle` tells a script. Paths are as seen from the script's own folder.

export interface LauncherFacts {
  /** A digest of the code: a code cache with another one is not for it. */
  readonly id: string;
  /** Where the code cache is. */
  readonly cache: string;
  /** What ends the comment around the code, where it stands in the code. */
  readonly commentEnd: string;
}

export interface RuntimeFacts {
  /** The source map, which is read when an error is shown. */
  readonly map: string;
  /** How many lines of the script the map is of. */
  readonly lines: number;
  /** The file with the servers that listen, and a digest of it; null where there is none. */
  readonly servers: readonly [file: string, digest: number] | null;
  /** The folder that modules take for the entry module's own. */
  readonly root: string;
  /** The application's own sources as they were bundled. */
  readonly sources: readonly (readonly [path: string, mtimeMs: number, bytes: number, digest: number])[];
}

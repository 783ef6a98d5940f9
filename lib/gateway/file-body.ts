import { open } from "node:fs/promises";
import type { FileBody, FileRange } from "./types.ts";

/** As many bytes as a file stream of Node reads at once. */
const CHUNK_BYTES = 65_536;

/**
 * `postern.file_wrapper`: a file, or a part of it, as a body. It is opened when its first chunk is asked for; one that is not in
 * `folder` by then, which the path must lead into, is as if it were not there (`ENOENT`).
 */
export function fileWrapper(path: string, range: FileRange = {}, folder?: string): FileBody {
  return {
    path,
    range,
    async *[Symbol.asyncIterator]() {
      // Loaded for those who ask: every CGI script loads this file.
      const inside = folder === undefined ? undefined : await import("./inside-folder.ts");
      const file = await open(path);
      try {
        if (folder !== undefined && !(await inside?.isOpenInside(folder, path, file))) throw missing(path);
        let position = range.start ?? 0;
        const end = range.end ?? Number.POSITIVE_INFINITY;
        while (position <= end) {
          const size = Math.min(CHUNK_BYTES, end - position + 1);
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, position);
          if (bytesRead === 0) return;
          position += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        await file.close();
      }
    },
  };
}

function missing(path: string): Error {
  const error: NodeJS.ErrnoException = new Error(`ENOENT: ${path} leads out of its folder`);
  error.code = "ENOENT";
  return error;
}

import { Buffer } from "node:buffer";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FilePart } from "./multipart.ts";
import { safeFilename, Upload } from "./upload.ts";

/** Where one request's long uploads go: a folder of its own, made at the first of them. */
export class Spool {
  readonly #memoryBytes: number;
  #folder: string | undefined;
  #files = 0;

  /** @param memoryBytes - up to this size an upload stays in memory */
  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes;
  }

  /** Reads a part to its end. */
  async keep(part: FilePart): Promise<Upload> {
    const chunks: Buffer[] = [];
    let size = 0;
    let file: { path: string; handle: FileHandle } | undefined;
    try {
      for await (const chunk of part.stream as AsyncIterable<Buffer>) {
        size += chunk.length;
        chunks.push(chunk);
        if (file === undefined && size <= this.#memoryBytes) continue;
        file ??= await this.#open();
        await file.handle.writeFile(Buffer.concat(chunks.splice(0)));
      }
    } finally {
      await file?.handle.close();
    }
    const content = file?.path ?? Buffer.concat(chunks);
    return new Upload(safeFilename(part.filename), part.type, size, content);
  }

  /** Removes the folder and all that is in it. */
  async remove(): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  async #open(): Promise<{ path: string; handle: FileHandle }> {
    this.#folder ??= await mkdtemp(join(tmpdir(), "postern-"));
    const path = join(this.#folder, String(this.#files++));
    return { path, handle: await open(path, "wx", 0o600) };
  }
}

import type { Buffer } from "node:buffer";
import { constants, createReadStream } from "node:fs";
import { copyFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ApplicationError } from "../errors.ts";

export interface SaveOptions {
  /**
   * Replaces a file that is there already.
   *
   * @defaultValue `false`: saving fails with `EEXIST`
   */
  overwrite?: boolean;
}

/** A file that came with a form: in memory when it is small, else in a file that goes when the request ends. */
export class Upload {
  /** The client's name for it, without folders, control characters and dots in front. It says nothing about the content. */
  readonly filename: string;
  /** The type the client claims, such as `image/png`. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  readonly #content: Buffer | string;

  /** @param content - the bytes, or the path of the temporary file that has them */
  constructor(filename: string, type: string, size: number, content: Buffer | string) {
    this.filename = filename;
    this.type = type;
    this.size = size;
    this.#content = content;
  }

  /** The temporary file, or `undefined` when the content is in memory. */
  get path(): string | undefined {
    return typeof this.#content === "string" ? this.#content : undefined;
  }

  /** The content, piece by piece. May be called more than once. */
  stream(): Readable {
    if (typeof this.#content !== "string") return Readable.from([this.#content], { objectMode: false });
    return createReadStream(this.#content);
  }

  /** The whole content. */
  async bytes(): Promise<Buffer> {
    return typeof this.#content === "string" ? readFile(this.#content) : this.#content;
  }

  /** The whole content as UTF-8. */
  async text(): Promise<string> {
    return (await this.bytes()).toString("utf8");
  }

  /** The content that is in memory; `undefined` for a file on disk. */
  get buffer(): Buffer | undefined {
    return typeof this.#content === "string" ? undefined : this.#content;
  }

  /**
   * Writes the content to a file that outlives the request, and gives its path.
   *
   * @param destination - a file, or a folder that exists, which then gets a file of the client's name
   * @throws ApplicationError `UPLOAD_NAME`: a folder was given and the client sent no usable name
   */
  async save(destination: string | URL, options: SaveOptions = {}): Promise<string> {
    const target = await this.#target(destination instanceof URL ? fileURLToPath(destination) : destination);
    if (typeof this.#content === "string") {
      await copyFile(this.#content, target, options.overwrite ? 0 : constants.COPYFILE_EXCL);
    } else {
      await writeFile(target, this.#content, { flag: options.overwrite ? "w" : "wx" });
    }
    return target;
  }

  async #target(path: string): Promise<string> {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) return path;
    if (this.filename !== "") return join(path, this.filename);
    throw new ApplicationError("UPLOAD_NAME", `the upload has no file name: give save() a file, not ${path}`);
  }
}

/** A client's file name without what could leave a folder or hide in a listing. */
export function safeFilename(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const base = name.replace(/^.*[/\\]/s, "").replace(/[\x00-\x1f\x7f-\x9f]/g, "");
  return base.replace(/^[.\s]+/, "");
}

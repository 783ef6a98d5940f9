import type { FileBody } from "../gateway/types.ts";

/** A file as result. Made by `web.file()`. */
export class FileResult {
  readonly body: FileBody;
  readonly type: string;
  /** Bytes. */
  readonly size: number;

  constructor(body: FileBody, type: string, size: number) {
    this.body = body;
    this.type = type;
    this.size = size;
  }
}

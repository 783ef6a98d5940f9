import type { FileBody, Header } from "../gateway/types.ts";

/** A file as result. Made by `web.file()`. */
export class FileResult {
  readonly body: FileBody;
  readonly type: string;
  /** Bytes that are sent. */
  readonly size: number;
  readonly status: 200 | 206;
  /** Besides type and length; one that the handler has set stays. */
  readonly headers: readonly Header[];

  constructor(body: FileBody, type: string, size: number, status: 200 | 206, headers: readonly Header[]) {
    this.body = body;
    this.type = type;
    this.size = size;
    this.status = status;
    this.headers = headers;
  }
}

// Values that the modules of a bundled CGI script keep for the requests to come, such as templates as they were parsed.

/** How many characters of JSON are kept: each request has to read them. Past it, what this request did not use is forgotten. */
const MAX_CHARACTERS = 100_000;

export class KeptValues {
  /** Whether there is something that was not kept before. */
  hasNew = false;
  readonly #bytes: Uint8Array | undefined;
  #values: Map<string, unknown> | undefined;
  readonly #used = new Set<string>();

  /** @param bytes as {@link KeptValues.text} gave them, one for each character */
  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes;
  }

  get(key: string): unknown {
    this.#used.add(key);
    return this.#all().get(key);
  }

  set(key: string, value: unknown): void {
    this.#used.add(key);
    this.#all().set(key, value);
    this.hasNew = true;
  }

  /** JSON in ASCII. */
  text(): string {
    const all = this.#json(() => true);
    if (all.length <= MAX_CHARACTERS) return all;
    const used = this.#json((key) => this.#used.has(key));
    return used.length <= MAX_CHARACTERS ? used : "";
  }

  #json(isWanted: (key: string) => boolean): string {
    const entries = [...this.#all()].filter(([key]) => isWanted(key));
    if (entries.length === 0) return "";
    return JSON.stringify(entries).replace(/[\u0080-\uffff]/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
  }

  #all(): Map<string, unknown> {
    this.#values ??= new Map(read(this.#bytes));
    return this.#values;
  }
}

function read(bytes: Uint8Array | undefined): [string, unknown][] {
  if (bytes === undefined || bytes.length === 0) return [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  return JSON.parse(text) as [string, unknown][];
}

import type { Header } from "../../gateway/types.ts";

/** The headers of a response on its way through a middleware. Names are found whatever their case. */
export class HeaderList {
  #list: Header[];

  /** @param list - belongs to this object from here on */
  constructor(list: Header[]) {
    this.#list = list;
  }

  /** In the order in which they are sent. */
  get list(): readonly Header[] {
    return this.#list;
  }

  /** The value of the first header of a name. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    for (const [other, value] of this.#list) if (isNamed(other, wanted)) return value;
    return undefined;
  }

  /** The values of all headers of a name as one (RFC 9110 §5.3); `""` where there is none. */
  joined(name: string): string {
    const wanted = name.toLowerCase();
    return this.#list.flatMap(([other, value]) => (isNamed(other, wanted) ? [value] : [])).join(", ");
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Takes the place of all headers of this name. */
  set(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  add(name: string, value: string): void {
    this.#list.push([name, value]);
  }

  remove(name: string): void {
    const unwanted = name.toLowerCase();
    if (this.has(name)) this.#list = this.#list.filter(([other]) => !isNamed(other, unwanted));
  }

  /** Says that the response depends on this header of the request, if that is not said already (RFC 9110 §12.5.5). */
  vary(name: string): void {
    const wanted = name.toLowerCase();
    const values = this.#list.filter(([other]) => isNamed(other, "vary")).map(([, value]) => value);
    const named = values.join(",").toLowerCase().split(",");
    if (named.some((other) => other.trim() === wanted || other.trim() === "*")) return;
    this.set("Vary", [...values, name].join(", "));
  }
}

/** Names of another length are told apart without making a string. */
function isNamed(name: string, lower: string): boolean {
  return name.length === lower.length && name.toLowerCase() === lower;
}

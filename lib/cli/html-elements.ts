// The elements of an HTML page and where they stand in its text: enough to show a part of a page. It follows the
// standard's rules for void elements, raw text and tags that may be left out, not its repairs of broken pages.

export interface HtmlElement {
  /** In small letters. */
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly parent: HtmlElement | undefined;
  readonly start: number;
  /** Behind its end tag, or where the next element ends it. */
  end: number;
}

const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));

/** Their text holds no tags. */
const RAW = new Set(["script", "style", "textarea", "title"]);

/** Elements that end without a tag where one of these begins. */
const ENDED_BY: Readonly<Record<string, string>> = {
  li: "li",
  dt: "dt dd",
  dd: "dt dd",
  option: "option optgroup",
  tr: "tr tbody tfoot",
  td: "td th tr tbody tfoot",
  th: "td th tr tbody tfoot",
  p: "address article aside blockquote div dl fieldset footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section table ul",
};

/** What such an element cannot be ended from within. */
const SHELTER = new Set("ul ol dl table select div section article".split(" "));

const TOKEN = /<!--.*?-->|<![^>]*>|<(\/?)([a-z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gis;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;

/** All elements in the order of their start tags. */
export function htmlElements(html: string): HtmlElement[] {
  const elements: HtmlElement[] = [];
  let open: HtmlElement | undefined;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(html); token !== null; token = TOKEN.exec(html)) {
    const [whole, slash, name, rest = ""] = token;
    if (name === undefined) continue;
    const tag = name.toLowerCase();
    if (slash === "/") {
      open = close(open, tag, token.index, token.index + whole.length);
      continue;
    }
    open = endImplied(open, tag, token.index);
    const end = token.index + whole.length;
    const element = { tag, attributes: attributesOf(rest), parent: open, start: token.index, end };
    elements.push(element);
    if (VOID.has(tag)) continue;
    open = element;
    if (RAW.has(tag)) TOKEN.lastIndex = endOfRawText(html, tag, end);
  }
  for (; open !== undefined; open = open.parent) open.end = html.length;
  return elements;
}

/** Ends the innermost open element of that name and all in it; a stray end tag ends nothing. */
function close(
  open: HtmlElement | undefined,
  tag: string,
  at: number,
  behind: number,
): HtmlElement | undefined {
  let found = open;
  while (found !== undefined && found.tag !== tag) found = found.parent;
  if (found === undefined) return open;
  for (let element = open; element !== undefined && element !== found; element = element.parent)
    element.end = at;
  found.end = behind;
  return found.parent;
}

function endImplied(open: HtmlElement | undefined, tag: string, at: number): HtmlElement | undefined {
  for (let element = open; element !== undefined && !SHELTER.has(element.tag); element = element.parent) {
    if (!ENDED_BY[element.tag]?.split(" ").includes(tag)) continue;
    return endImplied(close(open, element.tag, at, at), tag, at);
  }
  return open;
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = "", ...values] of text.matchAll(ATTRIBUTE)) {
    const key = name.toLowerCase();
    if (!attributes.has(key)) attributes.set(key, values.find((value) => value !== undefined) ?? "");
  }
  return attributes;
}

function endOfRawText(html: string, tag: string, from: number): number {
  const end = html.slice(from).search(new RegExp(`</${tag}[\\s/>]`, "i"));
  return end === -1 ? html.length : from + end;
}

// A page as a browser reads it, broken markup too: parse5 is the HTML standard's own algorithm.

import {
  type DefaultTreeAdapterMap,
  defaultTreeAdapter,
  parse,
  type DefaultTreeAdapterTypes as Tree,
  type TreeAdapter,
} from "parse5";

/** One page, which does not change: no script runs. */
export class HtmlPage {
  /** In the order of the tree, which is that of their start tags but in tables that hold what does not belong there. */
  readonly elements: readonly HtmlElement[];
  readonly #forms = new Map<HtmlElement, HtmlElement>();

  constructor(html: string) {
    const formNodes = new Map<Tree.Element, Tree.Element>();
    const document = parse(html, {
      sourceCodeLocationInfo: true,
      // Where scripts do not run, the content of <noscript> counts.
      scriptingEnabled: false,
      treeAdapter: notingForms(formNodes),
    });
    const elements = new Map<Tree.Element, HtmlElement>();
    adopt(document, undefined, html, elements);
    this.elements = [...elements.values()];
    for (const [node, formNode] of formNodes) {
      const [element, form] = [elements.get(node), elements.get(formNode)];
      if (element !== undefined && form !== undefined) this.#forms.set(element, form);
    }
  }

  /**
   * The form to which a control belongs that has no attribute `form` (§4.10.17.3): the one between whose tags it stands, or
   * else one around it. A form in a table is closed at once, so that nothing is ever in it.
   */
  formOf(element: HtmlElement): HtmlElement | undefined {
    return this.#forms.get(element) ?? element.closest("form");
  }

  /** What stands between the tags of `<title>`. */
  get title(): string {
    return this.elements.find(({ tag }) => tag === "title")?.text ?? "";
  }

  /** What can be read on the page. */
  get text(): string {
    return this.elements.find(({ tag }) => tag === "body")?.text ?? "";
  }
}

/** Notes of each element the parser's form element pointer at its start tag (§13.2.6.1, "create an element for a token"). */
function notingForms(forms: Map<Tree.Element, Tree.Element>): TreeAdapter<DefaultTreeAdapterMap> {
  return {
    ...defaultTreeAdapter,
    onElementCreated(element, { formElement, isInTemplate }) {
      if (formElement !== null && !isInTemplate) forms.set(element, formElement);
    },
  };
}

function adopt(
  node: Tree.ParentNode,
  parent: HtmlElement | undefined,
  source: string,
  elements: Map<Tree.Element, HtmlElement>,
): (HtmlElement | string)[] {
  const content: (HtmlElement | string)[] = [];
  for (const child of node.childNodes) {
    if ("value" in child) content.push(child.value);
    if (!("tagName" in child)) continue;
    const element = new HtmlElement(child, parent, source);
    elements.set(child, element);
    element.content.push(...adopt(child, element, source, elements));
    content.push(element);
  }
  return content;
}

/** Nobody reads what is in these. */
const UNSEEN = new Set("datalist head option script select style template textarea title".split(" "));

/** A line of text does not go on into or out of these. */
const BLOCK = new Set(
  (
    "address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 " +
    "h5 h6 header hr li main nav ol p pre section summary table tbody tfoot thead tr ul"
  ).split(" "),
);

export class HtmlElement {
  /** In small letters. */
  readonly tag: string;
  /** The names in small letters, the values decoded. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly parent: HtmlElement | undefined;
  /** Elements and text between its tags. */
  readonly content: (HtmlElement | string)[] = [];
  /** As it stands in the page; `""` where the parser has added it. */
  readonly html: string;

  constructor(node: Tree.Element, parent: HtmlElement | undefined, source: string) {
    const { sourceCodeLocation: at } = node;
    this.tag = node.tagName.toLowerCase();
    this.attributes = new Map(node.attrs.map(({ name, value }) => [name.toLowerCase(), value]));
    this.parent = parent;
    this.html = at ? source.slice(at.startOffset, at.endOffset) : "";
  }

  /** The value of an attribute, or `undefined`. */
  attribute(name: string): string | undefined {
    return this.attributes.get(name);
  }

  /** What can be read of it: blanks as one, blocks on lines of their own. */
  get text(): string {
    return readable(this)
      .replace(/[^\S\n]*\n\s*/g, "\n")
      .replace(/[^\S\n]+/g, " ")
      .trim();
  }

  /** All text in it, as it is. */
  get textContent(): string {
    return this.content.map((node) => (typeof node === "string" ? node : node.textContent)).join("");
  }

  /** The innermost element around it, or itself, that is one of these. */
  closest(...tags: readonly string[]): HtmlElement | undefined {
    return tags.includes(this.tag) ? this : this.parent?.closest(...tags);
  }
}

function readable(element: HtmlElement): string {
  if (element.tag === "pre") return element.textContent;
  return element.content
    .map((node) => {
      if (typeof node === "string") return node.replace(/\s+/g, " ");
      if (node.tag === "br") return "\n";
      if (UNSEEN.has(node.tag) || node.attributes.has("hidden")) return "";
      const text = readable(node);
      if (BLOCK.has(node.tag)) return `\n${text}\n`;
      return node.tag === "td" || node.tag === "th" ? ` ${text} ` : text;
    })
    .join("");
}

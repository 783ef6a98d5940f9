import type { HtmlElement, HtmlPage } from "./html-page.ts";

/** A link of the page a browser shows. */
export interface BrowserLink {
  readonly element: HtmlElement;
  /** What it says: its text, else its label, else what stands for its picture. */
  readonly text: string;
  /** As it stands in the page. */
  readonly href: string;
  /** Where it leads. */
  readonly url: URL;
  /** It hides the page that it stands on. */
  readonly noReferrer: boolean;
}

/** The links that a browser can follow, in the order of the page. */
export function linksOf(page: HtmlPage, base: URL): BrowserLink[] {
  return page.elements.flatMap((element) => {
    const href = element.attribute("href")?.trim();
    if (!["a", "area"].includes(element.tag) || href === undefined || !URL.canParse(href, base.href))
      return [];
    const url = new URL(href, base);
    if (!/^https?:$/.test(url.protocol)) return [];
    const noReferrer = /\bnoreferrer\b/i.test(element.attribute("rel") ?? "");
    return [{ element, text: textOf(element), href, url, noReferrer }];
  });
}

function textOf(element: HtmlElement): string {
  return element.text || (element.attribute("aria-label") ?? element.attribute("alt") ?? pictureOf(element));
}

function pictureOf(element: HtmlElement): string {
  for (const node of element.content) {
    if (typeof node === "string") continue;
    const alt = node.tag === "img" ? node.attribute("alt") : pictureOf(node);
    if (alt) return alt;
  }
  return "";
}

import { redirect, type Web } from "postern";
import { findVersion } from "./pages.ts";
import { show } from "./site.ts";

export const home = redirect("/Home");

export class Page {
  async GET(web: Web, name: string) {
    const version = await findVersion(name);
    if (version === undefined) web.status = 404;
    return show(web, "page", { title: name, name, version, html: toHtml(web, version?.text ?? "") });
  }
}

/** Paragraphs, and links to pages: [[Name]]. */
export function toHtml(web: Web, text: string): string {
  const escaped = text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const linked = escaped.replace(/\[\[([A-Z][A-Za-z0-9]*)\]\]/g, (_link, name: string) => {
    return `<a href="${web.url(`/${name}`)}">${name}</a>`;
  });
  const paragraphs = linked.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== "");
  return paragraphs.map((paragraph) => `<p>${paragraph}</p>`).join("\n");
}

// Inheritance of the mustache specification ({{<parent}} and {{$block}}), which the package does not know. It is
// written as sections whose names begin with `<` and `$`, so the package's own parser reads it. What a block or a
// parent stands indented by is not carried over to what fills it.

const TAG = /\{\{\{[\s\S]*?\}\}\}|\{\{([<$#^/!]?)\s*([\s\S]*?)\s*\}\}/g;

/** Templates without a tag of inheritance are left as they are. So are those that change the delimiters. */
export function withInheritance(text: string): string {
  if (!/\{\{[<$]/.test(text) || text.includes("{{=")) return text;
  const open: string[] = [];
  return text.replace(TAG, (tag: string, sigil: string | undefined, name: string) => {
    switch (sigil) {
      case "<":
      case "$":
        open.push(sigil);
        return `{{#${sigil}${name}}}`;
      case "#":
      case "^":
        open.push("");
        return tag;
      case "/":
        return `{{/${open.pop() ?? ""}${name}}}`;
      default:
        return tag;
    }
  });
}

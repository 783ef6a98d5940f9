// Programs of templates as JSON can tell them. To parse a template costs a CGI script more than all else that it does for a page.

import { keptValues } from "./kept-values.ts";
import type { TemplateNode, TemplateTag } from "./template-node.ts";
import { type Delimiters, TemplateSource } from "./template-source.ts";

/** A part of the text that has it: see {@link TemplateSource.part}. */
type KeptPart = readonly [offset: number, text: string, delimiters: Delimiters];

/** A tag, without the source that it stands in. */
interface KeptTag {
  readonly nodes?: KeptNodes;
  readonly content?: KeptPart;
  readonly blocks?: readonly (readonly [name: string, content: KeptPart])[];
}

type KeptNodes = readonly (string | KeptTag)[];

/**
 * What a text is made into: by an earlier request, where there was one that kept it.
 *
 * @param parse makes it now
 */
export function keptProgram(
  source: TemplateSource,
  parse: () => readonly TemplateNode[],
): readonly TemplateNode[] {
  const kept = source.isMade ? undefined : keptValues();
  if (kept === undefined) return parse();
  // The whole text, so that whatever has changed is parsed anew.
  const key = `template ${source.delimiters.join(" ")} ${source.text}`;
  const nodes = kept.get(key) as KeptNodes | undefined;
  if (nodes !== undefined) return placed(nodes, source);
  const program = parse();
  kept.set(key, JSON.parse(JSON.stringify(program, asKept)));
  return program;
}

function asKept(name: string, value: unknown): unknown {
  if (name === "source") return undefined;
  if (value instanceof TemplateSource) return [value.offset, value.text, value.delimiters] satisfies KeptPart;
  return value instanceof Map ? [...value] : value;
}

/** The same nodes, each with its source again. */
function placed(nodes: KeptNodes, source: TemplateSource): readonly TemplateNode[] {
  return nodes.map((node) => (typeof node === "string" ? node : placedTag(node, source)));
}

function placedTag(tag: KeptTag, source: TemplateSource): TemplateTag {
  const { nodes, content, blocks } = tag;
  const part = (content: KeptPart) => source.part(...content);
  return {
    ...tag,
    source,
    ...(nodes && { nodes: placed(nodes, source) }),
    ...(content && { content: part(content) }),
    ...(blocks && { blocks: new Map(blocks.map(([name, content]) => [name, part(content)])) }),
  } as TemplateTag;
}

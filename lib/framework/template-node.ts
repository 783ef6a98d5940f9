// What a template's text is made into. Text is a string; all else says where it stands.

import type { TemplateName } from "./template-scope.ts";
import type { Delimiters, TemplateSource } from "./template-source.ts";

export type TemplateNode = string | TemplateTag;

export type TemplateTag = Variable | Section | Partial | Parent | Block;

interface Tag {
  readonly source: TemplateSource;
  readonly start: number;
}

/** `{{name}}`, or as it is `{{{name}}}` and `{{&name}}`. */
export interface Variable extends Tag {
  readonly kind: "variable" | "raw";
  readonly name: TemplateName;
}

/** `{{#name}}` or `{{^name}}` up to `{{/name}}`. */
export interface Section extends Tag {
  readonly kind: "section" | "inverted";
  readonly name: TemplateName;
  readonly nodes: readonly TemplateNode[];
  /** Where in the source its content is. */
  readonly contentStart: number;
  readonly contentEnd: number;
  readonly delimiters: Delimiters;
}

/** A template's name as it is written, or a name of the view's that has it: `{{>*name}}`. */
export type PartialName = string | TemplateName;

/** `{{>name}}`. */
export interface Partial extends Tag {
  readonly kind: "partial";
  readonly name: PartialName;
  readonly indentation: string;
}

/** `{{<name}}` up to `{{/name}}`. */
export interface Parent extends Tag {
  readonly kind: "parent";
  readonly name: PartialName;
  readonly indentation: string;
  /** What it puts into the blocks of the parent. */
  readonly blocks: ReadonlyMap<string, TemplateSource>;
}

/** `{{$name}}` up to `{{/name}}`, where something else can be put in. */
export interface Block extends Tag {
  readonly kind: "block";
  readonly name: string;
  readonly indentation: string;
  /** What is there when nothing is put in. */
  readonly content: TemplateSource;
}

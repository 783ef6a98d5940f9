// What the compiler knows of a form: the values that its fields' names make together.

import type { Field } from "./field.ts";
import type { FormField } from "./form-field.ts";

export type AnyField = Field<string, unknown, unknown>;

/** Values as they are typed, before anything has said that they are right. */
export type Drafts<Fields extends readonly AnyField[]> = Together<
  { [I in keyof Fields]: Nested<Fields[I]["name"], Fields[I]["types"]["draft"]> }[number]
>;

/** Values that have passed the rules of their fields. */
export type Values<Fields extends readonly AnyField[]> = Together<
  { [I in keyof Fields]: Nested<Fields[I]["name"], Fields[I]["types"]["value"]> }[number]
>;

/** The fields of one request, under their names. */
export type FieldTree<Fields extends readonly AnyField[]> = Together<
  { [I in keyof Fields]: Nested<Fields[I]["name"], FieldOf<Fields[I]>> }[number]
>;

type FieldOf<F extends AnyField> = F extends { readonly fields: infer Inner extends readonly AnyField[] }
  ? FormField<F["types"]["draft"]> & { readonly rows: readonly FieldTree<Inner>[] }
  : FormField<F["types"]["draft"]>;

/** `address.city` with a value as `{ address: { city: value } }`. */
type Nested<Name extends string, V> = [V] extends [never] ? Record<never, never> : Build<Dotted<Name>, V>;

type Dotted<Name extends string> = Name extends `${infer Before}[${infer Index}]${infer After}`
  ? Dotted<`${Before}.${Index}${After}`>
  : Name;

type Build<Path extends string, V> = Path extends `${infer Head}.${infer Rest}`
  ? At<Head, Build<Rest, V>>
  : At<Path, V>;

type At<Segment extends string, V> = Segment extends `${number}` ? V[] : { [K in Segment]: V };

type Together<Union> = (Union extends unknown ? (one: Union) => void : never) extends (one: infer All) => void
  ? { [K in keyof All]: All[K] }
  : never;

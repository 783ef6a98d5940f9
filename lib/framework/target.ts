// What the right-hand side of a URL map may be, as the compiler sees it: how many arguments a handler gets
// is counted in its pattern.

import type { Mountable } from "./application.ts";
import type { HttpResponse } from "./http-response.ts";
import type { Method } from "./method.ts";
import type { Mount } from "./mount.ts";
import type { Lazy, Processed } from "./target-wrappers.ts";
import type { Web } from "./web.ts";

/** What a handler is called with: the request, then one string for each group of the pattern. */
type HandlerArguments<Pattern> = readonly [web: Web, ...groups: Groups<Pattern>];

/** An object with methods named after HTTP methods. */
export type Handler<Pattern = string> = {
  readonly [M in Method]?: (...args: HandlerArguments<Pattern>) => unknown;
} & {
  /**
   * `false` lets pages of any origin send unsafe methods to this handler, whatever the application's option
   * `checkOrigin` says. Right only for one that looks at no cookie and no HTTP authentication, such as a webhook.
   */
  readonly checkOrigin?: boolean;
};

/** A class of handlers; an instance is made for each request. */
export type HandlerClass<Pattern = string> = new (web: Web) => Handler<Pattern>;

/** A function that answers every known method. */
export type HandlerFunction<Pattern = string> = (...args: HandlerArguments<Pattern>) => unknown;

type HandlerTarget<Pattern> = Handler<Pattern> | HandlerClass<Pattern> | HandlerFunction<Pattern>;

/**
 * What a pattern leads to. An application is mounted: its pattern is a prefix that ends at a `/`. (It is named by
 * its methods here: two kinds of functions would leave one written in place without types. A gateway application of
 * another kind is a function like a handler, so `mount()` has to say what it is.)
 */
export type Target<Pattern = string> =
  | HandlerTarget<Pattern>
  | Lazy<HandlerTarget<Pattern>>
  | Processed<HandlerTarget<Pattern> | Lazy<HandlerTarget<Pattern>>>
  | Mountable
  | Mount
  | HttpResponse;

/** One line of a URL map. A name is what `web.url()` builds links of. */
export type Route<Pattern = string | RegExp> = readonly [
  pattern: Pattern,
  target: Target<Pattern>,
  name?: string,
];

/**
 * Says of each route of a map whether its handlers fit its pattern. The map itself is what is inferred, so that
 * handlers written in place have their types.
 */
export type Checked<Urls extends readonly unknown[]> = {
  readonly [I in keyof Urls]: Urls[I] extends readonly [infer Pattern, infer T, string?]
    ? [T] extends [Target<Pattern>]
      ? unknown
      : HandlerMismatch<HandlerArguments<Pattern>>
    : unknown;
};

/** What the compiler shows where a handler takes other arguments than its pattern gives: those are `Given`. */
interface HandlerMismatch<Given> {
  readonly "the arguments of this handler do not fit the groups of its pattern": Given;
}

// A group that can be left out of a match (`(a)?`, `(a)|(b)`) is undefined then. Nested alternatives
// such as `(?:a|b(c))` are not seen here.
type Group<Pattern extends string> = Pattern extends
  | `${string})?${string}`
  | `${string})*${string}`
  | `${string}){0${string}`
  | `${string})|${string}`
  | `${string}|(${string}`
  ? string | undefined
  : string;

type Groups<Pattern> = Pattern extends string
  ? string extends Pattern
    ? string[]
    : Count<Pattern, Group<Pattern>>
  : string[];

// Reads a pattern one character at a time, so that escapes and character classes hide their parentheses.
type Count<Rest extends string, G, Found extends G[] = []> = Rest extends `\\${infer After}`
  ? After extends `${string}${infer Next}`
    ? Count<Next, G, Found>
    : Found
  : Rest extends `[${infer After}`
    ? InClass<After, G, Found>
    : Rest extends `(${infer After}`
      ? Count<After, G, Captures<After> extends true ? [...Found, G] : Found>
      : Rest extends `/:${infer After}`
        ? Count<After, G, StartsName<After> extends true ? [...Found, G] : Found>
        : Rest extends `${string}${infer Next}`
          ? Count<Next, G, Found>
          : Found;

type InClass<Rest extends string, G, Found extends G[]> = Rest extends `\\${infer After}`
  ? After extends `${string}${infer Next}`
    ? InClass<Next, G, Found>
    : Found
  : Rest extends `]${infer After}`
    ? Count<After, G, Found>
    : Rest extends `${string}${infer Next}`
      ? InClass<Next, G, Found>
      : Found;

// `(` and `(?<name>` capture; `(?:`, `(?=`, `(?!`, `(?<=` and `(?<!` do not.
type Captures<After extends string> = After extends `?<=${string}` | `?<!${string}`
  ? false
  : After extends `?<${string}`
    ? true
    : After extends `?${string}`
      ? false
      : true;

type StartsName<After extends string> = After extends `${infer First}${string}`
  ? Lowercase<First> extends Letter
    ? true
    : false
  : false;

type Letter =
  | ("a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l" | "m")
  | ("n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x" | "y" | "z" | "_");

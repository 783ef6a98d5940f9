// Names of templates, and what they stand for in a stack of views.

import { TemplateError } from "./template-error.ts";
import { LoopPosition } from "./template-loop.ts";
import { isThenable } from "./thenable.ts";

/** A name of a tag's: `user.name`, `.`, `@index`. */
export interface TemplateName {
  readonly text: string;
  readonly first: string;
  /** What follows dots. */
  readonly rest: readonly string[];
  /** Every object has such a name, so it counts only where a view has it itself. */
  readonly everywhere: boolean;
  /** The part after the `@` of a name that loops have. */
  readonly loop: string | undefined;
}

/** A name that nothing has. */
export const MISSING = Symbol("missing");

/** A function that takes a section's text and returns another (mustache specification, `~lambdas`). */
export class TextLambda {
  readonly #lambda: (text: string) => unknown;
  readonly #self: unknown;

  constructor(lambda: (text: string) => unknown, self: unknown) {
    this.#lambda = lambda;
    this.#self = self;
  }

  call(text: string): unknown {
    return this.#lambda.call(this.#self, text);
  }
}

/** A view, and those around it. */
export class TemplateScope {
  readonly view: unknown;
  readonly parent: TemplateScope | undefined;
  /** The view's place in the list that is looped over, counted from 0; -1 where it is in none. */
  readonly index: number;
  readonly length: number;

  constructor(view: unknown, parent?: TemplateScope, index = -1, length = 0) {
    this.view = view;
    this.parent = parent;
    this.index = index;
    this.length = length;
  }

  /**
   * The value of a name, which the innermost view has that knows its first part. Functions are called: one that is a
   * view's own property with the innermost view as `this`, as the package mustache does; a method of a class, and
   * what follows a dot, with the object that has it.
   *
   * @param section - gives functions of one parameter as `TextLambda` instead of calling them
   * @throws TemplateError `TEMPLATE_VALUE`: it is a promise, or a part of one
   */
  lookup({ text, first, rest, everywhere, loop }: TemplateName, section = false): unknown {
    let value: unknown;
    if (first === ".") {
      value = this.view;
    } else {
      let scope: TemplateScope | undefined = this;
      while (scope !== undefined && !has(scope.view, first, everywhere)) scope = scope.parent;
      if (scope !== undefined) {
        const view = scope.view as Record<string, unknown>;
        value = view[first];
        if (typeof value === "function") {
          const self = Object.hasOwn(view, first) ? this.view : view;
          if (section && rest.length === 0 && value.length === 1) {
            return new TextLambda(value as (text: string) => unknown, self);
          }
          value = value.call(self);
        }
      } else if (loop !== undefined) {
        value = LoopPosition.of(this)?.[loop as keyof LoopPosition] ?? MISSING;
      } else {
        return MISSING;
      }
    }
    for (const part of rest) {
      refusePromise(value, text);
      if (!hasPart(value, part)) return MISSING;
      const holder = value as Record<string, unknown>;
      value = holder[part];
      if (typeof value === "function") value = value.call(holder);
    }
    refusePromise(value, text);
    return value;
  }
}

/** Rendering does not wait, and as a condition every promise would hold. */
export function refusePromise(value: unknown, name: string): void {
  if (isThenable(value)) {
    // Nobody waits for it any more: that it fails as well must not end the process.
    value.then(undefined, () => {});
    throw new TemplateError("TEMPLATE_VALUE", `"${name}" is a promise: await it before it is shown`);
  }
}

const EVERYWHERE: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

export function templateName(text: string): TemplateName {
  const parts = text === "." ? [text] : text.split(".");
  const first = parts[0] ?? "";
  const loop = first.startsWith("@") && LoopPosition.names.has(first.slice(1)) ? first.slice(1) : undefined;
  return { text, first, rest: parts.slice(1), everywhere: EVERYWHERE.has(first), loop };
}

function has(view: unknown, name: string, everywhere: boolean): boolean {
  if (typeof view !== "object" || view === null) return false;
  return everywhere ? Object.hasOwn(view, name) : name in view;
}

// Strings have a length and characters, so these are found after a dot.
function hasPart(value: unknown, name: string): boolean {
  if (value === null || value === undefined || value === MISSING) return false;
  return typeof value === "object"
    ? has(value, name, EVERYWHERE.has(name))
    : Object.hasOwn(Object(value) as object, name);
}

import { GatewayError } from "../errors.ts";
import type { HtmlElement, HtmlPage } from "./html-page.ts";

/** One step of a selector, such as `a.menu[href]`. */
interface Step {
  readonly tag: string | undefined;
  readonly classes: readonly string[];
  readonly attributes: readonly (readonly [name: string, value: string | undefined])[];
}

const PART = /([#.])([\w-]+)|\[\s*([\w:-]+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*)?\]/y;
const TAG = /\*|[a-z][\w-]*/iy;

/**
 * The elements that a selector finds, in the order of the page.
 *
 * @param selector tags, `.class`, `#id`, `[attribute]`, `[attribute=value]`, and blanks for descendants
 * @throws {GatewayError} `SELECTOR`: it holds anything else
 */
export function selectElements(page: HtmlPage, selector: string): HtmlElement[] {
  const steps = parse(selector);
  return page.elements.filter((element) => fits(element, steps));
}

function parse(selector: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at;
    const match = expression.exec(selector);
    if (match !== null) at += match[0].length;
    return match;
  };
  while (take(/\s*/y) && at < selector.length) {
    const begin = at;
    const tag = take(TAG)?.[0].toLowerCase();
    const classes: string[] = [];
    const attributes: [string, string | undefined][] = [];
    for (let part = take(PART); part !== null; part = take(PART)) {
      const [, mark, word = "", name = "", ...values] = part;
      if (mark === ".") classes.push(word);
      else if (mark === "#") attributes.push(["id", word]);
      else attributes.push([name.toLowerCase(), values.find((value) => value !== undefined)]);
    }
    const complete = at === selector.length || /\s/.test(selector[at] ?? "");
    if (at === begin || !complete) {
      throw new GatewayError(
        "SELECTOR",
        `The selector ${selector} cannot be read from "${selector.slice(at)}" on: it may hold tags, .classes, #ids, [attributes] and blanks between them.`,
      );
    }
    steps.push({ tag: tag === "*" ? undefined : tag, classes, attributes });
  }
  return steps;
}

/** The last step must fit the element, those before it elements around it. */
function fits(element: HtmlElement, steps: readonly Step[]): boolean {
  const last = steps.at(-1);
  if (last === undefined || !fitsStep(element, last)) return false;
  const before = steps.slice(0, -1);
  let around = element.parent;
  for (let step = before.pop(); step !== undefined; step = before.pop()) {
    while (around !== undefined && !fitsStep(around, step)) around = around.parent;
    if (around === undefined) return false;
    around = around.parent;
  }
  return true;
}

function fitsStep({ tag, attributes }: HtmlElement, step: Step): boolean {
  if (step.tag !== undefined && step.tag !== tag) return false;
  const classes = (attributes.get("class") ?? "").split(/\s+/);
  return (
    step.classes.every((name) => classes.includes(name)) &&
    step.attributes.every(([name, value]) => {
      return attributes.has(name) && (value === undefined || attributes.get(name) === value);
    })
  );
}

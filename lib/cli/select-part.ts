import { GatewayError } from "../errors.ts";
import type { CallResponse } from "../testing/call.ts";
import { HtmlPage } from "../testing/html-page.ts";
import { selectElements } from "../testing/html-selector.ts";
import { resolvePointer } from "./json-pointer.ts";

/**
 * The parts of a response's body that a selector names, as text: a JSON pointer where the body is JSON, else a
 * selector of elements.
 *
 * @throws {GatewayError} `SELECTOR`, `NO_JSON`
 */
export function selectPart(response: CallResponse, selector: string): string[] {
  if (!selector.startsWith("/") && selector !== "") {
    return selectElements(new HtmlPage(response.text), selector).map(({ html }) => html);
  }
  let value: unknown;
  try {
    value = JSON.parse(response.text);
  } catch (error) {
    const type = response.header("Content-Type") ?? "of no type";
    throw new GatewayError("NO_JSON", `${selector} is a JSON pointer, but the body (${type}) is no JSON.`, {
      cause: error,
    });
  }
  const found = resolvePointer(value, selector);
  if (found === undefined) return [];
  return [typeof found === "string" ? found : JSON.stringify(found, undefined, 2)];
}

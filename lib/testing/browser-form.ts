import { GatewayError } from "../errors.ts";
import type { CallResponse } from "./call.ts";
import {
  buttonText,
  controlsOf,
  entriesOf,
  type FieldValue,
  type FormControl,
  fillControls,
  isField,
  isSubmitter,
} from "./form-control.ts";
import type { FormEntry } from "./form-encoding.ts";
import type { HtmlElement, HtmlPage } from "./html-page.ts";

/** What a form sends, and how. */
export interface Submission {
  /** As in the page, relative to it; `""` is the page's own address. */
  readonly action: string;
  readonly method: "GET" | "POST";
  readonly encoding: "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain";
  readonly entries: readonly FormEntry[];
}

/**
 * A form of the page a browser shows. It keeps what was filled in as long as the page is shown.
 *
 * Nothing is validated here (`required`, `maxlength`, `type="email"`): that is for the convenience of users, and the
 * application must do without.
 */
export class BrowserForm {
  readonly element: HtmlElement;
  /** Fields and buttons, in the order of the page. */
  readonly controls: readonly FormControl[];
  readonly #send: (submission: Submission) => Promise<CallResponse>;

  constructor(page: HtmlPage, element: HtmlElement, send: (submission: Submission) => Promise<CallResponse>) {
    this.element = element;
    this.controls = controlsOf(page, element);
    this.#send = send;
  }

  /** The names of its fields. */
  get names(): string[] {
    const names = this.controls.filter(isField).map(({ name }) => name);
    return [...new Set(names)].filter((name) => name !== "");
  }

  /**
   * What the fields of a name hold: a text, the value of what is chosen, `true` or `false` of a box that stands alone,
   * a list of several.
   *
   * @throws {GatewayError} `NO_FIELD`
   */
  value(name: string): string | boolean | string[] | undefined {
    const fields = this.#named(name).filter(isField);
    const [first] = fields;
    if (first?.type === "checkbox" && fields.length === 1) return first.checked;
    const shown = fields.map((field) => ({ ...field, disabled: false }));
    const values = entriesOf(shown, undefined).map(([, value]) =>
      typeof value === "string" ? value.replaceAll("\r\n", "\n") : value instanceof File ? value.name : "",
    );
    const several = first?.multiple === true || (fields.length > 1 && first?.type !== "radio");
    return several ? values : values[0];
  }

  /**
   * Fills fields by name. A box that stands alone is ticked with `true`, of several those whose values are in a list;
   * a choice takes the value or what the user reads; a file field takes a `File`; `null` empties.
   *
   * @throws {GatewayError} `NO_FIELD`: there is none of that name; `FIELD`: a user could not do that
   */
  fill(values: Readonly<Record<string, FieldValue>>): this {
    for (const [name, value] of Object.entries(values)) fillControls(name, this.#named(name), value);
    return this;
  }

  /**
   * Sends the form with one of its buttons, and shows what comes of it.
   *
   * @param button its name or what it says; left out, the first one, as the Enter key does
   * @throws {GatewayError} `NO_BUTTON`: there is none, or it is disabled
   */
  async submit(button?: string | RegExp): Promise<CallResponse> {
    const submitter = this.#submitter(button);
    const attribute = (name: string): string =>
      submitter?.element.attribute(`form${name}`) ?? this.element.attribute(name) ?? "";
    const method = attribute("method").toLowerCase();
    if (method === "dialog") {
      throw new GatewayError(
        "NO_BUTTON",
        "a form of the method dialog is closed by the page: nothing is sent",
      );
    }
    return this.#send({
      action: attribute("action"),
      method: method === "post" ? "POST" : "GET",
      encoding: encodingOf(attribute("enctype")),
      entries: entriesOf(this.controls, submitter),
    });
  }

  #named(name: string): FormControl[] {
    const found = this.controls.filter((control) => control.name === name);
    if (found.length > 0) return found;
    const names = this.names.map((one) => `"${one}"`).join(", ") || "none";
    throw new GatewayError("NO_FIELD", `the form has no field "${name}": it has ${names}`);
  }

  #submitter(button: string | RegExp | undefined): FormControl | undefined {
    const buttons = this.controls.filter(isSubmitter);
    const fits = (text: string): boolean =>
      button instanceof RegExp ? button.test(text) : button === undefined || text === button;
    const found =
      button === undefined
        ? buttons[0]
        : (buttons.find((one) => fits(buttonText(one))) ?? buttons.find(({ name }) => fits(name)));
    if (button === undefined && found === undefined) return undefined;
    if (found?.disabled) throw new GatewayError("NO_BUTTON", `the button "${buttonText(found)}" is disabled`);
    if (found !== undefined) return found;
    const texts = buttons.map((one) => `"${buttonText(one)}"`).join(", ") || "none";
    throw new GatewayError("NO_BUTTON", `the form has no button ${String(button)}: it has ${texts}`);
  }
}

function encodingOf(word: string): Submission["encoding"] {
  const encoding = word.toLowerCase();
  if (encoding === "multipart/form-data" || encoding === "text/plain") return encoding;
  return "application/x-www-form-urlencoded";
}

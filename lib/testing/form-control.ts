// The controls of a form and what they send, as the HTML standard §4.10.21.4 has it.

import { GatewayError } from "../errors.ts";
import type { FormEntry } from "./form-encoding.ts";
import type { HtmlElement, HtmlPage } from "./html-page.ts";

/** What a field can be filled with: text, a tick, a file, or several for several of one name. */
export type FieldValue = string | number | boolean | Blob | readonly (string | number | Blob)[] | null;

/** One field of a form, or one button. */
export interface FormControl {
  readonly element: HtmlElement;
  readonly name: string;
  /** That of an `input` or `button`; else `select` or `textarea`. */
  readonly type: string;
  readonly disabled: boolean;
  readonly readonly: boolean;
  /** Whether it takes several values. */
  readonly multiple: boolean;
  /** Of a text what is in it, of a box or button what it stands for. */
  value: string;
  /** Boxes and radio buttons. */
  checked: boolean;
  /** The values of a `select`. */
  readonly options: readonly FormOption[];
  files: readonly Blob[];
}

export interface FormOption {
  readonly value: string;
  /** What the user reads. */
  readonly label: string;
  readonly disabled: boolean;
  selected: boolean;
}

/** What is sent of fields without a value, where it is not empty. */
const INITIAL: ReadonlyMap<string, string> = new Map([
  ["checkbox", "on"],
  ["radio", "on"],
  ["color", "#000000"],
]);

/** Line breaks in the values of these do not count (§4.10.5.1). */
const ONE_LINE = new Set(["text", "search", "tel", "url", "email", "password"]);

const BUTTONS = new Set(["submit", "image", "button", "reset"]);

/** The controls of a form in the order of the page, with those outside of it that name it. */
export function controlsOf(page: HtmlPage, form: HtmlElement): FormControl[] {
  const controls = page.elements.filter((element) => ownerOf(page, element) === form).map(toControl);
  // Of radio buttons of one name one is chosen: the last that is marked (§4.10.5.1.16).
  const chosen = new Map(controls.filter(isChosen).map((radio) => [radio.name, radio]));
  for (const radio of controls.filter(isChosen)) {
    radio.checked = radio.name === "" || chosen.get(radio.name) === radio;
  }
  return controls;
}

function isChosen({ type, checked }: FormControl): boolean {
  return type === "radio" && checked;
}

/** Buttons that send the form. */
export function isSubmitter({ type }: FormControl): boolean {
  return type === "submit" || type === "image";
}

/** Whether a user fills it in. */
export function isField({ type }: FormControl): boolean {
  return !BUTTONS.has(type);
}

/** What a button says. */
export function buttonText({ element, type, value }: FormControl): string {
  if (element.tag === "button") return element.text || (element.attribute("aria-label") ?? "");
  return value || (element.attribute("alt") ?? (type === "submit" ? "Submit" : ""));
}

function ownerOf(page: HtmlPage, element: HtmlElement): HtmlElement | undefined {
  if (!["input", "select", "textarea", "button"].includes(element.tag)) return undefined;
  const id = element.attribute("form");
  if (id === undefined) return page.formOf(element);
  const named = page.elements.find(({ attributes }) => id !== "" && attributes.get("id") === id);
  return named?.tag === "form" ? named : undefined;
}

function toControl(element: HtmlElement): FormControl {
  const type = typeOf(element);
  const options = type === "select" ? optionsOf(element) : [];
  return {
    element,
    name: element.attribute("name") ?? "",
    type,
    disabled: isDisabled(element),
    readonly: element.attributes.has("readonly"),
    multiple: element.attributes.has("multiple"),
    value: initialValue(element, type),
    checked: element.attributes.has("checked"),
    options,
    files: [],
  };
}

function typeOf({ tag, attributes }: HtmlElement): string {
  const type = attributes.get("type")?.toLowerCase() ?? "";
  if (tag === "button") return type === "button" || type === "reset" ? type : "submit";
  return tag === "input" ? type || "text" : tag;
}

function initialValue(element: HtmlElement, type: string): string {
  if (type === "textarea") return element.textContent;
  const value = element.attribute("value");
  if (value === undefined) return INITIAL.get(type) ?? "";
  return ONE_LINE.has(type) ? value.replace(/[\r\n]+/g, "") : value;
}

function optionsOf(select: HtmlElement): FormOption[] {
  const options = optionElements(select).map((option) => ({
    value: option.attribute("value") ?? labelOf(option),
    label: option.attribute("label") ?? labelOf(option),
    disabled:
      option.attributes.has("disabled") || option.closest("optgroup")?.attributes.has("disabled") === true,
    selected: option.attributes.has("selected"),
  }));
  if (select.attributes.has("multiple")) return options;
  // One at a time: the last that is marked, else the first that can be chosen (§4.10.7).
  const chosen =
    options.findLast(({ selected }) => selected) ??
    (Number(select.attribute("size") ?? 1) > 1 ? undefined : options.find(({ disabled }) => !disabled));
  for (const option of options) option.selected = option === chosen;
  return options;
}

function optionElements(element: HtmlElement): HtmlElement[] {
  return element.content.flatMap((node) => {
    if (typeof node === "string") return [];
    return node.tag === "option" ? [node] : optionElements(node);
  });
}

function labelOf(option: HtmlElement): string {
  return option.textContent.replace(/\s+/g, " ").trim();
}

/** Its own mark, or that of a fieldset around it, whose first legend is left out (§4.10.15). */
function isDisabled(element: HtmlElement): boolean {
  if (element.attributes.has("disabled")) return true;
  let inner = element;
  for (let around = element.parent; around !== undefined; around = around.parent) {
    if (around.tag === "fieldset" && around.attributes.has("disabled")) {
      const legend = around.content.find((node) => typeof node !== "string" && node.tag === "legend");
      if (inner !== legend) return true;
    }
    inner = around;
  }
  return false;
}

/** What a form sends, in the order of its controls. */
export function entriesOf(controls: readonly FormControl[], submitter: FormControl | undefined): FormEntry[] {
  const entries: FormEntry[] = [];
  for (const control of controls) {
    const { name, type, value } = control;
    if (control.disabled || control.element.closest("datalist")) continue;
    if (!isField(control) && control !== submitter) continue;
    if (type === "image") {
      // Clicked at its corner, as a keyboard does.
      const prefix = name === "" ? "" : `${name}.`;
      entries.push([`${prefix}x`, "0"], [`${prefix}y`, "0"]);
      continue;
    }
    if (name === "") continue;
    if (type === "select") {
      for (const { selected, disabled, ...option } of control.options) {
        if (selected && !disabled) entries.push([name, option.value]);
      }
    } else if (type === "checkbox" || type === "radio") {
      if (control.checked) entries.push([name, value]);
    } else if (type === "file") {
      const files =
        control.files.length > 0 ? control.files : [new File([], "", { type: "application/octet-stream" })];
      for (const file of files) entries.push([name, file]);
    } else if (type === "hidden" && name.toLowerCase() === "_charset_") entries.push([name, "UTF-8"]);
    else entries.push([name, value]);
  }
  return entries.map(([name, value]) => [crlf(name), typeof value === "string" ? crlf(value) : value]);
}

function crlf(text: string): string {
  return text.replace(/\r\n?|\n/g, "\r\n");
}

/**
 * Fills the fields of one name.
 *
 * @throws {GatewayError} `FIELD`: a user could not do that
 */
export function fillControls(name: string, controls: readonly FormControl[], value: FieldValue): void {
  const fields = controls.filter(isField);
  const usable = fields.filter(({ disabled, readonly }) => !disabled && !readonly);
  const [first] = usable;
  if (first === undefined) {
    const [one] = fields;
    const reason =
      one === undefined
        ? "it is a button: give it to submit()"
        : one.disabled
          ? "it is disabled"
          : "it is read-only";
    throw new GatewayError("FIELD", `the field "${name}" cannot be filled: ${reason}`);
  }
  if (first.type === "radio") chooseRadio(name, usable, value);
  else if (first.type === "checkbox") tick(name, usable, value);
  else if (first.type === "select" && usable.length === 1) select(first, value);
  else if (first.type === "file") choose(first, value);
  else type(name, usable, value);
}

function chooseRadio(name: string, radios: readonly FormControl[], value: FieldValue): void {
  if (value === null) {
    for (const radio of radios) radio.checked = false;
    return;
  }
  const chosen = radios.find((radio) => radio.value === String(value));
  if (chosen === undefined)
    throw noSuch(
      name,
      value,
      radios.map((radio) => radio.value),
    );
  for (const radio of radios) radio.checked = radio === chosen;
}

/** `true` ticks a box that stands alone; otherwise those are ticked whose values are given. */
function tick(name: string, boxes: readonly FormControl[], value: FieldValue): void {
  if (typeof value === "boolean") {
    const [box] = boxes;
    if (box === undefined || boxes.length > 1) {
      const values = boxes.map((one) => JSON.stringify(one.value)).join(", ");
      throw new GatewayError(
        "FIELD",
        `there are ${boxes.length} boxes "${name}": name those to tick, of ${values}`,
      );
    }
    box.checked = value;
    return;
  }
  const wanted = listOf(value).map(String);
  for (const one of wanted) {
    if (!boxes.some((box) => box.value === one))
      throw noSuch(
        name,
        one,
        boxes.map((box) => box.value),
      );
  }
  for (const box of boxes) box.checked = wanted.includes(box.value);
}

/** By value, or by what the user reads. */
function select({ name, options, multiple }: FormControl, value: FieldValue): void {
  const wanted = listOf(value).map(String);
  if (wanted.length > 1 && !multiple) throw new GatewayError("FIELD", `the field "${name}" takes one value`);
  const chosen = wanted.map((one) => {
    const option = options.find((each) => each.value === one) ?? options.find(({ label }) => label === one);
    if (option === undefined)
      throw noSuch(
        name,
        one,
        options.map((each) => each.value),
      );
    if (option.disabled) throw new GatewayError("FIELD", `"${one}" of the field "${name}" is disabled`);
    return option;
  });
  for (const option of options) option.selected = chosen.includes(option);
}

function choose(control: FormControl, value: FieldValue): void {
  const files = listOf(value);
  if (!files.every((file) => file instanceof Blob)) {
    throw new GatewayError(
      "FIELD",
      `the field "${control.name}" takes a file, such as new File([bytes], "name.png", { type: "image/png" })`,
    );
  }
  if (files.length > 1 && !control.multiple) {
    throw new GatewayError("FIELD", `the field "${control.name}" takes one file`);
  }
  control.files = files;
}

/** Several fields of one name are filled in their order. */
function type(name: string, fields: readonly FormControl[], value: FieldValue): void {
  const values = listOf(value ?? "");
  if (values.length > fields.length) {
    throw new GatewayError("FIELD", `there are ${fields.length} fields "${name}", not ${values.length}`);
  }
  for (const [index, one] of values.entries()) {
    if (one instanceof Blob || typeof one === "boolean") {
      throw new GatewayError("FIELD", `the field "${name}" takes text`);
    }
    const field = fields[index];
    if (field?.type === "select") select(field, one);
    else if (field) field.value = String(one);
  }
}

function listOf(value: FieldValue): readonly (string | number | boolean | Blob)[] {
  if (value === null) return [];
  return Array.isArray(value) ? value : [value as string | number | boolean | Blob];
}

function noSuch(name: string, value: unknown, values: readonly string[]): GatewayError {
  const known = values.map((one) => JSON.stringify(one)).join(", ");
  return new GatewayError("FIELD", `the field "${name}" has no ${JSON.stringify(value)}, but ${known}`);
}

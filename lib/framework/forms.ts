// Forms: web.py's fields, validators and rendering, and schemas. Names, no logic; loaded by applications that use it.

export { button } from "./forms/button.ts";
export { checkbox } from "./forms/checkbox.ts";
export { type Choice, dropdown, groupedDropdown, radio } from "./forms/choice-fields.ts";
export { datalist } from "./forms/datalist.ts";
export {
  Field,
  type FieldOptions,
  type FieldPart,
  type FieldRest,
  type Reading,
  type Typed,
} from "./forms/field.ts";
export { list } from "./forms/field-group.ts";
export { file } from "./forms/file-field.ts";
export type { FilledForm, FormSource } from "./forms/filled-form.ts";
export { type Form, type FormOptions, form } from "./forms/form.ts";
export type { FormField } from "./forms/form-field.ts";
export { type Attributes, type AttributeValue, attributesOf, escapeHtml } from "./forms/markup.ts";
export { type FormMessages, formMessages } from "./forms/messages.ts";
export { type NestedOptions, nested } from "./forms/nested.ts";
export { number, range } from "./forms/number-field.ts";
export type { StandardSchema } from "./forms/standard-schema.ts";
export {
  type Bounds,
  between,
  emailAddress,
  equalTo,
  length,
  oneOf,
} from "./forms/standard-validators.ts";
export {
  color,
  date,
  email,
  hidden,
  input,
  password,
  search,
  telephone,
  textarea,
  textbox,
  time,
  url,
} from "./forms/text-fields.ts";
export { notnull, type Passed, type Rule, regexp, type Validator, validator } from "./forms/validator.ts";
export { Upload } from "./upload.ts";

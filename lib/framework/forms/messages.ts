/** What is noted at a field whose value is not what the field itself asks for. */
export interface FormMessages {
  required: string;
  /** A file or a character that cannot be in text. */
  text: string;
  minlength: (characters: number) => string;
  maxlength: (characters: number) => string;
  pattern: string;
  email: string;
  url: string;
  number: string;
  min: (least: string) => string;
  max: (most: string) => string;
  step: (step: string) => string;
  color: string;
  date: string;
  time: string;
  choice: string;
  fileSize: (bytes: number) => string;
  /** Rows of a list. */
  rows: (most: number) => string;
}

export const formMessages: Readonly<FormMessages> = {
  required: "Required",
  text: "Contains a character that cannot be in text",
  minlength: (characters) => `At least ${characters} characters`,
  maxlength: (characters) => `At most ${characters} characters`,
  pattern: "Not in the form asked for",
  email: "Not an e-mail address",
  url: "Not a web address, such as https://example.org/",
  number: "Not a number",
  min: (least) => `At least ${least}`,
  max: (most) => `At most ${most}`,
  step: (step) => `Only in steps of ${step}`,
  color: "Not a colour, such as #336699",
  date: "Not a date, such as 2030-12-31",
  time: "Not a time, such as 23:59",
  choice: "Not one of the choices",
  fileSize: (bytes) => `A file of at most ${bytes} bytes`,
  rows: (most) => `At most ${most} rows`,
};

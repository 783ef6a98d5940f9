import { FieldGroup } from "./field-group.ts";
import { FilledForm, type FormSource } from "./filled-form.ts";
import { type FormMessages, formMessages } from "./messages.ts";
import type { Passed, Rule } from "./validator.ts";
import type { AnyField, Drafts, FieldTree, Values } from "./values.ts";

export interface FormOptions<V, Validators extends readonly Rule<V>[] = readonly Rule<V>[]> {
  /**
   * Validators and schemas that get the values of the whole form, once every field is right. They run in a row; the first
   * that fails is the last, and `form.d` is what the last schema gives.
   *
   * @defaultValue none
   */
  readonly validators?: Validators;

  /**
   * What is noted where a value is not what its field asks for, in other words or another language.
   *
   * @defaultValue `formMessages`
   */
  readonly messages?: Partial<FormMessages>;
}

/** A form of one request, with its fields as properties. */
type Copy<Fields extends readonly AnyField[], D, Valid extends boolean> = FilledForm<Fields, D, Valid> &
  Omit<FieldTree<Fields>, keyof FilledForm>;

/** A form as it is declared: shared by all requests. */
export interface Form<Fields extends readonly AnyField[], D> {
  /** A copy for one request, with values of a program where there are any; nothing is checked. */
  (values?: object): Copy<Fields, Drafts<Fields>, boolean>;

  /**
   * A copy with the values that a request has sent, checked. See `validates()` of the copy.
   *
   * @example
   * const form = await Signup.from(web);
   * if (!form.valid) return render("signup", { form });
   * await register(form.d.username);
   */
  from(source: FormSource): Promise<Copy<Fields, D, true> | Copy<Fields, Drafts<Fields>, false>>;

  readonly fields: Fields;
}

/**
 * Declares a form: web.py's `form.Form`. Calling it gives a copy for one request, which may be filled, checked and
 * rendered.
 *
 * @example
 * const Signup = form([textbox("username", notnull), password("password"), password("again")], {
 *   validators: [validator("The passwords differ", (values) => values.password === values.again)],
 * });
 *
 * @throws ApplicationError `FIELD`: two names that cannot be together
 */
export function form<
  const Fields extends readonly AnyField[],
  const Validators extends readonly Rule<Values<Fields>>[] = readonly [],
>(
  fields: Fields,
  options: FormOptions<Values<Fields>, Validators> = {},
): Form<Fields, Passed<Values<Fields>, Validators>> {
  const rules = {
    validators: options.validators ?? [],
    messages: { ...formMessages, ...options.messages },
  };
  new FieldGroup(fields);
  const copy = (values?: object) => {
    const filled = new FilledForm(fields, rules);
    return values === undefined ? filled : filled.fill(values);
  };
  const from = async (source: FormSource) => {
    const filled = copy();
    await filled.validates(source);
    return filled;
  };
  return Object.assign(copy, { from, fields }) as unknown as Form<Fields, Passed<Values<Fields>, Validators>>;
}

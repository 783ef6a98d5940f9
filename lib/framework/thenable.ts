/** Whether a result has to be waited for. What is there already is not, so a synchronous handler stays so. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

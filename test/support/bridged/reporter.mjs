// A reporter of node:test: one line of JSON for each test that has run, with the names of those around it.

export default async function* report(events) {
  const names = [];
  for await (const { type, data } of events) {
    if (type === "test:start") {
      names.length = data.nesting;
      names.push(data.name);
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    // What stands around a failed test has not failed by itself.
    if (data.details.error?.failureType === "subtestsFailed") continue;
    const name = [...names.slice(0, data.nesting), data.name].join(" > ");
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const error = data.details.error?.cause ?? data.details.error;
    const message = String(error?.message ?? error ?? "");
    yield `${JSON.stringify({ name, result: skipped ? "skipped" : type === "test:pass" ? "passed" : "failed", message })}\n`;
  }
}

import { GatewayError } from "../errors.ts";
import { type CallResponse, call } from "../testing/call.ts";
import { type Command, type Io, UsageError } from "./command.ts";
import { encodeBody } from "./get-body.ts";
import { loadApplication } from "./load-application.ts";

const help = `\
usage: postern get <module> [/path] [selector] [options]

Asks the application that a module exports in this process, without a server, and prints the body. What the
application writes to its error log goes to standard error. The exit status is 0 for a response below 400, else 1.

  selector               prints only this part: of JSON a pointer (RFC 6901), such as /users/0/name; of HTML the
                         elements of a selector of tags, .classes, #ids, [attributes] and descendants
  -v, --verbose          the request, the status and the headers too, on standard error
  -X, --request <word>   the method; GET, or POST with a body, when left out
  -d, --data <text>      a body, as a form sends it: name=value, may be repeated; @file sends a file's bytes
  -F, --form <field>     a field of a multipart form: name=value or name=@file, may be repeated
  -H, --header <header>  'Name: value', may be repeated
  -h, --help             this text

Examples:
  postern get app.ts /hello -v
  postern get app.ts / 'nav a[href]'
  postern get app.ts /api/users /0/name
  postern get app.ts /sign -d name=Ada -d 'text=Good morning'
  postern get app.ts /upload -F picture=@cat.png -F title=Cat
  postern get app.ts /api/users -X PUT -H 'Content-Type: application/json' -d '{"name":"Ada"}'
`;

export const getCommand: Command = {
  summary: "asks an application for one page, in this process",
  help,
  options: {
    verbose: { type: "boolean", short: "v" },
    request: { type: "string", short: "X" },
    data: { type: "string", short: "d", multiple: true },
    form: { type: "string", short: "F", multiple: true },
    header: { type: "string", short: "H", multiple: true },
  },

  async run({ positionals, values }, io) {
    const [module, path = "/", selector, ...more] = positionals;
    if (module === undefined || more.length > 0) {
      throw new UsageError("Name a module and a path in quotes: postern get <module> /path [selector].");
    }
    if (!path.startsWith("/")) throw new UsageError(`"${path}" is no path: it begins with a /.`);
    const headers = ((values["header"] ?? []) as string[]).map(toHeader);
    const body = await encodeBody(values, io.cwd);
    if (body !== undefined && !headers.some(([name]) => name.toLowerCase() === "content-type")) {
      headers.push(["Content-Type", body.type]);
    }
    const method = (values["request"] as string | undefined) ?? (body === undefined ? "GET" : "POST");
    const application = await loadApplication(module, io.cwd, { compile: true });
    const target = path.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
    const response = await call(application, target, { method, headers, ...(body && { body: body.bytes }) });
    if (values["verbose"] === true) {
      io.err(`> ${method} ${target}`);
      for (const [name, value] of headers) io.err(`> ${name}: ${value}`);
      io.err(`< ${response.status} ${response.reason}`);
      for (const [name, value] of response.headers) io.err(`< ${name}: ${value}`);
    } else if (response.status >= 300) io.err(statusOf(response));
    if (response.errors !== "") io.err(response.errors.trimEnd());
    if (response.cut) io.err("The application failed in the middle of the body.");
    if (selector === undefined) io.write(response.body);
    else await printPart(response, selector, io);
    return response.status < 400 && !response.cut ? 0 : 1;
  },
};

function statusOf(response: CallResponse): string {
  const location = response.header("Location");
  return `${response.status} ${response.reason}${location === undefined ? "" : `: ${location}`}`;
}

function toHeader(text: string): [name: string, value: string] {
  const [, name, value] = /^([^\s:]+):\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError(`"${text}" is no header: write it as 'Name: value'.`);
}

async function printPart(response: CallResponse, selector: string, io: Io): Promise<void> {
  const { selectPart } = await import("./select-part.ts");
  const parts = selectPart(response, selector);
  if (parts.length === 0) throw new GatewayError("NOTHING_SELECTED", `Nothing in the body fits ${selector}.`);
  for (const part of parts) io.out(part);
}

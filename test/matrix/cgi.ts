import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCgiResponse } from "../support/cgi-response.ts";
import { cgiVariables, type Variable } from "../support/cgi-variables.ts";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";
import { intoOneFile } from "../support/one-file.ts";
import { hasItsLength, type Transport } from "./transport.ts";

/** A process for each request, started as a web server starts it. */
export async function startCgi(scriptName: string): Promise<Transport> {
  const folder = temporaryFolder();
  const script = join(folder.path, "conformance.mjs");
  writeFileSync(
    script,
    `import { WSGIServer } from ${JSON.stringify(fileURLToPath(compiled("faces/cgi.ts")))};
import { conformanceApplication } from ${JSON.stringify(fileURLToPath(compiled("testing/conformance.ts")))};
await new WSGIServer(conformanceApplication).run();
`,
  );
  intoOneFile(script);
  const run = { scriptName, serverName: "localhost", serverPort: "8080", runOnce: true };
  return {
    run,
    async exchange(request) {
      const { output, status } = await runScript(script, joined(cgiVariables(request, run)), request.body);
      // A status of its own is what a script has to say that its response is not whole; our 500 is.
      const response = parseCgiResponse(output, true);
      const complete = (status === 0 || response.status === 500) && hasItsLength(response, request.method);
      return { ...response, complete };
    },
    async close() {
      folder.remove();
    },
  };
}

/** An environment has each name once: a web server joins repeated headers. */
function joined(variables: readonly Variable[]): Map<string, string> {
  const environment = new Map<string, string>();
  for (const [name, value] of variables) {
    const before = environment.get(name);
    environment.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return environment;
}

function runScript(
  script: string,
  variables: ReadonlyMap<string, string>,
  body: Uint8Array = Buffer.alloc(0),
): Promise<{ output: Buffer; status: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", `${exports(variables)}exec "$@"`, "sh", process.execPath, script], {
      env: {},
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => output.push(bytes));
    child.stderr.resume();
    // A script need not read its body.
    child.stdin.on("error", () => {});
    child.stdin.end(body);
    child.on("error", reject);
    child.on("close", (status) => resolve({ output: Buffer.concat(output), status }));
  });
}

/** A shell's commands that set the variables to exactly these bytes; Node itself could only set UTF-8. */
function exports(variables: ReadonlyMap<string, string>): string {
  const commands = [...variables].map(([name, value]) => {
    const octal = value.replace(/[^ -$&-[\]-~]/g, (character) => {
      return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
    });
    return `export ${name}="$(printf '${octal.replaceAll("'", "\\047").replaceAll("%", "%%")}')"; `;
  });
  return commands.join("");
}

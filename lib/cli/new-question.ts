import { createInterface } from "node:readline/promises";

/** Whether there is somebody to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/**
 * Asks on the terminal.
 *
 * @param usual the answer when only Return is pressed
 * @returns undefined when the person would not answer: Ctrl-C, Ctrl-D
 */
export async function ask(question: string, usual: string): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const left = new Promise<undefined>((resolve) => {
    terminal.once("close", () => resolve(undefined));
    terminal.once("SIGINT", () => terminal.close());
  });
  try {
    const answer = await Promise.race([terminal.question(`${question} (${usual}): `), left]);
    return answer === undefined ? undefined : answer.trim() || usual;
  } finally {
    terminal.close();
  }
}

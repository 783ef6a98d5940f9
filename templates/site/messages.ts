// What visitors wrote, one line of JSON each. The site runs as two processes: what both must see is kept in a file.

import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dataFolder } from "./data-folder.ts";

const file = new URL("messages.jsonl", dataFolder);

export async function addMessage(message: { name: string; text: string }) {
  await mkdir(dataFolder, { recursive: true });
  // One short append at a time is safe, also when both processes do it at once.
  await appendFile(file, `${JSON.stringify({ ...message, time: new Date().toISOString() })}\n`);
}

export async function newestMessages(count: number) {
  const lines = (await readText()).split("\n").slice(0, -1);
  return lines
    .slice(-count)
    .reverse()
    .map((line) => JSON.parse(line))
    .map((message) => ({ ...message, day: message.time.slice(0, 10) }));
}

async function readText() {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

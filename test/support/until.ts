import { setTimeout as sleep } from "node:timers/promises";

/** Asks again and again, for what sends no event: another process's end, a file that appears. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}

/** Waits until a number has stayed the same for a while, where nothing says that it will not grow any more. */
export async function untilStill(what: string, look: () => number, stillMs = 100): Promise<void> {
  let before = look();
  await until(`${what} is still`, async () => {
    await sleep(stillMs);
    const still = look() === before;
    before = look();
    return still;
  });
}

/** A time in which something is not to happen, where nothing could tell that it never will. */
export function silence(timeoutMs: number): Promise<void> {
  // A test that is over does not wait for its end.
  return sleep(timeoutMs, undefined, { ref: false });
}

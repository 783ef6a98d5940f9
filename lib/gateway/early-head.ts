/**
 * An empty chunk that has the head sent at once, where the body may not come for a while: node:http's `flushHeaders()`.
 * The object itself is the sign. Whoever does not know it, such as a middleware that makes chunks of its own, sees an
 * empty chunk, and the head waits for the first that is not.
 */
export const EARLY_HEAD: Uint8Array = new Uint8Array(0);

import { Socket } from "node:net";

/** Node 22 and later copy options into one shape whatever they have seen, and would pay for being shown another. */
const MATTERS = Number.parseInt(process.versions.node, 10) < 22;
/** Connections from one time to the next. V8 forgets what code has seen that did not run for long. */
const EVERY = 100;

/**
 * Keeps a connection cheap in Node 20, where its socket's constructor takes 70,000 of the 110,000 instructions that it
 * costs at the least. The constructor copies its options and adds three to the copy. As long as V8 has seen options of
 * few shapes there, each copy is of a shape that no other object shares, which makes three more shapes, and each look for
 * an option one for which nothing is cached. Options that are a table of names, seen once, end that: from then on all
 * copies share their shapes.
 *
 * @param count of connections, this one among them
 */
export function shareShapeOfOptions(count: number): void {
  if (MATTERS && count % EVERY === 0) new Socket(Object.create(null));
}

// The end of every script that `postern bundle` makes. It compiles the code that stands in the comment above it, with V8's
// code cache where there is one. Node itself would compile all of the script at every start, and only skips a comment.
//
// Whatever is wrong with the cache, the script runs without it. All that runs here, Node compiles for each request of a CGI
// script, and so with it what it calls of Node's own functions for the first time: what can wait is in the runtime, which
// is in the cache. Node's modules are asked for without require(), which prepares them for being imported as well.

const { closeSync, constants, fstatSync, openSync, readvSync, statSync } =
  process.getBuiltinModule("node:fs");
const { resolve } = process.getBuiltinModule("node:path");
const vm = process.getBuiltinModule("node:vm");

declare const BUNDLE: import("./facts.ts").LauncherFacts;

/** The function above that has nothing in it but the comment with the code. */
declare const bundled: () => void;
declare const load: import("./runtime.mts").Launch["load"];

/** Behind V8's data stand the values that are kept, and how many bytes they are, in so many digits. */
const KEPT_DIGITS = 6;

/** Who may read and write others' files may not write a cache: what is in it runs. */
const WRITABLE_BY_OTHERS = 0o022;

const cachePath = resolve(__dirname, BUNDLE.cache);
/**
 * At the end of a cache, behind the number of its lessons. V8 looks at versions too, but at no more of the code than its length.
 * The first bytes do not outlast what copies files as text, as FTP does, which would change both halves of a cache alike.
 */
const stamp = `\r\n\n\xff ${BUNDLE.id} ${process.version} ${process.arch}`;
// Not read from the file, which may be another one by now.
const text = String(bundled);
const code = text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/"));
const cache = readCache();
const script = new vm.Script(code.replaceAll(BUNDLE.commentEnd, "*/"), {
  filename: __filename,
  // The code begins in the third line of the file.
  lineOffset: 2,
  cachedData: process.env.POSTERN_CODE_CACHE === "anew" ? undefined : cache?.data,
});
type Code = readonly [import("./runtime.mts").Application, import("./runtime.mts").Runtime];
const [application, runtime] = script.runInThisContext() as Code;
const lessons = cache === undefined || script.cachedDataRejected ? -1 : cache.lessons;
const launch = { script, cachePath, stamp, kept: cache?.kept, lessons, load };
runtime.call(exports, exports, require, module, __filename, __dirname, application, launch);

/**
 * V8 believes what is in a cache, and may crash over one byte that has changed. So the data stand there twice: no digest of
 * them is computed as fast as the halves are compared.
 */
function readCache(): { data: Uint8Array; kept: Uint8Array; lessons: number } | undefined {
  let descriptor: number | undefined;
  try {
    // Where others may write, a link leads to a file of their choice, and a pipe is waited for.
    descriptor = openSync(cachePath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode, size } = fstatSync(descriptor);
    // Only who could have changed the script may have written what is run in its place.
    const isTrusted = uid === process.geteuid?.() || uid === 0 || uid === statSync(__filename).uid;
    if ((mode & WRITABLE_BY_OTHERS) !== 0 || !isTrusted) return undefined;
    const bytes = new Uint8Array(size);
    const end = readvSync(descriptor, [bytes], 0) - stamp.length;
    // Node would have to compile what decodes bytes.
    if (end < 3 + 2 * KEPT_DIGITS || String.fromCharCode(...bytes.subarray(end)) !== stamp) return undefined;
    const half = bytes.subarray(0, (end - 1) / 2);
    if (Buffer.compare(half, bytes.subarray(half.length, end - 1)) !== 0) return undefined;
    const keptEnd = half.length - KEPT_DIGITS;
    const keptStart = keptEnd - Number(String.fromCharCode(...half.subarray(keptEnd)));
    return {
      data: half.subarray(0, keptStart),
      kept: half.subarray(keptStart, keptEnd),
      lessons: (bytes[end - 1] as number) - 0x30,
    };
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

// Imports nothing: it has to run where little else does.

const oldest = [20, 19] as const;

/** What to tell the person whose Node is older than package.json's `engines` allow; undefined otherwise. */
export function nodeComplaint(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return undefined;
  return `postern needs Node ${oldest.join(".")} or later and this is ${version}: install a newer one from https://nodejs.org and run this again.`;
}

// What every backend does besides serving: it says that it listens, and how much CPU time it has used.

/** Answers each message with the CPU time of this process so far, user and system, in microseconds. */
export function reportCpuTime() {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send(user + system);
  });
  process.on("disconnect", () => process.exit());
  process.send("listening");
}

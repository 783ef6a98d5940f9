// A vitest reporter that writes what scripts/test.js wants to know to the file named by POSTERN_TEST_REPORT.

import { writeFileSync } from "node:fs";

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: 0, skipped: [] };
    // An error outside of any test: nothing else would count it.
    report.failed += unhandledErrors.length;
    for (const module of modules) {
      const groups = [module, ...module.children.allSuites()];
      report.failed += groups.filter((group) => group.errors().length > 0).length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") report.passed++;
        else if (state === "failed") report.failed++;
        else report.skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    writeFileSync(process.env["POSTERN_TEST_REPORT"], JSON.stringify(report));
  }
}

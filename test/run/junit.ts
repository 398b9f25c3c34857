/** The counts of a test run, from the JUnit report `bun test` writes: its text output is for people and may change. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const sum = (all: readonly Counts[]): Counts => ({
  passed: all.reduce((total, { passed }) => total + passed, 0),
  failed: all.reduce((total, { failed }) => total + failed, 0),
  skipped: all.reduce((total, { skipped }) => total + skipped, 0),
});

/**
 * A run that ended with an error although no test of the report failed (a file that does not load, a crash, an unhandled rejection, no
 * report at all) counts as one failed test, and so does a run without any test.
 */
export function countsOf(report: string | undefined, exitCode: number): Counts {
  const opening = report === undefined ? undefined : /<testsuites\b[^>]*>/.exec(report)?.[0];
  const attribute = (name: string) => Number(new RegExp(`\\s${name}="(\\d+)"`).exec(opening ?? "")?.[1] ?? 0);
  const [tests, failures, skipped] = [attribute("tests"), attribute("failures") + attribute("errors"), attribute("skipped")];
  const failed = failures === 0 && (exitCode !== 0 || tests === 0) ? 1 : failures;
  return { passed: Math.max(0, tests - failures - skipped), failed, skipped };
}

/** `12 passed, 0 failed`, and `, 1 skipped` where something was. */
export function verdict({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The files a report tells of, and how many of their tests failed. A file that did not load is not among them. */
export const filesIn = (report: string): ReadonlyMap<string, number> => {
  const suites = report.matchAll(/^ {2}<testsuite\b[^>]*?\sfile="([^"]+)"[^>]*?\sfailures="(\d+)"/gm);
  return new Map([...suites].map(([, file = "", failures]) => [file, Number(failures)]));
};

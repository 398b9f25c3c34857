/**
 * How often a property is tried, and from which seed.
 *
 *   PONS_FUZZ_SEED=123456     repeats a run: each property makes the same choices (ids of rows are new ones)
 *   PONS_FUZZ_RUNS=1000000    as many inputs for every property instead of its own number: for a night (`npm run fuzz`)
 *
 * Without a seed one is chosen and printed. A counterexample is shrunk and shown with its seed. A property whose time runs out before it has tried as many
 * inputs as were asked for fails, and says how many it tried.
 */
import fc from "fast-check";

const numberOf = (name: string): number | undefined => {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`${name} is "${text}": expected a whole number`);
  return Number(text);
};

const given = numberOf("PONS_FUZZ_SEED");
const runs = numberOf("PONS_FUZZ_RUNS");

export const seed = given ?? crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000_000;
if (given === undefined) console.log(`fuzz: PONS_FUZZ_SEED=${seed} repeats this run`);

/** Whether runs were asked for: then slow tests run as well. */
export const isLong = runs !== undefined;

/** Time for one test, in milliseconds: a busy machine with two processors needs ten times what a free one does. A night where runs are given. */
export const testMsMax = runs === undefined ? 240_000 : 12 * 3_600_000;

/** What is left of it for telling what was tried. */
const tellMs = 10_000;

export interface Trying {
  /** For the daily run. */
  readonly runs: number;
  /** Inputs that a run tries, or properties that share what is asked for; one unless said otherwise. */
  readonly each?: number;
  /** Time for all runs, in milliseconds; that of a test unless said otherwise. */
  readonly withinMs?: number;
}

/** Tries a property; throws with the smallest counterexample, or where fewer inputs were tried than were asked for. */
export const holds = async <T>(
  inputs: fc.Arbitrary<T>,
  options: Trying,
  property: (input: T) => Promise<void>,
): Promise<void> => {
  const wanted = runs === undefined ? options.runs : Math.ceil(runs / (options.each ?? 1));
  const withinMs = options.withinMs ?? testMsMax - tellMs;
  const startMs = performance.now();
  const done = await fc.check(fc.asyncProperty(inputs, property), {
    seed,
    numRuns: wanted,
    endOnFailure: false,
    interruptAfterTimeLimit: withinMs,
  });
  const report = await fc.asyncDefaultReportMessage(done);
  if (report !== undefined) throw new Error(report, { cause: done.errorInstance });
  const seconds = Math.round((performance.now() - startMs) / 1000);
  if (done.numRuns < wanted) throw new Error(`its time ran out: ${done.numRuns} of ${wanted} runs in ${seconds} s`);
  if (isLong) console.log(`fuzz: ${wanted} runs in ${seconds} s: ${new Error().stack?.split("\n")[2]}`);
};

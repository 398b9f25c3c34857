/**
 * How often a property is tried, and from which seed.
 *
 *   PONS_FUZZ_SEED=123456     repeats a run: each property makes the same choices (ids of rows are new ones)
 *   PONS_FUZZ_RUNS=1000000    as many inputs for every property instead of its own number: for a night (`npm run fuzz`)
 *
 * Without a seed one is chosen and printed. A counterexample is shrunk and shown with its seed.
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

/** Time for one test, in milliseconds: a night where runs are given. */
export const testMsMax = runs === undefined ? 60_000 : 12 * 3_600_000;

/** Tries a property; throws with the smallest counterexample. `runs` is for the daily run; a run tries one input, or `each`. */
export const holds = async <T>(
  inputs: fc.Arbitrary<T>,
  options: { readonly runs: number; readonly each?: number },
  property: (input: T) => Promise<void>,
): Promise<void> => {
  await fc.assert(fc.asyncProperty(inputs, property), {
    seed,
    numRuns: runs === undefined ? options.runs : Math.ceil(runs / (options.each ?? 1)),
    endOnFailure: false,
    interruptAfterTimeLimit: testMsMax - 5_000,
    markInterruptAsFailure: false,
  });
};

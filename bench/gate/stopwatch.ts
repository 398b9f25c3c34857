/** Two kinds of work timed in turns, in chunks so short that most of them run without interruption. */
import type { MaybePromise } from "../../src/store/index.ts";
import { summarize } from "../harness/statistics.ts";

/** Nanoseconds of a chunk of each: the median over `chunks`. `make` prepares a chunk, which does not count. */
export const medianNs = async (
  chunks: number,
  make: () => MaybePromise<readonly [one: () => void, other: () => void]>,
): Promise<readonly [one: number, other: number]> => {
  const ones: number[] = [];
  const others: number[] = [];
  const timed = (work: () => void): number => {
    const start = Bun.nanoseconds();
    work();
    return Bun.nanoseconds() - start;
  };
  for (let chunk = 0; chunk < chunks; chunk++) {
    const [one, other] = await make();
    // Whoever comes first pays for what both need.
    const isOneFirst = chunk % 2 === 0;
    if (isOneFirst) ones.push(timed(one));
    others.push(timed(other));
    if (!isOneFirst) ones.push(timed(one));
  }
  return [summarize(ones).median, summarize(others).median];
};

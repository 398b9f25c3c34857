/** Several peers measured in turn, A B C, A B C, …, so that whatever disturbs the machine disturbs all of them. */
import type { Measured } from "./load.ts";

export interface Contestant {
  readonly name: string;
  measure(seconds: number): Promise<Measured>;
}

/** One list of rounds per contestant, by name; the same index is the same round. */
export type Rounds = ReadonlyMap<string, readonly Measured[]>;

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** 0: none. */
  readonly warmUpSeconds: number;
  /** Called before each slot, outside of what is measured. */
  readonly beforeEach?: () => Promise<void>;
}

/** The order is turned by one in each round, so that no contestant always follows the same one. */
export async function interleave(contestants: readonly Contestant[], options: RoundOptions): Promise<Rounds> {
  const results = new Map<string, Measured[]>(contestants.map(({ name }) => [name, []]));
  if (options.warmUpSeconds > 0) for (const each of contestants) await named(each, options.warmUpSeconds);
  for (let round = 0; round < options.rounds; round++) {
    const shift = round % Math.max(1, contestants.length);
    for (const each of [...contestants.slice(shift), ...contestants.slice(0, shift)]) {
      await options.beforeEach?.();
      results.get(each.name)?.push(await named(each, options.seconds));
    }
  }
  return results;
}

async function named(contestant: Contestant, seconds: number): Promise<Measured> {
  try {
    return await contestant.measure(seconds);
  } catch (error) {
    throw new Error(`${contestant.name}: ${(error as Error).message}`, { cause: error });
  }
}

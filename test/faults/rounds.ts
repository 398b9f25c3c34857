/**
 * How often something is killed: 200 times in `npm test`, about 75 s of processor time. `PONS_FAULT_ROUNDS=500 npm test -- test/faults` for a night,
 * fewer for trying something out.
 */

/** Kills in all, over both engines and Postgres itself. */
const roundsDefault = 200;

/** Share of each kind of kill, in hundredths. */
const shares = { sqlite: 50, postgres: 45, database: 5 } as const;

const given = process.env["PONS_FAULT_ROUNDS"];
const rounds = given === undefined || given === "" ? roundsDefault : Number(given);
if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100_000)
  throw new RangeError("PONS_FAULT_ROUNDS is a number from 1 to 100000");

/** Rounds for a kind of kill. */
export const roundsOf = (kind: keyof typeof shares): number => Math.max(1, Math.round((rounds * shares[kind]) / 100));

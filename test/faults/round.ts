/** One round: load for a random while, then a fault. */
import { expect } from "bun:test";
import type { TestServer } from "../host/server.ts";
import { judgeRows } from "./bank-check.ts";
import { type Asked, kinds, newRequest, partiesOf, putUnderLoad, send } from "./bank-load.ts";
import type { Direct } from "./direct.ts";

const connectionsDefault = 12;

/** After the first answers, so that the fault comes at another moment each time. */
const momentMs = (): number => Math.random() * 120;
/** Until the first answers, on a busy machine. */
const answersMsMax = 20_000;
/** After the fault, until callers give up. */
const afterMs = 5;

/** Load until every caller may have had the answers to its first two calls, and for a random while; then `strike`. Returns what was asked. */
export const round = async (
  server: TestServer,
  strike: () => Promise<void>,
  { connections = connectionsDefault }: { readonly connections?: number } = {},
): Promise<readonly Asked[]> => {
  const parties = await partiesOf(server);
  const ending = new AbortController();
  let answers = 0;
  const load = putUnderLoad(server, parties, { connections, signal: ending.signal, mark: () => ++answers });
  for (const until = Date.now() + answersMsMax; answers < 2 * connections && Date.now() < until;) await Bun.sleep(1);
  await Bun.sleep(momentMs());
  await strike();
  await Bun.sleep(afterMs);
  ending.abort();
  return load;
};

/** What was asked in all rounds, in numbers. */
export class Tally {
  acknowledged = 0;
  unknown = 0;
  readonly #kinds = new Set<string>();

  add(all: readonly Asked[]): void {
    for (const { fate, kind } of all) {
      if (fate === "acknowledged") {
        this.acknowledged += 1;
        this.#kinds.add(kind);
      }
      if (fate === "unknown") this.unknown += 1;
    }
  }

  /** A fault put into an idle server would prove nothing: every kind of call was acknowledged, `perRound` calls in each round. */
  expectLoad(rounds: number, perRound: number): void {
    expect(this.acknowledged).toBeGreaterThan(rounds * perRound);
    if (rounds >= 10) expect([...this.#kinds].toSorted()).toEqual([...kinds].toSorted());
  }
}

const expectFailure = async (work: () => Promise<void>): Promise<void> => {
  const failure = await work().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Error);
};

/** The judge finds what it is there to find: a write that is not there, a batch of which only a part is, one that is there though it was refused. */
export const expectBlindnessExcluded = async (server: TestServer, direct: Direct): Promise<void> => {
  const parties = await partiesOf(server);
  const lost: Asked = { ...newRequest(parties, "transfer"), fate: "acknowledged" };
  await expectFailure(() => judgeRows(direct, [lost]));
  const [debit, credit] = parties.accounts;
  const half = newRequest(parties, "atomic");
  const [first] = half.body as object[];
  const { status } = await server.post("/bank/v2/transfers", { ...first, debit, credit });
  expect(status).toBe(201);
  await expectFailure(() => judgeRows(direct, [half]));
  const refused = newRequest(parties, "account");
  expect((await send(server, refused, AbortSignal.timeout(10_000))).status).toBe(201);
  await judgeRows(direct, [refused]);
  await expectFailure(() => judgeRows(direct, [{ ...refused, fate: "refused" }]));
};

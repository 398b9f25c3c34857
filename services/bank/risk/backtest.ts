/**
 * Backtest: which past movements meet the conditions of a fraud rule. Transfers and holds are read in the order of the log, in parts, and judged as they were
 * at their time: how old accounts were, how often an account had done the same before, within the range. Lists, owners and their countries are taken as they are today, and
 * every hold for a payment.
 */
import { and, gt, lte, oneOf, type QueryContext, t } from "pons";
import { accounts } from "../account-fields.ts";
import { customers } from "../customer-fields.ts";
import type { Account } from "../outcomes.ts";
import type { Transfer } from "../transfer-fields.ts";
import { transfers } from "../transfer-fields.ts";
import { hasVelocity, isTooFast, meetsAllButVelocity, withMoment } from "./fraud.ts";
import type { Conditions, FraudListEntry } from "./fraud-fields.ts";
import { entriesMax, fraudListEntries } from "./fraud-list-entries.ts";
import { isJudged } from "./limits.ts";

/** Most rows of the log that one backtest reads. */
export const backtestRowsMax = 100_000;
const chunkRows = 2_000;
const samplesMax = 20;

export const backtestInput = {
  fromSeq: t.integer({ default: 1, min: 1, doc: "First row of the log." }),
  toSeq: t.integer({ optional: true, min: 1, doc: `Last one; at most ${backtestRowsMax.toLocaleString("en")} rows are read.` }),
};

export const backtestOutput = {
  fromSeq: t.integer({ doc: "First row that was to be read." }),
  throughSeq: t.integer({ doc: "Last row that was read." }),
  more: t.boolean({ doc: "The range goes on: ask again from the row after." }),
  examined: t.integer({ doc: "Movements that were held against the conditions." }),
  matched: t.integer({ doc: "Those that met them." }),
  amounts: t.array(
    t.object({
      currency: t.currency(),
      matched: t.integer({ doc: "Movements." }),
      amount: t.money({ doc: "Minor units, all together." }),
    }),
    { doc: "What they moved, by currency." },
  ),
  samples: t.array(t.string(), { doc: `Transfers that matched, the first ${samplesMax}.` }),
};

interface Range {
  readonly fromSeq: number;
  readonly toSeq: number | null;
}

/** What a movement moved or reserved; a step of a hold's life that is no authorization is none. */
const reservedOrMoved = ({ phase, amount, pending }: Transfer): bigint | undefined =>
  phase === "posted" ? amount : phase === "hold" ? pending : undefined;

class Tally {
  readonly amounts = new Map<string, { matched: number; amount: bigint }>();
  readonly samples: string[] = [];
  examined = 0;
  matched = 0;

  match(id: string, currency: string, amount: bigint): void {
    const known = this.amounts.get(currency) ?? { matched: 0, amount: 0n };
    this.amounts.set(currency, { matched: known.matched + 1, amount: known.amount + amount });
    this.matched++;
    if (this.samples.length < samplesMax) this.samples.push(id);
  }
}

/** Rows by id, read once. */
class Known<R extends { readonly id: string }> {
  readonly #rows = new Map<string, R>();
  readonly #read: (ids: readonly string[]) => Promise<readonly R[]>;

  constructor(read: (ids: readonly string[]) => Promise<readonly R[]>) {
    this.#read = read;
  }

  get(id: string | null): R | undefined {
    return id === null ? undefined : this.#rows.get(id);
  }

  async ensure(ids: Iterable<string | null>): Promise<void> {
    const missing = new Set<string>();
    for (const id of ids) if (id !== null && !this.#rows.has(id)) missing.add(id);
    if (missing.size === 0) return;
    for (const row of await this.#read([...missing])) this.#rows.set(row.id, row);
  }
}

/** Holds past movements against the conditions of a rule. */
export const backtest = async (ctx: QueryContext, conditions: Conditions, { fromSeq, toSeq }: Range) => {
  const last = Math.min(toSeq ?? Number.MAX_SAFE_INTEGER, fromSeq + backtestRowsMax - 1);
  const entries: readonly FraudListEntry[] =
    conditions.list === null
      ? []
      : await ctx.table(fraudListEntries).find((row) => oneOf(row.list, [conditions.list ?? "watch"]), { limit: entriesMax });
  const limit = chunkRows * 2;
  const parties = new Known<Account>(async (ids) => ctx.table(accounts).find((row) => oneOf(row.id, [...ids]), { limit }));
  const owners = new Known<{ readonly id: string; readonly country: string }>(async (ids) =>
    ctx.table(customers).find((row) => oneOf(row.id, [...ids]), { limit }),
  );
  const needsOwners = conditions.debitCountries !== null || conditions.creditCountries !== null;
  const moments = new Map<string, number[]>();
  const tally = new Tally();
  const judgeRow = (row: Transfer): void => {
    const amount = reservedOrMoved(row);
    const debit = parties.get(row.debit);
    const credit = parties.get(row.credit);
    if (amount === undefined || debit === undefined || credit === undefined || !isJudged(row.kind)) return;
    tally.examined++;
    const nowMs = Date.parse(row.createdAt);
    const movement = { debit, credit, amount, currency: row.currency, kind: row.kind };
    const countryOf = ({ customer }: Account): string | undefined => owners.get(customer)?.country;
    if (!meetsAllButVelocity(conditions, movement, { nowMs, countryOf, entries })) return;
    if (hasVelocity(conditions)) {
      const before = moments.get(debit.id) ?? [];
      moments.set(debit.id, withMoment(before, nowMs, conditions.velocityCount ?? 1));
      if (!isTooFast(conditions, before, nowMs)) return;
    }
    tally.match(row.id, row.currency, amount);
  };
  let through = fromSeq - 1;
  for (;;) {
    ctx.signal.throwIfAborted();
    const after = through;
    const rows = await ctx
      .table(transfers)
      .find((row) => and(gt(row.seq, after), lte(row.seq, last)), { limit: chunkRows, sortBy: "seq" });
    await parties.ensure(rows.flatMap(({ debit, credit }) => [debit, credit]));
    if (needsOwners)
      await owners.ensure(rows.flatMap(({ debit, credit }) => [debit, credit].map((id) => parties.get(id)?.customer ?? null)));
    for (const row of rows) judgeRow(row);
    through = rows.at(-1)?.seq ?? through;
    if (rows.length < chunkRows || through >= last) break;
  }
  const more =
    (toSeq === null || through < toSeq) &&
    (await ctx.table(transfers).find((row) => gt(row.seq, through), { limit: 1 })).length > 0;
  return {
    fromSeq,
    throughSeq: through,
    more,
    examined: tally.examined,
    matched: tally.matched,
    amounts: [...tally.amounts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([currency, sums]) => ({ currency, ...sums })),
    samples: tally.samples,
  };
};

/**
 * The trial balance: what was ever debited and credited, per currency and kind of account. Debits and credits of a currency are equal, always.
 *
 * As of now it is read from the accounts' counters, in one statement. As of a place in the log it is summed up from the transfers, which never change, a
 * run of places at a time: that costs as much as there are transfers.
 */
import { and, eq, gt, lte, oneOf, query, type QueryContext, t } from "pons";
import { accounts } from "../account-fields.ts";
import { transfers } from "../transfer-fields.ts";
import { placeOf } from "./operations.ts";
import { rangeRefusals } from "./range.ts";

/** Transfers summed up by one statement: what others wait for on SQLite. */
const runMax = 50_000;

/** House accounts at most: nine purposes in every currency are fewer. */
const houseAccountsMax = 10_000;

interface Line {
  readonly currency: string;
  readonly kind: string;
  readonly purpose: string | null;
  readonly debits: bigint;
  readonly credits: bigint;
}

/** Lines by what they are of. */
class Lines {
  readonly #lines = new Map<string, Line>();

  add({ currency, kind, purpose, debits, credits }: Line): void {
    const key = `${currency} ${kind} ${purpose ?? ""}`;
    const line = this.#lines.get(key) ?? { currency, kind, purpose, debits: 0n, credits: 0n };
    this.#lines.set(key, { ...line, debits: line.debits + debits, credits: line.credits + credits });
  }

  /** By currency, then kind, then purpose; what was never used is left out. */
  all(): Line[] {
    return [...this.#lines]
      .filter(([, { debits, credits }]) => debits !== 0n || credits !== 0n)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, line]) => line);
  }
}

const linesNow = async (ctx: QueryContext): Promise<Line[]> => {
  const lines = new Lines();
  const found = await ctx
    .table(accounts)
    .totals({ group: ["currency", "kind", "purpose"], sum: ["debitsPosted", "creditsPosted"] });
  for (const { currency, kind, purpose, debitsPosted, creditsPosted } of found)
    lines.add({ currency, kind, purpose, debits: debitsPosted, credits: creditsPosted });
  return lines.all();
};

/** Undefined: the caller is gone. */
const linesAt = async (ctx: QueryContext, seq: number): Promise<Line[] | undefined> => {
  const house = await ctx.table(accounts).find((row) => eq(row.kind, "house"), { limit: houseAccountsMax });
  const byId = new Map(house.map((account) => [account.id, account]));
  const ids = [...byId.keys()];
  const lines = new Lines();
  for (let after = 0; after < seq; after += runMax) {
    if (ctx.signal.aborted) return undefined;
    const end = Math.min(seq, after + runMax);
    const table = ctx.table(transfers);
    for (const { currency, amount } of await table.totals({
      group: ["currency"],
      sum: ["amount"],
      where: (row) => and(gt(row.seq, after), lte(row.seq, end)),
    }))
      lines.add({ currency, kind: "customer", purpose: null, debits: amount, credits: amount });
    for (const side of ["debit", "credit"] as const) {
      const ofHouse = await table.totals({
        group: [side, "currency"],
        sum: ["amount"],
        where: (row) => and(oneOf(row[side], ids), gt(row.seq, after), lte(row.seq, end)),
      });
      // All that moved was taken for customers' above: what the house moved is not.
      for (const total of ofHouse) {
        const { currency, amount } = total;
        const share = side === "debit" ? { debits: amount, credits: 0n } : { debits: 0n, credits: amount };
        const { purpose = null } = byId.get(total[side]) ?? {};
        lines.add({ currency, kind: "house", purpose, ...share });
        lines.add({ currency, kind: "customer", purpose: null, debits: -share.debits, credits: -share.credits });
      }
    }
  }
  return lines.all();
};

const sumsOf = (lines: readonly Line[]) => {
  const sums = new Map<string, { debits: bigint; credits: bigint }>();
  for (const { currency, debits, credits } of lines) {
    const sum = sums.get(currency) ?? { debits: 0n, credits: 0n };
    sums.set(currency, { debits: sum.debits + debits, credits: sum.credits + credits });
  }
  return [...sums].map(([currency, { debits, credits }]) => ({ currency, debits, credits, difference: debits - credits }));
};

const money = (doc: string) => t.money({ currency: "currency", doc });

export const trialBalance = query({
  doc: "What was debited and credited, per currency and kind of account. As of now, or after a place in the log or a moment; the older it is, the longer it takes.",
  roles: ["teller", "supervisor", "auditor"],
  input: {
    seq: t.integer({ optional: true, min: 0, doc: "After this place in the log and all before it." }),
    at: t.dateTime({ optional: true, doc: "As booked by this moment; instead of `seq`." }),
  },
  output: {
    seq: t.integer({ optional: true, doc: "The place in the log it is of; null: as of now." }),
    lines: t.array(
      t.object({
        currency: t.currency(),
        kind: t.string({ doc: "`customer` or `house`.", example: "house" }),
        purpose: t.string({ optional: true, doc: "Of house accounts.", example: "cash" }),
        debits: money("All that was debited."),
        credits: money("All that was credited."),
        balance: money("Credits less debits."),
      }),
    ),
    currencies: t.array(
      t.object({
        currency: t.currency(),
        debits: money("All that was debited."),
        credits: money("All that was credited."),
        difference: money("Debits less credits: zero."),
      }),
    ),
    balanced: t.boolean({ doc: "Whether every difference is zero." }),
  },
  refusals: rangeRefusals,
  run: async (ctx, { input }) => {
    if (input.seq !== null && input.at !== null) return ctx.refuse("invalid_range");
    const seq = input.seq === null && input.at === null ? null : await placeOf(ctx, input);
    const lines = seq === null ? await linesNow(ctx) : await linesAt(ctx, seq);
    if (lines === undefined) return ctx.refuse("deadline_exceeded");
    const currencies = sumsOf(lines);
    return {
      seq,
      lines: lines.map((line) => ({ ...line, balance: line.credits - line.debits })),
      currencies,
      balanced: currencies.every(({ difference }) => difference === 0n),
    };
  },
});

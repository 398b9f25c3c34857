/** What may be asked of an account: its statement as data or as a document, and its balance as of a place in the log or a moment. */
import { type InputOf, type QueryContext, t } from "pons";
import { customers } from "../customer-fields.ts";
import { camt053 } from "./camt053.ts";
import { csv } from "./csv.ts";
import { mt940 } from "./mt940.ts";
import { later, rangeInput, rangeOf, rangeRefusals } from "./range.ts";
import { extractOf, lastSeq, reservedAt, seqBefore, standingAt, valueBalanceAt } from "./reading.ts";
import { isUnrepresentable, type Statement, turnoverOf, type Unrepresentable } from "./statement.ts";

/** Most entries of a statement as data, and of a document. */
const pageMax = 1_000;
const documentEntriesMax = 5_000;

const readers = ["customer", "teller", "supervisor", "auditor"] as const;

/** Roles that see whole IBANs of accounts. */
const ibanReaders: readonly string[] = ["customer", "teller", "supervisor"];

/** What these functions need to know of their account's row. */
interface AccountRow {
  readonly id: string;
  readonly customer: string | null;
  readonly name: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly debitsPending: bigint;
  readonly version: number;
}

interface Given<I> {
  readonly row: AccountRow;
  readonly input: I;
}

const money = (doc: string) => t.money({ currency: "currency", doc });

const statementInput = {
  ...rangeInput,
  limit: t.integer({ default: 100, min: 1, max: pageMax, doc: "Most entries of this answer." }),
};

const entryFields = {
  seq: t.integer({ doc: "Place in the log." }),
  transfer: t.ref("transfers"),
  bookedAt: t.dateTime(),
  valueAt: t.dateTime({ doc: "When it takes effect." }),
  amount: money("Minor units; less than zero leaves the account."),
  balance: money("After this entry."),
  kind: t.string({ example: "payment" }),
  counterparty: t.ref("accounts", { doc: "The account on the other side." }),
  reference: t.string({ optional: true }),
  reverses: t.string({ optional: true, doc: "The transfer it takes back." }),
};

/** The statement as data, a page at a time. */
export const statement = {
  doc: "What was booked on the account, with the balance before, after, and after each entry. By days of booking (UTC), by places in the log, or from the first transfer on.",
  roles: readers,
  input: statementInput,
  output: {
    account: t.ref("accounts"),
    currency: t.currency(),
    fromSeq: t.integer({ doc: "First place in the log that it covers." }),
    toSeq: t.integer({ doc: "Last place in the log that it covers." }),
    opening: money("Balance before the first entry."),
    closing: money("Balance after the last entry."),
    credits: money("All that came in."),
    debits: money("All that went out."),
    entries: t.array(t.object(entryFields), { maxItems: pageMax }),
    more: t.boolean({ doc: "Whether the range has more entries." }),
    next: t.integer({ optional: true, doc: "`fromSeq` of the next page." }),
    throughSeq: t.integer({ doc: "End of the whole range: `toSeq` of the next page." }),
  },
  refusals: rangeRefusals,
  run: async (ctx: QueryContext, { row, input }: Given<InputOf<typeof statementInput>>): Promise<unknown> => {
    const range = await rangeOf(ctx, input);
    if (range === undefined) return ctx.refuse("invalid_range");
    const { opening, closing, entries, toSeq, more } = await extractOf(ctx, row.id, { ...range, limit: input.limit });
    const { credits, debits } = turnoverOf(entries);
    return {
      account: row.id,
      currency: row.currency,
      fromSeq: range.fromSeq,
      toSeq,
      opening,
      closing,
      credits: credits.sum,
      debits: debits.sum,
      entries,
      more,
      next: more ? toSeq + 1 : null,
      throughSeq: range.toSeq,
    };
  },
};

interface Form {
  readonly mediaType: string;
  readonly extension: string;
  readonly write: (statement: Statement) => string | Unrepresentable;
}

/** How a statement is written, by the name of the form. */
const forms = {
  "camt.053": { mediaType: "application/xml", extension: "xml", write: camt053 },
  mt940: { mediaType: "text/plain", extension: "sta", write: mt940 },
  csv: { mediaType: "text/csv", extension: "csv", write: csv },
} as const satisfies Readonly<Record<string, Form>>;

const documentInput = {
  ...rangeInput,
  format: t.enum(["camt.053", "mt940", "csv"], { doc: "ISO 20022 camt.053.001.08, SWIFT MT940, or CSV (RFC 4180)." }),
};

/** What is available after `seq`: from the row where it stands as it stood then, else from the log. */
const availableAt = async (
  ctx: QueryContext,
  row: AccountRow,
  { seq, balance }: { readonly seq: number; readonly balance: bigint },
): Promise<bigint> => {
  const { version } = await standingAt(ctx, row.id, seq);
  return balance - (row.version === version ? row.debitsPending : await reservedAt(ctx, row.id, seq));
};

/** The statement as a file. */
export const statementDocument = {
  doc: `The statement as a file, whole: at most ${documentEntriesMax} entries. By days of booking (UTC), by places in the log, or from the first transfer on.`,
  roles: readers,
  input: documentInput,
  output: "document" as const,
  documents: Object.values(forms).map(({ mediaType }) => mediaType),
  refusals: {
    ...rangeRefusals,
    statement_too_long: { status: 422, doc: "The statement has more entries than one document holds: ask for a shorter range." },
    amount_not_representable: { status: 422, doc: "The format has no room for an amount of this statement." },
  },
  run: async (ctx: QueryContext, { row, input }: Given<InputOf<typeof documentInput>>): Promise<unknown> => {
    const range = await rangeOf(ctx, input);
    if (range === undefined) return ctx.refuse("invalid_range");
    const { opening, closing, entries, toSeq, more } = await extractOf(ctx, row.id, { ...range, limit: documentEntriesMax });
    // A part of a statement would pass for the whole.
    if (more) return ctx.refuse("statement_too_long", { max: documentEntriesMax, toSeq });
    const [owner, available] = await Promise.all([
      row.customer === null ? undefined : ctx.table(customers).get(row.customer),
      availableAt(ctx, row, { seq: toSeq, balance: closing }),
    ]);
    const { mediaType, extension, write } = forms[input.format];
    const content = write({
      account: row,
      owner: owner?.name ?? null,
      tellsIbans: ctx.principal.roles.some((role) => ibanReaders.includes(role)),
      fromSeq: range.fromSeq,
      toSeq,
      from: input.from,
      to: input.to,
      opening,
      closing,
      entries,
      available,
      createdAt: ctx.now,
    });
    if (isUnrepresentable(content)) return ctx.refuse("amount_not_representable", { amount: content.unrepresentable });
    return ctx.document({ mediaType, filename: `${row.id}-${range.fromSeq}-${toSeq}.${extension}`, content });
  },
};

const balanceInput = {
  seq: t.integer({ optional: true, min: 0, doc: "After this place in the log and all before it." }),
  at: t.dateTime({ optional: true, doc: "As booked by this moment; instead of `seq`." }),
  valueAt: t.dateTime({ optional: true, doc: "Also: what had taken effect by this moment." }),
};

/** The balance as of a place in the log or a moment. */
export const balanceAt = {
  doc: "The balance after a place in the log, or as booked by a moment; now, unless one is given. With `valueAt` also the balance of what had taken effect by then.",
  roles: readers,
  input: balanceInput,
  output: {
    account: t.ref("accounts"),
    currency: t.currency(),
    seq: t.integer({ doc: "The place in the log it is the balance after." }),
    balance: money("As booked."),
    valueBalance: t.money({ optional: true, currency: "currency", doc: "Of what had taken effect by `valueAt`." }),
  },
  refusals: rangeRefusals,
  run: async (ctx: QueryContext, { row, input }: Given<InputOf<typeof balanceInput>>): Promise<unknown> => {
    if (input.seq !== null && input.at !== null) return ctx.refuse("invalid_range");
    const seq = await placeOf(ctx, input);
    const { balance } = await standingAt(ctx, row.id, seq);
    const valueBalance = input.valueAt === null ? null : await valueBalanceAt(ctx, row.id, { seq, moment: input.valueAt });
    return { account: row.id, currency: row.currency, seq, balance, valueBalance };
  },
};

/** The place in the log that is meant: not behind its end. */
export const placeOf = async (
  ctx: QueryContext,
  { seq, at }: { readonly seq: number | null; readonly at: string | null },
): Promise<number> => {
  if (at !== null) return seqBefore(ctx, later(at, 1));
  const last = await lastSeq(ctx);
  return seq === null ? last : Math.min(seq, last);
};

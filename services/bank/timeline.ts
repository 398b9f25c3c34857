/**
 * The timeline of a customer: what happened and what was noted, newest first, merged from several resources and read page by page.
 *
 * A page is found with one bounded query per source, each continuing behind the cursor, which is the moment and the id of the last entry.
 */
import { and, type Condition, eq, type FunctionRefusal, gte, lt, type Operand, or, type QueryContext, related } from "pons";
import { accounts } from "./account-fields.ts";
import { activities } from "./activities.ts";
import { documents } from "./kyc/documents.ts";
import { notes } from "./notes.ts";
import type { EntryType } from "./timeline-fields.ts";
import { transfers } from "./transfer-fields.ts";

interface Entry {
  /** Of the row it was read from: orders what happened at the same moment. */
  readonly id: string;
  readonly at: string;
  readonly type: EntryType;
  readonly about: string;
  readonly text: string | null;
  readonly by: string | null;
  readonly amount: bigint | null;
  readonly currency: string | null;
}

interface Place {
  readonly at: string;
  readonly id: string;
}

const cursorForm = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)~([a-z]{3}_[0-9A-Z]{26})$/;

/** The place a cursor names; `undefined` when it is none. */
export const placeOf = (cursor: string): Place | undefined => {
  const [, at, id] = cursorForm.exec(cursor) ?? [];
  return at === undefined || id === undefined || Number.isNaN(Date.parse(at)) ? undefined : { at, id };
};

const newestFirst = (a: Entry, b: Entry): number => {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1;
  return a.id < b.id ? 1 : -1;
};

type Stamped = { readonly createdAt: Operand<string>; readonly id: Operand<string> };

const behind = (row: Stamped, place: Place | undefined): Condition[] =>
  place === undefined ? [] : [or(lt(row.createdAt, place.at), and(eq(row.createdAt, place.at), lt(row.id, place.id)))];

type Search = { readonly place: Place | undefined; readonly page: { readonly limit: number; readonly sortBy: string } };

const entry = (row: { readonly id: string; readonly createdAt: string }, type: Entry["type"], more: Partial<Entry>): Entry => ({
  id: row.id,
  at: row.createdAt,
  type,
  about: row.id,
  text: null,
  by: null,
  amount: null,
  currency: null,
  ...more,
});

/** Rows that are about the customer, as entries; each source bounded by the page. */
const sources: readonly ((ctx: QueryContext, customer: string, search: Search) => Promise<readonly Entry[]>)[] = [
  async (ctx, customer, { place, page }) => {
    const rows = await ctx.table(notes).find((row) => and(eq(row.customer, customer), ...behind(row, place)), page);
    return rows.map((row) => entry(row, "note", { text: row.text, by: row.author }));
  },
  async (ctx, customer, { place, page }) => {
    const rows = await ctx.table(activities).find((row) => and(eq(row.customer, customer), ...behind(row, place)), page);
    return rows.map((row) => entry(row, row.type, { about: row.about, text: row.text, by: row.by }));
  },
  async (ctx, customer, { place, page }) => {
    const rows = await ctx.table(accounts).find((row) => and(eq(row.customer, customer), ...behind(row, place)), page);
    return rows.map((row) => entry(row, "account_opened", { text: row.name, currency: row.currency }));
  },
  async (ctx, customer, { place, page }) => {
    const rows = await ctx.table(documents).find((row) => and(eq(row.customer, customer), ...behind(row, place)), page);
    return rows.map((row) => entry(row, "document_added", { text: row.kind, by: row.uploadedBy }));
  },
];

/** Transfers from and to the customer's accounts, of at least an amount. */
const largeTransfers = async (
  ctx: QueryContext,
  customer: string,
  { place, page, from }: Search & { readonly from: bigint },
): Promise<readonly Entry[]> => {
  const rows = await ctx
    .table(transfers)
    .find(
      (row) =>
        and(
          or(eq(related(row.debit, "customer"), customer), eq(related(row.credit, "customer"), customer)),
          gte(row.amount, from),
          ...behind(row, place),
        ),
      page,
    );
  return rows.map((row) => entry(row, "transfer", { text: row.reference, amount: row.amount, currency: row.currency }));
};

/** One page for a customer. Refuses what is no cursor. */
export const timelineOf = async (
  ctx: QueryContext,
  customer: string,
  input: { readonly before: string | null; readonly limit: number; readonly transfersFrom: bigint | null },
): Promise<{ readonly entries: readonly Entry[]; readonly before: string | null } | FunctionRefusal> => {
  const place = input.before === null ? undefined : placeOf(input.before);
  if (input.before !== null && place === undefined) return ctx.refuse("invalid_cursor");
  const search = { place, page: { limit: input.limit + 1, sortBy: "createdAt.desc,id.desc" } };
  const from = input.transfersFrom;
  const found = await Promise.all([
    ...sources.map((source) => source(ctx, customer, search)),
    ...(from === null ? [] : [largeTransfers(ctx, customer, { ...search, from })]),
  ]);
  const all = found.flat().toSorted(newestFirst);
  const entries = all.slice(0, input.limit);
  const last = entries.at(-1);
  return { entries, before: last === undefined || all.length <= entries.length ? null : `${last.at}~${last.id}` };
};

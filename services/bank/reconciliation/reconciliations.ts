/**
 * Reconciliations: a statement that somebody sent is imported and its lines are matched with the transfers of an account, one to one. What has no partner
 * is a break, of either side: a line without transfer, a transfer without line. A break is matched by hand, accepted, or explained by a later statement.
 *
 * The account is one of the bank's: a customer's, whose statement must agree with ours, or one that mirrors an account of the bank elsewhere; that one's
 * statement is `mirrored`, since what the other bank credits is debited here.
 */
import { type CommandContext, eq, resource, type Row, rowOf, t } from "pons";
import { accounts } from "../account-fields.ts";
import { moved } from "../statements/reading.ts";
import { transfers } from "../transfer-fields.ts";
import { breaks } from "./breaks.ts";
import { type Reconciliation, reconciliationFields as fields, statusOf } from "./fields.ts";
import { importRefusals, importStatement } from "./import-statement.ts";
import { reconciliationItems } from "./items.ts";
import { amountOn, matchedSeqs } from "./ledger-side.ts";
import { noteMissing, type Reconciliations } from "./missing.ts";
import { importFormats } from "./read-statement.ts";

/** Characters of an import: what one request may hold. */
const contentMax = 1024 * 1024;

type Item = Row<typeof reconciliationItems>;

/** Who decides by hand. */
const whoOf = ({ principal: { user, app, subject } }: CommandContext): string => user ?? app ?? subject ?? "system";

/** Changes of an item, and what they mean for its reconciliation's counts. */
const decide = (
  ctx: CommandContext,
  self: Reconciliations,
  { id, item, changes }: { readonly id: string; readonly item: Item; readonly changes: Partial<Item> & Pick<Item, "status"> },
): Reconciliation => {
  ctx.table(reconciliationItems).update(item.id, changes);
  const table = ctx.table(self);
  const row = table.loaded(id);
  if (row === undefined) throw new Error(`reconciliation ${id} was not read`);
  const counts = { ...row, [item.status]: row[item.status] - 1 };
  counts[changes.status] += 1;
  const { matched, unmatched, ambiguous, accepted } = counts;
  return table.update(id, { matched, unmatched, ambiguous, accepted, status: statusOf(counts) });
};

const itemInput = t.ref("reconciliationItems", { doc: "The line." });

const itemRefusals = {
  item_not_found: { status: 404, doc: "The reconciliation has no such line." },
  item_decided: { status: 409, doc: "The line is matched or accepted already." },
  reconciliation_closed: { status: 409, doc: "The reconciliation is closed." },
} as const;

const isOpen = ({ status }: Pick<Item, "status">): boolean => status === "unmatched" || status === "ambiguous";

/** Why a line of a reconciliation cannot be decided on. */
const flawOf = (row: Reconciliation, item: Item | undefined): keyof typeof itemRefusals | undefined => {
  if (item === undefined || item.reconciliation !== row.id) return "item_not_found";
  if (row.status === "closed") return "reconciliation_closed";
  return isOpen(item) ? undefined : "item_decided";
};

/** Whether a transfer moved money of an account. */
const isMovementOf = (account: string, { debit, credit, phase }: Row<typeof transfers>): boolean =>
  (debit === account || credit === account) && (moved as readonly string[]).includes(phase);

export const reconciliations = resource(
  "reconciliations",
  { doc: "Statements of others, compared with the ledger.", fields },
  ({ self, all, filter, many, command, query }) => ({
    rows: { teller: all, supervisor: all, auditor: all },
    relations: { items: many("reconciliationItems", { by: "reconciliation" }) },
    sortBy: "createdAt.desc",
    indexes: [{ fields: ["account", "digest"], unique: true }, ["account", "fromSeq"]],
    filters: { open: filter(({ status }) => eq(status, "open")) },
    functions: {
      import: command({
        on: "collection",
        doc: "Imports a statement and matches its lines with the transfers of an account: by id and amount, by amount and reference, by amount and value date, and by amount within three days. What is not certain is left open.",
        roles: ["teller", "supervisor"],
        input: {
          account: t.ref("accounts", { doc: "The account of the bank that it is about." }),
          format: t.enum(importFormats, { doc: "camt.053 (ISO 20022), or CSV with a line of names." }),
          content: t.text({ minLength: 1, maxLength: contentMax, doc: "The statement, as text." }),
          mirrored: t.boolean({
            default: false,
            doc: "The statement is of the other side: what it credits, this account was debited.",
          }),
        },
        output: "row",
        refusals: {
          account_not_found: { status: 404, doc: "There is no such account." },
          ...importRefusals,
        },
        load: ({ input }) => ({ account: rowOf(accounts, input.account) }),
        run: async (ctx, { input, loaded: { account } }) => {
          if (account === undefined) return ctx.refuse("account_not_found");
          const done = await importStatement(ctx, self, account, input);
          return done.ok ? ctx.created(done.row) : ctx.refuse(done.type, done.details);
        },
      }),
      match: command({
        on: "item",
        doc: "Matches a line with a transfer by hand: of the account, of the same amount, and without a line so far.",
        roles: ["teller", "supervisor"],
        input: { item: itemInput, transfer: t.ref("transfers", { doc: "The transfer that it is." }) },
        output: "row",
        refusals: {
          ...itemRefusals,
          transfer_not_found: { status: 404, doc: "There is no such transfer of this account." },
          amounts_differ: { status: 422, doc: "The line and the transfer are of different amounts." },
          transfer_matched: { status: 409, doc: "The transfer has a line already." },
        },
        load: ({ input }) => ({ item: rowOf(reconciliationItems, input.item), transfer: rowOf(transfers, input.transfer) }),
        run: async (ctx, { row, loaded: { item, transfer } }) => {
          const flaw = flawOf(row, item);
          if (flaw !== undefined || item === undefined) return ctx.refuse(flaw ?? "item_not_found");
          const { account } = row;
          if (transfer === undefined || !isMovementOf(account, transfer)) return ctx.refuse("transfer_not_found");
          const amount = amountOn(transfer, row);
          if (amount !== item.amount) return ctx.refuse("amounts_differ", { line: item.amount, transfer: amount });
          const { seq } = transfer;
          if ((await matchedSeqs(ctx, account, { fromSeq: seq, toSeq: seq })).has(seq)) return ctx.refuse("transfer_matched");
          const changes = {
            rule: "hand",
            transfer: transfer.id,
            transferSeq: seq,
            candidates: null,
            decidedBy: whoOf(ctx),
          } as const;
          decide(ctx, self, { id: row.id, item, changes: { status: "matched", ...changes } });
          await noteMissing(ctx, self, { account, seqs: [seq], by: -1 });
          return ctx.table(self).loaded(row.id);
        },
      }),
      accept: command({
        on: "item",
        doc: "Accepts that a line has no transfer.",
        roles: ["supervisor"],
        input: {
          item: itemInput,
          note: t.text({ minLength: 1, maxLength: 500, doc: "Why.", example: "Fee of the other bank, booked tomorrow" }),
        },
        output: "row",
        refusals: itemRefusals,
        load: ({ input }) => ({ item: rowOf(reconciliationItems, input.item) }),
        run: (ctx, { row, input, loaded: { item } }) => {
          const flaw = flawOf(row, item);
          if (flaw !== undefined || item === undefined) return ctx.refuse(flaw ?? "item_not_found");
          const changes = { note: input.note, decidedBy: whoOf(ctx) };
          return decide(ctx, self, { id: row.id, item, changes: { status: "accepted", ...changes } });
        },
      }),
      release: command({
        on: "item",
        doc: "Takes a match or an acceptance back: the line is unmatched.",
        roles: ["supervisor"],
        input: { item: itemInput },
        output: "row",
        refusals: { ...itemRefusals, item_not_decided: { status: 409, doc: "The line is neither matched nor accepted." } },
        load: ({ input }) => ({ item: rowOf(reconciliationItems, input.item) }),
        run: async (ctx, { row, loaded: { item } }) => {
          const flaw = flawOf(row, item);
          if (item === undefined || (flaw !== undefined && flaw !== "item_decided")) return ctx.refuse(flaw ?? "item_not_found");
          if (flaw === undefined) return ctx.refuse("item_not_decided");
          const seqs = item.transferSeq === null ? [] : [item.transferSeq];
          const changes = { rule: null, transfer: null, transferSeq: null, note: null, decidedBy: whoOf(ctx) };
          decide(ctx, self, { id: row.id, item, changes: { status: "unmatched", ...changes } });
          await noteMissing(ctx, self, { account: row.account, seqs, by: 1 });
          return ctx.table(self).loaded(row.id);
        },
      }),
      close: command({
        on: "item",
        doc: "Closes a reconciliation of which every line is decided, and accepts what else is left: transfers without line, balances that differ.",
        roles: ["supervisor"],
        input: { note: t.text({ minLength: 1, maxLength: 500, doc: "Why." }) },
        output: "row",
        refusals: {
          reconciliation_closed: itemRefusals.reconciliation_closed,
          lines_open: { status: 409, doc: "Some lines are neither matched nor accepted." },
        },
        run: (ctx, { row, input }) => {
          if (row.status === "closed") return ctx.refuse("reconciliation_closed");
          const open = row.unmatched + row.ambiguous;
          if (open > 0) return ctx.refuse("lines_open", { lines: open });
          return ctx.table(self).update(row.id, { status: "closed", note: input.note, decidedBy: whoOf(ctx) });
        },
      }),
      breaks: query({ on: "item", ...breaks }),
    },
  }),
);

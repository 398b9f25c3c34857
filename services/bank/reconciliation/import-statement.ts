/** Imports a statement: reads it, matches its lines with the transfers of an account, and notes both. */
import { and, type CommandContext, eq, type RefusalSpecs, type Row } from "pons";
import type { accounts } from "../account-fields.ts";
import { ibanOf } from "../iban.ts";
import { standingAt } from "../statements/reading.ts";
import { type Reconciliation, statusOf } from "./fields.ts";
import type { Imported } from "./imported.ts";
import { reconciliationItems } from "./items.ts";
import { amountOn, placesOf, unmatchedTransfers, withMargin } from "./ledger-side.ts";
import { match } from "./match.ts";
import { noteMissing, type Reconciliations } from "./missing.ts";
import { imbalanceOf, type ImportFormat, readStatement } from "./read-statement.ts";

export const importRefusals = {
  invalid_statement: { status: 422, doc: "The statement cannot be read." },
  statement_not_balanced: { status: 422, doc: "The lines of the statement do not lead from its opening to its closing balance." },
  wrong_account: { status: 422, doc: "The statement is of another account or currency." },
  already_imported: { status: 409, doc: "This statement was imported for the account before." },
  period_too_long: { status: 422, doc: "The account has more transfers in these days than one import looks at." },
} as const satisfies RefusalSpecs;

export type Import =
  | { readonly ok: true; readonly row: Reconciliation }
  | { readonly ok: false; readonly type: keyof typeof importRefusals; readonly details?: Readonly<Record<string, unknown>> };

const refuse = (type: keyof typeof importRefusals, details?: Readonly<Record<string, unknown>>): Import => ({
  ok: false,
  type,
  ...(details === undefined ? {} : { details }),
});

const isoDay = (moment: string): string => moment.slice(0, 10);

/** Whether the statement is of another account than it is imported for. */
const isOther = (statement: Imported, account: Row<typeof accounts>, mirrored: boolean): boolean => {
  if (statement.currency !== account.currency) return true;
  const named = statement.account?.replace(/\s/g, "") ?? null;
  return !mirrored && named !== null && named !== ibanOf(account.id) && named !== account.id;
};

/** Imports a statement for an account, or changes nothing. */
export const importStatement = async (
  ctx: CommandContext,
  self: Reconciliations,
  account: Row<typeof accounts>,
  input: { readonly format: ImportFormat; readonly content: string; readonly mirrored: boolean },
): Promise<Import> => {
  const { format, mirrored, content } = input;
  const read = readStatement(content, { format, currency: account.currency });
  if (!read.ok) return refuse("invalid_statement", { place: read.place, reason: read.reason });
  const { statement } = read;
  if (isOther(statement, account, mirrored))
    return refuse("wrong_account", { account: statement.account, currency: statement.currency });
  const { opening, closing, from, to, lines, currency } = statement;
  const reached = imbalanceOf(statement);
  if (reached !== undefined) return refuse("statement_not_balanced", { opening, closing, reached });
  const digest = Bun.SHA256.hash(content, "hex");
  const [before] = await ctx.table(self).find((row) => and(eq(row.account, account.id), eq(row.digest, digest)), { limit: 1 });
  if (before !== undefined) return refuse("already_imported", { reconciliation: before.id });
  const places = await placesOf(ctx, { from, to });
  const found = await unmatchedTransfers(ctx, account.id, await placesOf(ctx, withMargin({ from, to })));
  if (found === undefined) return refuse("period_too_long");
  const side = { account: account.id, mirrored };
  const { matched, ambiguous } = match(
    lines,
    found.map((transfer) => ({
      id: transfer.id,
      amount: amountOn(transfer, side),
      valueOn: isoDay(transfer.effectiveAt),
      reference: transfer.reference,
    })),
  );
  const byId = new Map(found.map((transfer) => [transfer.id, transfer]));
  const id = ctx.id(self);
  const items = ctx.table(reconciliationItems);
  const seqs: number[] = [];
  for (const { position, amount, bookedOn, valueOn, reference, ids } of lines) {
    const partner = matched.get(position);
    const transfer = partner === undefined ? undefined : byId.get(partner.transfer);
    const candidates = ambiguous.get(position);
    if (transfer !== undefined) seqs.push(transfer.seq);
    items.insert({
      reconciliation: id,
      account: account.id,
      position,
      amount,
      currency,
      bookedOn,
      valueOn,
      reference,
      identifier: ids[0] ?? null,
      status: transfer !== undefined ? "matched" : candidates !== undefined ? "ambiguous" : "unmatched",
      rule: partner?.rule ?? null,
      transfer: transfer?.id ?? null,
      transferSeq: transfer?.seq ?? null,
      candidates: candidates === undefined ? null : [...candidates],
    });
  }
  const taken = new Set(seqs);
  const { balance } = await standingAt(ctx, account.id, places.toSeq);
  const state = {
    matched: matched.size,
    ambiguous: ambiguous.size,
    unmatched: lines.length - matched.size - ambiguous.size,
    accepted: 0,
    missing: found.filter(({ seq }) => places.fromSeq <= seq && seq <= places.toSeq && !taken.has(seq)).length,
    closing,
    ledgerClosing: mirrored ? -balance : balance,
  };
  await noteMissing(ctx, self, { account: account.id, seqs, by: -1 });
  const row = ctx.table(self).insert({
    ...state,
    ...places,
    id,
    account: account.id,
    format,
    mirrored,
    statement: statement.id,
    from,
    to,
    currency,
    opening,
    lines: lines.length,
    status: statusOf(state),
    digest,
  });
  return { ok: true, row };
};

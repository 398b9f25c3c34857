/** How many transfers are without a line, kept with each reconciliation. */
import { and, type CommandContext, eq, gte, lte, type ResourceDefinition } from "pons";
import { type reconciliationFields, statusOf } from "./fields.ts";

export type Reconciliations = ResourceDefinition<string, typeof reconciliationFields>;

/** Other reconciliations of an account that a match can concern. */
const othersMax = 1_000;

/** A change of how many transfers are without a line, in every reconciliation of the account whose days they are of. */
export const noteMissing = async (
  ctx: CommandContext,
  self: Reconciliations,
  { account, seqs, by }: { readonly account: string; readonly seqs: readonly number[]; readonly by: 1 | -1 },
): Promise<void> => {
  if (seqs.length === 0) return;
  const [first, last] = [Math.min(...seqs), Math.max(...seqs)];
  const table = ctx.table(self);
  const concerned = await table.find((row) => and(eq(row.account, account), lte(row.fromSeq, last), gte(row.toSeq, first)), {
    limit: othersMax,
    sortBy: "fromSeq.desc",
  });
  for (const row of concerned) {
    const change = by * seqs.filter((seq) => row.fromSeq <= seq && seq <= row.toSeq).length;
    if (change === 0) continue;
    const missing = row.missing + change;
    table.update(row.id, { missing, status: statusOf({ ...row, missing }) });
  }
};

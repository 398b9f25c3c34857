/**
 * Seals: the transfers of days that are over, chained by hash. Each row of the log is hashed together with the hash before it (SHA-256), and a seal tells
 * the hash after a run of rows; whoever keeps a seal outside the bank can show that no row before it was changed, removed or put in since.
 *
 *   hash(n) = SHA-256( hash(n − 1) "\n" JSON of the row's values in the order of `sealedFields`, amounts as decimal strings )
 */
import { type CommandContext, gt, resource, t } from "pons";
import type { Books } from "./book-fields.ts";
import { books } from "./book-fields.ts";
import { type Transfer, transferFields } from "./transfer-fields.ts";
import { transfers } from "./transfer-fields.ts";

/** Most transfers under one seal. */
export const sealedMax = 10_000;

const fields = {
  id: t.id("sea"),
  day: t.date({ index: true, doc: "Day (UTC) of its last transfer." }),
  fromSeq: t.integer({ unique: true, doc: "First transfer under it." }),
  toSeq: t.integer({ unique: true, doc: "Last transfer under it." }),
  hash: t.string({ maxLength: 64, doc: "SHA-256 over all transfers up to `toSeq`, hexadecimal." }),
  previous: t.string({ maxLength: 64, doc: "Hash of the seal before it; empty for the first." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const seals = resource("seals", { doc: "Hashes over the transfers of days that are over.", fields }, ({ all }) => ({
  rows: { teller: all, supervisor: all, auditor: all },
  appendOnly: true,
  sortBy: "toSeq.desc",
}));

/** Fields under the hash, in their order: all of a transfer. */
export const sealedFields = Object.keys(transferFields) as readonly (keyof Transfer)[];

/** The hash after a row. */
export const hashAfter = (previous: string, row: Transfer): string => {
  const values = sealedFields.map((field) => {
    const value = row[field];
    return typeof value === "bigint" ? String(value) : value;
  });
  return Bun.SHA256.hash(`${previous}\n${JSON.stringify(values)}`, "hex");
};

/** Seals what days before today left, at most `sealedMax` transfers; `more` when some are left. */
export const sealDay = async (
  ctx: CommandContext,
  state: Books,
): Promise<{ readonly more: boolean; readonly sealedSeq: number }> => {
  const found = await ctx.table(transfers).find((row) => gt(row.seq, state.sealedSeq), { limit: sealedMax, sortBy: "seq" });
  const today = ctx.now.slice(0, 10);
  // A clock that was set back may leave a row of today among those of yesterday: what follows it waits.
  const cut = found.findIndex(({ createdAt }) => createdAt.slice(0, 10) >= today);
  const rows = cut === -1 ? found : found.slice(0, cut);
  const last = rows.at(-1);
  const [first] = rows;
  if (first === undefined || last === undefined) return { more: false, sealedSeq: state.sealedSeq };
  const hash = rows.reduce(hashAfter, state.sealHash);
  ctx.table(seals).insert({
    day: last.createdAt.slice(0, 10),
    fromSeq: first.seq,
    toSeq: last.seq,
    hash,
    previous: state.sealHash,
  });
  ctx.table(books).update(state.id, { sealedSeq: last.seq, sealHash: hash });
  return { more: cut === -1 && rows.length === sealedMax, sealedSeq: last.seq };
};

/**
 * Moments of changes, for who polls by the moment of the last poll. Each is later than all before it, by a millisecond at least, whatever the clocks of
 * nodes say: the last one is a row that a change reads and writes, so it is locked until the commit. Changes of an environment are committed in the order of
 * their moments. Whoever sees one therefore sees all before it, and what is committed later is later: nothing is missed, nothing comes twice.
 *
 * All that one command changes has one moment. Under more than a thousand changes a second they run ahead of the clock; the order is what they are for.
 */
import { type CommandContext, declare, type QueryContext, resource, rowOf, t } from "pons";
import { derivedId } from "./derived-id.ts";

const declared = declare("moments", {
  doc: "The moment of the last change.",
  fields: { id: t.id("mom"), at: t.dateTime() },
});

export const moments = resource(declared, () => ({ rows: {} }));

const momentId = derivedId("mom", "last change");

/** What a command that makes a change has to load. */
export const lastMoment = () => rowOf(declared, momentId);

/** The moment of what this command changes; to be asked for once, after `lastMoment()` was loaded. */
export const nextMoment = (ctx: CommandContext): string => {
  const table = ctx.table(declared);
  const last = table.loaded(momentId);
  if (last === undefined) return table.insert({ id: momentId, at: ctx.now }).at;
  const at = ctx.now > last.at ? ctx.now : new Date(Date.parse(last.at) + 1).toISOString();
  return table.update(momentId, { at }).at;
};

/** The moment of the newest change; null before there is any. */
export const newestMoment = async (ctx: QueryContext): Promise<string | null> =>
  (await ctx.table(declared).get(momentId))?.at ?? null;

/** Rows that are read at once. A moment has at most half as many (`changesMax`). */
export const pageMax = 1_000;
/** Most rows of a kind that one command may change. */
export const changesMax = 500;

/**
 * One page of what changed, and the moment from which to go on. `rows` are the first rows after `since`, oldest first, at most `pageMax`. Where there
 * may be more, those of the last moment are left to the next page, as some of them may be missing: what belongs together comes together.
 */
export const pageOf = <R extends { readonly at: string }>(
  rows: readonly R[],
  since: string | null,
  newest: string | null,
): { readonly watermark: string | null; readonly rows: readonly R[] } => {
  const last = rows.at(-1)?.at;
  if (last === undefined) return { watermark: since === null || newest === null || since < newest ? since : newest, rows };
  if (rows.length < pageMax) return { watermark: last, rows };
  const whole = rows.filter(({ at }) => at < last);
  return { watermark: whole.at(-1)?.at ?? since, rows: whole };
};

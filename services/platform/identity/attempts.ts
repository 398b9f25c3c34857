/**
 * Attempts that are counted, so that guessing gets nowhere and nobody's mailbox is flooded. Counters are rows of their own, by what they count; they are
 * the same whether or not there is an account, so that they tell nothing.
 *
 * Whoever guesses is held up where they come from: by account and address, and by address. An account that is guessed at from everywhere lets in who
 * comes from where its owner was logged in lately (NIST SP 800-63B-4, section 3.2.2: no more than 100 failures in a row), so that nobody is locked out by
 * others.
 */
import { type CommandContext, type FunctionRefusal, type QueryContext, resource } from "pons";
import { type Attempt, attempts as declared } from "./attempt-fields.ts";
import { derivedId } from "./derived-id.ts";
import { after, daySeconds } from "./moments.ts";

export const attempts = resource(declared, ({ self, due }) => ({
  rows: {},
  due: due({ doc: "Forgets a counter.", at: "dueAt", run: (ctx, { row }) => ctx.table(self).delete(row.id) }),
}));

interface Limit {
  readonly max: number;
  readonly seconds: number;
}

const limits = {
  /** Wrong credentials for one account from one address. */
  accountHere: { max: 10, seconds: 900 },
  /** Wrong credentials from one address. */
  address: { max: 100, seconds: 900 },
  /** Wrong credentials for one account. */
  account: { max: 100, seconds: daySeconds },
  /** Wrong second factors and passwords within one account that is logged in. */
  user: { max: 10, seconds: 900 },
  /** Mails to one address on behalf of whoever knows it. */
  mailTo: { max: 5, seconds: 3_600 },
  /** Sign-ups and resets from one address. */
  mailFrom: { max: 60, seconds: 3_600 },
} as const satisfies Readonly<Record<string, Limit>>;

export type Counted = keyof typeof limits;

/** Id of the counter for what is counted. */
export const counterId = (counted: Counted, ...of: readonly string[]): string =>
  derivedId("att", JSON.stringify([counted, ...of]));

/** Whether there were too many. */
export const isOver = (counted: Counted, row: Attempt | undefined, now: string): boolean =>
  row !== undefined && row.dueAt !== null && row.dueAt > now && row.count >= limits[counted].max;

/** Counts one more. `row`: as it was loaded. */
export const count = (ctx: CommandContext, counted: Counted, id: string, row: Attempt | undefined): void => {
  const { seconds } = limits[counted];
  const table = ctx.table(declared);
  if (row === undefined) table.insert({ id, count: 1, dueAt: after(ctx.now, seconds) });
  else if (row.dueAt === null || row.dueAt <= ctx.now) table.update(id, { count: 1, dueAt: after(ctx.now, seconds) });
  else table.update(id, { count: row.count + 1 });
};

export const forget = (ctx: CommandContext, row: Attempt | undefined): void => {
  if (row !== undefined) ctx.table(declared).delete(row.id);
};

/** `too_many_attempts`, with the seconds until one is let in again. */
export const tooMany = (ctx: QueryContext | CommandContext, row: Attempt | undefined): FunctionRefusal => {
  const leftMs = Date.parse(row?.dueAt ?? ctx.now) - Date.parse(ctx.now);
  return ctx.refuse("too_many_attempts", { retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1_000)) });
};

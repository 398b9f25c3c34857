/**
 * Posts what is billed at the bank: from the shop's account to the house's, each thing once.
 *
 *   postings.entered ─► post ─► bank.transfers.create ─► posted, refused, or (no bank, no account) still unposted
 *                                      ▲                      │
 *                                      └──── postAgain ◄──────┴ what is not posted, once its time has come
 *
 * The transfer's id follows from the posting's: asked again with it the bank answers what it has done before, so that money moves once however often the
 * job runs, wherever it was stopped. A refusal by the state of an account uses an id up for good; the bank says so when asked again, and only then the
 * next one is taken. Thus of all ids of a posting at most one ever moves money.
 */
import { and, type CallAnswer, type CommandContext, job, lte, ne, schedule, type WorkContext } from "pons";
import { derivedId } from "../derived-id.ts";
import { accountsFor, type BillingAccounts } from "./billing-accounts.ts";
import { type Posting, postings } from "./posting-fields.ts";

/** What became of an attempt. `spent`: ids that were used up by now. */
type Outcome =
  | {
      readonly is: "posted";
      readonly transfer: string;
      readonly amount: bigint;
      readonly effectiveAt: string;
      readonly spent: number;
    }
  | { readonly is: "refused"; readonly type: string; readonly spent: number }
  | { readonly is: "unposted" };

const minute = 60_000;
/** Refusals are tried again after 1, 2, 4 … minutes, a day at the most; what found no bank or no account after so long. */
const retryMsMax = 1_440 * minute;
const unpostedMs = 5 * minute;
/** Of one run of the schedule. */
const againMax = 200;

const transferIdOf = (posting: Posting, spent: number): string => derivedId("trf", `posting ${posting.id} ${spent}`);

/** What a transfer of the bank says, as far as it matters here. */
interface Transfer {
  readonly id: string;
  readonly amount: number | string;
  readonly currency: string;
  readonly effectiveAt: string;
}

const askedOf = ({ externalId, service, amount, currency }: Posting, { debit, credit }: BillingAccounts) => ({
  // What is less than nothing goes the other way.
  debit: amount < 0n ? credit : debit,
  credit: amount < 0n ? debit : credit,
  amount: amount < 0n ? -amount : amount,
  currency,
  kind: "payment",
  reference: `${externalId} ${service}`,
});

/** A transfer that moved what was to be moved; `undefined` where it is something else. */
const postedBy = (posting: Posting, data: unknown, spent: number): Outcome | undefined => {
  const { id, amount, currency, effectiveAt } = data as Transfer;
  const moved = posting.amount < 0n ? -BigInt(amount) : BigInt(amount);
  if (moved !== posting.amount || currency !== posting.currency) return undefined;
  return { is: "posted", transfer: id, amount: moved, effectiveAt, spent };
};

/** With other accounts than now an earlier attempt may have posted it, and was stopped before that was noted. */
const postedBefore = async (ctx: WorkContext, posting: Posting, spent: number): Promise<Outcome | undefined> => {
  const answer = await ctx.call("bank.transfers.get", { id: transferIdOf(posting, spent) });
  return answer.ok ? postedBy(posting, answer.data, spent) : undefined;
};

const refusedBy = (answer: CallAnswer & { readonly ok: false }, spent: number): Outcome => {
  const reason = answer.type === "id_already_failed" ? answer.details["reason"] : undefined;
  return { is: "refused", type: typeof reason === "string" ? reason : answer.type, spent };
};

/** Asks the bank to post it. Throws where the bank does not say what became of it. */
const post = async (ctx: WorkContext, posting: Posting): Promise<Outcome> => {
  if (!ctx.serves("bank")) return { is: "unposted" };
  const accounts = await accountsFor(ctx, posting);
  if (accounts === undefined) return { is: "unposted" };
  const asked = askedOf(posting, accounts);
  let { spent } = posting;
  const create = (): Promise<CallAnswer> =>
    ctx.call("bank.transfers.create", { body: { id: transferIdOf(posting, spent), ...asked } });
  let answer = await create();
  if (!answer.ok && answer.type === "id_already_failed" && posting.attempts > 0) {
    spent++;
    answer = await create();
  }
  if (!answer.ok) {
    const before = answer.type === "exists_with_different_fields" ? await postedBefore(ctx, posting, spent) : undefined;
    return before ?? refusedBy(answer, spent);
  }
  const posted = postedBy(posting, answer.data, spent);
  if (posted === undefined) throw new Error(`${posting.id}: the bank has posted something else than it was asked`);
  return posted;
};

const after = (now: string, ms: number): string => new Date(Date.parse(now) + ms).toISOString();

/** When what was just billed is tried again, should it find no bank. */
export const firstRetryAt = (now: string): string => after(now, unpostedMs);

/** Notes it; what was noted as posted meanwhile stays so. */
const note = async (ctx: CommandContext, id: string, outcome: Outcome): Promise<void> => {
  const table = ctx.table(postings);
  const row = await table.get(id);
  if (row === undefined || row.state === "posted") return;
  const { currency } = row;
  if (outcome.is === "unposted") table.update(id, { retryAt: after(ctx.now, unpostedMs) });
  else if (outcome.is === "posted") {
    const { transfer, amount, effectiveAt, spent } = outcome;
    table.update(id, { state: "posted", transfer, amount, effectiveAt, spent, postedAt: ctx.now, refusal: null, retryAt: null });
    ctx.emit("posted", { posting: id, transfer, amount, currency }, postings);
  } else if (outcome.spent >= row.spent) {
    const { type, spent } = outcome;
    const waits = Math.min(retryMsMax, minute * 2 ** Math.min(row.attempts, 20));
    table.update(id, { state: "refused", refusal: type, spent, attempts: row.attempts + 1, retryAt: after(ctx.now, waits) });
    ctx.emit("refused", { posting: id, refusal: type }, postings);
  }
};

export const postEntered = job<Outcome | null>({
  doc: "Posts at the bank what was billed.",
  on: "postings.entered",
  atOnce: 8,
  work: async (ctx, event) => {
    const posting = await ctx.table(postings).get(event.row ?? "");
    return posting === undefined || posting.state !== "unposted" ? null : post(ctx, posting);
  },
  run: (ctx, event, outcome) => (outcome === null || event.row === null ? undefined : note(ctx, event.row, outcome)),
});

/** One that the bank gives no answer to (the log tells why) does not keep the others waiting. */
const postOrWait = async (ctx: WorkContext, posting: Posting): Promise<Outcome> => {
  try {
    return await post(ctx, posting);
  } catch (error) {
    if (ctx.signal.aborted || error instanceof TypeError) throw error;
    return { is: "refused", type: "unanswered", spent: posting.spent };
  }
};

type Tried = readonly (readonly [posting: string, outcome: Outcome])[];

export const postAgain = schedule<Tried>(
  { every: 60 },
  {
    doc: "Asks the bank again for what it has refused, and for what found no bank.",
    timeoutSeconds: 300,
    work: async (ctx) => {
      const due = await ctx
        .table(postings)
        .find((row) => and(ne(row.state, "posted"), lte(row.retryAt, ctx.now)), { limit: againMax, sortBy: "retryAt" });
      const tried: (readonly [string, Outcome])[] = [];
      for (const posting of due) tried.push([posting.id, await postOrWait(ctx, posting)]);
      return tried;
    },
    run: async (ctx, _run, tried) => {
      for (const [posting, outcome] of tried) await note(ctx, posting, outcome);
    },
  },
);

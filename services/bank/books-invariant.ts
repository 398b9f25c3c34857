/**
 * What must hold of the accounts that a commit changes, whatever the code before it did: the ledger's last check. Debits equal credits in every currency, moved
 * and reserved alike; what was posted only grows, what is reserved is never less than nothing, and a version never comes twice.
 */
import type { RowChange } from "pons";
import type { Account } from "./outcomes.ts";

const counters = ["debitsPosted", "creditsPosted", "debitsPending", "creditsPending"] as const;

type Counters = Pick<Account, (typeof counters)[number] | "balance">;

const nothing: Counters = { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n, balance: 0n };

/** What is wrong with one account by itself. */
const flawOf = (before: Account | undefined, after: Account): string | undefined => {
  const was = before ?? nothing;
  if (after.debitsPosted < was.debitsPosted || after.creditsPosted < was.creditsPosted) return "what was posted has become less";
  if (after.debitsPending < 0n || after.creditsPending < 0n) return "less than nothing is reserved";
  if (after.balance !== after.creditsPosted - after.debitsPosted)
    return "the balance is not what was credited less what was debited";
  if (before === undefined) return undefined;
  if (after.currency !== before.currency) return "the currency has changed";
  return after.version > before.version ? undefined : "the version is one that was there before";
};

/** For the accounts' `invariant`. */
export const booksInvariant = (changes: readonly RowChange<Account>[]): string | undefined => {
  const sums = new Map<string, { posted: bigint; pending: bigint }>();
  for (const { before, after } of changes) {
    const account = after ?? before;
    if (account === undefined) continue;
    if (after === undefined) {
      if (counters.some((name) => account[name] !== 0n)) return `${account.id}: an account that was used is gone`;
      continue;
    }
    const flaw = flawOf(before, after);
    if (flaw !== undefined) return `${after.id}: ${flaw}`;
    const was = before ?? nothing;
    const sum = sums.get(after.currency) ?? { posted: 0n, pending: 0n };
    sum.posted += after.debitsPosted - was.debitsPosted - (after.creditsPosted - was.creditsPosted);
    sum.pending += after.debitsPending - was.debitsPending - (after.creditsPending - was.creditsPending);
    sums.set(after.currency, sum);
  }
  for (const [currency, { posted, pending }] of sums) {
    if (posted !== 0n) return `debits and credits in ${currency} differ by ${posted}`;
    if (pending !== 0n) return `what is reserved in ${currency} differs by ${pending}`;
  }
  return undefined;
};

/**
 * An audit of the whole bank, from its rows: recomputes every account from the transfers alone and compares. What must hold:
 * counters and balances are those of the transfers, a currency's balances add up to zero, seq has no gaps, each transfer says what its accounts
 * held after it, versions go up one at a time with each posting, nobody is beyond overdraft or cap.
 */
import { expect } from "bun:test";
import { type Bank, dataOf } from "./bank.ts";

type Values = Readonly<Record<string, unknown>>;

const amountOf = (value: unknown): bigint => BigInt(value as string | number);

/** Every row of a list, page by page. */
export const everyRow = async (bank: Bank, operation: string): Promise<Values[]> => {
  const rows: Values[] = [];
  const pagesMax = 1_000;
  for (let page = 1; page <= pagesMax; page++) {
    const result = await bank.call(operation, {
      query: { page, perPage: 100, sortBy: [operation.startsWith("transfers") ? "seq.asc" : "id.asc"] },
    });
    rows.push(...(dataOf(result).data as unknown as Values[]));
    if (!result.ok || rows.length >= (result.page?.totalRecords ?? 0)) return rows;
  }
  throw new Error(`more than ${pagesMax} pages`);
};

interface Tally {
  debits: bigint;
  credits: bigint;
  lastVersion: number;
}

/** Checks the books; returns how many accounts and transfers there are. */
export const audit = async (bank: Bank): Promise<{ readonly accounts: number; readonly transfers: number }> => {
  const accounts = await everyRow(bank, "accounts.list");
  const transfers = await everyRow(bank, "transfers.list");
  const tallies = new Map<string, Tally>(accounts.map(({ id }) => [String(id), { debits: 0n, credits: 0n, lastVersion: 0 }]));
  const tallyOf = (id: unknown): Tally => {
    const tally = tallies.get(String(id));
    if (tally === undefined) throw new Error(`a transfer of unknown account ${String(id)}`);
    return tally;
  };
  expect(transfers.map(({ seq }) => seq)).toEqual(transfers.map((_, position) => position + 1));
  for (const { debit, credit, amount, debitBalance, creditBalance, debitVersion, creditVersion } of transfers) {
    const from = tallyOf(debit);
    const to = tallyOf(credit);
    from.debits += amountOf(amount);
    to.credits += amountOf(amount);
    expect(amountOf(debitBalance)).toBe(from.credits - from.debits);
    expect(amountOf(creditBalance)).toBe(to.credits - to.debits);
    expect(debitVersion).toBeGreaterThan(from.lastVersion);
    expect(creditVersion).toBeGreaterThan(to.lastVersion);
    from.lastVersion = Number(debitVersion);
    to.lastVersion = Number(creditVersion);
  }
  const sums = new Map<unknown, bigint>();
  for (const account of accounts) {
    const { debits, credits, lastVersion } = tallyOf(account["id"]);
    const balance = credits - debits;
    expect(amountOf(account["debitsPosted"])).toBe(debits);
    expect(amountOf(account["creditsPosted"])).toBe(credits);
    expect(amountOf(account["balance"])).toBe(balance);
    expect(balance + amountOf(account["overdraftLimit"])).toBeGreaterThanOrEqual(0n);
    if (account["maxBalance"] !== null) expect(balance).toBeLessThanOrEqual(amountOf(account["maxBalance"]));
    expect(Number(account["version"])).toBeGreaterThanOrEqual(lastVersion);
    sums.set(account["currency"], (sums.get(account["currency"]) ?? 0n) + balance);
  }
  expect([...sums.values()].filter((sum) => sum !== 0n)).toEqual([]);
  return { accounts: accounts.length, transfers: transfers.length };
};

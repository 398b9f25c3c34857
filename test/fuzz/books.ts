/**
 * Whether the bank's books are right, over the wire: each account's counters and balance are those of its transfers, a currency's balances add up
 * to zero, seq has no gaps, nobody is beyond overdraft or cap.
 */
import { expect } from "bun:test";
import { textOf } from "./judge.ts";
import type { Target } from "./target.ts";

type Row = Readonly<Record<string, unknown>>;

const amount = (value: unknown): bigint => BigInt(value as string | number);

/** Every row of a collection, streamed. */
const everyRow = async (target: Target, path: string): Promise<Row[]> => {
  const heard = await target.ask({ method: "GET", path, as: "teller", headers: [["Accept", "application/x-ndjson"]] });
  if (heard.status !== 200) throw new Error(`${path}: ${heard.status} ${textOf(heard)}`);
  return textOf(heard)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
};

/** Checks the books; returns how many transfers there are. */
export const checkBooks = async (target: Target): Promise<number> => {
  const accounts = await everyRow(target, "/bank/v2/accounts");
  const transfers = await everyRow(target, "/bank/v2/transfers?sortBy=seq.asc");
  expect(accounts.length).toBeGreaterThanOrEqual(300);
  expect(transfers.length).toBeGreaterThanOrEqual(5_000);
  expect(transfers.findIndex(({ seq }, position) => seq !== position + 1)).toBe(-1);
  const debits = new Map<unknown, bigint>();
  const credits = new Map<unknown, bigint>();
  for (const transfer of transfers) {
    const moved = amount(transfer["amount"]);
    debits.set(transfer["debit"], (debits.get(transfer["debit"]) ?? 0n) + moved);
    credits.set(transfer["credit"], (credits.get(transfer["credit"]) ?? 0n) + moved);
  }
  const sums = new Map<unknown, bigint>();
  for (const account of accounts) {
    const debited = debits.get(account["id"]) ?? 0n;
    const credited = credits.get(account["id"]) ?? 0n;
    const balance = credited - debited;
    const isRight =
      amount(account["debitsPosted"]) === debited &&
      amount(account["creditsPosted"]) === credited &&
      amount(account["balance"]) === balance &&
      amount(account["debitsPending"]) === 0n &&
      amount(account["creditsPending"]) === 0n &&
      balance + amount(account["overdraftLimit"]) >= 0n &&
      (account["maxBalance"] === null || balance <= amount(account["maxBalance"]));
    if (!isRight)
      throw new Error(
        `an account is not what its transfers say: ${JSON.stringify({ account, debited, credited }, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}`,
      );
    sums.set(account["currency"], (sums.get(account["currency"]) ?? 0n) + balance);
  }
  expect([...sums].filter(([, sum]) => sum !== 0n)).toEqual([]);
  return transfers.length;
};

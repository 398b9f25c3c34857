/** The demo data: as much as promised, the same every time, and sound. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { audit, everyRow } from "./audit.ts";
import { type Bank, openBank, rowsOf } from "./bank.ts";

type Values = Readonly<Record<string, unknown>>;

/** What must not differ between two seedings: everything but ids of accounts and moments of creation. */
const lasting = (transfers: readonly Values[], accounts: readonly Values[]): unknown => {
  const names = new Map(accounts.map((account) => [account["id"], `${String(account["name"])} ${String(account["customer"])}`]));
  return transfers.map(
    ({ id, seq, debit, credit, amount, currency, kind, reference, effectiveAt, debitBalance, creditBalance }) => [
      id,
      seq,
      names.get(debit),
      names.get(credit),
      amount,
      currency,
      kind,
      reference,
      effectiveAt,
      debitBalance,
      creditBalance,
    ],
  );
};

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;

  beforeAll(async () => {
    bank = await openBank(await create());
    await bank.seed();
  }, 60_000);
  afterAll(() => bank[Symbol.asyncDispose]());

  test("200 customers, 300 accounts, 5,000 transfers, and the books agree", async () => {
    expect(await audit(bank)).toEqual({ accounts: 300, transfers: 5_000 });
    expect(await everyRow(bank, "customers.list")).toHaveLength(200);
  }, 60_000);

  test("four currencies, each adding up to zero, one without decimals", async () => {
    const rows = rowsOf(await bank.call("accounts.stats.byCurrency"));
    expect(rows.map(({ currency, total }) => [currency, total])).toEqual([
      ["EUR", 0],
      ["GBP", 0],
      ["JPY", 0],
      ["USD", 0],
    ]);
    expect(rows.reduce((sum, { accounts }) => sum + Number(accounts), 0)).toBe(300);
  });

  test("customers know how many accounts they have open", async () => {
    const open = new Map<unknown, number>();
    for (const { customer, status } of await everyRow(bank, "accounts.list")) {
      if (status !== "closed") open.set(customer, (open.get(customer) ?? 0) + 1);
    }
    for (const { id, openAccounts, status } of await everyRow(bank, "customers.list")) {
      expect(openAccounts).toBe(open.get(id) ?? 0);
      if (status !== "active") expect(openAccounts).toBe(0);
    }
  });

  test("there is something of everything to look at", async () => {
    const count = async (operation: string, path: string, value: string) =>
      rowsOf(await bank.call(operation, { query: { filters: [{ path, op: "eq", values: [value], as: path }], perPage: 100 } }))
        .length;
    for (const status of ["active", "inactive", "archived"])
      expect(await count("customers.list", "status", status)).toBeGreaterThan(0);
    for (const status of ["active", "frozen", "closed"])
      expect(await count("accounts.list", "status", status)).toBeGreaterThan(0);
    for (const kind of ["payment", "deposit", "withdrawal"])
      expect(await count("transfers.list", "kind", kind)).toBeGreaterThan(0);
  });

  test("the same again in another database", async () => {
    await using other = await openBank(await create());
    await other.seed();
    const [one, two] = await Promise.all(
      [bank, other].map(async (each) => lasting(await everyRow(each, "transfers.list"), await everyRow(each, "accounts.list"))),
    );
    expect(two).toEqual(one);
  }, 60_000);
});

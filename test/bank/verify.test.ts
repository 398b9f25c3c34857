/** `pons ledger verify`: finds what was changed past the server, whatever it is. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank } from "./bank.ts";

const day = 86_400_000;

describe.each(testDatabases())("$engine", ({ engine, create }) => {
  let bank: Bank;
  let database: TestDatabase;

  beforeAll(async () => {
    database = await create();
    bank = await openBank(database);
    const house = await bank.house("EUR");
    const [a, b] = await Promise.all([bank.holder("EUR", house, 1_000), bank.holder("EUR", house, 0)]);
    const hold = (amount: number) =>
      bank.call("holds.create", { body: { debit: a.account, credit: b.account, amount, currency: "EUR" } });
    const [first, second, third] = [await hold(100), await hold(50), await hold(25)].map((result) =>
      String(dataOf(result).data["id"]),
    );
    dataOf(await bank.call("holds.capture", { id: first as string, body: { amount: 60 } }));
    dataOf(await bank.call("holds.void", { id: second as string }));
    dataOf(await bank.call("holds.increment", { id: third as string, body: { amount: 5 } }));
    const leg = (amount: number) => ({ debit: a.account, credit: b.account, amount, currency: "EUR" });
    dataOf(await bank.call("transactions.create", { body: { legs: [leg(1), leg(2), leg(3)] } }));
    bank.shiftClock(1.5 * day);
    const as = { ...bank.teller, roles: ["supervisor"] };
    dataOf(await bank.call("periods.create", { as, body: { through: new Date().toISOString().slice(0, 10) } }));
    dataOf(await bank.pay(a.account, b.account, 7, "EUR"));
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  test("books that agree", async () => {
    const { ok, lines, facts } = await bank.verify();
    expect(lines).toEqual([expect.stringContaining("The books agree")]);
    expect([ok, facts["findings"], facts["holds"], facts["transactions"]]).toEqual([true, 0, 3, 1]);
    expect(Number(facts["sealed"])).toBe(Number(facts["transfers"]) - 1);
  });

  /** Runs statements with the guards of the log out of the way. */
  const tamper = async (table: string, ...statements: string[]): Promise<void> => {
    const guards =
      engine === "sqlite"
        ? ((await bank.sql(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '${table}'`)) as {
            name: string;
            sql: string;
          }[])
        : [];
    for (const { name } of guards) await bank.sql(`DROP TRIGGER "${name}"`);
    if (engine === "postgres") await bank.sql(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
    for (const statement of statements) await bank.sql(statement);
    for (const { sql } of guards) await bank.sql(sql);
    if (engine === "postgres") await bank.sql(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  };

  const cases: [string, string, string, string, RegExp][] = [
    [
      "an amount",
      "bank_transfers",
      "UPDATE bank_transfers SET amount = amount + 1 WHERE seq = 1",
      "UPDATE bank_transfers SET amount = amount - 1 WHERE seq = 1",
      /notes another balance|not those that were sealed/,
    ],
    [
      "a reference, which no sum shows",
      "bank_transfers",
      "UPDATE bank_transfers SET reference = 'else' WHERE seq = 2",
      "UPDATE bank_transfers SET reference = NULL WHERE seq = 2",
      /not those that were sealed/,
    ],
    [
      "the order of two rows",
      "bank_transfers",
      "UPDATE bank_transfers SET seq = CASE seq WHEN 3 THEN 1000 ELSE seq END WHERE seq = 3",
      "UPDATE bank_transfers SET seq = 3 WHERE seq = 1000",
      /follows seq 2/,
    ],
    [
      "a balance",
      "bank_accounts",
      "UPDATE bank_accounts SET balance = balance + 5 WHERE debits_posted > 0",
      "UPDATE bank_accounts SET balance = balance - 5 WHERE debits_posted > 0",
      /add up to/,
    ],
    [
      "a counter",
      "bank_accounts",
      "UPDATE bank_accounts SET debits_pending = debits_pending + 5 WHERE debits_pending > 0",
      "UPDATE bank_accounts SET debits_pending = debits_pending - 5 WHERE debits_pending > 5",
      /has debitsPending/,
    ],
    [
      "a hold",
      "bank_holds",
      "UPDATE bank_holds SET remaining = remaining + 1 WHERE status = 'active'",
      "UPDATE bank_holds SET remaining = remaining - 1 WHERE status = 'active'",
      /does not stand as the log says/,
    ],
    [
      "a seal",
      "bank_seals",
      "UPDATE bank_seals SET hash = 'changed' WHERE from_seq = 1",
      "UPDATE bank_seals SET hash = (SELECT seal_hash FROM bank_books LIMIT 1) WHERE from_seq = 1",
      /not those that were sealed/,
    ],
  ];
  test.each(cases)("finds a change of %s", async (_, table, change, back, told) => {
    await tamper(table, change);
    const found = await bank.verify();
    await tamper(table, back);
    expect(found.lines.join("\n")).toMatch(told);
    expect((await bank.verify()).ok).toBe(true);
    expect(found.ok).toBe(false);
  });

  test("finds a log that was cut off at its end", async () => {
    const [last] = (await bank.sql("SELECT max(seq) AS n FROM bank_transfers")) as { n: unknown }[];
    await tamper("bank_transfers", `DELETE FROM bank_transfers WHERE seq >= ${Number(last?.n) - 1}`);
    const found = await bank.verify();
    expect(found.ok).toBe(false);
    expect(found.lines.join("\n")).toMatch(/was sealed, and the log ends at/);
  });
});

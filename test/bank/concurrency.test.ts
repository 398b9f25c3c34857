/** Many at once: nobody overspends, an id has one effect, and money is neither made nor lost. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank, refusalOf } from "./bank.ts";
import { audit } from "./audit.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  test("SECURITY 36: 100 payments at once from one account never overspend", async () => {
    const [from, to] = await Promise.all([bank.holder("EUR", house, 1_000), bank.holder("EUR", house, 0)]);
    const results = await Promise.all(Array.from({ length: 100 }, () => bank.pay(from.account, to.account, 30, "EUR")));
    const made = results.filter((result) => result.ok);
    const refused = results.filter((result) => !result.ok).map((result) => refusalOf(result).type);
    expect(made).toHaveLength(33);
    expect(new Set(refused)).toEqual(new Set(["insufficient_funds"]));
    expect((await bank.account(from.account)).balance).toBe(10);
    expect((await bank.account(to.account)).balance).toBe(990);
    const seqs = made.map((result) => Number(dataOf(result).data["seq"])).toSorted((a, b) => a - b);
    expect((seqs.at(-1) ?? 0) - (seqs[0] ?? 0)).toBe(32);
  });

  test("SECURITY 32: one id 100 times at once has one effect and one answer", async () => {
    const [from, to] = await Promise.all([bank.holder("EUR", house, 1_000), bank.holder("EUR", house, 0)]);
    const body = { id: crypto.randomUUID(), debit: from.account, credit: to.account, amount: 30, currency: "EUR" };
    const results = await Promise.all(Array.from({ length: 100 }, () => bank.call("transfers.create", { body })));
    const answers = results.map(dataOf);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ replayed }) => replayed === true)).toHaveLength(99);
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1);
    expect((await bank.account(from.account)).balance).toBe(970);
  });

  test("one id with different amounts at once: the first wins, the others are told", async () => {
    const [from, to] = await Promise.all([bank.holder("EUR", house, 1_000), bank.holder("EUR", house, 0)]);
    const id = crypto.randomUUID();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, position) =>
        bank.call("transfers.create", {
          body: { id, debit: from.account, credit: to.account, amount: 1 + position, currency: "EUR" },
        }),
      ),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(new Set(results.filter((result) => !result.ok).map((result) => refusalOf(result).type))).toEqual(
      new Set(["exists_with_different_fields"]),
    );
  });

  test("SECURITY 34: money in circles: opposite directions at once neither block nor leak", async () => {
    const holders = await Promise.all(Array.from({ length: 5 }, () => bank.holder("EUR", house, 10_000)));
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, position) => {
        const from = holders[position % 5] as { account: string };
        const to = holders[(position * 3 + 1) % 5] as { account: string };
        return bank.pay(from.account, to.account, 1 + (position % 7), "EUR");
      }),
    );
    for (const result of results) if (!result.ok) expect(result.refusal.type).toBe("same_account");
    const balances = await Promise.all(holders.map(async ({ account }) => Number((await bank.account(account)).balance)));
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(50_000);
  });

  test("closing and paying at once: a closed account holds nothing", async () => {
    for (let round = 0; round < 10; round++) {
      const { account } = await bank.holder("EUR", house, 0);
      const [, paid] = await Promise.all([bank.call("accounts.close", { id: account }), bank.pay(house, account, 5, "EUR")]);
      const after = await bank.account(account);
      expect(after.status === "closed").toBe(!paid.ok);
      expect(after.balance).toBe(paid.ok ? 5 : 0);
    }
  });

  test("the books agree with the transfers", async () => {
    await audit(bank);
  });
});

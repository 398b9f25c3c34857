/** What stays behind a transfer: it cannot be changed, and its journal row says what happened. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank, refusalOf } from "./bank.ts";

type Values = Record<string, unknown>;

const jsonOf = (value: unknown): unknown => (typeof value === "string" ? JSON.parse(value) : value);

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const journalOf = async (operation: string): Promise<Values[]> =>
    (await bank.sql(`SELECT * FROM pons_journal WHERE operation = 'bank.${operation}' ORDER BY seq`)) as Values[];

  test.each([
    "UPDATE bank_transfers SET amount = 1",
    "DELETE FROM bank_transfers",
    "UPDATE bank_refusals SET reason = 'none'",
    "DELETE FROM bank_refusals",
  ])("the database itself refuses: %s", async (statement) => {
    const { account } = await bank.holder("EUR", house, 100);
    const body = { id: crypto.randomUUID(), debit: account, credit: house, amount: 101, currency: "EUR" };
    expect(refusalOf(await bank.call("transfers.create", { body })).type).toBe("insufficient_funds");
    const rows = async () =>
      JSON.stringify(
        [
          await bank.sql("SELECT id, amount FROM bank_transfers ORDER BY id"),
          await bank.sql("SELECT id, reason FROM bank_refusals ORDER BY id"),
        ],
        (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
      );
    const before = await rows();
    let refused = false;
    try {
      await bank.sql(statement);
    } catch {
      refused = true;
    }
    expect(refused).toBe(true);
    expect(await rows()).toBe(before);
  });

  test("a transfer leaves one journal row with its event; a replay and a malformed request leave none", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    const before = (await journalOf("transfers.create")).length;
    const body = { id: crypto.randomUUID(), debit: house, credit: account, amount: 5, currency: "EUR" };
    const { data } = dataOf(await bank.call("transfers.create", { body }));
    dataOf(await bank.call("transfers.create", { body }));
    refusalOf(await bank.call("transfers.create", { body: { ...body, id: crypto.randomUUID(), amount: 0 } }));
    const rows = (await journalOf("transfers.create")).slice(before);
    expect(rows).toHaveLength(1);
    expect(jsonOf(rows[0]?.["events"])).toEqual([
      { type: "transfers.posted", data: { transfer: data["id"], debit: house, credit: account, amount: 5, currency: "EUR" } },
    ]);
  });

  test("a refusal that spends an id is in the journal, without an event", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    const before = (await journalOf("transfers.create")).length;
    const body = { id: crypto.randomUUID(), debit: account, credit: house, amount: 5, currency: "EUR" };
    refusalOf(await bank.call("transfers.create", { body }));
    const rows = (await journalOf("transfers.create")).slice(before);
    expect(rows.map(({ status, events }) => [Number(status), jsonOf(events)])).toEqual([[422, null]]);
  });

  test("opening, freezing and closing are told as events", async () => {
    const { account, customer } = await bank.holder("EUR", house, 0);
    dataOf(await bank.call("accounts.freeze", { id: account, body: { reason: "lost card" } }));
    dataOf(await bank.call("accounts.unfreeze", { id: account }));
    dataOf(await bank.call("accounts.close", { id: account }));
    const rows = (await bank.sql("SELECT events FROM pons_journal ORDER BY seq")) as Values[];
    const events = rows.flatMap((row) => (jsonOf(row["events"]) ?? []) as { type: string; data: Values }[]);
    expect(events.filter(({ data }) => data["account"] === account)).toEqual([
      { type: "accounts.opened", data: { account, customer } },
      { type: "accounts.frozen", data: { account, reason: "lost card" } },
      { type: "accounts.unfrozen", data: { account } },
      { type: "accounts.closed", data: { account } },
    ]);
  });

  test("an Idempotency-Key gives the first answer again, whatever happened since", async () => {
    const { account } = await bank.holder("EUR", house, 10);
    const body = { debit: account, credit: house, amount: 10, currency: "EUR" };
    const first = dataOf(await bank.call("transfers.create", { body, idempotencyKey: "pay-once" }));
    const again = dataOf(await bank.call("transfers.create", { body, idempotencyKey: "pay-once" }));
    expect(again).toMatchObject({ replayed: true, data: first.data });
    expect(
      refusalOf(await bank.call("transfers.create", { body: { ...body, amount: 9 }, idempotencyKey: "pay-once" })).type,
    ).toBe("idempotency_key_reused");
    expect((await bank.account(account)).balance).toBe(0);
  });
});

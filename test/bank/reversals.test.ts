/** Reversals and corrections: once only, and by two people. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, dataOf, openBank, refusalOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;
  let supervisor: Caller;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
    supervisor = { ...bank.teller, user: "supervisor", roles: ["supervisor"] };
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const paid = async (amount: number) => {
    const [a, b] = await Promise.all([bank.holder("EUR", house, amount), bank.holder("EUR", house, 0)]);
    const { data } = dataOf(await bank.pay(a.account, b.account, amount, "EUR"));
    return { from: a.account, to: b.account, id: String(data["id"]) };
  };
  const balances = async ({ from, to }: { from: string; to: string }) => [
    (await bank.account(from))["balance"],
    (await bank.account(to))["balance"],
  ];
  const reverse = (id: string, as = bank.teller) => bank.call("transfers.reverse", { as, id, body: { reason: "Paid twice" } });

  test("SECURITY 38: waits for somebody else, and is done once", async () => {
    const transfer = await paid(100);
    const asked = dataOf(await reverse(transfer.id));
    expect([asked.status, asked.data["outcome"], asked.data["reversal"]]).toEqual([202, "pending", null]);
    expect(await balances(transfer)).toEqual([0, 100]);
    const approval = String(asked.data["approval"]);
    expect(
      refusalOf(await bank.call("approvals.approve", { as: { ...bank.teller, roles: ["supervisor"] }, id: approval, body: {} }))
        .status,
    ).toBe(403);
    dataOf(await bank.call("approvals.approve", { as: supervisor, id: approval, body: {} }));
    expect(await balances(transfer)).toEqual([100, 0]);
    expect(refusalOf(await reverse(transfer.id))).toMatchObject({ status: 409, type: "already_reversed" });
  });

  test("SECURITY 38: two that wait: the second is refused once the first is done", async () => {
    const transfer = await paid(10);
    const approvals = [dataOf(await reverse(transfer.id)), dataOf(await reverse(transfer.id))].map(({ data }) =>
      String(data["approval"]),
    );
    const results = await Promise.all(approvals.map((id) => bank.call("approvals.approve", { as: supervisor, id, body: {} })));
    expect(results.filter(({ ok }) => ok).length).toBe(1);
    expect(await balances(transfer)).toEqual([10, 0]);
  });

  test("money that is gone cannot come back, and neither can a reversal", async () => {
    await using other = await openBank(await create());
    await other.allow("transfer.reverse");
    const source = await other.house("EUR");
    const [a, b] = await Promise.all([other.holder("EUR", source, 50), other.holder("EUR", source, 0)]);
    const pay = async (from: string, to: string) => String(dataOf(await other.pay(from, to, 50, "EUR")).data["id"]);
    const first = await pay(a.account, b.account);
    await pay(b.account, a.account);
    const undo = (id: string) => other.call("transfers.reverse", { id, body: { reason: "x" } });
    expect(refusalOf(await undo(first)).type).toBe("insufficient_funds");
    await pay(a.account, b.account);
    const done = dataOf(await undo(first));
    expect([done.status, done.data["outcome"]]).toEqual([201, "done"]);
    expect(refusalOf(await undo(String(done.data["reversal"]))).type).toBe("not_reversible");
    expect(refusalOf(await undo(first)).type).toBe("already_reversed");
  });

  test("a correction waits too; its id says so until it is decided", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    const id = crypto.randomUUID();
    const body = { id, debit: house, credit: account, amount: 5, currency: "EUR", kind: "correction" };
    const asked = refusalOf(await bank.call("transfers.create", { body }));
    expect(asked).toMatchObject({ status: 202, type: "review_required" });
    const { approval } = asked.details as { approval: string };
    expect(refusalOf(await bank.call("transfers.create", { body }))).toMatchObject({
      type: "review_required",
      details: { approval },
    });
    dataOf(await bank.call("approvals.approve", { as: supervisor, id: approval, body: {} }));
    expect((await bank.account(account))["balance"]).toBe(5);
    expect(dataOf(await bank.call("transfers.create", { body }))).toMatchObject({ status: 200, replayed: true });
    const other = { ...body, id: crypto.randomUUID() };
    const rejected = (refusalOf(await bank.call("transfers.create", { body: other })).details as { approval: string }).approval;
    dataOf(await bank.call("approvals.reject", { as: supervisor, id: rejected, body: { reason: "no" } }));
    expect(refusalOf(await bank.call("transfers.create", { body: other }))).toMatchObject({
      type: "id_already_failed",
      details: { reason: "review_rejected" },
    });
  });
});

/** Notes and the timeline of a customer. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { placeOf } from "../../services/bank/timeline.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let sue: Caller;

  beforeAll(async () => {
    bank = await openBank(await create());
    sue = { ...bank.teller, user: "sue", roles: ["supervisor"] };
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const note = (customer: string, text: string, as = bank.teller) => bank.call("notes.create", { as, body: { customer, text } });
  const page = async (id: string, body: object = {}) => {
    const { entries, before } = dataOf(await bank.call("customers.timeline", { id, body })).data;
    return { entries: entries as Data[], before: before as string | null };
  };

  describe("notes", () => {
    test("staff writes them, under their own name; nobody changes them", async () => {
      const customer = await bank.person();
      expect(dataOf(await note(customer, "Called about a card.\nWill come by."))).toMatchObject({
        status: 201,
        data: { customer, author: "teller", text: "Called about a card.\nWill come by." },
      });
      dataOf(await note(customer, "Came by.", sue));
      expect(rowsOf(await bank.call("notes.list", { as: bank.auditor })).map(({ author }) => author)).toContain("sue");
      expect([...bank.contract.operations.keys()].filter((name) => /^notes\.(update|replace|delete)$/.test(name))).toEqual([]);
      for (const statement of ["UPDATE bank_notes SET text = 'x'", "DELETE FROM bank_notes"]) {
        const passed = (async () => bank.sql(statement))();
        expect([statement, await passed.then(String, () => "refused")]).toEqual([statement, "refused"]);
      }
    });

    test("customers neither read nor write them", async () => {
      const customer = await bank.person();
      dataOf(await note(customer, "Not for the customer."));
      const as = bank.customer(customer);
      expect(refusalOf(await note(customer, "Mine", as))).toMatchObject({ status: 403 });
      expect(refusalOf(await bank.call("notes.list", { as }))).toMatchObject({ status: 403 });
      expect(refusalOf(await bank.call("customers.timeline", { as, id: customer, body: {} }))).toMatchObject({ status: 403 });
    });

    test("refused: no text, too much of it, no such customer, another author", async () => {
      const customer = await bank.person();
      for (const body of [
        { customer, text: "" },
        { customer, text: "x".repeat(4_001) },
        { customer, text: "x", author: "sue" },
      ])
        expect(refusalOf(await bank.call("notes.create", { body }))).toMatchObject({ status: 422, type: "validation_failed" });
      expect(refusalOf(await note("cus_01JD3Q8Z5T7N9V1X3B5D7F9H1K", "x"))).toMatchObject({
        status: 404,
        type: "customer_not_found",
      });
    });
  });

  describe("the timeline", () => {
    test("tells what happened, newest first", async () => {
      const house = await bank.house("EUR");
      const { customer, account } = await bank.holder("EUR", house, 250);
      dataOf(await note(customer, "First visit"));
      dataOf(await bank.call("customers.setRisk", { id: customer, body: { risk: "high", reason: "Cash" } }));
      dataOf(await bank.call("accounts.setLimits", { id: account, body: { overdraftLimit: 5 } }));
      const content = Buffer.from("%PDF-1.7").toString("base64");
      const opened = dataOf(await bank.call("kycCases.create", { body: { customer, tier: "basic" } })).data;
      const id = String(opened["id"]);
      const document = { case: id, kind: "id_card", filename: "card.pdf", mediaType: "application/pdf", content };
      dataOf(await bank.call("documents.create", { body: document }));
      dataOf(await bank.call("kycCases.submit", { id, body: {} }));
      dataOf(await bank.call("kycCases.approve", { as: sue, id, body: {} }));
      dataOf(await bank.call("customers.freeze", { id: customer, body: { reason: "Court order" } }));
      dataOf(await bank.call("customers.unfreeze", { as: sue, id: customer, body: {} }));
      dataOf(await bank.pay(account, house, 250, "EUR"));
      dataOf(await bank.call("accounts.close", { id: account, body: {} }));

      const { entries, before } = await page(customer, { limit: 100 });
      expect(before).toBeNull();
      // What one command wrote has one moment, and no order of its own.
      expect(entries.map(({ at }) => at)).toEqual(
        entries
          .map(({ at }) => String(at))
          .toSorted()
          .toReversed(),
      );
      expect(entries.map(({ type }) => String(type)).toSorted()).toEqual(
        [
          "account_opened",
          "note",
          "risk_changed",
          "approval_requested",
          "kyc_opened",
          "document_added",
          "kyc_submitted",
          "approval_requested",
          "kyc_approved",
          "approval_approved",
          "customer_frozen",
          "customer_unfrozen",
          "account_closed",
        ].toSorted(),
      );
      expect(entries.find(({ type }) => type === "kyc_approved")).toMatchObject({ about: id, text: "basic", by: "sue" });
      expect(entries.find(({ type }) => type === "customer_frozen")).toMatchObject({ text: "Court order", by: "teller" });
      expect(entries.find(({ type }) => type === "risk_changed")).toMatchObject({ text: "low → high: Cash" });

      const amounts = async (transfersFrom: number) =>
        (await page(customer, { limit: 100, transfersFrom })).entries
          .filter(({ type }) => type === "transfer")
          .map(({ amount, currency }) => [amount, currency]);
      expect(await amounts(250)).toEqual([
        [250, "EUR"],
        [250, "EUR"],
      ]);
      expect(await amounts(251)).toEqual([]);
    });

    test("page by page it is the same, though much happened at one moment", async () => {
      const customer = await bank.person();
      await bank.batch(
        "notes.create",
        Array.from({ length: 23 }, (_, number) => ({ body: { customer, text: `Note ${number}` } })),
      );
      await bank.batch(
        "accounts.create",
        Array.from({ length: 9 }, (_, number) => ({ body: { customer, name: `Account ${number}`, currency: "EUR" } })),
      );
      const whole = (await page(customer, { limit: 100 })).entries.map(({ about }) => about);
      expect(new Set(whole).size).toBe(32);
      const paged: unknown[] = [];
      let before: string | null = null;
      do {
        const next: { entries: Data[]; before: string | null } = await page(customer, {
          limit: 5,
          ...(before === null ? {} : { before }),
        });
        expect(next.entries.length).toBeLessThanOrEqual(5);
        paged.push(...next.entries.map(({ about }) => about));
        ({ before } = next);
      } while (before !== null && paged.length < 100);
      expect(paged).toEqual(whole);
    });

    test("another customer's is another", async () => {
      const [ann, ben] = [await bank.person(), await bank.person()];
      dataOf(await note(ann, "About Ann"));
      expect((await page(ben)).entries).toEqual([]);
      expect((await page(ann)).entries).toMatchObject([{ type: "note", text: "About Ann" }]);
    });

    test("refused: what is no cursor, and no number of entries", async () => {
      const id = await bank.person();
      const refused = async (body: object) => refusalOf(await bank.call("customers.timeline", { id, body }));
      expect(await refused({ before: "yesterday" })).toMatchObject({ status: 400, type: "invalid_cursor" });
      for (const body of [{ limit: 0 }, { limit: 101 }, { transfersFrom: 0 }])
        expect(await refused(body)).toMatchObject({ status: 422, type: "validation_failed" });
    });
  });
});

test("a cursor is a moment and an id", () => {
  const id = "act_01JD3Q8Z5T7N9V1X3B5D7F9H1K";
  expect(placeOf(`2026-01-31T09:30:00.000Z~${id}`)).toEqual({ at: "2026-01-31T09:30:00.000Z", id });
  for (const cursor of ["", id, `2026-01-31~${id}`, `2026-13-31T09:30:00.000Z~${id}`, "2026-01-31T09:30:00.000Z~'; --"])
    expect(placeOf(cursor)).toBeUndefined();
});

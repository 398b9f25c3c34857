/** KYC cases and their documents; customers that are frozen. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const dayMs = 86_400_000;
const pdf = (text: string): string => Buffer.from(`%PDF-1.7 ${text}`).toString("base64");

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let sue: Caller;
  let sam: Caller;

  beforeAll(async () => {
    bank = await openBank(await create());
    sue = { ...bank.teller, user: "sue", roles: ["supervisor"] };
    sam = { ...bank.teller, user: "sam", roles: ["supervisor"] };
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const open = (customer: string, tier = "basic", as = bank.teller) =>
    bank.call("kycCases.create", { as, body: { customer, tier } });
  const add = (kase: string, more: object = {}, as = bank.teller) =>
    bank.call("documents.create", {
      as,
      body: {
        case: kase,
        kind: "passport",
        filename: "passport.pdf",
        mediaType: "application/pdf",
        content: pdf("a passport"),
        ...more,
      },
    });
  const submit = (id: string, as = bank.teller) => bank.call("kycCases.submit", { as, id, body: {} });
  const approve = (id: string, as = sue) => bank.call("kycCases.approve", { as, id, body: {} });
  const reject = (id: string, as = sue) => bank.call("kycCases.reject", { as, id, body: { reason: "Not legible" } });
  const caseOf = async (id: string): Promise<Data> => dataOf(await bank.call("kycCases.get", { id })).data;
  const tierOf = async (id: string): Promise<unknown> => dataOf(await bank.call("customers.get", { id })).data["kycTier"];
  const draft = async (tier = "basic") => {
    const customer = await bank.person();
    return { customer, id: String(dataOf(await open(customer, tier)).data["id"]) };
  };
  const submitted = async (tier = "basic") => {
    const opened = await draft(tier);
    dataOf(await add(opened.id));
    return { ...opened, row: dataOf(await submit(opened.id)).data };
  };

  describe("a case", () => {
    test("from the draft to the tier", async () => {
      const { customer, id } = await draft("full");
      expect(await tierOf(customer)).toBe("none");
      expect(refusalOf(await submit(id))).toMatchObject({ status: 422, type: "documents_missing" });
      expect(refusalOf(await approve(id))).toMatchObject({ status: 409, type: "kyc_case_not_submitted" });
      dataOf(await add(id));
      expect(dataOf(await submit(id)).data).toMatchObject({ status: "submitted", submittedBy: "teller" });
      expect(refusalOf(await submit(id))).toMatchObject({ status: 409, type: "kyc_case_not_draft" });
      expect(await tierOf(customer)).toBe("none");
      expect(dataOf(await approve(id)).data).toMatchObject({ status: "approved", checker: "sue" });
      expect(await tierOf(customer)).toBe("full");
    });

    test("approving its approval is the same", async () => {
      const { customer, id, row } = await submitted();
      expect(dataOf(await bank.call("approvals.approve", { as: sue, id: String(row["approval"]), body: {} })).data).toMatchObject(
        {
          action: "kyc.approve",
          status: "approved",
          result: { case: id, tier: "basic" },
        },
      );
      expect(await caseOf(id)).toMatchObject({ status: "approved", checker: "sue" });
      expect(await tierOf(customer)).toBe("basic");
      expect(refusalOf(await approve(id, sam))).toMatchObject({
        type: "kyc_case_not_submitted",
        details: { status: "approved" },
      });
    });

    test("rejected, it says why to the customer, and another may be opened", async () => {
      const { customer, id } = await submitted();
      expect(dataOf(await reject(id)).data).toMatchObject({ status: "rejected", reason: "Not legible" });
      const seen = dataOf(await bank.call("kycCases.get", { as: bank.customer(customer), id })).data;
      expect(seen).toMatchObject({ status: "rejected", reason: "Not legible" });
      for (const field of ["maker", "checker", "submittedBy", "approval"]) expect(seen).not.toHaveProperty(field);
      expect(await tierOf(customer)).toBe("none");
      expect(refusalOf(await approve(id))).toMatchObject({ type: "kyc_case_not_submitted" });
      dataOf(await open(customer));
    });

    test("nobody decides a case of their own: not who submitted it, not who opened it", async () => {
      const both: Caller = { ...bank.teller, user: "bob", roles: ["teller", "supervisor"] };
      const customer = await bank.person();
      const id = String(dataOf(await open(customer, "basic", both)).data["id"]);
      dataOf(await add(id, {}, both));
      dataOf(await submit(id, bank.customer(customer)));
      expect(refusalOf(await approve(id, both))).toMatchObject({ type: "action_refused", details: { refusal: "own_approval" } });
      dataOf(await approve(id));
      const other = await draft();
      dataOf(await add(other.id));
      dataOf(await submit(other.id, both));
      expect(refusalOf(await approve(other.id, both))).toMatchObject({ status: 403, type: "own_approval" });
      expect(refusalOf(await reject(other.id, both))).toMatchObject({ status: 403, type: "own_approval" });
      expect(await tierOf(other.customer)).toBe("none");
    });

    test("two supervisors at once: one decision", async () => {
      const { customer, id } = await submitted();
      const results = await Promise.all([approve(id, sue), reject(id, sam), approve(id, sam), reject(id, sue)]);
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      const { status } = await caseOf(id);
      expect(await tierOf(customer)).toBe(status === "approved" ? "basic" : "none");
    });

    test("one open case per customer, also when two are opened at once", async () => {
      const customer = await bank.person();
      const results = await Promise.all([open(customer), open(customer, "full"), open(customer)]);
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      for (const result of results) if (!result.ok) expect(result.refusal).toMatchObject({ status: 409, type: "kyc_case_open" });
    });

    test("a tier that is held is not asked for; a higher one is, and does not fall", async () => {
      const { customer, id } = await submitted("full");
      dataOf(await approve(id));
      for (const tier of ["basic", "full"])
        expect(refusalOf(await open(customer, tier))).toMatchObject({ status: 409, type: "kyc_tier_held" });
      expect(await tierOf(customer)).toBe("full");
    });

    test("undecided for seven days it is a draft again", async () => {
      const { id, row } = await submitted();
      try {
        bank.shiftClock(7 * dayMs + 1_000);
        for (let tries = 0; tries < 100 && (await caseOf(id))["status"] === "submitted"; tries++) {
          await bank.person();
          await Bun.sleep(10);
        }
        expect(await caseOf(id)).toMatchObject({ status: "draft", approval: null, submittedAt: null });
        expect(dataOf(await bank.call("approvals.get", { id: String(row["approval"]) })).data).toMatchObject({
          status: "expired",
        });
        expect(dataOf(await submit(id)).data).toMatchObject({ status: "submitted" });
      } finally {
        bank.shiftClock(0);
      }
    });

    test("customers open their own, and no others'", async () => {
      const [ann, ben] = [await bank.person(), await bank.person()];
      expect(refusalOf(await open(ben, "basic", bank.customer(ann)))).toMatchObject({ status: 404, type: "customer_not_found" });
      const own = await bank.call("kycCases.create", { as: bank.customer(ann), body: { tier: "basic" } });
      const id = String(dataOf(own).data["id"]);
      expect(dataOf(own).data).toMatchObject({ customer: ann, status: "draft" });
      expect(refusalOf(await bank.call("kycCases.get", { as: bank.customer(ben), id }))).toMatchObject({ status: 404 });
      expect(refusalOf(await submit(id, bank.customer(ben)))).toMatchObject({ status: 404 });
      expect(refusalOf(await approve(id, bank.customer(ann)))).toMatchObject({ status: 403 });
      const unknown = "cus_01JD3Q8Z5T7N9V1X3B5D7F9H1K";
      expect(refusalOf(await open(unknown))).toMatchObject({ status: 404, type: "customer_not_found" });
      expect(refusalOf(await bank.call("kycCases.create", { body: { tier: "basic" } }))).toMatchObject({
        type: "customer_not_found",
      });
    });
  });

  describe("a document", () => {
    test("is kept as it is; its file is for the staff", async () => {
      const { customer, id } = await draft();
      const added = dataOf(await add(id, {}, bank.customer(customer)));
      expect(added).toMatchObject({
        status: 201,
        data: {
          case: id,
          customer,
          size: 19,
          sha256: Bun.SHA256.hash("%PDF-1.7 a passport", "hex"),
        },
      });
      expect(added.data).not.toHaveProperty("content");
      expect(added.data).not.toHaveProperty("uploadedBy");
      const document = String(added.data["id"]);
      for (const as of [bank.teller, sue, bank.auditor]) {
        const { data } = dataOf(await bank.call("documents.download", { as, id: document, body: {} }));
        expect(data).toMatchObject({ mediaType: "application/pdf", filename: "passport.pdf", encoding: "base64" });
        expect(data["content"]).toBe(pdf("a passport"));
      }
      const download = await bank.call("documents.download", { as: bank.customer(customer), id: document, body: {} });
      expect(refusalOf(download)).toMatchObject({ status: 403 });
      expect(rowsOf(await bank.call("documents.list", { as: bank.customer(customer) }))).toHaveLength(1);
      const stranger = bank.customer(await bank.person());
      expect(rowsOf(await bank.call("documents.list", { as: stranger }))).toEqual([]);
      expect(refusalOf(await add(id, { content: pdf("another") }, stranger))).toMatchObject({
        status: 404,
        type: "kyc_case_not_found",
      });
    });

    test("of the greatest size there is; no larger, no emptier", async () => {
      const { id } = await draft();
      const bytes = new Uint8Array(1_048_577).fill(0x20);
      bytes.set(Buffer.from("%PDF-"));
      const content = (length: number) => ({ content: Buffer.from(bytes.subarray(0, length)).toString("base64") });
      expect(refusalOf(await add(id, content(1_048_577)))).toMatchObject({ status: 422, type: "validation_failed" });
      expect(refusalOf(await add(id, content(0)))).toMatchObject({ status: 422, type: "invalid_document" });
      const added = dataOf(await add(id, content(1_048_576))).data;
      expect(added).toMatchObject({ size: 1_048_576 });
      const file = dataOf(await bank.call("documents.download", { id: String(added["id"]), body: {} })).data;
      expect(file["content"]).toBe(content(1_048_576).content);
    });

    const refused: [string, object, number, string][] = [
      ["what is no such file", { mediaType: "image/png" }, 422, "invalid_document"],
      ["a type that is not kept", { mediaType: "text/html" }, 422, "validation_failed"],
      ["what is no base64", { content: "no base64!" }, 422, "validation_failed"],
      ["no name", { filename: "" }, 422, "validation_failed"],
      ["a case that is not there", { case: "kyc_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, 404, "kyc_case_not_found"],
    ];
    test.each(refused)("refused: %s", async (_, more, status, type) => {
      const { id } = await draft();
      expect(refusalOf(await add(id, more))).toMatchObject({ status, type });
    });

    test("refused: twice the same, more than twenty, after the case was submitted", async () => {
      const { id } = await draft();
      dataOf(await add(id));
      expect(refusalOf(await add(id, { filename: "again.pdf" }))).toMatchObject({ status: 409, type: "document_exists" });
      for (let number = 1; number < 20; number++) dataOf(await add(id, { content: pdf(`page ${number}`) }));
      expect(refusalOf(await add(id, { content: pdf("one more") }))).toMatchObject({ status: 422, type: "too_many_documents" });
      dataOf(await submit(id));
      expect(refusalOf(await add(id, { content: pdf("late") }))).toMatchObject({ status: 409, type: "kyc_case_not_draft" });
    });
  });

  describe("a frozen customer", () => {
    const freeze = (id: string, as = bank.teller) => bank.call("customers.freeze", { as, id, body: { reason: "Court order" } });
    const unfreeze = (id: string, as = sue) => bank.call("customers.unfreeze", { as, id, body: {} });
    const account = async (customer: string): Promise<string> =>
      String(dataOf(await bank.call("accounts.create", { body: { customer, name: "Account", currency: "EUR" } })).data["id"]);

    test("nothing moves, nothing is opened, and all is as before afterwards", async () => {
      const house = await bank.house("EUR");
      const { customer, account: first } = await bank.holder("EUR", house, 500);
      const second = await account(customer);
      dataOf(await bank.call("accounts.freeze", { id: second, body: { reason: "Lost card" } }));
      expect(dataOf(await freeze(customer)).data).toMatchObject({ status: "frozen", frozenAccounts: [first] });
      expect(refusalOf(await bank.pay(first, house, 1, "EUR"))).toMatchObject({ type: "account_frozen" });
      expect(refusalOf(await bank.pay(house, first, 1, "EUR"))).toMatchObject({ type: "account_frozen" });
      const opening = await bank.call("accounts.create", { body: { customer, name: "Another", currency: "EUR" } });
      expect(refusalOf(opening)).toMatchObject({ type: "customer_not_active", details: { status: "frozen" } });
      expect(refusalOf(await bank.call("accounts.unfreeze", { id: first, body: {} }))).toMatchObject({
        status: 422,
        type: "customer_frozen",
      });
      expect(refusalOf(await bank.call("customers.reactivate", { id: customer, body: {} }))).toMatchObject({
        type: "customer_frozen",
      });
      expect(refusalOf(await freeze(customer))).toMatchObject({ type: "customer_frozen" });
      expect(refusalOf(await unfreeze(customer, bank.teller))).toMatchObject({ status: 403 });
      const seen = dataOf(await bank.call("customers.get", { as: bank.customer(customer), id: customer })).data;
      expect(seen).toMatchObject({ status: "frozen" });
      expect(seen).not.toHaveProperty("frozenAccounts");

      expect(dataOf(await unfreeze(customer)).data).toMatchObject({ status: "active", frozenAccounts: null });
      expect(await bank.account(first)).toMatchObject({ status: "active", frozenReason: null });
      expect(await bank.account(second)).toMatchObject({ status: "frozen", frozenReason: "Lost card" });
      dataOf(await bank.pay(first, house, 1, "EUR"));
      expect(refusalOf(await unfreeze(customer))).toMatchObject({ status: 422, type: "customer_not_frozen" });
    });

    test("one that was inactive is inactive again", async () => {
      const id = await bank.person();
      dataOf(await bank.call("customers.deactivate", { id, body: {} }));
      dataOf(await freeze(id));
      expect(dataOf(await unfreeze(id)).data).toMatchObject({ status: "inactive" });
    });

    test("is not archived", async () => {
      bank.shiftClock(-400 * dayMs);
      const id = await bank.person();
      bank.shiftClock(0);
      dataOf(await freeze(id));
      dataOf(
        await bank.call("customers.archiveInactive", { body: { before: new Date(Date.now() - 300 * dayMs).toISOString() } }),
      );
      expect(dataOf(await bank.call("customers.get", { id })).data).toMatchObject({ status: "frozen" });
    });

    test("no payment slips through while it is frozen", async () => {
      const house = await bank.house("EUR");
      const { customer, account: own } = await bank.holder("EUR", house, 1_000);
      const results = await Promise.all([
        ...Array.from({ length: 20 }, () => bank.pay(own, house, 1, "EUR")),
        freeze(customer),
        ...Array.from({ length: 20 }, () => bank.pay(own, house, 1, "EUR")),
      ]);
      const paid = results.filter((result, position) => position !== 20 && result.ok).length;
      expect(dataOf(results[20]).data).toMatchObject({ status: "frozen" });
      expect(await bank.account(own)).toMatchObject({ status: "frozen", balance: 1_000 - paid });
      expect(refusalOf(await bank.pay(own, house, 1, "EUR"))).toMatchObject({ type: "account_frozen" });
    });

    test("more than a hundred accounts are too many at once", async () => {
      const customer = await bank.person();
      const body = { customer, name: "Account", currency: "EUR" };
      const opened = await bank.batch(
        "accounts.create",
        Array.from({ length: 101 }, () => ({ body })),
      );
      expect(opened.every(({ ok }) => ok)).toBe(true);
      expect(refusalOf(await freeze(customer))).toMatchObject({ status: 422, type: "too_many_accounts", details: { max: 100 } });
      expect(await bank.account(String(dataOf(opened[0]).data["id"]))).toMatchObject({ status: "active" });
      dataOf(await bank.call("accounts.freeze", { id: String(dataOf(opened[0]).data["id"]), body: { reason: "First" } }));
      dataOf(await freeze(customer));
      expect(await bank.account(String(dataOf(opened[100]).data["id"]))).toMatchObject({ status: "frozen" });
    });
  });
});

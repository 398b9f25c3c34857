/** Approvals: maker and checker, policies by amount, limits of accounts and risk levels. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isNeeded } from "../../services/bank/approvals/policies.ts";
import type { Policy } from "../../services/bank/approvals/policy-fields.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const dayMs = 86_400_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let sue: Caller;
  let sam: Caller;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    sue = { ...bank.teller, user: "sue", roles: ["supervisor"] };
    sam = { ...bank.teller, user: "sam", roles: ["supervisor"] };
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const approval = async (id: unknown, as = sue): Promise<Data> =>
    dataOf(await bank.call("approvals.get", { as, id: String(id) })).data;
  const approve = (id: unknown, as = sue) => bank.call("approvals.approve", { as, id: String(id), body: {} });
  const reject = (id: unknown, as = sue) =>
    bank.call("approvals.reject", { as, id: String(id), body: { reason: "Not covered" } });
  const setLimits = (id: string, body: object, as = bank.teller) => bank.call("accounts.setLimits", { as, id, body });
  /** An account and the approval of an overdraft for it. */
  const asked = async (overdraftLimit = 50_000, as = bank.teller) => {
    const holder = await bank.holder("EUR", house, 1_000);
    const { status, data } = dataOf(await setLimits(holder.account, { overdraftLimit }, as));
    expect({ status, outcome: data["outcome"] }).toEqual({ status: 202, outcome: "pending" });
    return { ...holder, id: String(data["approval"]) };
  };
  const setPolicy = async (body: object): Promise<void> => {
    const { status, data } = dataOf(await bank.call("approvalPolicies.set", { as: sue, body }));
    expect(status).toBe(202);
    dataOf(await approve(data["approval"], sam));
  };

  describe("maker and checker", () => {
    test("nothing happens until somebody else approves; then all of it does", async () => {
      const { account, customer, id } = await asked();
      expect(await bank.account(account)).toMatchObject({ overdraftLimit: 0 });
      expect(await approval(id)).toMatchObject({
        action: "account.setLimits",
        status: "pending",
        maker: "teller",
        checker: null,
        amount: 50_000,
        currency: "EUR",
        about: account,
        customer,
        payload: { account, overdraftLimit: "50000", maxBalance: null },
      });
      expect(dataOf(await approve(id)).data).toMatchObject({ status: "approved", checker: "sue", dueAt: null });
      expect(await bank.account(account)).toMatchObject({ overdraftLimit: 50_000, maxBalance: null });
    });

    test("SECURITY 12: nobody decides what they asked for themselves, by whichever key", async () => {
      const { account, id } = await asked(1, sue);
      expect(refusalOf(await approve(id, sue))).toMatchObject({ status: 403, type: "own_approval" });
      expect(refusalOf(await reject(id, { ...sue, app: "another app" }))).toMatchObject({ type: "own_approval" });
      expect(await approval(id)).toMatchObject({ status: "pending" });
      expect(await bank.account(account)).toMatchObject({ overdraftLimit: 0 });
    });

    test("of keys without a user, two of one app are one", async () => {
      const robot: Caller = { ...bank.teller, user: null, app: "office" };
      const { id } = await asked(1, robot);
      expect(await approval(id)).toMatchObject({ maker: "app:office" });
      expect(refusalOf(await approve(id, { ...robot, roles: ["supervisor"] }))).toMatchObject({ type: "own_approval" });
      dataOf(await approve(id, { ...robot, app: "back office", roles: ["supervisor"] }));
    });

    test("SECURITY 38: it is decided once", async () => {
      const { account, id } = await asked();
      dataOf(await approve(id));
      dataOf(await setLimits(account, { overdraftLimit: 0 }));
      expect(refusalOf(await approve(id, sam))).toMatchObject({
        status: 409,
        type: "approval_decided",
        details: { status: "approved" },
      });
      expect(refusalOf(await reject(id, sam))).toMatchObject({ type: "approval_decided" });
      const other = await asked();
      dataOf(await reject(other.id));
      expect(refusalOf(await approve(other.id, sam))).toMatchObject({ details: { status: "rejected" } });
      expect(await bank.account(other.account)).toMatchObject({ overdraftLimit: 0 });
    });

    test("two supervisors at once: one decides, one effect", async () => {
      const { account, id } = await asked();
      const { version } = await bank.account(account);
      const results = await Promise.all([approve(id, sue), approve(id, sam), reject(id, sam), approve(id, sue)]);
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      for (const result of results) if (!result.ok) expect(result.refusal.type).toBe("approval_decided");
      expect(await bank.account(account)).toMatchObject({ overdraftLimit: 50_000, version: Number(version) + 1 });
    });

    test("what cannot be carried out stays pending, and nothing has changed", async () => {
      const { account, id } = await asked(50_000);
      dataOf(await approve(id));
      dataOf(await bank.pay(account, house, 41_000, "EUR"));
      const lower = dataOf(await setLimits(account, { overdraftLimit: 45_000 })).data["approval"];
      dataOf(await bank.pay(account, house, 9_000, "EUR"));
      expect(refusalOf(await approve(lower))).toMatchObject({
        status: 422,
        type: "action_refused",
        details: { refusal: "overdraft_in_use", details: { used: 49_000, overdraftLimit: 45_000 } },
      });
      expect(await approval(lower)).toMatchObject({ status: "pending", checker: null });
      dataOf(await bank.pay(house, account, 4_000, "EUR"));
      expect(dataOf(await approve(lower)).data).toMatchObject({ status: "approved" });
      expect(await bank.account(account)).toMatchObject({ overdraftLimit: 45_000 });
    });

    test("undecided for seven days, it expires", async () => {
      const { account, id } = await asked();
      try {
        bank.shiftClock(7 * dayMs - 60_000);
        dataOf(await bank.call("customers.update", { id: await bank.person(), body: { name: "Somebody" } }));
        expect(await approval(id)).toMatchObject({ status: "pending" });
        bank.shiftClock(7 * dayMs + 1_000);
        expect(refusalOf(await approve(id)).type).toMatch(/^approval_(expired|decided)$/);
        // Timed work goes at the head of the next batch.
        for (let tries = 0; tries < 100 && (await approval(id))["status"] === "pending"; tries++) {
          await bank.person();
          await Bun.sleep(10);
        }
        expect(await approval(id)).toMatchObject({ status: "expired", checker: null, dueAt: null });
        expect(await bank.account(account)).toMatchObject({ overdraftLimit: 0 });
      } finally {
        bank.shiftClock(0);
      }
    });

    test("tellers, auditors and customers decide nothing", async () => {
      const { customer, id } = await asked();
      for (const as of [bank.teller, bank.auditor, bank.customer(customer)])
        expect(refusalOf(await approve(id, as))).toMatchObject({ status: 403, type: "forbidden" });
    });

    test("customers see none but what they asked for, and nothing that is for the staff", async () => {
      const { customer, id } = await asked();
      expect(refusalOf(await bank.call("approvals.get", { as: bank.customer(customer), id }))).toMatchObject({ status: 404 });
      const opened = dataOf(await bank.call("kycCases.create", { as: bank.customer(customer), body: { tier: "basic" } })).data;
      const content = Buffer.from("%PDF-1.7 proof").toString("base64");
      const document = { case: opened["id"], kind: "passport", filename: "p.pdf", mediaType: "application/pdf", content };
      dataOf(await bank.call("documents.create", { as: bank.customer(customer), body: document }));
      dataOf(await bank.call("kycCases.submit", { as: bank.customer(customer), id: String(opened["id"]), body: {} }));
      const own = rowsOf(await bank.call("approvals.list", { as: bank.customer(customer) }));
      expect(own).toHaveLength(1);
      expect(Object.keys(own[0] ?? {}).toSorted()).toEqual(
        ["id", "action", "amount", "currency", "subject", "status", "requestedAt", "decidedAt", "expiresAt"].toSorted(),
      );
    });
  });

  describe("limits of accounts", () => {
    const refused: [string, object, string][] = [
      ["what they are", { overdraftLimit: 0 }, "limits_unchanged"],
      ["a negative overdraft", { overdraftLimit: -1 }, "validation_failed"],
      ["more than a counter holds", { overdraftLimit: "100000000000000001" }, "validation_failed"],
      ["a cap of nothing", { overdraftLimit: 0, maxBalance: 0 }, "validation_failed"],
    ];
    test.each(refused)("refused: %s", async (_, body, type) => {
      const { account } = await bank.holder("EUR", house, 0);
      expect(refusalOf(await setLimits(account, body))).toMatchObject({ status: 422, type });
    });

    test("refused: a closed account's, and a customer's own wish", async () => {
      const { account, customer } = await bank.holder("EUR", house, 0);
      expect(refusalOf(await setLimits(account, { overdraftLimit: 5 }, bank.customer(customer)))).toMatchObject({ status: 403 });
      dataOf(await bank.call("accounts.close", { id: account, body: {} }));
      expect(refusalOf(await setLimits(account, { overdraftLimit: 5 }))).toMatchObject({ type: "account_closed" });
    });
  });

  describe("policies", () => {
    test("up to an amount it is done at once; above it waits; other currencies wait", async () => {
      await setPolicy({ action: "account.setLimits", currency: "EUR", above: 10_000 });
      const { account } = await bank.holder("EUR", house, 0);
      const done = dataOf(await setLimits(account, { overdraftLimit: 10_000 }));
      expect(done).toMatchObject({ status: 200, data: { outcome: "done", approval: null, overdraftLimit: 10_000 } });
      expect(await bank.account(account)).toMatchObject({ overdraftLimit: 10_000 });
      expect(dataOf(await setLimits(account, { overdraftLimit: 10_001 }))).toMatchObject({
        status: 202,
        data: { overdraftLimit: 10_000 },
      });
      const usd = await bank.holder("USD", await bank.house("USD"), 0);
      expect(dataOf(await setLimits(usd.account, { overdraftLimit: 1 })).status).toBe(202);
      await setPolicy({ action: "account.setLimits", currency: "EUR" });
      expect(dataOf(await setLimits(account, { overdraftLimit: 1 })).status).toBe(202);
      const policies = rowsOf(await bank.call("approvalPolicies.list", { as: bank.auditor }));
      expect(policies).toMatchObject([
        { action: "account.setLimits", currency: "EUR", required: true, above: null, setBy: "sue" },
      ]);
    });

    test("a policy is set by two supervisors", async () => {
      const body = { action: "customer.lowerRisk", required: false };
      expect(refusalOf(await bank.call("approvalPolicies.set", { body }))).toMatchObject({ status: 403 });
      const { data } = dataOf(await bank.call("approvalPolicies.set", { as: sue, body }));
      expect(refusalOf(await approve(data["approval"], sue))).toMatchObject({ type: "own_approval" });
      dataOf(await reject(data["approval"], sam));
    });

    test("some actions always need an approval", async () => {
      for (const action of ["kyc.approve", "transfer.review", "approvalPolicy.set"]) {
        const body = { action, required: false };
        expect(refusalOf(await bank.call("approvalPolicies.set", { as: sue, body }))).toMatchObject({
          status: 422,
          type: "policy_fixed",
        });
      }
      const body = { action: "limitRule.set", required: false, above: 5 };
      expect(refusalOf(await bank.call("approvalPolicies.set", { as: sue, body }))).toMatchObject({ type: "invalid_policy" });
    });
  });

  describe("risk level", () => {
    const setRisk = (id: string, risk: string, as = bank.teller) =>
      bank.call("customers.setRisk", { as, id, body: { risk, reason: "Reviewed" } });

    test("it is raised at once and lowered with an approval", async () => {
      const id = await bank.person();
      expect(dataOf(await setRisk(id, "high"))).toMatchObject({ status: 200, data: { outcome: "done", risk: "high" } });
      expect(refusalOf(await setRisk(id, "high"))).toMatchObject({ status: 422, type: "risk_unchanged" });
      const { status, data } = dataOf(await setRisk(id, "low"));
      expect({ status, risk: data["risk"] }).toEqual({ status: 202, risk: "high" });
      dataOf(await approve(data["approval"]));
      expect(dataOf(await bank.call("customers.get", { id })).data).toMatchObject({ risk: "low" });
    });

    test("what was approved does not raise it, if it was lowered further meanwhile", async () => {
      const id = await bank.person();
      dataOf(await setRisk(id, "high"));
      const some = dataOf(await setRisk(id, "medium")).data["approval"];
      const all = dataOf(await setRisk(id, "low")).data["approval"];
      dataOf(await approve(all));
      expect(refusalOf(await approve(some))).toMatchObject({ type: "action_refused", details: { refusal: "risk_unchanged" } });
    });

    test("customers do not see theirs", async () => {
      const id = await bank.person();
      expect(dataOf(await bank.call("customers.get", { as: bank.customer(id), id })).data).not.toHaveProperty("risk");
      expect(refusalOf(await setRisk(id, "medium", bank.customer(id)))).toMatchObject({ status: 403 });
    });
  });
});

describe("whether an action needs an approval", () => {
  const policy = (more: Partial<Policy>): Policy => ({
    id: "apo_0000000000000000000000000A",
    action: "transfer.reverse",
    currency: null,
    required: true,
    above: null,
    setBy: "sue",
    updatedAt: "2026-01-01T00:00:00.000Z",
    ...more,
  });
  const upTo = policy({ above: 100n });
  const cases: [string, readonly Policy[], bigint | undefined, string | undefined, boolean][] = [
    ["no policy", [], 1n, "EUR", true],
    ["not required", [policy({ required: false })], 1n, "EUR", false],
    ["of another action", [policy({ action: "transfer.adjust", required: false })], 1n, "EUR", true],
    ["up to the amount", [upTo], 100n, "EUR", false],
    ["above it", [upTo], 101n, "EUR", true],
    ["no amount known", [upTo], undefined, undefined, true],
    ["the currency's own goes first", [upTo, policy({ currency: "EUR", above: 5n })], 6n, "EUR", true],
    ["and is for no other", [upTo, policy({ currency: "EUR", above: 5n })], 6n, "USD", false],
    ["only of another currency", [policy({ currency: "EUR", required: false })], 6n, "USD", true],
  ];
  test.each(cases)("%s", (_, policies, amount, currency, needed) => {
    expect(isNeeded(policies, "transfer.reverse", amount, currency)).toBe(needed);
  });

  test("a fixed one does, whatever a row says", () => {
    expect(isNeeded([policy({ action: "kyc.approve", required: false })], "kyc.approve")).toBe(true);
  });
});

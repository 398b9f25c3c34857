/** Statements, balances as of any place or moment, and the trial balance: they agree with one another and with the accounts. On both engines. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Data, dataOf, openBank, refusalOf } from "./bank.ts";
import { camt053Flaws } from "./camt-schema.ts";

setDefaultTimeout(60_000);

const dayMs = 86_400_000;
/** The bank's clock starts at noon, so that no test runs over midnight. */
const startMs = Date.parse(`${new Date().toISOString().slice(0, 10)}T12:00:00.000Z`) - Date.now();
const nowMs = (): number => Date.now() + startMs;
const day = (offset: number): string => new Date(nowMs() + offset * dayMs).toISOString().slice(0, 10);

interface Entry extends Data {
  readonly seq: number;
  readonly amount: number;
  readonly balance: number;
}

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;
  /** Transfers with `mine`: payments in and out, a hold with two captures, a reversal, one of tomorrow's value. */
  let mine: { customer: string; account: string };
  let shop: string;
  let seqs: number[];

  const shift = (byMs: number): void => bank.shiftClock(startMs + byMs);
  const statement = async (body: object, more: object = {}): Promise<Data> =>
    dataOf(await bank.call("accounts.statement", { id: mine.account, body, ...more })).data;
  const file = async (body: object, more: object = {}): Promise<Data> =>
    dataOf(await bank.call("accounts.statementDocument", { id: mine.account, body, ...more })).data;
  const balanceAt = async (body: object): Promise<Data> =>
    dataOf(await bank.call("accounts.balanceAt", { id: mine.account, body })).data;
  const trial = async (body: object, as = bank.auditor): Promise<Data> =>
    dataOf(await bank.call("trialBalance", { body, as })).data;
  const entriesOf = (of: Data): Entry[] => of["entries"] as Entry[];

  beforeAll(async () => {
    bank = await openBank(await create());
    // Three days ago, then two, then one, then today.
    shift(-3 * dayMs);
    house = await bank.house("EUR");
    shop = (await bank.holder("EUR", house, 0)).account;
    mine = await bank.holder("EUR", house, 10_000);
    seqs = [];
    const seqOf = (data: Data) => seqs.push(Number(data["seq"]));
    const pay = async (debit: string, credit: string, amount: number, more: object = {}) =>
      seqOf(dataOf(await bank.call("transfers.create", { body: { debit, credit, amount, currency: "EUR", ...more } })).data);
    await pay(mine.account, shop, 1, { reference: "=cmd|' /C calc'!A0" });
    shift(-2 * dayMs);
    await pay(shop, mine.account, 1, { reference: 'Überweisung <&> "Quittung"' });
    const hold = dataOf(
      await bank.call("holds.create", { body: { debit: mine.account, credit: shop, amount: 500, currency: "EUR" } }),
    ).data;
    const capture = async (amount: number, final: boolean) =>
      seqOf(dataOf(await bank.call("holds.capture", { id: String(hold["id"]), body: { amount, final } })).data);
    await capture(200, false);
    shift(-dayMs);
    await capture(100, true);
    await pay(house, shop, 7_000);
    shift(0);
    await pay(shop, mine.account, 40, { effectiveAt: new Date(nowMs() + dayMs / 2).toISOString() });
    dataOf(await bank.call("holds.create", { body: { debit: mine.account, credit: shop, amount: 1_000, currency: "EUR" } }));
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  test("the whole statement: opening, entries with running balances, closing, without what only reserves", async () => {
    const all = await statement({});
    expect(all).toMatchObject({ account: mine.account, currency: "EUR", fromSeq: 1, opening: 0, more: false, next: null });
    expect(entriesOf(all).map(({ amount, balance }) => [amount, balance])).toEqual([
      [10_000, 10_000],
      [-1, 9_999],
      [1, 10_000],
      [-200, 9_800],
      [-100, 9_700],
      [40, 9_740],
    ]);
    expect(all).toMatchObject({ closing: 9_740, credits: 10_041, debits: 301 });
    expect((await bank.account(mine.account))["balance"]).toBe(9_740);
    expect(entriesOf(all)[1]).toMatchObject({
      counterparty: shop,
      kind: "payment",
      reference: "=cmd|' /C calc'!A0",
      reverses: null,
    });
    // It covers the log to its end, the hold included.
    expect(all["toSeq"]).toBe(all["throughSeq"]);
    expect(Number(all["toSeq"])).toBeGreaterThan(entriesOf(all).at(-1)?.seq ?? 0);
  });

  test("page by page it is the same", async () => {
    const whole = await statement({});
    const pages: Data[] = [];
    for (let body: object | undefined = { limit: 2 }; body !== undefined;) {
      const page: Data = await statement(body);
      pages.push(page);
      body = page["more"] === true ? { fromSeq: page["next"], toSeq: page["throughSeq"], limit: 2 } : undefined;
    }
    expect(pages.flatMap(entriesOf)).toEqual(entriesOf(whole));
    expect(pages.map(({ more }) => more)).toEqual([true, true, false]);
    for (const [at, page] of pages.entries()) if (at > 0) expect(page["opening"]).toEqual(pages[at - 1]?.["closing"]);
    expect(pages.at(-1)).toMatchObject({ closing: whole["closing"], toSeq: whole["toSeq"] });
  });

  test("by days of booking: each day opens with what the day before closed with", async () => {
    const days = [];
    for (const offset of [-4, -3, -2, -1, 0, 1]) days.push(await statement({ from: day(offset), to: day(offset) }));
    expect(days.map((one) => [one["opening"], entriesOf(one).length, one["closing"]])).toEqual([
      [0, 0, 0],
      [0, 2, 9_999],
      [9_999, 2, 9_800],
      [9_800, 1, 9_700],
      [9_700, 1, 9_740],
      [9_740, 0, 9_740],
    ]);
    for (const [at, one] of days.entries()) if (at > 0) expect(one["fromSeq"]).toBe(Number(days[at - 1]?.["toSeq"]) + 1);
    expect(await statement({ to: day(-2) })).toMatchObject({ opening: 0, closing: 9_800 });
    expect(await statement({ from: day(-1) })).toMatchObject({ opening: 9_800, closing: 9_740 });
  });

  test("the balance after every place is that of the statement up to it", async () => {
    const { entries, throughSeq } = (await statement({})) as unknown as { entries: Entry[]; throughSeq: number };
    for (let seq = 0; seq <= throughSeq; seq++) {
      const expected = entries.findLast((one) => one.seq <= seq)?.balance ?? 0;
      expect(await balanceAt({ seq })).toMatchObject({ seq, balance: expected });
      if (seq > 0) expect(await statement({ toSeq: seq })).toMatchObject({ closing: expected, toSeq: seq });
    }
    expect(await balanceAt({})).toMatchObject({ seq: throughSeq, balance: 9_740 });
    expect(await balanceAt({ seq: throughSeq + 1_000 })).toMatchObject({ seq: throughSeq, balance: 9_740 });
  });

  test("as of a moment, and by value date", async () => {
    const at = (offset: number) => new Date(nowMs() + offset * dayMs).toISOString();
    expect(await balanceAt({ at: at(-3.5) })).toMatchObject({ seq: 0, balance: 0 });
    expect(await balanceAt({ at: at(-2.5) })).toMatchObject({ balance: 9_999 });
    expect(await balanceAt({ at: at(-1.5) })).toMatchObject({ balance: 9_800 });
    expect(await balanceAt({ at: at(1) })).toMatchObject({ balance: 9_740, valueBalance: null });
    const last = entriesOf(await statement({})).at(-1);
    expect(await balanceAt({ at: last?.["bookedAt"] })).toMatchObject({ balance: 9_740 });
    // Booked, but of tomorrow's value.
    expect(await balanceAt({ valueAt: at(0) })).toMatchObject({ balance: 9_740, valueBalance: 9_700 });
    expect(await balanceAt({ valueAt: at(1) })).toMatchObject({ balance: 9_740, valueBalance: 9_740 });
    expect(await balanceAt({ valueAt: at(-2.5) })).toMatchObject({ balance: 9_740, valueBalance: 9_999 });
    expect(await balanceAt({ seq: seqs[0], valueAt: at(1) })).toMatchObject({ balance: 9_999, valueBalance: 9_999 });
  });

  const ranges: readonly (readonly [string, object])[] = [
    ["days and places", { from: day(0), toSeq: 5 }],
    ["days that end before they begin", { from: day(0), to: day(-1) }],
    ["places that end before they begin", { fromSeq: 5, toSeq: 4 }],
  ];
  test.each(ranges)("%s are no range", async (_, body) => {
    expect(refusalOf(await bank.call("accounts.statement", { id: mine.account, body }))).toMatchObject({
      status: 400,
      type: "invalid_range",
    });
    const asked = { id: mine.account, body: { ...body, format: "csv" } };
    expect(refusalOf(await bank.call("accounts.statementDocument", asked))).toMatchObject({ type: "invalid_range" });
  });

  test("the ends of time are moments like others", async () => {
    const { throughSeq } = (await statement({})) as unknown as { throughSeq: number };
    expect(await statement({ from: "0001-01-01", to: "9999-12-31" })).toMatchObject({
      opening: 0,
      closing: 9_740,
      toSeq: throughSeq,
    });
    expect(await statement({ from: "9999-12-31" })).toMatchObject({ opening: 9_740, closing: 9_740, entries: [] });
    expect(await statement({ to: "0001-01-01" })).toMatchObject({ opening: 0, closing: 0, entries: [] });
    for (const moment of ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"]) {
      const balance = moment.startsWith("9") ? 9_740 : 0;
      expect(await balanceAt({ at: moment, valueAt: moment })).toMatchObject({ balance, valueBalance: balance });
      expect(await trial({ at: moment })).toMatchObject({ balanced: true });
    }
    expect(camt053Flaws(String((await file({ format: "camt.053", from: "0001-01-01", to: "9999-12-31" }))["content"]))).toEqual(
      [],
    );
  });

  test("a place and a moment are not both meant", async () => {
    const body = { seq: 1, at: new Date(nowMs()).toISOString() };
    expect(refusalOf(await bank.call("accounts.balanceAt", { id: mine.account, body })).type).toBe("invalid_range");
    expect(refusalOf(await bank.call("trialBalance", { body, as: bank.auditor })).type).toBe("invalid_range");
  });

  test.each([{ limit: 0 }, { limit: 1_001 }, { fromSeq: 0 }, { from: "2026-02-30" }, { format: "csv" }])(
    "refused: %p",
    async (body) => {
      expect(refusalOf(await bank.call("accounts.statement", { id: mine.account, body })).type).toBe("validation_failed");
    },
  );

  describe("documents", () => {
    test("camt.053 is valid, and has what the statement has", async () => {
      for (const range of [{}, { from: day(-2), to: day(-1) }, { from: day(5), to: day(6) }]) {
        const { mediaType, filename, content } = await file({ format: "camt.053", ...range });
        expect(mediaType).toBe("application/xml");
        expect(filename).toMatch(/^acc_\w+-\d+-\d+\.xml$/);
        expect(camt053Flaws(String(content))).toEqual([]);
      }
      const { content } = await file({ format: "camt.053" });
      expect(String(content).match(/<Ntry>/g)).toHaveLength(6);
      expect(content).toContain('<Amt Ccy="EUR">97.40</Amt>');
      // What is available is less what the hold reserves.
      expect(content).toContain('<Cd>CLAV</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">87.40</Amt>');
      expect(content).toContain('Überweisung &lt;&amp;&gt; "Quittung"');
      expect(content).toContain("<IBAN>MT");
    });

    test("what was available then is told from the log", async () => {
      const { content } = await file({ format: "camt.053", from: day(-3), to: day(-2) });
      // 98.00 booked; of the hold of 5.00, 2.00 were captured and 3.00 still reserved.
      expect(content).toContain('<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">98.00</Amt>');
      expect(content).toContain('<Cd>CLAV</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">95.00</Amt>');
    });

    test("MT940 and CSV", async () => {
      const swift = await file({ format: "mt940" });
      expect(swift["mediaType"]).toBe("text/plain");
      expect(String(swift["content"]).match(/^:61:/gm)).toHaveLength(6);
      expect(swift["content"]).toContain(`:62F:C${day(0).slice(2).replaceAll("-", "")}EUR97,40\r\n:64:C`);
      const table = await file({ format: "csv" });
      expect(table["mediaType"]).toBe("text/csv");
      const lines = String(table["content"]).split("\r\n");
      expect(lines).toHaveLength(8);
      expect(lines[2]).toContain(",-0.01,EUR,99.99,");
      expect(lines[2]).toContain(",'=cmd|' /C calc'!A0,");
    });

    test("the owner gets it; who may not see IBANs gets the account's id", async () => {
      const own = await file({ format: "camt.053" }, { as: bank.customer(mine.customer) });
      expect(own["content"]).toContain("<IBAN>MT");
      const audited = await file({ format: "camt.053" }, { as: bank.auditor });
      expect(audited["content"]).not.toContain("<IBAN>");
      expect(audited["content"]).toContain(`<Othr><Id>${mine.account}</Id></Othr>`);
      expect(camt053Flaws(String(audited["content"]))).toEqual([]);
      expect((await file({ format: "mt940" }, { as: bank.auditor }))["content"]).toContain(
        `:25:${mine.account.replace("_", "-")}\r\n`,
      );
    });

    test("an amount that a form has no room for is refused, not cut", async () => {
      const rich = await bank.holder("EUR", house, 0);
      dataOf(await bank.pay(house, rich.account, "99999999999900000", "EUR"));
      const ask = (format: string) => bank.call("accounts.statementDocument", { id: rich.account, body: { format } });
      expect(refusalOf(await ask("mt940"))).toMatchObject({
        status: 422,
        type: "amount_not_representable",
        details: { amount: "99999999999900000" },
      });
      expect(camt053Flaws(String(dataOf(await ask("camt.053")).data["content"]))).toEqual([]);
      expect(String(dataOf(await ask("csv")).data["content"])).toContain(",999999999999000.00,EUR,");
      dataOf(await bank.pay(rich.account, house, "99999999999900000", "EUR"));
    });
  });

  test("nobody gets a stranger's statement", async () => {
    const stranger = bank.customer(await bank.person());
    for (const operation of ["accounts.statement", "accounts.statementDocument", "accounts.balanceAt"]) {
      const body = operation === "accounts.statementDocument" ? { format: "csv" } : {};
      expect(refusalOf(await bank.call(operation, { id: mine.account, body, as: stranger }))).toMatchObject({
        type: "not_found",
      });
    }
    expect(refusalOf(await bank.call("trialBalance", { body: {}, as: stranger })).type).toBe("forbidden");
  });

  describe("the trial balance", () => {
    const lineOf = (of: Data, kind: string) => (of["lines"] as Data[]).filter((line) => line["kind"] === kind);

    test("is balanced, now and after every place, and both ways agree", async () => {
      const now = await trial({});
      expect(now).toMatchObject({ seq: null, balanced: true });
      const { throughSeq } = (await statement({})) as unknown as { throughSeq: number };
      const then = await trial({ seq: throughSeq });
      expect(then["lines"]).toEqual(now["lines"]);
      expect(then["currencies"]).toEqual(now["currencies"]);
      for (let seq = 0; seq <= throughSeq; seq++) expect(await trial({ seq })).toMatchObject({ seq, balanced: true });
      expect(await trial({ seq: 0 })).toMatchObject({ lines: [], currencies: [] });
    });

    test("tells the house's accounts by purpose, now and then", async () => {
      await bank.sql(`UPDATE "bank_accounts" SET "kind" = 'house', "purpose" = 'cash' WHERE "id" = '${house}'`);
      const { balance, debitsPosted, creditsPosted } = await bank.account(house);
      const now = await trial({});
      expect(lineOf(now, "house")).toEqual([
        { currency: "EUR", kind: "house", purpose: "cash", debits: debitsPosted, credits: creditsPosted, balance },
      ]);
      expect(lineOf(now, "customer")[0]?.["balance"]).toEqual(-Number(balance));
      const { throughSeq } = (await statement({})) as unknown as { throughSeq: number };
      expect((await trial({ seq: throughSeq }))["lines"]).toEqual(now["lines"]);
    });

    test("as of a moment", async () => {
      const then = await trial({ at: new Date(nowMs() - 2.5 * dayMs).toISOString() });
      expect(then["currencies"]).toEqual([{ currency: "EUR", debits: 10_001, credits: 10_001, difference: 0 }]);
    });

    test("finds a counter that was tampered with", async () => {
      await bank.sql(`UPDATE "bank_accounts" SET "credits_posted" = "credits_posted" + 1 WHERE "id" = '${shop}'`);
      expect(await trial({})).toMatchObject({ balanced: false, currencies: [{ difference: -1 }] });
      await bank.sql(`UPDATE "bank_accounts" SET "credits_posted" = "credits_posted" - 1 WHERE "id" = '${shop}'`);
      expect(await trial({})).toMatchObject({ balanced: true });
    });
  });

  test("a clock that was set back leaves nothing out and nothing twice", async () => {
    const back = await bank.holder("EUR", house, 100);
    // Back by a day, and then back again and again.
    for (const seconds of [0, 1, 2, 3]) {
      shift(-dayMs - seconds * 1_000);
      dataOf(await bank.pay(back.account, shop, 1, "EUR"));
    }
    shift(0);
    dataOf(await bank.pay(back.account, shop, 2, "EUR"));
    const ask = async (body: object) => dataOf(await bank.call("accounts.statement", { id: back.account, body })).data;
    const until = await ask({ to: day(-1) });
    const since = await ask({ from: day(0), to: day(0) });
    expect(since["fromSeq"]).toBe(Number(until["toSeq"]) + 1);
    expect(since["opening"]).toEqual(until["closing"]);
    expect([...entriesOf(until), ...entriesOf(since)].map(({ amount }) => amount)).toEqual([100, -1, -1, -1, -1, -2]);
    expect(entriesOf(since)).toHaveLength(1);
    expect(since["closing"]).toBe(94);
  });
});

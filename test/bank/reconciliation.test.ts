/** Statements of others against the ledger: imported, matched one to one, breaks on both sides, decided by hand. On both engines. */
import { beforeAll, afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Result } from "../../src/pipeline/call.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

setDefaultTimeout(60_000);

const dayMs = 86_400_000;
/** The bank's clock starts at noon, so that no test runs over midnight. */
const startMs = Date.parse(`${new Date().toISOString().slice(0, 10)}T12:00:00.000Z`) - Date.now();
const nowMs = (): number => Date.now() + startMs;
const today = (): string => new Date(nowMs()).toISOString().slice(0, 10);

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let supervisor: Caller;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    bank.shiftClock(startMs);
    supervisor = { ...bank.teller, user: "the supervisor", roles: ["supervisor"] };
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const account = async (funds = 0, currency = "EUR"): Promise<string> => (await bank.holder(currency, house, funds)).account;
  const pay = async (debit: string, credit: string, amount: number, reference?: string): Promise<Data> =>
    dataOf(
      await bank.call("transfers.create", {
        body: { debit, credit, amount, currency: "EUR", ...(reference === undefined ? {} : { reference }) },
      }),
    ).data;
  const document = async (id: string, format: string, more: object = {}): Promise<string> =>
    String(dataOf(await bank.call("accounts.statementDocument", { id, body: { format, ...more } })).data["content"]);
  const bring = (body: object): Promise<Result> => bank.call("reconciliations.import", { body });
  const bringCsv = async (of: string, lines: readonly string[], more: object = {}): Promise<Data> =>
    dataOf(
      await bring({
        account: of,
        format: "csv",
        content: ["date,amount,reference,endToEndId", ...lines, ""].join("\n"),
        ...more,
      }),
    ).data;
  const again = async (id: unknown): Promise<Data> => dataOf(await bank.call("reconciliations.get", { id: String(id) })).data;
  const itemsOf = async (id: unknown): Promise<Data[]> =>
    rowsOf(
      await bank.call("reconciliationItems.list", {
        query: { filters: [{ path: "reconciliation", op: "eq", values: [String(id)], as: "reconciliation" }], perPage: 100 },
      }),
    );
  const breaksOf = async (id: unknown, body: object = {}): Promise<{ lines: Data[]; transfers: Data[] } & Data> =>
    dataOf(await bank.call("reconciliations.breaks", { id: String(id), body })).data as never;
  const decide = (what: string, id: unknown, body: object, as = supervisor): Promise<Result> =>
    bank.call(`reconciliations.${what}`, { id: String(id), body, as });
  const verdict = ({ status, lines, matched, unmatched, ambiguous, accepted, missing }: Data) =>
    `${String(status)}: ${String(lines)} lines, ${String(matched)} matched, ${String(unmatched)} unmatched, ${String(ambiguous)} ambiguous, ${String(accepted)} accepted, ${String(missing)} missing`;

  test.each(["camt.053", "csv"])("our own statement as %s reconciles with the ledger, whole", async (format) => {
    const mine = await account(10_000);
    const shop = await account();
    // Twins, which only their ids tell apart.
    for (let twin = 0; twin < 3; twin++) await pay(mine, shop, 250, '=Lunch, "twice" & more');
    await pay(shop, mine, 40);
    const hold = dataOf(
      await bank.call("holds.create", { body: { debit: mine, credit: shop, amount: 90, currency: "EUR" } }),
    ).data;
    dataOf(await bank.call("holds.capture", { id: String(hold["id"]), body: {} }));
    const row = dataOf(await bring({ account: mine, format, content: await document(mine, format) })).data;
    expect(verdict(row)).toBe("complete: 6 lines, 6 matched, 0 unmatched, 0 ambiguous, 0 accepted, 0 missing");
    expect(row).toMatchObject({ opening: 0, closing: 9_200, ledgerClosing: 9_200, format, from: today(), to: today() });
    const items = await itemsOf(row["id"]);
    expect(items.map(({ rule }) => rule)).toEqual(Array.from({ length: 6 }, () => "id"));
    expect(new Set(items.map(({ transfer }) => transfer)).size).toBe(6);
    expect(await breaksOf(row["id"])).toEqual({ lines: [], transfers: [], nextPosition: null, nextSeq: null });
  });

  test("the same statement is imported once", async () => {
    const mine = await account(500);
    const content = await document(mine, "camt.053");
    const first = dataOf(await bring({ account: mine, format: "camt.053", content })).data;
    expect(refusalOf(await bring({ account: mine, format: "camt.053", content }))).toMatchObject({
      status: 409,
      type: "already_imported",
      details: { reconciliation: first["id"] },
    });
  });

  test("breaks of both sides, page by page", async () => {
    const mine = await account();
    const paid = await pay(house, mine, 100, "Salary");
    const twins = [await pay(house, mine, 7), await pay(house, mine, 7)];
    const lone = [await pay(house, mine, 31), await pay(house, mine, 32)];
    const row = await bringCsv(mine, [
      `${today()},1.00,salary,`,
      `${today()},0.07,,`,
      `${today()},5.55,Unknown,`,
      `${today()},6.66,Unknown too,X-1`,
    ]);
    expect(verdict(row)).toBe("open: 4 lines, 1 matched, 2 unmatched, 1 ambiguous, 0 accepted, 4 missing");
    expect((await itemsOf(row["id"])).map(({ status, rule, transfer }) => [status, rule, transfer])).toEqual([
      ["matched", "reference", paid["id"]],
      ["ambiguous", null, null],
      ["unmatched", null, null],
      ["unmatched", null, null],
    ]);
    const { lines, transfers } = await breaksOf(row["id"]);
    expect(lines.map(({ position, amount, status }) => [position, amount, status])).toEqual([
      [2, 7, "ambiguous"],
      [3, 555, "unmatched"],
      [4, 666, "unmatched"],
    ]);
    const candidates = lines.slice(0, 1).flatMap((line) => line["candidates"] as string[]);
    expect(candidates.toSorted()).toEqual(twins.map(({ id }) => String(id)).toSorted());
    expect(transfers.map(({ transfer, amount }) => [transfer, amount])).toEqual(
      [...twins, ...lone].map(({ id, amount }) => [id, amount]),
    );
    const seen: { lines: unknown[]; transfers: unknown[] } = { lines: [], transfers: [] };
    for (let body: Data = { limit: 2 }, pages = 0; pages < 2; pages++) {
      const page = await breaksOf(row["id"], body);
      seen.lines.push(...page.lines);
      seen.transfers.push(...page.transfers);
      body = { limit: 2, afterPosition: page["nextPosition"], afterSeq: page["nextSeq"] };
      if (pages === 1) expect([page["nextPosition"], page["nextSeq"]]).toEqual([null, null]);
    }
    expect(seen).toEqual({ lines, transfers });
  });

  test("by hand: matched, accepted, taken back, closed", async () => {
    const mine = await account();
    const twins = [await pay(house, mine, 7), await pay(house, mine, 7)];
    const other = await pay(house, mine, 9);
    const row = await bringCsv(mine, [`${today()},0.07,,`, `${today()},0.70,,`]);
    const [first, second] = (await itemsOf(row["id"])).map(({ id }) => id);
    const id = row["id"];

    expect(refusalOf(await decide("match", id, { item: first, transfer: other["id"] }))).toMatchObject({
      status: 422,
      type: "amounts_differ",
      details: { line: 7, transfer: 9 },
    });
    expect(refusalOf(await decide("close", id, { note: "done" }))).toMatchObject({ type: "lines_open", details: { lines: 2 } });
    expect(refusalOf(await decide("release", id, { item: first })).type).toBe("item_not_decided");
    const matched = dataOf(await decide("match", id, { item: first, transfer: twins[1]?.["id"] }, bank.teller)).data;
    expect(verdict(matched)).toBe("open: 2 lines, 1 matched, 1 unmatched, 0 ambiguous, 0 accepted, 2 missing");
    expect(refusalOf(await decide("match", id, { item: first, transfer: twins[0]?.["id"] }))).toMatchObject({
      type: "item_decided",
    });
    expect((await itemsOf(id))[0]).toMatchObject({
      rule: "hand",
      transfer: twins[1]?.["id"],
      decidedBy: "teller",
      candidates: null,
    });

    expect(refusalOf(await decide("accept", id, { item: second, note: "fee" }, bank.teller)).type).toBe("forbidden");
    const accepted = dataOf(await decide("accept", id, { item: second, note: "Fee of theirs" })).data;
    expect(verdict(accepted)).toBe("open: 2 lines, 1 matched, 0 unmatched, 0 ambiguous, 1 accepted, 2 missing");
    const released = dataOf(await decide("release", id, { item: first })).data;
    expect(verdict(released)).toBe("open: 2 lines, 0 matched, 1 unmatched, 0 ambiguous, 1 accepted, 3 missing");
    dataOf(await decide("match", id, { item: first, transfer: twins[0]?.["id"] }));

    const closed = dataOf(await decide("close", id, { note: "The rest comes tomorrow" })).data;
    expect(closed).toMatchObject({ status: "closed", note: "The rest comes tomorrow", decidedBy: "the supervisor", missing: 2 });
    for (const [what, body] of [
      ["match", { item: first, transfer: twins[1]?.["id"] }],
      ["accept", { item: first, note: "x" }],
      ["release", { item: first }],
      ["close", { note: "x" }],
    ] as const)
      expect(refusalOf(await decide(what, id, body)).type).toBe("reconciliation_closed");
  });

  test("a transfer has one line, and a line of another reconciliation is none of this one", async () => {
    const mine = await account();
    const paid = await pay(house, mine, 12);
    const first = await bringCsv(mine, [`${today()},0.12,,`]);
    expect(first).toMatchObject({ status: "complete", matched: 1 });
    const second = await bringCsv(mine, [`${today()},0.12,again,`]);
    expect(verdict(second)).toBe("open: 1 lines, 0 matched, 1 unmatched, 0 ambiguous, 0 accepted, 0 missing");
    const [line] = await itemsOf(second["id"]);
    expect(refusalOf(await decide("match", second["id"], { item: line?.["id"], transfer: paid["id"] }))).toMatchObject({
      status: 409,
      type: "transfer_matched",
    });
    expect(refusalOf(await decide("match", first["id"], { item: line?.["id"], transfer: paid["id"] })).type).toBe(
      "item_not_found",
    );
    const foreign = await pay(house, await account(), 12);
    expect(refusalOf(await decide("match", second["id"], { item: line?.["id"], transfer: foreign["id"] })).type).toBe(
      "transfer_not_found",
    );
    expect(
      refusalOf(await decide("match", second["id"], { item: "rci_00000000000000000000000000", transfer: paid["id"] })).type,
    ).toBe("item_not_found");
  });

  test("two imports at once: no transfer gets two lines", async () => {
    const mine = await account();
    for (let each = 1; each <= 20; each++) await pay(house, mine, each);
    const lines = Array.from({ length: 20 }, (_, at) => `${today()},0.${String(at + 1).padStart(2, "0")},,`);
    const rows = await Promise.all([bringCsv(mine, lines), bringCsv(mine, [...lines].toReversed())]);
    expect(rows.map(({ matched }) => Number(matched)).toSorted((a, b) => a - b)).toEqual([0, 20]);
    const items = (await Promise.all(rows.map(({ id }) => itemsOf(id)))).flat();
    const seqs = items.flatMap(({ transferSeq }) => transferSeq ?? []);
    expect(new Set(seqs).size).toBe(20);
    expect(seqs).toHaveLength(20);
  });

  test("what one statement lacks, a later one explains", async () => {
    const mine = await account();
    bank.shiftClock(startMs - 2 * dayMs);
    const early = new Date(nowMs() - 2 * dayMs).toISOString().slice(0, 10);
    await pay(house, mine, 50);
    await pay(house, mine, 60);
    bank.shiftClock(startMs);
    const first = await bringCsv(mine, [`${early},0.50,,`]);
    expect(verdict(first)).toBe("open: 1 lines, 1 matched, 0 unmatched, 0 ambiguous, 0 accepted, 1 missing");
    // They book it two days later.
    const second = await bringCsv(mine, [`${today()},0.60,,`]);
    expect(second).toMatchObject({ status: "complete", matched: 1, missing: 0 });
    expect((await itemsOf(second["id"]))[0]).toMatchObject({ rule: "window" });
    expect(await again(first["id"])).toMatchObject({ status: "complete", missing: 0 });
    expect((await breaksOf(first["id"])).transfers).toEqual([]);
  });

  test("the other side's statement is mirrored: what it credits was debited here", async () => {
    const nostro = await account(1_000);
    const customer = await account();
    const paid = await pay(nostro, customer, 300, "Incoming wire");
    const content = `date,amount,reference\n${today()},3.00,Incoming wire\n`;
    expect(await bringCsv(nostro, [`${today()},3.00,Incoming wire,`])).toMatchObject({ matched: 0 });
    const row = dataOf(await bring({ account: nostro, format: "csv", content, mirrored: true })).data;
    expect(row).toMatchObject({ matched: 1, mirrored: true, ledgerClosing: -700 });
    expect((await itemsOf(row["id"]))[0]).toMatchObject({ transfer: paid["id"], rule: "reference" });
  });

  describe("refused, and nothing is kept", () => {
    let mine: string;
    let theirs: string;
    beforeAll(async () => {
      mine = await account(500);
      theirs = await document(await account(200), "camt.053");
    });
    const refusal = async (body: object) => refusalOf(await bring({ account: mine, format: "camt.053", ...body }));

    test("a statement that cannot be read, with the place", async () => {
      const xml = await document(mine, "camt.053");
      expect(await refusal({ content: "<!DOCTYPE a><a/>" })).toMatchObject({
        status: 422,
        type: "invalid_statement",
        details: { place: "Document" },
      });
      expect(await refusal({ content: xml.replaceAll("<CdtDbtInd>CRDT", "<CdtDbtInd>CDT") })).toMatchObject({
        type: "invalid_statement",
        details: { place: expect.stringContaining("CdtDbtInd"), reason: "is neither CRDT nor DBIT" },
      });
      expect(await refusal({ format: "csv", content: "date,amount\n2026-11-02,one\n" })).toMatchObject({
        type: "invalid_statement",
        details: { place: "line 2, amount", reason: "is no decimal number" },
      });
    });

    test("another account, another currency, lines that do not add up", async () => {
      expect(await refusal({ content: theirs })).toMatchObject({ status: 422, type: "wrong_account" });
      const pounds = (await document(mine, "camt.053")).replaceAll("EUR", "GBP");
      expect(await refusal({ content: pounds })).toMatchObject({ type: "wrong_account", details: { currency: "GBP" } });
      const cut = (await document(mine, "camt.053")).replace(/<Ntry>.*?<\/Ntry>/, "");
      expect(await refusal({ content: cut })).toMatchObject({
        type: "statement_not_balanced",
        details: { opening: 0, closing: 500, reached: 0 },
      });
      expect(await refusal({ account: "acc_00000000000000000000000000", content: theirs })).toMatchObject({
        type: "account_not_found",
      });
    });

    test("an empty or a huge one, an unknown format, and callers who may not", async () => {
      expect(await refusal({ content: "" })).toMatchObject({ type: "validation_failed" });
      expect(await refusal({ content: "x".repeat(1024 * 1024 + 1) })).toMatchObject({ type: "validation_failed" });
      expect(await refusal({ content: "x", format: "mt940" })).toMatchObject({ type: "validation_failed" });
      const body = { account: mine, format: "csv", content: "date,amount\n2026-11-02,1\n" };
      for (const as of [bank.auditor, bank.customer(await bank.person())])
        expect(refusalOf(await bank.call("reconciliations.import", { body, as })).type).toBe("forbidden");
      expect(refusalOf(await bank.call("reconciliations.list", { as: bank.customer(await bank.person()) })).type).toBe(
        "forbidden",
      );
    });

    test("nothing was kept of them", async () => {
      const rows = rowsOf(
        await bank.call("reconciliations.list", {
          query: { filters: [{ path: "account", op: "eq", values: [mine], as: "account" }] },
        }),
      );
      expect(rows).toEqual([]);
    });
  });

  test("two thousand lines are imported in one go", async () => {
    const mine = await account();
    const lines = Array.from({ length: 2_000 }, (_, at) => `${today()},${at + 1}.00,Line ${at},E-${at}`);
    expect(verdict(await bringCsv(mine, lines))).toBe(
      "open: 2000 lines, 0 matched, 2000 unmatched, 0 ambiguous, 0 accepted, 0 missing",
    );
  });
});

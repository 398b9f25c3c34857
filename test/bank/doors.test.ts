/**
 * The bank over its doors, from a server that was just started: amounts in every format (exact where they fit, refused where they do not), and what a small
 * prototype of accounts and transfers can do. On both engines.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encode } from "@msgpack/msgpack";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";

type Data = Record<string, unknown>;

const exact = "9007199254740993";

describe.each(testDatabases())("$engine", ({ create }) => {
  let database: TestDatabase;
  let folder: TemporaryFolder;
  let server: TestServer;
  let house: string;
  let customer: string;

  beforeAll(async () => {
    database = await create();
    folder = new TemporaryFolder();
    server = await startServer({
      data: folder.path,
      services: ["services/bank"],
      environment: { PONS_DATABASE_URL: database.url, PONS_PORT: "0" },
    });
    const [row] = await server.data<Data[]>("/bank/v2/accounts?kind=house&currency=EUR");
    house = String(row?.["id"]);
    customer = String((await server.data<Data[]>("/bank/v2/customers?status=active&perPage=1"))[0]?.["id"]);
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
    await database.drop();
  });

  const send = (path: string, body: unknown, method = "POST"): Promise<Response> =>
    server.fetch(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const open = async (more: Data = {}): Promise<string> => {
    const response = await send("/bank/v2/accounts", { customer, name: "Door", currency: "EUR", ...more });
    return String(((await response.json()) as { data: Data }).data["id"]);
  };
  const status = async (answer: Response): Promise<[number, unknown]> => {
    const body = (await answer.json()) as { error?: { type: string } };
    return [answer.status, body.error?.type];
  };

  /** A transfer in each format; `amount` is written as it is given. */
  const formats: Record<
    string,
    (terms: { debit: string; credit: string; amount: string }) => { type: string; body: string | Uint8Array }
  > = {
    json: ({ debit, credit, amount }) => ({
      type: "application/json",
      body: `{"debit":"${debit}","credit":"${credit}","amount":${amount},"currency":"EUR"}`,
    }),
    "json, as text": ({ debit, credit, amount }) => ({
      type: "application/json",
      body: JSON.stringify({ debit, credit, amount, currency: "EUR" }),
    }),
    xml: ({ debit, credit, amount }) => ({
      type: "application/xml",
      body: `<request><debit>${debit}</debit><credit>${credit}</credit><amount>${amount}</amount><currency>EUR</currency></request>`,
    }),
    yaml: ({ debit, credit, amount }) => ({
      type: "application/yaml",
      // YAML's numbers are floats to its parser: beyond 2^53 they are refused, and written as text.
      body: `debit: ${debit}\ncredit: ${credit}\namount: ${amount === exact ? `"${amount}"` : amount}\ncurrency: EUR\n`,
    }),
    csv: ({ debit, credit, amount }) => ({
      type: "text/csv",
      body: `debit,credit,amount,currency\n${debit},${credit},"${amount}",EUR\n`,
    }),
    msgpack: ({ debit, credit, amount }) => ({
      type: "application/msgpack",
      body: encode(
        { debit, credit, amount: /^\d+$/.test(amount) ? BigInt(amount) : Number(amount), currency: "EUR" },
        { useBigInt64: true },
      ),
    }),
  };
  const post = (format: string, terms: { debit: string; credit: string; amount: string }): Promise<Response> => {
    const made = formats[format]?.(terms);
    if (made === undefined) throw new Error(format);
    return server.fetch("/bank/v2/transfers", {
      method: "POST",
      headers: { "content-type": made.type, accept: "application/json" },
      body: made.body as never,
    });
  };

  describe("amounts", () => {
    test.each(Object.keys(formats))("SECURITY 35: %s: 9007199254740993 survives the round trip exactly", async (format) => {
      const debit = await open({ overdraftLimit: 90_000_000_000_000_000n.toString() });
      const credit = await open();
      const response = await post(format, { debit, credit, amount: exact });
      expect(response.status).toBeLessThan(300);
      const account = await server.data<Data>(`/bank/v2/accounts/${credit}`);
      expect([account["balance"], account["creditsPosted"]]).toEqual([exact, exact]);
      const xml = await (await server.fetch(`/bank/v2/accounts/${credit}.xml`)).text();
      expect(xml).toContain(`<balance>${exact}</balance>`);
      const yaml = await (await server.fetch(`/bank/v2/accounts/${credit}.yaml`)).text();
      expect(yaml).toContain(exact);
      const csv = await (await server.fetch(`/bank/v2/accounts.csv?id=${credit}&fields=balance`)).text();
      expect(csv).toContain(exact);
    });

    const wrong = ["0.5", "1e400", "-0.0", "12.50", "9223372036854775808", "NaN", "Infinity", "1,00", "١٢", "-1", "0"];
    test.each(Object.keys(formats).flatMap((format) => wrong.map((amount) => [format, amount] as const)))(
      "%s: %s is refused and nothing moves",
      async (format, amount) => {
        const [debit, credit] = [house, await open()];
        const response = await post(format, { debit, credit, amount });
        // A list, which CSV always is, answers 422 when none of it was taken.
        expect([400, 422]).toContain(response.status);
        expect((await server.data<Data>(`/bank/v2/accounts/${credit}`))["balance"]).toBe(0);
      },
    );

    test("of exponents 0, 2, 3 and 4, in whole minor units only", async () => {
      for (const currency of ["JPY", "EUR", "KWD", "CLF"]) {
        const [debit, credit] = [await open({ currency, overdraftLimit: 100_000 }), await open({ currency })];
        expect((await send("/bank/v2/transfers", { debit, credit, amount: 12_345, currency })).status).toBe(201);
        expect((await send("/bank/v2/transfers", { debit, credit, amount: 1.5, currency })).status).toBe(422);
        expect((await server.data<Data>(`/bank/v2/accounts/${credit}`))["balance"]).toBe(12_345);
      }
    });
  });

  describe("what a prototype can do", () => {
    const nobody = "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K";

    test("create, read, rename, delete an empty account", async () => {
      const id = await open({ name: "First" });
      expect(await server.data<Data>(`/bank/v2/accounts/${id}`)).toMatchObject({ id, name: "First", balance: 0 });
      expect((await send(`/bank/v2/accounts/${id}`, { name: "Second" }, "PATCH")).status).toBe(200);
      expect((await server.data<Data>(`/bank/v2/accounts/${id}`))["name"]).toBe("Second");
      expect(await status(await server.fetch(`/bank/v2/accounts/${id}`, { method: "DELETE" }))).toEqual([
        409,
        "account_not_closed",
      ]);
      expect((await send(`/bank/v2/accounts/${id}/close`, {})).status).toBe(200);
      expect((await server.fetch(`/bank/v2/accounts/${id}`, { method: "DELETE" })).status).toBe(204);
      expect((await server.fetch(`/bank/v2/accounts/${id}`)).status).toBe(404);
    });

    test("transfer, and read both balances", async () => {
      const [a, b] = [await open(), await open()];
      expect(
        (await send("/bank/v2/transfers", { debit: house, credit: a, amount: 100, currency: "EUR", kind: "deposit" })).status,
      ).toBe(201);
      expect((await send("/bank/v2/transfers", { debit: a, credit: b, amount: 30, currency: "EUR" })).status).toBe(201);
      const balance = async (id: string) => (await server.data<Data>(`/bank/v2/accounts/${id}`))["balance"];
      expect([await balance(a), await balance(b)]).toEqual([70, 30]);
      expect(await status(await server.fetch(`/bank/v2/accounts/${a}`, { method: "DELETE" }))).toEqual([409, "account_in_use"]);
    });

    test("unknown accounts are 404, too little money is 422, bad input is 4xx", async () => {
      const [a, b] = [await open(), await open()];
      const transfer = async (more: Data) =>
        status(await send("/bank/v2/transfers", { debit: a, credit: b, amount: 1, currency: "EUR", ...more }));
      expect((await server.fetch(`/bank/v2/accounts/${nobody}`)).status).toBe(404);
      expect(await transfer({ debit: nobody })).toEqual([404, "debit_account_not_found"]);
      expect(await transfer({ credit: nobody })).toEqual([404, "credit_account_not_found"]);
      expect(await transfer({})).toEqual([422, "insufficient_funds"]);
      expect(await transfer({ amount: -1 })).toEqual([400, "invalid_amount"]);
      expect(await transfer({ amount: 0 })).toEqual([400, "invalid_amount"]);
      expect(await transfer({ amount: "" })).toEqual([422, "validation_failed"]);
      expect(await transfer({ amount: null })).toEqual([422, "validation_failed"]);
      expect(await status(await send("/bank/v2/transfers", {}))).toEqual([422, "validation_failed"]);
      expect(await status(await send("/bank/v2/accounts", { customer, name: "", currency: "EUR" }))).toEqual([
        422,
        "validation_failed",
      ]);
      const empty = await server.fetch("/bank/v2/transfers", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "",
      });
      expect(empty.status).toBe(400);
    });
  });
});

/**
 * A hundred callers who send the same call at the same moment, over HTTP, on both engines: by the id that the client chose, and by the Idempotency-Key. There
 * is one effect, and all get the same answer, byte for byte; only the request's id and the word that it is a repetition differ.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";
import { checkBooks } from "./bank-check.ts";
import { type Asked, newRequest, type Parties, partiesOf } from "./bank-load.ts";
import { type Direct, openDirect } from "./direct.ts";

const callers = 100;
const minuteMs = 60_000;

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  /** As it came, without the request's id. */
  readonly body: string;
}

const distinct = (answers: readonly Answer[]): readonly string[] => [...new Set(answers.map(({ body }) => body))];

describe.each(testDatabases())("$engine", ({ create }) => {
  const folder = new TemporaryFolder();
  let database: TestDatabase;
  let server: TestServer;
  let direct: Direct;
  let parties: Parties;

  beforeAll(async () => {
    database = await create();
    server = await startServer({
      data: folder.path,
      services: ["services/bank"],
      environment: { PONS_DATABASE_URL: database.url },
    });
    direct = openDirect(database.url);
    parties = await partiesOf(server);
  }, minuteMs);
  afterAll(async () => {
    await direct[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await database.drop();
    folder[Symbol.dispose]();
  });

  const ask = async ({ path, body, headers }: Pick<Asked, "path" | "body" | "headers">): Promise<Answer> => {
    const response = await server.post(path, body, headers);
    const text = await response.text();
    return {
      status: response.status,
      replayed: response.headers.get("idempotent-replayed") === "true",
      body: text.replace(/"requestId":"[^"]*"/, '"requestId":""'),
    };
  };
  const askAll = (asked: Pick<Asked, "path" | "body" | "headers">): Promise<readonly Answer[]> =>
    Promise.all(Array.from({ length: callers }, () => ask(asked)));

  const count = async (table: string, where = "true"): Promise<number> => {
    const [row] = await direct.query(`SELECT count(*) AS n FROM ${table} WHERE ${where}`);
    return Number(row?.["n"]);
  };
  /** Rows of the ledger and of the journal. */
  const written = async (): Promise<Record<string, number>> => ({
    transfers: await count("bank_transfers"),
    transactions: await count("bank_transactions"),
    holds: await count("bank_holds"),
    accounts: await count("bank_accounts"),
    refusals: await count("bank_refusals"),
    journal: await count("pons_journal"),
  });
  const difference = async (work: () => Promise<void>): Promise<Record<string, number>> => {
    const before = await written();
    await work();
    const after = await written();
    return Object.fromEntries(
      Object.entries(after)
        .map(([name, n]) => [name, n - (before[name] ?? 0)] as const)
        .filter(([, n]) => n !== 0),
    );
  };
  const fromHouse = () => ({ debit: parties.accounts[0], credit: parties.accounts[1], amount: 7, currency: parties.currency });
  /** More than any customer of the demo has. */
  const tooMuch = () => ({ ...fromHouse(), debit: parties.accounts[1], credit: parties.accounts[2], amount: 10 ** 14 });

  const byId = {
    transfer: () => ({ path: "/bank/v2/transfers", body: { id: crypto.randomUUID(), ...fromHouse() }, headers: {} }),
    transaction: () => ({
      path: "/bank/v2/transactions",
      body: { id: crypto.randomUUID(), legs: [fromHouse(), fromHouse()] },
      headers: {},
    }),
    hold: () => ({ path: "/bank/v2/holds", body: { id: crypto.randomUUID(), ...fromHouse() }, headers: {} }),
  };
  const effects: Record<keyof typeof byId, Record<string, number>> = {
    transfer: { transfers: 1, journal: 1 },
    transaction: { transfers: 2, transactions: 1, journal: 1 },
    hold: { transfers: 1, holds: 1, journal: 1 },
  };

  test.each(["transfer", "transaction", "hold"] as const)(
    "one id, a %s: one is made, the others are told of it",
    async (kind) => {
      let answers: readonly Answer[] = [];
      const effect = await difference(async () => void (answers = await askAll(byId[kind]())));
      expect(effect).toEqual(effects[kind]);
      expect(answers.filter(({ status, replayed }) => status === 201 && !replayed).length).toBe(1);
      expect(answers.filter(({ status, replayed }) => status === 200 && replayed).length).toBe(callers - 1);
      expect(distinct(answers).length).toBe(1);
    },
  );

  test("one id, refused for funds: spent once, and all others are told why", async () => {
    const asked = { path: "/bank/v2/transfers", body: { id: crypto.randomUUID(), ...tooMuch() }, headers: {} };
    let answers: readonly Answer[] = [];
    const effect = await difference(async () => void (answers = await askAll(asked)));
    expect(effect).toEqual({ refusals: 1, journal: 1 });
    const types = answers.map(({ body }) => (JSON.parse(body) as { error: { type: string } }).error.type);
    expect(types.filter((type) => type === "insufficient_funds").length).toBe(1);
    expect(types.filter((type) => type === "id_already_failed").length).toBe(callers - 1);
    expect(distinct(answers).length).toBe(2);
  });

  test.each(["transfer", "transaction", "account"] as const)(
    "one Idempotency-Key, a %s: one effect, one answer",
    async (kind) => {
      const { path, body } = newRequest(parties, kind);
      const { id: _, ...terms } = body as Record<string, unknown>;
      const made = kind === "account" ? terms : kind === "transfer" ? fromHouse() : { legs: [fromHouse(), fromHouse()] };
      const asked = { path, body: made, headers: { "idempotency-key": crypto.randomUUID() } };
      let answers: readonly Answer[] = [];
      const effect = await difference(async () => void (answers = await askAll(asked)));
      expect(effect).toEqual(kind === "account" ? { accounts: 1, journal: 1 } : effects[kind]);
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([201]);
      expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
      expect(distinct(answers).length).toBe(1);
      // Also later, and never for something else.
      expect(await ask(asked)).toEqual({ ...(answers[0] as Answer), replayed: true });
      expect((await ask({ ...asked, body: { ...made, reference: "another" } })).status).toBe(422);
    },
  );

  test("one Idempotency-Key, refused: one answer", async () => {
    const asked = { path: "/bank/v2/transfers", body: tooMuch(), headers: { "idempotency-key": crypto.randomUUID() } };
    let answers: readonly Answer[] = [];
    const effect = await difference(async () => void (answers = await askAll(asked)));
    expect(effect).toEqual({});
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([422]);
    expect(distinct(answers).length).toBe(1);
  });

  test("afterwards the books agree", () => checkBooks(direct));
});

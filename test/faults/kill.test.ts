/**
 * kill -9 under load, fifty rounds: the server's process on both engines, and Postgres itself. In each round callers post transfers (with ids of
 * their own), atomic batches and accounts (with idempotency keys) on several connections; the process is killed at a random moment; then it is
 * started again on what it left. No acknowledged write may be lost, none applied by half, and the books must agree.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type PostgresServer, startPostgres, testDatabases } from "../postgres/index.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { checkBooks, judge, openDirect } from "./bank-check.ts";
import { type Asked, newRequest, partiesOf, putUnderLoad } from "./bank-load.ts";

const roundsOfServer = 22;
const roundsOfPostgres = 6;
const connections = 12;
const minutes = 60_000;

/** Long enough to have some answers, short enough to be different each time. */
const moment = (): number => 40 + Math.random() * 160;

/** Load for a random while, then `strike`; returns what was asked. */
const round = async (server: TestServer, strike: () => Promise<void>): Promise<readonly Asked[]> => {
  const parties = await partiesOf(server);
  const ending = new AbortController();
  const load = putUnderLoad(server, parties, { connections, signal: ending.signal });
  await Bun.sleep(moment());
  await strike();
  await Bun.sleep(5);
  ending.abort();
  return load;
};

const countsOf = (all: readonly Asked[]): { acknowledged: number; unknown: number } => ({
  acknowledged: all.filter(({ fate }) => fate === "acknowledged").length,
  unknown: all.filter(({ fate }) => fate === "unknown").length,
});

/** The judge finds what it is there to find: a write that is not there, a batch of which only a part is. */
const expectBlindnessExcluded = async (server: TestServer): Promise<void> => {
  const parties = await partiesOf(server);
  const lost = { ...newRequest(parties, "transfer"), fate: "acknowledged" } as const;
  await expectFailure(() => judge(server, [lost]));
  const half = newRequest(parties, "atomic");
  const [first] = half.transfers;
  const { status } = await server.post("/bank/v2/transfers", {
    ...first,
    debit: parties.accounts[0],
    credit: parties.accounts[1],
  });
  expect(status).toBe(201);
  await expectFailure(() => judge(server, [half]));
};

const expectFailure = async (work: () => Promise<void>): Promise<void> => {
  const failure = await work().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Error);
};

describe.each(testDatabases())("$engine: the server's process", ({ create }) => {
  test(
    `${roundsOfServer} rounds`,
    async () => {
      await using database = await create();
      using folder = new TemporaryFolder();
      const options = { data: folder.path, environment: { PONS_DATABASE_URL: database.url } };
      let server = await startServer(options);
      let acknowledged = 0;
      let unknown = 0;
      try {
        for (let left = roundsOfServer; left > 0; left--) {
          const all = await round(server, async () => void (await server.stop("SIGKILL")));
          server = await startServer(options);
          await judge(server, all);
          const counts = countsOf(all);
          acknowledged += counts.acknowledged;
          unknown += counts.unknown;
        }
        await expectBlindnessExcluded(server);
        await using direct = openDirect(database.url);
        const { transfers } = await checkBooks(direct);
        expect(transfers).toBeGreaterThan(5_000);
        // A test that killed an idle server would prove nothing.
        expect(acknowledged).toBeGreaterThan(roundsOfServer * 10);
        expect(unknown).toBeGreaterThan(roundsOfServer);
      } finally {
        await server[Symbol.asyncDispose]();
      }
    },
    2 * minutes,
  );
});

describe("postgres: the database's own process", () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, minutes);
  afterAll(() => postgres.stop());

  const ready = async (server: TestServer): Promise<void> => {
    for (const until = Date.now() + 20_000; Date.now() < until;) {
      if ((await server.fetch("/readyz")).ok) return;
      await Bun.sleep(20);
    }
    throw new Error(`the server does not find its database again: ${server.log}`);
  };

  test(
    `${roundsOfPostgres} rounds`,
    async () => {
      using folder = new TemporaryFolder();
      const url = await postgres.createDatabase();
      await using server = await startServer({ data: folder.path, environment: { PONS_DATABASE_URL: url } });
      let acknowledged = 0;
      for (let left = roundsOfPostgres; left > 0; left--) {
        const all = await round(server, () => postgres.kill9());
        await postgres.start();
        await ready(server);
        await judge(server, all);
        acknowledged += countsOf(all).acknowledged;
      }
      await using direct = openDirect(url);
      await checkBooks(direct);
      expect(acknowledged).toBeGreaterThan(roundsOfPostgres * 5);
    },
    2 * minutes,
  );
});

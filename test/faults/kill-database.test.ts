/** kill -9 of Postgres itself under load, and its restart in good order: the server lives on, and what it acknowledged is there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type PostgresServer, startPostgres } from "../postgres/index.ts";
import { checkBooksTwice, judge } from "./bank-check.ts";
import { openDirect } from "./direct.ts";
import { round, Tally } from "./round.ts";
import { roundsOf } from "./rounds.ts";

const minuteMs = 60_000;
const roundMsMax = 30_000;

const faults = {
  "kill -9": { rounds: roundsOf("database"), strike: (postgres: PostgresServer) => postgres.kill9() },
  "a restart that ends connections": { rounds: 3, strike: (postgres: PostgresServer) => postgres.restart("fast") },
  "a restart that drops connections": { rounds: 3, strike: (postgres: PostgresServer) => postgres.restart("immediate") },
} as const;

const ready = async (server: TestServer): Promise<void> => {
  for (const until = Date.now() + 20_000; Date.now() < until;) {
    if ((await server.fetch("/readyz")).ok) return;
    await Bun.sleep(20);
  }
  throw new Error(`the server does not find its database again: ${server.log}`);
};

describe("postgres: the database's own process", () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, minuteMs);
  afterAll(() => postgres.stop());

  test.each(Object.entries(faults))(
    "%s",
    async (_, { rounds, strike }) => {
      using folder = new TemporaryFolder();
      const url = await postgres.createDatabase();
      await using server = await startServer({
        data: folder.path,
        services: ["services/bank"],
        environment: { PONS_DATABASE_URL: url },
      });
      const tally = new Tally();
      for (let left = rounds; left > 0; left--) {
        const all = await round(server, () => strike(postgres));
        await postgres.start();
        await ready(server);
        await using direct = openDirect(url);
        await judge(server, direct, all);
        tally.add(all);
      }
      await using direct = openDirect(url);
      await checkBooksTwice(direct, url);
      tally.expectLoad(rounds, 5);
      expect(server.child.exitCode).toBeNull();
    },
    minuteMs + 10 * roundMsMax,
  );
});

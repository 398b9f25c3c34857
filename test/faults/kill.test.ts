/**
 * kill -9 of the server under load, at random moments, on both engines. In each round callers post transfers, atomic batches, transactions, holds with
 * their captures and voids, and accounts on several connections; the process is killed; then it is started again on what it left. No acknowledged
 * write may be lost or doubled, none applied by half, and the books must agree.
 *
 * With the kills of Postgres itself (`kill-database.test.ts`) it is 200 rounds; `PONS_FAULT_ROUNDS` says another number.
 */
import { describe, expect, test } from "bun:test";
import { startServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import { checkBooksTwice, judge } from "./bank-check.ts";
import { openDirect } from "./direct.ts";
import { expectBlindnessExcluded, round, Tally } from "./round.ts";
import { roundsOf } from "./rounds.ts";

const minuteMs = 60_000;
/** For one round on a busy machine. */
const roundMsMax = 5_000;

describe.each(testDatabases())("$engine: the server's process", ({ engine, create }) => {
  const rounds = roundsOf(engine);
  test(
    `SECURITY 32, 39: ${rounds} rounds`,
    async () => {
      await using database = await create();
      using folder = new TemporaryFolder();
      const options = { data: folder.path, services: ["services/bank"], environment: { PONS_DATABASE_URL: database.url } };
      let server = await startServer(options);
      await using direct = openDirect(database.url);
      const tally = new Tally();
      try {
        for (let left = rounds; left > 0; left--) {
          const all = await round(server, async () => void (await server.stop("SIGKILL")));
          server = await startServer(options);
          await judge(server, direct, all);
          tally.add(all);
        }
        await expectBlindnessExcluded(server, direct);
        const { transfers } = await checkBooksTwice(direct, database.url);
        expect(transfers).toBeGreaterThan(5_000);
        tally.expectLoad(rounds, 10);
        expect(tally.unknown).toBeGreaterThan(rounds);
      } finally {
        await server[Symbol.asyncDispose]();
      }
    },
    minuteMs + rounds * roundMsMax,
  );
});

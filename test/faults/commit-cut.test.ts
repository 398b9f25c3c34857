/**
 * The line to Postgres is cut when a commit was sent and before it was answered. Whether it happened is found out, by the journal; the call is answered for what
 * became of it, and is never executed twice, not even one without an id or a key.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";
import { type SeveringProxy, severingProxy } from "../../src/store/postgres/severing-proxy.ts";
import { checkBooksTwice, judge, judgeRows } from "./bank-check.ts";
import { fateOf, newRequest, type Parties, partiesOf, putUnderLoad, send } from "./bank-load.ts";
import { type Direct, openDirect } from "./direct.ts";
import { Tally } from "./round.ts";

const minuteMs = 60_000;
const connections = 12;
const cuts = 25;
const betweenMs = 30;
/** Until a commit comes by, and until one is answered again, on a busy machine. */
const waitMsMax = 15_000;

describe.each(testDatabases().filter(({ engine }) => engine === "postgres"))("$engine", ({ create }) => {
  const folder = new TemporaryFolder();
  let database: TestDatabase;
  let proxy: SeveringProxy;
  let server: TestServer;
  let direct: Direct;
  let parties: Parties;

  beforeAll(async () => {
    database = await create();
    proxy = severingProxy(database.url);
    server = await startServer({ data: folder.path, services: ["services/bank"], environment: { PONS_DATABASE_URL: proxy.url } });
    direct = openDirect(database.url);
    parties = await partiesOf(server);
  }, minuteMs);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await direct[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await database.drop();
    folder[Symbol.dispose]();
  });

  test(
    `SECURITY 32, 39: ${cuts} cuts under load`,
    async () => {
      const ending = new AbortController();
      let answers = 0;
      const load = putUnderLoad(server, parties, { connections, signal: ending.signal, mark: () => ++answers });
      const until = async (isSo: () => boolean): Promise<void> => {
        for (const end = Date.now() + waitMsMax; !isSo() && Date.now() < end;) await Bun.sleep(1);
        expect(isSo()).toBe(true);
      };
      for (let done = proxy.cutCount; done < cuts; done++) {
        // Cut only while calls are being answered: the look for what became of a commit ends with one as well, and is not to be cut for ever.
        const before = answers;
        await until(() => answers > before + connections);
        await Bun.sleep(Math.random() * betweenMs);
        proxy.severAt("COMMIT");
        await until(() => proxy.cutCount > done);
      }
      ending.abort();
      const all = await load;
      const tally = new Tally();
      tally.add(all);
      tally.expectLoad(cuts, connections);
      await judge(server, direct, all);
      await checkBooksTwice(direct, database.url);
    },
    minuteMs,
  );

  describe("a commit that takes longer than the way back", () => {
    const sleepMs = 700;
    beforeAll(async () => {
      await direct.query(
        `CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(${sleepMs / 1000}); RETURN NULL; END $$`,
      );
      await direct.query(
        "CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON bank_transfers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_slowly()",
      );
    });
    afterAll(async () => {
      await direct.query("DROP TRIGGER slowly ON bank_transfers");
    });

    test(
      "is waited for: one effect, and it is told",
      async () => {
        for (const kind of ["plain", "transfer"] as const) {
          const asked = newRequest({ ...parties, accounts: parties.accounts.slice(0, 2) }, kind);
          proxy.severAt("COMMIT");
          const started = performance.now();
          const { fate } = await fateOf(await send(server, asked, AbortSignal.timeout(20_000)));
          // Without the line cut, and the commit slow, the test would not be one.
          expect(performance.now() - started).toBeGreaterThan(sleepMs / 2);
          await Bun.sleep(2 * sleepMs);
          await judgeRows(direct, [{ ...asked, fate }]);
          expect(fate).toBe("acknowledged");
        }
        await checkBooksTwice(direct, database.url);
      },
      minuteMs,
    );
  });
});

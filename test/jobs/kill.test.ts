/**
 * kill -9 of the server that works on jobs, under load, at random moments: on SQLite, and of one of two nodes on Postgres, where the other one goes on.
 * What jobs do inside is there exactly once and in order for each event that was committed, what they do outside at least once; a schedule runs once per
 * moment.
 */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Direct, openDirect } from "../faults/direct.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";

const connections = 6;
const catchUpMsMax = 30_000;
/** Orders that a round places before the kill; a busy machine takes its time. */
const placedMin = 10;
const placedMsMax = 20_000;

interface Emitted {
  readonly id: string;
  readonly type: string;
}

/** Everything that was committed, in order. */
const emittedIn = async (direct: Direct, realm: number): Promise<Emitted[]> => {
  const rows = await direct.query(
    `SELECT seq, events FROM pons_journal WHERE realm = ${realm} AND events IS NOT NULL ORDER BY seq`,
  );
  return rows.flatMap(({ seq, events }) => {
    const list = (typeof events === "string" ? JSON.parse(events) : events) as { type: string }[];
    return list.map(({ type }, index) => ({ id: `${Number(seq)}-${index}`, type }));
  });
};

const marksIn = async (direct: Direct, realm: number): Promise<{ job: string; event: string; about: string }[]> => {
  const rows = await direct.query(`SELECT job, event, about FROM works_marks WHERE realm = ${realm} ORDER BY number`);
  return rows.map(({ job, event, about }) => ({ job: String(job), event: String(event), about: String(about) }));
};

const sorted = (list: readonly string[]): string[] => {
  const key = (id: string): number => Number(id.split("-")[0]) * 1_000 + Number(id.split("-")[1]);
  return list.toSorted((one, other) => key(one) - key(other));
};

/** Places orders, and pokes some of them, until the signal; tells of each order. */
const load = async (servers: () => readonly TestServer[], signal: AbortSignal, onPlaced: () => void): Promise<void> => {
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const all = servers();
      const server = all[Math.floor(Math.random() * all.length)];
      if (server === undefined) return;
      try {
        const answer = await server.post("/works/v1/orders", { customer: "somebody" });
        const { data } = (await answer.json()) as { data: { id: string } };
        if (!answer.ok) continue;
        onPlaced();
        if (Math.random() < 0.3) await (await server.post(`/works/v1/orders/${data.id}/poke`, { notes: ["a", "b"] })).text();
      } catch {
        await Bun.sleep(10);
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
};

for (const { engine, create } of testDatabases()) {
  const [nodes, rounds] = engine === "postgres" ? [2, 2] : [1, 3];
  test(`SECURITY 39: ${engine}: ${rounds} kills of ${nodes === 1 ? "the server" : "the node that works"}: nothing lost, nothing twice, in order`, async () => {
    await using database = await create();
    using folder = new TemporaryFolder();
    const file = folder.at("outside.txt");
    const options = {
      data: folder.path,
      services: [join(import.meta.dir, "kill-service.ts")],
      environment: { PONS_DATABASE_URL: database.url, PONS_TEST_OUTSIDE: file, PONS_LOG: "silent" },
    };
    const servers: TestServer[] = [];
    for (let count = 0; count < nodes; count++) servers.push(await startServer(options));
    await using direct = openDirect(database.url);
    const [place] = await direct.query("SELECT realm FROM pons_realms WHERE tenant = 'demo' AND environment = 'sandbox'");
    const realm = Number(place?.["realm"]);
    try {
      const holder = async (): Promise<number> => {
        if (nodes === 1) return 0;
        const [lease] = await direct.query(`SELECT address FROM pons_leases WHERE realm = 0 AND partition = ${realm % 16}`);
        return Math.max(
          0,
          servers.findIndex(({ facts }) => facts.baseUrl === lease?.["address"]),
        );
      };
      for (let left = rounds; left > 0; left--) {
        const ending = new AbortController();
        let count = 0;
        const loading = load(
          () => servers,
          ending.signal,
          () => void count++,
        );
        for (const until = performance.now() + placedMsMax; count <= placedMin && performance.now() < until;) await Bun.sleep(10);
        await Bun.sleep(Math.random() * 400);
        const at = await holder();
        await servers[at]?.stop("SIGKILL");
        // The other node is called meanwhile: it takes the lease over.
        if (nodes > 1) await Bun.sleep(300);
        ending.abort();
        await loading;
        servers[at] = await startServer(options);
      }
      const isAllDone = async (): Promise<boolean> => {
        const emitted = await emittedIn(direct, realm);
        const marks = await marksIn(direct, realm);
        const placed = emitted.filter(({ type }) => type === "orders.placed").length;
        const poked = emitted.filter(({ type }) => type === "orders.poked").length;
        const count = (name: string): number => marks.filter(({ job }) => job === name).length;
        const isWorkedOff = count("inside") >= placed + poked && count("outside") >= placed && count("shaky") >= placed;
        // The schedule has moments of its own: a quick machine is done with the orders before the next of them.
        return isWorkedOff && count("often") > rounds;
      };
      for (const until = performance.now() + catchUpMsMax; !(await isAllDone()) && performance.now() < until;)
        await Bun.sleep(200);
      const emitted = await emittedIn(direct, realm);
      const marks = await marksIn(direct, realm);
      const of = (name: string): string[] => marks.filter(({ job }) => job === name).map(({ event }) => event);
      const placed = emitted.filter(({ type }) => type === "orders.placed").map(({ id }) => id);
      const poked = emitted.filter(({ type }) => type === "orders.poked").map(({ id }) => id);
      expect(placed.length).toBeGreaterThan(rounds * placedMin);
      // In the order of the commits, none lost, none twice.
      expect(of("inside")).toEqual(sorted([...placed, ...poked]));
      expect(of("outside")).toEqual(placed);
      // What failed now and then came later, but once.
      expect(sorted(of("shaky"))).toEqual(placed);
      expect(existsSync(file)).toBe(true);
      const told = readFileSync(file, "utf8").trim().split("\n");
      expect(sorted([...new Set(told)])).toEqual(placed);
      expect(told.length - placed.length).toBeLessThan(rounds * 3);
      const often = of("often");
      expect(often.length).toBeGreaterThan(rounds);
      expect(new Set(often).size).toBe(often.length);
    } finally {
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  }, 120_000);
}

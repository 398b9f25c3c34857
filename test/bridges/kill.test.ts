/**
 * kill -9 of servers that send events to NATS, and of NATS itself, under load: on SQLite, and of the node that sends on Postgres, where another one goes on.
 * Every event that was committed is in the stream, in the order of the commits.
 */
import { expect } from "bun:test";
import { join } from "node:path";
import { openDirect } from "../faults/direct.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import { until } from "./bridged.ts";
import { natsTest as test, startNats } from "./nats-server.ts";

const connections = 4;
/** Orders that are placed before each kill; a busy machine takes its time. */
const placedMin = 25;
const placedMsMax = 20_000;

for (const { engine, create } of testDatabases()) {
  const [nodes, rounds] = engine === "postgres" ? [2, 1] : [1, 2];
  test(`SECURITY 39: ${engine}: ${rounds} kills of who sends and of who takes: every event is in the stream, in order`, async () => {
    await using database = await create();
    using folder = new TemporaryFolder();
    await using nats = await startNats();
    const options = {
      data: folder.path,
      services: [join(import.meta.dir, "..", "jobs", "plain-service.ts")],
      environment: { PONS_DATABASE_URL: database.url, PONS_NATS_URL: nats.url, PONS_LOG: "warn" },
    };
    const servers: TestServer[] = [];
    for (let count = 0; count < nodes; count++) servers.push(await startServer(options));
    await using direct = openDirect(database.url);
    const [place] = await direct.query("SELECT realm FROM pons_realms WHERE tenant = 'demo' AND environment = 'sandbox'");
    const realm = Number(place?.["realm"]);
    const holder = async (): Promise<number> => {
      if (nodes === 1) return 0;
      const [lease] = await direct.query(`SELECT address FROM pons_leases WHERE realm = 0 AND partition = ${realm % 16}`);
      return Math.max(
        0,
        servers.findIndex(({ facts }) => facts.baseUrl === lease?.["address"]),
      );
    };
    const ending = new AbortController();
    let placed = 0;
    const order = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        const server = servers[Math.floor(Math.random() * servers.length)];
        try {
          const answer = await server?.post("/works/v1/orders", { customer: "somebody" });
          await answer?.text();
          if (answer?.ok === true) placed++;
        } catch {
          await Bun.sleep(10);
        }
      }
    };
    const loading = Promise.all(Array.from({ length: connections }, order));
    try {
      for (let left = rounds; left > 0; left--) {
        const wanted = placed + placedMin;
        for (const until = performance.now() + placedMsMax; placed < wanted && performance.now() < until;) await Bun.sleep(10);
        await Bun.sleep(Math.random() * 400);
        const at = await holder();
        await servers[at]?.stop("SIGKILL");
        await nats.kill();
        await Bun.sleep(200);
        // The broker is away: the server starts, answers and says that it is ready all the same.
        const server = await startServer(options);
        servers[at] = server;
        expect((await fetch(`${server.facts.baseUrl}/readyz`)).status).toBe(200);
        await nats.start();
      }
      await Bun.sleep(300);
      ending.abort();
      await loading;
      const rows = await direct.query(
        `SELECT seq, events FROM pons_journal WHERE realm = ${realm} AND events IS NOT NULL ORDER BY seq`,
      );
      const emitted = rows.map(({ seq }) => `${realm}:${Number(seq)}-0`);
      const ofRealm = async () => (await nats.messages()).filter(({ id }) => id.startsWith(`${realm}:`)).map(({ id }) => id);
      await until(async () => (await ofRealm()).length >= emitted.length, `${emitted.length} events in the stream`);
      expect(emitted.length).toBeGreaterThanOrEqual(rounds * placedMin);
      expect(await ofRealm()).toEqual(emitted);
    } finally {
      ending.abort();
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  }, 120_000);
}

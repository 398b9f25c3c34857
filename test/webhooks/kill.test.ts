/**
 * kill -9 of the server under load: every event that was committed is delivered, what comes twice comes under the same id and with the same words. And two
 * servers on one Postgres: one of them delivers, and when it is killed the other goes on.
 *
 * `PONS_ROUNDS=200` for a night.
 */
import { describe, expect, test } from "bun:test";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import { Receiver } from "./receiver.ts";

const given = process.env["PONS_ROUNDS"];
const roundsDefault = 2;
const all = given === undefined || given === "" ? roundsDefault : Number(given);
const isNight = all > roundsDefault;
const roundMsMax = 20_000;
/** A lease runs out after five seconds; a machine may be busy. */
const takeOverMsMax = 30_000;
const services = ["services/bank"];
const path = "/in";
/** Events that are delivered before a server is killed. */
const newMin = 5;

interface Data {
  readonly id: string;
}

const post = async <T = Data>(server: TestServer, at: string, body: unknown): Promise<T> => {
  const response = await server.post(at, body);
  const answer = (await response.json()) as { success: boolean; data: T };
  if (!answer.success) throw new Error(`${at}: ${JSON.stringify(answer)}`);
  return answer.data;
};

/** Events name the public address, whichever port a server has. */
const environmentFor = (receiver: Receiver): Readonly<Record<string, string>> => ({
  PONS_OUTBOUND_ALLOW: receiver.origin,
  PONS_PUBLIC_URL: "https://api.example.com",
  PONS_SECRET: "a secret of at least 32 characters, of tests",
});

const anyCustomer = async (server: TestServer): Promise<string> => {
  const [customer] = await server.data<readonly Data[]>("/bank/v2/customers?perPage=1");
  return customer?.id ?? "";
};

/** An app that sees what tellers see, and a webhook of it. */
const subscribe = async (server: TestServer, url: string): Promise<void> => {
  const app = await post(server, "/platform/v1/apps", { name: "Ledger copy" });
  await post(server, "/platform/v1/roleGrants", { app: app.id, role: "bank:teller" });
  const body = { service: "bank", types: ["accounts.opened"], url, concurrency: 8 };
  await post(server, `/platform/v1/apps/${app.id}/createWebhook`, body);
};

/** Opens accounts until the signal aborts; ids of those that were acknowledged. */
const openAccounts = async (
  servers: readonly TestServer[],
  customer: string,
  signal: AbortSignal,
  opened: Set<string>,
): Promise<void> => {
  const open = async (at: number): Promise<void> => {
    for (let turn = at; !signal.aborted; turn++) {
      const server = servers[turn % servers.length];
      try {
        const account = await post(server as TestServer, "/bank/v2/accounts", {
          customer,
          currency: "EUR",
          name: `Account ${turn}`,
        });
        opened.add(account.id);
      } catch {
        await Bun.sleep(10);
      }
    }
  };
  await Promise.all(Array.from({ length: 6 }, (_, at) => open(at)));
};

const deliveredOf = (receiver: Receiver): ReadonlySet<string> =>
  new Set(receiver.at(path).map(({ event }) => String(event["subject"])));

const waitFor = async (receiver: Receiver, opened: ReadonlySet<string>): Promise<void> => {
  for (const until = performance.now() + takeOverMsMax; ; await Bun.sleep(20)) {
    const delivered = deliveredOf(receiver);
    const missing = [...opened].filter((id) => !delivered.has(id));
    if (missing.length === 0) return;
    if (performance.now() > until)
      throw new Error(`${missing.length} of ${opened.size} events were not delivered: ${missing.slice(0, 3).join()}`);
  }
};

/** What came twice is the same message. */
const judgeRepetitions = (receiver: Receiver): number => {
  const byEvent = new Map<string, Set<string>>();
  for (const { event, headers, body } of receiver.at(path)) {
    const same = byEvent.get(event.id) ?? new Set<string>();
    byEvent.set(event.id, same.add(`${headers["webhook-id"]} ${body}`));
  }
  for (const [id, messages] of byEvent) expect([id, messages.size]).toEqual([id, 1]);
  return receiver.at(path).length - byEvent.size;
};

const quick = (receiver: Receiver): void => {
  receiver.answers.set(path, async () => {
    await Bun.sleep(Math.random() * 10);
    return new Response("ok");
  });
};

/** By day Postgres is left to the two servers below. */
const engines = testDatabases().filter(({ engine }) => isNight || engine === "sqlite");

describe.each(engines)("$engine: webhooks and the server's process", ({ engine, create }) => {
  const rounds = isNight ? Math.ceil(all / engines.length) : all;
  test(
    `${rounds} kills under load: nothing is lost`,
    async () => {
      await using database = await create();
      using folder = new TemporaryFolder();
      await using receiver = new Receiver();
      quick(receiver);
      const options = {
        data: folder.path,
        services,
        environment: { ...environmentFor(receiver), PONS_DATABASE_URL: database.url },
      };
      let server = await startServer(options);
      const opened = new Set<string>();
      try {
        await subscribe(server, receiver.url(path));
        const customer = await anyCustomer(server);
        for (let round = 0; round < rounds; round++) {
          const ending = new AbortController();
          const wanted = deliveredOf(receiver).size + newMin;
          const load = openAccounts([server], customer, ending.signal, opened);
          const until = performance.now() + roundMsMax;
          while (deliveredOf(receiver).size < wanted && performance.now() < until) await Bun.sleep(5);
          expect(deliveredOf(receiver).size).toBeGreaterThanOrEqual(wanted);
          await Bun.sleep(Math.random() * 600);
          await server.stop("SIGKILL");
          ending.abort();
          await load;
          server = await startServer(options);
        }
        await waitFor(receiver, opened);
        expect(await server.stop()).toBe(0);
      } finally {
        await server[Symbol.asyncDispose]();
      }
      const repeated = judgeRepetitions(receiver);
      expect(opened.size).toBeGreaterThan(rounds * newMin);
      if (isNight)
        console.log(
          `${engine}: ${rounds} kills, ${opened.size} events, ${receiver.at(path).length} deliveries, ${repeated} of them again`,
        );
    },
    60_000 + rounds * roundMsMax,
  );
});

const postgres = testDatabases().find(({ engine }) => engine === "postgres");
if (postgres === undefined) throw new Error("there is no Postgres");

test("two servers on one Postgres: one delivers; when it is killed the other goes on, and nothing is lost", async () => {
  await using database = await postgres.create();
  using folder = new TemporaryFolder();
  await using receiver = new Receiver();
  quick(receiver);
  const environment = { ...environmentFor(receiver), PONS_DATABASE_URL: database.url };
  const optionsOf = (at: number) => ({ data: `${folder.path}/${at}`, services, environment });
  const servers = [await startServer(optionsOf(0))];
  const opened = new Set<string>();
  try {
    servers.push(await startServer(optionsOf(1)));
    const [first] = servers as [TestServer];
    await subscribe(first, receiver.url(path));
    const customer = await anyCustomer(first);
    const load = async (on: readonly TestServer[], ms: number): Promise<void> => {
      const ending = new AbortController();
      const loading = openAccounts(on, customer, ending.signal, opened);
      await Bun.sleep(ms);
      ending.abort();
      await loading;
    };
    await load(servers, 1_000);
    await waitFor(receiver, opened);
    // Nothing has happened: each event has come once.
    expect(judgeRepetitions(receiver)).toBe(0);
    // Whichever of them it was: both are killed, one after the other.
    for (const at of [0, 1]) {
      const [killed, left] = [servers[at], servers[1 - at]] as [TestServer, TestServer];
      const loading = load([left], 700);
      await Bun.sleep(300);
      await killed.stop("SIGKILL");
      await loading;
      await waitFor(receiver, opened);
      if (at === 0) servers[at] = await startServer(optionsOf(at));
    }
    judgeRepetitions(receiver);
    expect(opened.size).toBeGreaterThan(20);
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
}, 120_000);

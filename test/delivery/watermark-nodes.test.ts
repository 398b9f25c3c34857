/**
 * Watermarks on two nodes of one Postgres: both are written through while both are polled, and the one that holds the lease is killed (kill -9), twice. Each
 * number that was acknowledged is told, and nothing comes twice.
 */
import { expect, test } from "bun:test";
import { openDirect } from "../faults/direct.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Data, order } from "./house.ts";

const ordersCount = 8;
const kills = 2;
const beforeKillMs = 1_500;
/** A lease runs out after 5 s; the rest is a busy machine. */
const answerMsMax = 20_000;
const json = { "content-type": "application/json" };

/** Two nodes; calls go to the one that is named, or to the other while it is away. */
class Pair implements AsyncDisposable {
  readonly #start: () => Promise<TestServer>;
  readonly #nodes: TestServer[];

  private constructor(start: Pair["start"], nodes: TestServer[]) {
    this.#start = start;
    this.#nodes = nodes;
  }

  static async open(start: () => Promise<TestServer>): Promise<Pair> {
    // One after the other: the first makes the demo data.
    const first = await start();
    return new Pair(start, [first, await start()]);
  }

  start(): Promise<TestServer> {
    return this.#start();
  }

  /** The `data` of an answer; asked again, of the other node too, until there is one. */
  async call(at: number, path: string, body: unknown): Promise<Data> {
    let said = "";
    for (const until = performance.now() + answerMsMax; performance.now() < until; at++) {
      const node = this.#nodes[at % this.#nodes.length];
      if (node === undefined) throw new Error("no node");
      try {
        const init = { method: "POST", headers: json, body: JSON.stringify(body), signal: AbortSignal.timeout(answerMsMax) };
        const answer = await node.fetch(`/delivery/v1${path}`, init);
        said = await answer.text();
        if (answer.ok) return (JSON.parse(said) as { data: Data }).data;
        // 503: no writer yet; what else is refused stays refused.
        if (answer.status < 500) throw new Error(`${path}: ${said}`);
      } catch (error) {
        if (said !== "" && error instanceof Error && error.message.endsWith(said)) throw error;
      }
      await Bun.sleep(20);
    }
    throw new Error(`no answer to ${path}: ${said}`);
  }

  has(address: string): boolean {
    return this.#nodes.some(({ facts }) => facts.baseUrl === address);
  }

  /** Kills the node at that address, and starts another in its place. */
  async kill(address: string): Promise<void> {
    const at = this.#nodes.findIndex(({ facts }) => facts.baseUrl === address);
    await this.#nodes[at]?.stop("SIGKILL");
    this.#nodes[at] = await this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node[Symbol.asyncDispose]();
  }
}

test(
  "two nodes, written through and polled at the same time, the writer killed twice: each number is told, none twice",
  async () => {
    const engine = testDatabases().find(({ engine: name }) => name === "postgres");
    if (engine === undefined) throw new Error("no Postgres");
    await using database = await engine.create();
    using folder = new TemporaryFolder();
    const environment = { PONS_DATABASE_URL: database.url };
    await using pair = await Pair.open(() => startServer({ data: folder.path, services: ["services/delivery"], environment }));
    await using direct = openDirect(database.url);
    /** The node with the lease of the demo's sandbox: not one that was killed, and whose lease nobody has taken over yet. */
    const holderNow = async (): Promise<string> => {
      for (const until = performance.now() + answerMsMax; performance.now() < until; await Bun.sleep(20)) {
        const [row] = await direct.query(
          `SELECT l.address FROM pons_leases AS l JOIN pons_realms AS r ON l.partition = r.realm % 16
           WHERE l.realm = 0 AND r.tenant = 'demo' AND r.environment = 'sandbox'`,
        );
        const address = String(row?.["address"]);
        if (pair.has(address)) return address;
      }
      throw new Error("nobody has the lease");
    };

    const placed = await Promise.all(
      Array.from({ length: ordersCount }, (_, at) => pair.call(at, "/orders", order(`pair-${at}`))),
    );
    const start = (await pair.call(0, "/trackingNumbers/changes", {}))["watermark"] as string | null;

    let isWriting = true;
    let isWritten = false;
    const written = new Map<string, string[]>();
    const write = async ({ id }: Data, at: number): Promise<void> => {
      const numbers: string[] = [];
      written.set(`pair-${at}`, numbers);
      while (isWriting) {
        const number = `PP-${at}-${numbers.length}`;
        await pair.call(at + numbers.length, `/orders/${String(id)}/bindNumber`, { number });
        numbers.push(number);
      }
    };

    const poller = async (at: number): Promise<readonly Data[]> => {
      const told: Data[] = [];
      let since = start;
      for (;;) {
        // What is acknowledged before this poll is seen by it.
        const isLast = isWritten;
        const { watermark, numbers } = await pair.call(at, "/trackingNumbers/changes", since === null ? {} : { since });
        told.push(...(numbers as Data[]));
        if (isLast && (numbers as Data[]).length === 0) return told;
        since = watermark as string | null;
        await Bun.sleep(5);
      }
    };

    const writing = Promise.all(placed.map(write)).finally(() => (isWritten = true));
    const polling = Promise.all([poller(0), poller(1)]);
    /** A while of writing, in which each order gets a number at least. */
    const aWhile = async (): Promise<void> => {
      const before = [...written.values()].map((numbers) => numbers.length);
      const isOn = (): boolean => [...written.values()].every((numbers, at) => numbers.length > (before[at] ?? 0));
      const started = performance.now();
      const passed = (): number => performance.now() - started;
      while (passed() < beforeKillMs || (!isOn() && passed() < answerMsMax)) await Bun.sleep(20);
    };
    for (let left = kills; left > 0; left--) {
      await aWhile();
      await pair.kill(await holderNow());
    }
    await aWhile();
    isWriting = false;
    await writing;

    for (const told of await polling) {
      const keyOf = (one: Data): string => `${String(one["number"])} ${String(one["isActive"])}`;
      expect(new Set(told.map(keyOf)).size).toBe(told.length);
      const seen = new Set(told.map((one) => String(one["number"])));
      for (const [externalId, numbers] of written) {
        expect(numbers.length).toBeGreaterThan(kills);
        expect(numbers.filter((number) => !seen.has(number))).toEqual([]);
        const active = told.filter((one) => one["externalId"] === externalId && one["isActive"] === true);
        expect(active.at(-1)?.["number"]).toBe(numbers.at(-1));
      }
    }
  },
  4 * 60_000,
);

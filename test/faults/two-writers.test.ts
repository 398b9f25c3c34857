/**
 * Three server processes on one Postgres, under load on all of them, while the one that has the lease is killed (kill -9), or stopped past its
 * lease (SIGSTOP) and let go on (SIGCONT), when another has taken over. Whoever was fenced writes nothing; each call is judged by the rows that it
 * left: nothing acknowledged is lost or doubled, nothing refused is there, and the books agree.
 */
import { expect, test } from "bun:test";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";
import { checkBooks, judge } from "./bank-check.ts";
import { type Asked, partiesOf, putUnderLoad } from "./bank-load.ts";
import { type Direct, openDirect } from "./direct.ts";

const nodesCount = 3;
const connectionsPerNode = 6;
const killRounds = 5;
const stopRounds = 2;
const minuteMs = 60_000;
/** A lease runs out after 5 s; the rest is a busy machine. */
const takeOverMsMax = 15_000;
/** A busy machine again. */
const busyMsMax = 10_000;
/** Nothing has to run out when a process is gone: the quickest of the rounds shows it, whatever else the machine does. */
const quickTakeOverMsMax = 2_000;

interface Cluster extends AsyncDisposable {
  readonly nodes: TestServer[];
  readonly direct: Direct;
  start(): Promise<TestServer>;
  /** The node that has the lease of the bank's realm. */
  holder(): Promise<TestServer>;
  /** Waits until another node than `former` has it. */
  successor(former: TestServer, withinMs: number): Promise<TestServer>;
}

const openCluster = async (database: TestDatabase, folder: TemporaryFolder): Promise<Cluster> => {
  const start = () =>
    startServer({ data: folder.path, services: ["services/bank"], environment: { PONS_DATABASE_URL: database.url } });
  const nodes: TestServer[] = [];
  for (let count = 0; count < nodesCount; count++) nodes.push(await start());
  const direct = openDirect(database.url);
  const holderNow = async (): Promise<TestServer | undefined> => {
    const [row] = await direct.query(
      `SELECT l.address FROM pons_leases AS l JOIN pons_realms AS r ON l.partition = r.realm % 16
       WHERE l.realm = 0 AND r.tenant = 'demo' AND r.environment = 'sandbox'`,
    );
    return nodes.find(({ facts }) => facts.baseUrl === row?.["address"]);
  };
  const wait = async (isIt: (node: TestServer) => boolean, withinMs: number): Promise<TestServer> => {
    for (const until = performance.now() + withinMs; performance.now() < until; await Bun.sleep(10)) {
      const node = await holderNow();
      if (node !== undefined && isIt(node)) return node;
    }
    throw new Error("nobody has the lease");
  };
  return {
    nodes,
    direct,
    start,
    holder: () => wait(() => true, takeOverMsMax),
    successor: (former, withinMs) => wait((node) => node !== former, withinMs),
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes) {
        node.child.kill("SIGCONT");
        await node[Symbol.asyncDispose]();
      }
      await direct[Symbol.asyncDispose]();
    },
  };
};

const postgres = async (): Promise<TestDatabase> => {
  const engine = testDatabases().find(({ engine: name }) => name === "postgres");
  if (engine === undefined) throw new Error("no Postgres");
  return engine.create();
};

interface Load {
  /** What was asked of each node, in the order of the nodes. */
  end(): Promise<readonly (readonly Asked[])[]>;
  /** Waits until every node of `nodes` (all of them unless said) has acknowledged calls after the moment; throws when one does not. */
  busy(options?: { readonly after?: number; readonly nodes?: readonly TestServer[] }): Promise<void>;
  /** When calls to a node were acknowledged, by `performance.now()`. */
  readonly marks: readonly (readonly number[])[];
  /** Types of refusals. */
  readonly refusals: ReadonlySet<string>;
}

const loadOn = async (given: readonly TestServer[]): Promise<Load> => {
  const nodes = [...given];
  const [first] = nodes;
  if (first === undefined) throw new Error("no nodes");
  const parties = await partiesOf(first);
  const ending = new AbortController();
  const marks = nodes.map((): number[] => []);
  const refusals = new Set<string>();
  const loads = nodes.map((node, at) =>
    putUnderLoad(node, parties, {
      connections: connectionsPerNode,
      signal: ending.signal,
      mark: () => marks[at]?.push(performance.now()) ?? 0,
    }),
  );
  return {
    marks,
    refusals,
    busy: async ({ after = 0, nodes: wanted = nodes } = {}) => {
      const isBusy = (): boolean =>
        marks.every((at, position) => !wanted.includes(nodes[position] as TestServer) || (at.at(-1) ?? 0) > after);
      for (const until = performance.now() + busyMsMax; performance.now() < until; await Bun.sleep(10)) if (isBusy()) return;
      throw new Error(`a node acknowledges nothing: ${marks.map(({ length }) => length).join(", ")}`);
    },
    end: () => {
      ending.abort();
      return Promise.all(loads);
    },
  };
};

const countOf = (all: readonly Asked[], fate: Asked["fate"]): number => all.filter((asked) => asked.fate === fate).length;

test(
  `SECURITY 39: the holder is killed, ${killRounds} rounds: the others take over at once, nothing acknowledged is lost, none doubled`,
  async () => {
    await using database = await postgres();
    using folder = new TemporaryFolder();
    await using cluster = await openCluster(database, folder);
    const { nodes, direct } = cluster;
    const took: number[] = [];
    for (let left = killRounds; left > 0; left--) {
      const holder = await cluster.holder();
      const position = nodes.indexOf(holder);
      const load = await loadOn(nodes);
      await load.busy();
      await Bun.sleep(Math.random() * 300);
      await holder.stop("SIGKILL");
      const killed = performance.now();
      const successor = await cluster.successor(holder, takeOverMsMax);
      took.push(performance.now() - killed);
      await load.busy({ after: killed, nodes: nodes.filter((node) => node !== holder) });
      const asked = await load.end();
      nodes[position] = await cluster.start();
      await judge(successor, direct, asked.flat());
    }
    expect(Math.min(...took)).toBeLessThan(quickTakeOverMsMax);
    const { transfers } = await checkBooks(direct);
    expect(transfers).toBeGreaterThan(killRounds * 20);
  },
  6 * minuteMs,
);

test(
  `the holder is stopped past its lease, ${stopRounds} rounds: it is fenced, and tells its callers the truth when it goes on`,
  async () => {
    await using database = await postgres();
    using folder = new TemporaryFolder();
    await using cluster = await openCluster(database, folder);
    const { nodes, direct } = cluster;
    for (let left = stopRounds; left > 0; left--) {
      const holder = await cluster.holder();
      const load = await loadOn(nodes);
      await load.busy();
      await Bun.sleep(Math.random() * 300);
      holder.child.kill("SIGSTOP");
      await cluster.successor(holder, takeOverMsMax);
      const taken = performance.now();
      await load.busy({ after: taken, nodes: nodes.filter((node) => node !== holder) });
      // What the stopped one had begun, and what has waited for it since, is on its own when it goes on.
      holder.child.kill("SIGCONT");
      // It serves its own callers again: by handing over.
      await load.busy({ after: performance.now() });
      const asked = await load.end();
      await judge(await cluster.holder(), direct, asked.flat());
    }
    await checkBooks(direct);
  },
  6 * minuteMs,
);

test(
  "the holder is asked to end: the others take over, and none of their callers notices",
  async () => {
    await using database = await postgres();
    using folder = new TemporaryFolder();
    await using cluster = await openCluster(database, folder);
    const { nodes, direct } = cluster;
    for (let left = nodesCount - 1; left > 0; left--) {
      const holder = await cluster.holder();
      const others = nodes.filter((node) => node !== holder);
      nodes.splice(nodes.indexOf(holder), 1);
      const load = await loadOn(others);
      await load.busy();
      const ended = holder.stop("SIGTERM");
      const successor = await cluster.successor(holder, takeOverMsMax);
      expect(await ended).toBe(0);
      await load.busy({ after: performance.now() });
      const asked = (await load.end()).flat();
      // What was under way when the load ended has no answer; before, everybody had one.
      expect(countOf(asked, "unknown")).toBeLessThanOrEqual(others.length * connectionsPerNode);
      for (const type of ["unavailable", "unknown_fate"]) expect([...load.refusals]).not.toContain(type);
      await judge(successor, direct, asked);
    }
    await checkBooks(direct);
  },
  6 * minuteMs,
);

test(
  "what falls due while its node is dead is done by the one that takes over, without anyone calling",
  async () => {
    await using database = await postgres();
    using folder = new TemporaryFolder();
    await using cluster = await openCluster(database, folder);
    const holder = await cluster.holder();
    const { accounts, currency } = await partiesOf(holder);
    const [debit, credit] = accounts;
    const id = crypto.randomUUID();
    const expiresAt = new Date(Date.now() + 1_000).toISOString();
    const { status } = await holder.post("/bank/v2/holds", { id, debit, credit, amount: 100, currency, expiresAt });
    expect(status).toBe(201);
    await holder.stop("SIGKILL");
    const statusNow = async (): Promise<unknown> =>
      (await cluster.direct.query(`SELECT status FROM bank_holds WHERE id = '${id}'`))[0]?.["status"];
    // No call tells the others that it is gone: its lease has to run out.
    for (const until = performance.now() + takeOverMsMax; performance.now() < until; await Bun.sleep(50))
      if ((await statusNow()) === "expired") break;
    expect(await statusNow()).toBe("expired");
    await checkBooks(cluster.direct);
  },
  3 * minuteMs,
);

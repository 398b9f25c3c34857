/**
 * Streams, measured: what a quiet WebSocket costs, how long one event takes to all who listen, and calls over WebSockets per CPU second beside REST's.
 */
import { join } from "node:path";
import type { Surroundings } from "../../harness/peer.ts";
import { cpuSeconds, residentMiB } from "../../harness/process-tree.ts";
import { figure, type Report, spread, table } from "../../harness/report.ts";
import { quantile, summarize } from "../../harness/statistics.ts";
import type { Called, Job } from "./caller.ts";
import type { Crowd } from "./crowd.ts";
import { startStreamServer, type StreamServer } from "./server.ts";

const plans = {
  full: { idle: 10_000, listeners: 5_000, events: 60, restMs: 10_000, rounds: 5, seconds: 4 },
  quick: { idle: 1_000, listeners: 500, events: 10, restMs: 2_000, rounds: 2, seconds: 1 },
} as const;

type Plan = (typeof plans)[keyof typeof plans];

const crowdCount = 2;
const eventPauseMs = 300;
/** How long the last event may take to all, before it is counted who has heard it; and how long more for those who came again. */
const heardMs = 1_000;
const lateMs = 20_000;
const triesMax = 20;
const connections = 16;
const underWay = 8;

interface Told {
  readonly is: string;
  readonly ms?: readonly number[];
  readonly again?: number;
  readonly why?: string;
}

/** A crowd in a process of its own. */
class CrowdProcess implements AsyncDisposable {
  /** How often somebody of it was refused or cut off, and came again. */
  again = 0;
  readonly #child: Bun.Subprocess;
  #told: ((told: Told) => void) | undefined;

  constructor() {
    this.#child = Bun.spawn([process.execPath, join(import.meta.dir, "crowd.ts")], {
      stdout: "inherit",
      stderr: "inherit",
      serialization: "json",
      ipc: (told) => this.#told?.(told as Told),
    });
  }

  async ask(message: Crowd | "receipts"): Promise<Told> {
    const { promise, resolve } = Promise.withResolvers<Told>();
    this.#told = resolve;
    this.#child.send(message);
    const told = await promise;
    if (told.is !== "open" && told.is !== "receipts") throw new Error(JSON.stringify(told));
    this.again += told.again ?? 0;
    return told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect();
    await this.#child.exited;
  }
}

export interface StreamFigures {
  /** KiB of the server per connection: quiet, and with a subscription. */
  readonly idleKiB: number;
  readonly subscribedKiB: number;
  /** CPU seconds of the server per second with that many quiet ones, and with that many subscribed ones to whom nothing comes. */
  readonly idleCpu: number;
  readonly subscribedCpu: number;
  /** Milliseconds from the commit to the arrival at each listener. */
  readonly fanOut: { readonly p50: number; readonly p99: number; readonly max: number; readonly cpuMs: number };
  readonly calls: Readonly<Record<string, readonly number[]>>;
  /** How often a connection or a call was refused because the server was busy, or cut off, and came again. */
  readonly again: number;
}

const openCrowds = async (
  crowds: readonly CrowdProcess[],
  server: StreamServer,
  count: number,
  subscribe: Crowd["subscribe"],
): Promise<void> => {
  const { address, keys } = server;
  await Promise.all(crowds.map((crowd) => crowd.ask({ address, keys, count: count / crowds.length, subscribe })));
};

const againOf = (crowds: readonly CrowdProcess[]): number => crowds.reduce((sum, { again }) => sum + again, 0);

/** Memory and CPU of connections to which nothing comes. */
const measureQuiet = async (
  server: StreamServer,
  plan: Plan,
  subscribe: Crowd["subscribe"],
): Promise<{ readonly kib: number; readonly cpu: number; readonly again: number }> => {
  await Bun.sleep(plan.restMs);
  const before = residentMiB(server.serverPids);
  const crowds = Array.from({ length: crowdCount }, () => new CrowdProcess());
  try {
    await openCrowds(crowds, server, plan.idle, subscribe);
    await Bun.sleep(plan.restMs);
    const cpuBefore = cpuSeconds(server.serverPids);
    await Bun.sleep(plan.restMs);
    const cpu = (cpuSeconds(server.serverPids) - cpuBefore) / (plan.restMs / 1_000);
    const kib = ((residentMiB(server.serverPids) - before) * 1_024) / plan.idle;
    for (const crowd of crowds) await crowd.ask("receipts");
    return { kib, cpu, again: againOf(crowds) };
  } finally {
    for (const crowd of crowds) await crowd[Symbol.asyncDispose]();
  }
};

/**
 * Opens an account, over a connection of its own each time: one that was kept may end while everybody rests. Comes again, with the same key, when the server
 * is busy.
 */
const openAccount = async ({ url, client, customer }: StreamServer, name: string): Promise<void> => {
  const body = JSON.stringify({ customer, name, currency: "EUR" });
  const headers = { ...client.headers, "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
  for (let tries = 1; ; tries++) {
    const answer = await fetch(`${url}/bank/v2/accounts`, { method: "POST", headers, body, keepalive: false });
    const text = await answer.text();
    if (answer.status === 201) return;
    if (answer.status !== 503 || tries === triesMax) throw new Error(text);
    await Bun.sleep(Number(answer.headers.get("retry-after") ?? 1) * 1_000);
  }
};

const measureFanOut = async (server: StreamServer, plan: Plan): Promise<StreamFigures["fanOut"] & { readonly again: number }> => {
  const crowds = Array.from({ length: crowdCount }, () => new CrowdProcess());
  try {
    await openCrowds(crowds, server, plan.listeners, ["accounts.opened"]);
    await openAccount(server, "Warm");
    await Bun.sleep(plan.restMs);
    for (const crowd of crowds) await crowd.ask("receipts");
    const cpuBefore = cpuSeconds(server.serverPids);
    const startedMs = performance.now();
    for (let count = 0; count < plan.events; count++) {
      await openAccount(server, `Event ${count}`);
      await Bun.sleep(eventPauseMs);
    }
    await Bun.sleep(heardMs);
    const used = cpuSeconds(server.serverPids) - cpuBefore;
    const seconds = (performance.now() - startedMs) / 1_000;
    const receipts: number[] = [];
    const expected = plan.events * plan.listeners;
    for (let waited = 0; receipts.length < expected && waited < lateMs; waited += heardMs) {
      if (waited > 0) await Bun.sleep(heardMs);
      for (const { ms = [] } of await Promise.all(crowds.map((crowd) => crowd.ask("receipts"))))
        for (const one of ms) receipts.push(one);
    }
    if (receipts.length !== expected)
      throw new Error(`${receipts.length} receipts of ${plan.events} events by ${plan.listeners} listeners`);
    const cpuIdleBefore = cpuSeconds(server.serverPids);
    await Bun.sleep(plan.restMs);
    const idle = (cpuSeconds(server.serverPids) - cpuIdleBefore) / (plan.restMs / 1_000);
    const sorted = Float64Array.from(receipts).toSorted();
    return {
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      max: quantile(sorted, 1),
      cpuMs: ((used - idle * seconds) * 1_000) / plan.events,
      again: againOf(crowds),
    };
  } finally {
    for (const crowd of crowds) await crowd[Symbol.asyncDispose]();
  }
};

let nextNumber = 1;

/** Calls per CPU second of the server and its database. */
const measureCalls = async (
  server: StreamServer,
  messages: readonly string[],
  seconds: number,
): Promise<{ readonly perCpu: number; readonly p99: number; readonly again: number }> => {
  const { address, keys, pids } = server;
  const job: Job = { address, key: keys[0] ?? "", connections, underWay, seconds, messages, firstNumber: nextNumber };
  const before = cpuSeconds(pids);
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "caller.ts")], {
    stdin: new Blob([JSON.stringify(job)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, problem, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(problem.trim());
  const { calls, again, p99, nextNumber: next } = JSON.parse(output) as Called;
  nextNumber = next;
  return { perCpu: calls / (cpuSeconds(pids) - before), p99, again };
};

/** The same read and the same write as `get` and `create` of the REST benchmark. */
const callsOf = ({ accounts }: StreamServer): Readonly<Record<string, readonly string[]>> => ({
  get: accounts.map((id) => JSON.stringify({ operation: "accounts.get", input: { id } })),
  create: [
    JSON.stringify({
      operation: "customers.create",
      input: { body: { name: "Customer {n}", email: `stream.${process.pid}.{n}@example.com`, country: "DE" } },
    }),
  ],
});

/** Measures streams on one engine. */
export const measureStreams = async (
  report: Report,
  {
    surroundings,
    quick,
    engine,
  }: { readonly surroundings: Surroundings; readonly quick: boolean; readonly engine: StreamServer["engine"] },
): Promise<StreamFigures> => {
  const plan = plans[quick ? "quick" : "full"];
  const server = await startStreamServer(surroundings, engine);
  try {
    const quiet = await measureQuiet(server, plan, undefined);
    const subscribed = await measureQuiet(server, plan, ["accounts.opened"]);
    const fanOut = await measureFanOut(server, plan);
    let again = quiet.again + subscribed.again + fanOut.again;
    await Bun.sleep(plan.restMs);
    const calls: Record<string, number[]> = {};
    const p99: Record<string, number> = {};
    for (let round = 0; round <= plan.rounds; round++) {
      for (const [name, messages] of Object.entries(callsOf(server))) {
        const measured = await measureCalls(server, messages, plan.seconds);
        again += measured.again;
        // The first round warms up.
        if (round === 0) continue;
        (calls[name] ??= []).push(measured.perCpu);
        p99[name] = Math.max(p99[name] ?? 0, measured.p99);
      }
    }
    report.add(`### Streams on ${engine === "sqlite" ? "SQLite" : "Postgres"}`);
    report.add(
      table(
        ["what", "figure"],
        [
          [`memory of a quiet WebSocket, of ${figure(plan.idle)}`, `${figure(quiet.kib)} KiB`],
          ["CPU of all of them", `${figure(quiet.cpu * 100)} % of a core`],
          ["memory of one with a subscription", `${figure(subscribed.kib)} KiB`],
          ["CPU of all of them, nothing happening", `${figure(subscribed.cpu * 100)} % of a core`],
          [
            `one event to ${figure(plan.listeners)} listeners, from commit to arrival: p50, p99, max`,
            `${figure(fanOut.p50)}, ${figure(fanOut.p99)}, ${figure(fanOut.max)} ms`,
          ],
          ["CPU of such an event", `${figure(fanOut.cpuMs)} ms`],
          ...Object.entries(calls).map(([name, perCpu]) => [
            `\`${name}\` per CPU second, ${connections} connections × ${underWay} under way`,
            spread(summarize(perCpu)),
          ]),
          ...Object.entries(p99).map(([name, ms]) => [`\`${name}\` p99, the worst round`, `${figure(ms)} ms`]),
          ["refused because the server was busy, or cut off, and come again", figure(again)],
        ],
      ),
    );
    return {
      idleKiB: quiet.kib,
      idleCpu: quiet.cpu,
      subscribedKiB: subscribed.kib,
      subscribedCpu: subscribed.cpu,
      fanOut,
      calls,
      again,
    };
  } finally {
    await server.stop();
  }
};

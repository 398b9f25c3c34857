/** The same read and the same write on each channel of one server, in turns; every call is checked against its answer, the rows and the record of usage. */
import { join } from "node:path";
import type { Load } from "../../harness/generator.ts";
import { measured, type Measured } from "../../harness/load.ts";
import type { Surroundings } from "../../harness/peer.ts";
import { cpuSeconds } from "../../harness/process-tree.ts";
import { figure, type Report, spread, table } from "../../harness/report.ts";
import { interleave, type RoundOptions } from "../../harness/rounds.ts";
import { ratios, summarize } from "../../harness/statistics.ts";
import type { Job } from "./caller.ts";
import { type CallName, type Form, formsFor } from "./forms.ts";
import { type DeskServer, type Engine, startDesk } from "./server.ts";

/** Calls under way at one time, on any channel. */
export const inFlight = 64;
/** Carriers of many calls have few connections, with as many on each as clients do. */
const fewConnections = 4;
const microseconds = 1e6;
/** Nine digits, so that names stay as long. */
let nextNumber = 100_000_000;

export const titles: Readonly<Record<CallName, string>> = {
  get: "Get one account by id",
  create: "Create one account, durable, with its journal row",
};

/** Rounds by channel. */
export type RoundsByName = Readonly<Record<string, readonly Measured[]>>;

/** Runs the caller, and charges the CPU time used meanwhile to whoever answers. */
export const callOnce = async (pids: readonly number[], job: Omit<Job, "firstNumber">): Promise<Measured> => {
  const before = cpuSeconds(pids);
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "caller.ts")], {
    stdin: new Blob([JSON.stringify({ ...job, firstNumber: nextNumber } satisfies Job)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, problem, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(problem.trim() || `the caller ended with ${code}`);
  const used = cpuSeconds(pids) - before;
  const result = JSON.parse(output) as Load;
  nextNumber = result.nextNumber;
  return measured(result, used);
};

export const connectionsOf = (carrier: Form["carrier"]): Pick<Job, "connections" | "underWay"> =>
  carrier === "http"
    ? { connections: inFlight, underWay: 1 }
    : { connections: fewConnections, underWay: inFlight / fewConnections };

export interface CallsPlan extends RoundOptions {
  readonly engine: Engine;
  readonly calls: readonly CallName[];
  /** Names of channels; undefined: all. */
  readonly only: readonly string[] | undefined;
}

export interface CallsFigures {
  /** By call. */
  readonly rounds: Readonly<Partial<Record<CallName, RoundsByName>>>;
}

const measureCall = async (
  server: DeskServer,
  call: CallName,
  { forms, plan }: { readonly forms: readonly Form[]; readonly plan: CallsPlan },
): Promise<{ readonly rounds: RoundsByName; readonly answered: number }> => {
  let answered = 0;
  const { where, ids, customer, pids } = server;
  const rounds = await interleave(
    forms.map(({ name, carrier }) => ({
      name,
      async measure(seconds: number) {
        const found = await callOnce(pids, { form: name, call, where, ids, customer, seconds, ...connectionsOf(carrier) });
        answered += found.calls;
        return found;
      },
    })),
    plan,
  );
  return { rounds: Object.fromEntries(rounds), answered };
};

const perCpu = (rounds: readonly Measured[] = []): number[] => rounds.map(({ callsPerCpuSecond }) => callsPerCpuSecond);

const reportCall = (report: Report, engine: Engine, call: CallName, rounds: RoundsByName): void => {
  report.add(`### ${titles[call]}, on ${engine === "sqlite" ? "SQLite" : "Postgres"} (\`${call}\`, ${inFlight} under way)`);
  report.add(
    table(
      ["channel", "calls per CPU second", "CPU µs per call", "calls per second", "p50 ms", "p99 ms", "÷ rest, per CPU second"],
      Object.entries(rounds).map(([name, each]) => [
        name,
        spread(summarize(perCpu(each))),
        spread(summarize(each.map(({ calls, cpuSeconds: used }) => (used / calls) * microseconds))),
        spread(summarize(each.map(({ callsPerSecond }) => callsPerSecond))),
        figure(summarize(each.map(({ latency }) => latency.p50)).median),
        figure(summarize(each.map(({ latency }) => latency.p99)).median),
        spread(summarize(ratios(perCpu(each), perCpu(rounds["rest"])))),
      ]),
    ),
  );
};

/** Throws unless every answered create is a row, and every answered call in the record. */
export const measureCalls = async (report: Report, surroundings: Surroundings, plan: CallsPlan): Promise<CallsFigures> => {
  const server = await startDesk(surroundings, plan);
  const forms = formsFor({ host: "", key: "" }).filter(({ name }) => plan.only === undefined || plan.only.includes(name));
  const found: Partial<Record<CallName, RoundsByName>> = {};
  let answered = 0;
  try {
    for (const call of plan.calls) {
      process.stderr.write(`measuring ${call} on ${plan.engine} …\n`);
      const before = await server.count();
      const { rounds, answered: byThis } = await measureCall(server, call, { forms, plan });
      const added = (await server.count()) - before;
      if (call === "create" && added !== byThis) throw new Error(`${byThis} creates answered, ${added} rows more`);
      answered += byThis + 2;
      found[call] = rounds;
      reportCall(report, plan.engine, call, rounds);
    }
  } finally {
    await server.stop();
  }
  const recorded = await server.recorded();
  if (recorded !== answered) throw new Error(`${answered} calls answered, ${recorded} in the record of usage`);
  return { rounds: found };
};

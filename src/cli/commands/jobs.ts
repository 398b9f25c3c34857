/** `pons jobs`: what jobs and bridges have done and have to do, and what they could not. Works on the database itself, beside running servers. */
import { journalTable, Writer } from "../../batch/index.ts";
import { EventLog } from "../../events/index.ts";
import { installationTables } from "../../host/app.ts";
import { fitSchema } from "../../host/schema.ts";
import {
  type Fate,
  type JobFilter,
  type JobReport,
  jobReports,
  lagMax,
  parkedEvents,
  settleParked,
} from "../../sources/index.ts";
import type { OpenStore } from "../../store/index.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { table } from "../output.ts";
import { loadDefinitions, withDatabase } from "../surroundings.ts";

const actions = ["list", "parked", "retry", "drop"] as const;

interface Opened {
  readonly store: OpenStore;
  readonly definitions: Awaited<ReturnType<typeof loadDefinitions>>;
}

const opened = async <T>(invocation: Invocation, work: (opened: Opened) => Promise<T>): Promise<T> => {
  const definitions = await loadDefinitions(invocation);
  return withDatabase(invocation, async (store, config) => {
    await fitSchema(store, definitions.tables, config);
    return work({ store, definitions });
  });
};

const filterOf = ({ positionals: [, job], options }: Invocation): JobFilter => ({
  job,
  tenant: options.text("tenant"),
  environment: options.text("environment"),
});

const lagText = ({ lag }: JobReport): string => (lag === null ? "–" : lag === lagMax ? `${lag}+` : String(lag));

const rowOf = (report: JobReport): string[] => {
  const { job, tenant, environment, position, waiting, parked, nextAt, problem } = report;
  const place = nextAt === null ? (position ?? "–") : `next ${nextAt.slice(0, 19)}Z`;
  return [job, tenant, environment, place, lagText(report), String(waiting), String(parked), problem ?? ""];
};

const list = (invocation: Invocation): Promise<number> =>
  opened(invocation, async ({ store, definitions }) => {
    const parts = { store, contracts: definitions.contracts.values(), events: new EventLog(store, { table: journalTable }) };
    const found: JobReport[] = [];
    for await (const report of jobReports(parts, filterOf(invocation))) found.push(report);
    const heads = ["job", "tenant", "environment", "stands at", "behind it", "waiting", "parked", "problem"];
    const text = found.length === 0 ? "There are no jobs." : table([heads, ...found.map(rowOf)]);
    invocation.output.result({ jobs: found }, text);
    return exitCodes.ok.code;
  });

const parked = (invocation: Invocation): Promise<number> =>
  opened(invocation, async ({ store }) => {
    const found = await Array.fromAsync(parkedEvents({ store }, filterOf(invocation)));
    const rows = found.map(({ job, tenant, environment, event, type, row, attempts, problem }) => [
      job,
      tenant,
      environment,
      event,
      type,
      row ?? "–",
      String(attempts),
      problem ?? "",
    ]);
    const heads = ["job", "tenant", "environment", "event", "type", "about", "attempts", "problem"];
    const facts = found.map(({ realm: _, ...shown }) => shown);
    invocation.output.result({ parked: facts }, rows.length === 0 ? "Nothing is parked." : table([heads, ...rows]));
    return exitCodes.ok.code;
  });

const settle = (invocation: Invocation, fate: Fate): Promise<number> => {
  const [, job, event] = invocation.positionals;
  const advice = "See: pons jobs parked";
  if (job === undefined) throw new CommandError("usage", `jobs ${fate}: which job says <job>`, { advice });
  if (fate === "drop" && event === undefined) throw new CommandError("usage", "jobs drop: which event says <event>", { advice });
  return opened(invocation, async ({ store }) => {
    const all = await Array.fromAsync(parkedEvents({ store }, filterOf(invocation)));
    const found = all.filter((one) => (event ?? one.event) === one.event);
    if (found.length === 0)
      throw new CommandError("usage", `${job} has nothing parked${event === undefined ? "" : ` at ${event}`}`, { advice });
    if (event !== undefined && found.length > 1)
      throw new CommandError("usage", `${job} has ${event} parked in ${found.length} environments`, {
        advice: "Name one by --tenant and --environment.",
      });
    const writer = new Writer(store, { order: installationTables });
    const settled: string[] = [];
    for (const one of found)
      if (await settleParked(writer, one, { fate, channel: "cli", requestId: crypto.randomUUID() })) settled.push(one.event);
    const count = settled.length === 1 ? "1 event is" : `${settled.length} events are`;
    const text = fate === "retry" ? `${count} tried again within seconds.` : `${count} dropped.`;
    invocation.output.result({ job, [fate === "retry" ? "retried" : "dropped"]: settled }, text);
    return exitCodes.ok.code;
  });
};

export const jobs: Command = {
  name: "jobs",
  summary: "Show jobs and bridges, and try again what they have given up.",
  doc: [
    "Works on the database itself, beside servers that run. An event that a job has tried too often is parked: `pons jobs parked` tells why, `retry` gives it all its attempts again (without <event>: everything that the job has parked), `drop` gives it up for good.",
  ],
  arguments: [
    { name: "action", doc: "What to do; list when left out.", required: false, values: actions },
    { name: "job", doc: "Only this one: its service and name, such as bank.welcome.", required: false },
    { name: "event", doc: "With retry and drop: the event, such as 123-0.", required: false },
  ],
  options: {
    tenant: { type: "string", value: "<name>", doc: "Only this tenant." },
    environment: { type: "string", value: "<name>", doc: "Only this environment, such as sandbox or live." },
    ...servicesOption,
  },
  examples: ["pons jobs", "pons jobs parked", "pons jobs retry bank.welcome 123-0 --tenant acme --environment live"],
  async run(invocation) {
    const [action = "list"] = invocation.positionals;
    if (action === "retry" || action === "drop") return settle(invocation, action);
    return action === "parked" ? parked(invocation) : list(invocation);
  },
};

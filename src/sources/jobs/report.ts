/** Jobs as a person looks at them: how far each has come, what waits, what was parked; and what was parked, tried again. Works beside running servers. */
import type { Command } from "../../batch/command.ts";
import { jobEventsTable } from "../../batch/job-tables.ts";
import type { Writer } from "../../batch/writer.ts";
import type { Contract } from "../../contract/contract.ts";
import type { JobContract } from "../../contract/jobs.ts";
import { type EventLog, type Position, positionText } from "../../events/index.ts";
import { tenantEnvironment } from "../../pipeline/identity/realm.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { OpenStore } from "../../store/index.ts";
import { heldShape, jobShape, positionOf } from "./rows.ts";

/** Which environments and jobs; absent: all. */
export interface JobFilter {
  readonly tenant?: string | undefined;
  readonly environment?: string | undefined;
  /** `bank.welcome`. */
  readonly job?: string | undefined;
}

export interface JobReport {
  readonly job: string;
  readonly kind: "background" | "scheduled" | "bridge";
  readonly tenant: string;
  readonly environment: string;
  /** Up to where it has come, as positions of events are written; null: a schedule. */
  readonly position: string | null;
  /** Events for it behind that, at most `lagMax`; null: a schedule. */
  readonly lag: number | null;
  readonly waiting: number;
  readonly parked: number;
  /** Next moment of a schedule. */
  readonly nextAt: string | null;
  readonly doneAt: string | null;
  readonly problem: string | null;
}

export interface ParkedEvent {
  readonly job: string;
  readonly tenant: string;
  readonly environment: string;
  readonly realm: number;
  readonly event: string;
  readonly type: string;
  /** The row that it is about; null: none. */
  readonly row: string | null;
  readonly attempts: number;
  readonly problem: string | null;
  readonly at: string;
}

/** Events are counted up to here. */
export const lagMax = 10_000;
const pageRows = 500;
const heldMax = 10_000;
/** Rows of bridges begin so; see host/bridges. */
const bridgePrefix = "bridge.";

interface Place {
  readonly realm: number;
  readonly tenant: string;
  readonly environment: string;
}

interface ReportParts {
  readonly store: OpenStore;
  readonly events: Pick<EventLog, "read" | "head">;
  readonly contracts: Iterable<Contract>;
}

const placesOf = async (store: OpenStore, { tenant, environment }: JobFilter): Promise<readonly Place[]> => {
  const rows = await store.admin.query("SELECT realm, tenant, environment FROM pons_realms ORDER BY tenant, environment");
  return rows
    .map((row) => ({ realm: Number(row["realm"]), tenant: String(row["tenant"]), environment: String(row["environment"]) }))
    .filter((place) => (tenant ?? place.tenant) === place.tenant && (environment ?? place.environment) === place.environment);
};

/** Events behind a position that a job follows. */
const lagOf = async (
  { events }: ReportParts,
  realm: number,
  from: Position,
  isWanted: (event: { readonly service: string; readonly type: string }) => boolean,
): Promise<number> => {
  let lag = 0;
  for (let at = from; lag < lagMax;) {
    const page = await events.read(realm, at, pageRows);
    lag += page.events.filter(isWanted).length;
    if (page.isLast) break;
    at = page.through;
  }
  return Math.min(lag, lagMax);
};

const countOf = async (store: OpenStore, realm: number, job: string, state: string): Promise<number> => {
  const [rows = []] = await store.read(heldShape, [{ realm, params: [job, state], limit: heldMax }]);
  return rows.length;
};

const textOr = (value: unknown): string | null => (typeof value === "string" ? value : null);

const reportOf = async (
  parts: ReportParts,
  { realm, tenant, environment }: Place,
  job: Pick<JobContract, "fullName"> & { readonly kind: JobReport["kind"] },
  isWanted: Parameters<typeof lagOf>[3],
): Promise<JobReport> => {
  const { store } = parts;
  const name = job.fullName;
  const [rows = []] = await store.read(jobShape, [{ realm, params: [name], limit: 1 }]);
  const [row] = rows;
  const position = positionOf(row);
  const isScheduled = job.kind === "scheduled";
  return {
    job: name,
    kind: job.kind,
    tenant,
    environment,
    position: isScheduled ? null : positionText(position),
    lag: isScheduled ? null : await lagOf(parts, realm, position, isWanted),
    waiting: await countOf(store, realm, name, "waiting"),
    parked: await countOf(store, realm, name, "parked"),
    nextAt: textOr(row?.["nextAt"]),
    doneAt: textOr(row?.["doneAt"]),
    problem: textOr(row?.["problem"]),
  };
};

/** Every job in every environment that it works in, and every bridge that has begun. */
export async function* jobReports(parts: ReportParts, filter: JobFilter = {}): AsyncIterable<JobReport> {
  const contracts = [...parts.contracts];
  const bridges = (
    await parts.store.admin.query(`SELECT DISTINCT name FROM pons_jobs WHERE name LIKE '${bridgePrefix}%' ORDER BY name`)
  ).map(({ name }) => String(name));
  for (const place of await placesOf(parts.store, filter)) {
    const isTenant = place.environment === tenantEnvironment;
    for (const { service, jobs } of contracts) {
      for (const job of jobs.values()) {
        if ((job.rowsOf === "tenant") !== isTenant || (filter.job ?? job.fullName) !== job.fullName) continue;
        const types = job.kind === "background" ? job.types : new Set<string>();
        yield await reportOf(parts, place, job, (event) => event.service === service && types.has(event.type));
      }
    }
    for (const fullName of bridges)
      if ((filter.job ?? fullName) === fullName) yield await reportOf(parts, place, { fullName, kind: "bridge" }, () => true);
  }
}

/** What was parked. */
export async function* parkedEvents({ store }: Pick<ReportParts, "store">, filter: JobFilter = {}): AsyncIterable<ParkedEvent> {
  const names = (await store.admin.query("SELECT DISTINCT job FROM pons_job_events ORDER BY job")).map(({ job }) => String(job));
  for (const { realm, tenant, environment } of await placesOf(store, filter)) {
    for (const job of names) {
      if ((filter.job ?? job) !== job) continue;
      const [rows = []] = await store.read(heldShape, [{ realm, params: [job, "parked"], limit: heldMax }]);
      for (const row of rows)
        yield {
          job,
          tenant,
          environment,
          realm,
          event: `${Number(row["seq"])}-${Number(row["item"])}`,
          type: row["type"] as string,
          row: row["lane"] === "" ? null : (row["lane"] as string),
          attempts: Number(row["attempts"]),
          problem: textOr(row["problem"]),
          at: row["at"] as string,
        };
    }
  }
}

/** What becomes of a parked event: it is tried again, with all its attempts before it, or never. */
export type Fate = "retry" | "drop";

/** Settles a parked event; whether it was parked. Who did it is in the journal, as an event of the service. */
export const settleParked = async (
  writer: Pick<Writer, "submit">,
  { job, realm, event }: Pick<ParkedEvent, "job" | "realm" | "event">,
  { fate, channel, requestId }: { readonly fate: Fate; readonly channel: string; readonly requestId: string },
): Promise<boolean> => {
  const [service = "", name = ""] = job.split(".");
  const [seq, item] = event.split("-").map(Number);
  const key = [job, seq ?? 0, item ?? 0];
  const command: Command = {
    realm,
    origin: { operation: `${service}.jobs.${fate}`, channel, requestId, address: null, app: null, user: null, subject: null },
    sequences: [],
    needs: [() => [{ by: "key", table: jobEventsTable, key }]],
    evaluate: (unit) => {
      const entry = unit.rows.entry(jobEventsTable, realm, key);
      if (entry?.current?.["state"] !== "parked") return { ok: false, refusal: refuse("not_found") };
      const again = { ...entry.current, state: "waiting", attempts: 0, retryAt: null };
      unit.rows.set(entry, fate === "retry" ? again : undefined);
      unit.emit({ type: fate === "retry" ? "jobs.retried" : "jobs.dropped", data: { job: name, event } });
      return { ok: true, status: 200, data: () => undefined };
    },
  };
  const [outcome] = await writer.submit({ steps: [command] });
  if (outcome === undefined) throw new Error(`${job} ${event}: there is no outcome`);
  if (!outcome.ok && outcome.refusal.type !== "not_found") throw new Error(`${job} ${event}: ${outcome.refusal.message}`);
  return outcome.ok;
};

/**
 * The jobs of all services, over all realms: who has what to do, and when he is asked.
 *
 *   a commit of this process   asks the jobs that follow an event of it
 *   every few seconds          whoever has fallen behind is asked: another process may have committed
 *   new leases                 where each job stands is read anew
 *
 * Only the node that has the lease of a realm works on it, and each step that it takes is checked once more where it commits. Bounds: `turnsMax` jobs of
 * realms at work at the same time.
 */
import { jobsTable } from "../../batch/job-tables.ts";
import type { Writer } from "../../batch/writer.ts";
import type { Contract } from "../../contract/contract.ts";
import type { BackgroundContract, JobContract } from "../../contract/jobs.ts";
import type { EventLog } from "../../events/index.ts";
import { Outside } from "../../outbound/index.ts";
import { installationRealm, tenantEnvironment } from "../../pipeline/identity/realm.ts";
import type { Secrets } from "../../pipeline/identity/secrets.ts";
import { type OpenStore, realmOf, StoreError } from "../../store/index.ts";
import type { Table } from "../../store/table.ts";
import type { Caller } from "../code/context.ts";
import { Background } from "./background.ts";
import type { Switchboard } from "./calling.ts";
import { freshRow } from "./rows.ts";
import type { Failure, Parts, RunnerParts } from "./runner.ts";
import { Scheduled } from "./scheduled.ts";
import { Turns } from "./turns.ts";

const turnsMax = 32;
const lookMs = 5_000;
/** A look takes at most so small a part of the time. */
const looksShare = 50;
/** Callers remembered. */
const realmsMax = 10_000;

export interface JobsOptions {
  readonly store: OpenStore;
  readonly writer: Writer;
  readonly events: EventLog;
  readonly contracts: ReadonlyMap<string, Contract>;
  /** Tables with a sequence, and tables kept in memory, by service. */
  readonly sequences: ReadonlyMap<string, readonly Table[]>;
  readonly inMemory: ReadonlyMap<string, readonly Table[]>;
  readonly secrets?: Secrets | undefined;
  /** Runs a call through the pipeline: what `work` asks of other services. */
  readonly run: Switchboard["run"];
  /** Whom `work` may ask. Absent: public addresses alone. */
  readonly parties?: Outside | undefined;
  /** Whether this process is the one to work on a realm. Absent: always. */
  readonly worksOn?: ((realm: number) => boolean) | undefined;
  readonly onError?: ((error: unknown, operation: string) => void) | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** [0, 1): by how much attempts that failed together come apart. */
  readonly random?: () => number;
}

type Runner = Background | Scheduled;

/** Told of every attempt that failed. */
export type FailureListener = (failure: Failure) => void;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #runners: readonly Runner[];
  readonly #background: readonly Background[];
  readonly #turns: Turns;
  readonly #stopping = new AbortController();
  readonly #parts = new Map<string, Parts>();
  readonly #parties = new Outside();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStarted = false;
  /** Not known to be registered yet: they may not begin. */
  readonly #unregistered: Set<Runner>;
  #looking: Promise<void> | undefined;
  #onFailed: FailureListener = () => undefined;

  constructor(options: JobsOptions) {
    this.#options = options;
    const contracts = [...options.contracts.values()];
    const worksOn = options.worksOn ?? (() => true);
    const runners: Runner[] = [];
    for (const contract of contracts) {
      for (const job of contract.jobs.values()) {
        const parts: RunnerParts = {
          store: options.store,
          writer: options.writer,
          events: options.events,
          clock: options.clock,
          partsOf: (realm) => this.#partsOf(job, realm),
          worksOn: (realm) => !this.#stopping.signal.aborted && worksOn(realm),
          onFailed: (failure) => this.#onFailed(failure),
        };
        runners.push(job.kind === "scheduled" ? new Scheduled(job, parts) : new Background(job, parts, subjectsOf(contract)));
      }
    }
    this.#runners = runners;
    this.#background = runners.filter((runner) => runner instanceof Background);
    this.#unregistered = new Set(this.#background);
    this.#turns = new Turns({
      atOnce: turnsMax,
      clock: options.clock,
      onError: (error, name) => this.#tell(error, `job ${name}`),
    });
    if (this.#background.length > 0) options.writer.journalHeads.listen((heads, emitted) => this.#committed(heads, emitted));
  }

  /** Begins, and goes on until `stop`. Jobs that are new follow what comes from now on, unless they say otherwise. */
  async start({ onFailed }: { readonly onFailed?: FailureListener } = {}): Promise<void> {
    if (this.#runners.length === 0) return;
    if (onFailed !== undefined) this.#onFailed = onFailed;
    this.#isStarted = true;
    await this.look();
  }

  /** Waits for what is at work; work outside is told to end, and begins anew another time. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#turns.stop();
    await this.#looking;
  }

  /** Realms of others have become this node's: where their jobs stand is not what it was. */
  gained(): void {
    for (const runner of this.#runners) runner.forget();
    if (this.#isStarted) void this.look();
  }

  /** Asks everyone who may have something to do; and who waits for a moment that has come. */
  look(): Promise<void> {
    if (this.#runners.length === 0 || this.#stopping.signal.aborted) return Promise.resolve();
    if (this.#looking !== undefined) return this.#looking;
    clearTimeout(this.#timer);
    const beganMs = performance.now();
    const looking = this.#look()
      .catch((error: unknown) => this.#tell(error, "jobs"))
      .finally(() => {
        this.#looking = undefined;
        if (this.#stopping.signal.aborted) return;
        const tookMs = performance.now() - beganMs;
        this.#timer = setTimeout(() => void this.look(), Math.max(lookMs, tookMs * looksShare));
        this.#timer.unref();
      });
    this.#looking = looking;
    return looking;
  }

  /** Resolves when nobody is at work, for tests. */
  async settled(): Promise<void> {
    await this.#looking;
    await this.#turns.settled();
  }

  #committed(
    heads: ReadonlyMap<number, { readonly seq: number }>,
    emitted: ReadonlyMap<number, { readonly after: number; readonly types: ReadonlySet<string> }>,
  ): void {
    if (!this.#isStarted || this.#stopping.signal.aborted) return;
    for (const [realm, { seq }] of heads) {
      const added = emitted.get(realm);
      for (const runner of this.#background)
        if (added === undefined || runner.concerns(realm, seq, added)) this.#want(runner, realm);
    }
  }

  #want(runner: Runner, realm: number): void {
    if (this.#unregistered.has(runner) || this.#options.worksOn?.(realm) === false) return;
    this.#turns.want(`${runner.job.fullName} ${realm}`, () => runner.turn(realm));
  }

  async #look(): Promise<void> {
    for (const runner of this.#background) {
      if (!this.#unregistered.has(runner)) continue;
      await this.#register(runner.job);
      this.#unregistered.delete(runner);
    }
    const query = this.#options.store.admin.query.bind(this.#options.store.admin);
    const realms = await query("SELECT realm, environment FROM pons_realms");
    const heads = new Map(
      (await query("SELECT realm, value FROM pons_counters WHERE name = 'journal'")).map((row) => [
        Number(row["realm"]),
        Number(row["value"]),
      ]),
    );
    const waiting = await query(
      "SELECT realm, job, count(*) AS many FROM pons_job_events WHERE state = 'waiting' GROUP BY realm, job",
    );
    const known = await query("SELECT realm, name, seq FROM pons_jobs");
    const held = new Map(waiting.map(({ realm, job, many }) => [`${String(job)} ${String(realm)}`, Number(many)]));
    const stored = new Map(known.map(({ realm, name, seq }) => [`${String(name)} ${String(realm)}`, Number(seq)]));
    for (const { realm, environment } of realms) {
      const number = Number(realm);
      for (const runner of this.#runners) {
        const { job } = runner;
        if (isOf(job, String(environment))) {
          const key = `${job.fullName} ${number}`;
          const isWanted =
            runner instanceof Scheduled
              ? !runner.knows(number)
              : runner.lags(number, { head: heads.get(number) ?? 0, stored: stored.get(key) ?? 0, held: held.get(key) ?? 0 });
          if (isWanted) this.#want(runner, number);
        }
      }
    }
    this.#turns.tick();
  }

  /** Notes that a job is there, and that it need not look at what was before. */
  async #register(job: BackgroundContract): Promise<void> {
    const { store } = this.#options;
    const name = job.fullName;
    const heads = job.fromBeginning
      ? []
      : await store.admin.query("SELECT realm, value FROM pons_counters WHERE name = 'journal' AND value > 0");
    const rows = heads.map(({ realm, value }) => ({
      realm: Number(realm),
      row: freshRow(name, { seq: Number(value), index: Number.POSITIVE_INFINITY }),
    }));
    try {
      await store.write(async (tx) => {
        const [known] = await tx.load(jobsTable, [{ realm: installationRealm, key: [name] }]);
        if (known !== undefined) return;
        const inserts = [{ realm: installationRealm, row: freshRow(name) }, ...rows];
        await tx.apply([{ table: jobsTable, inserts, updates: [], deletes: [] }]);
      });
    } catch (error) {
      // Another node was faster.
      if (!(error instanceof StoreError) || error.kind !== "unique") throw error;
    }
  }

  async #partsOf(job: JobContract, realm: number): Promise<Parts | undefined> {
    const key = `${job.service} ${realm}`;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const { store, secrets, sequences, inMemory, contracts, run, clock, random = Math.random } = this.#options;
    const { parties = this.#parties } = this.#options;
    const place = await store.realms.at(realm);
    if (place === undefined || !isOf(job, place.environment)) return undefined;
    const caller: Caller = {
      ...place,
      realm,
      app: "pons",
      user: null,
      subject: null,
      roles: ["system"],
      authentication: "system",
    };
    const parts: Parts = {
      caller,
      random,
      sequences: sequences.get(job.service) ?? [],
      inMemory: inMemory.get(job.service) ?? [],
      outside: {
        store,
        secrets,
        switchboard: { contracts, run, realmOf: (tenant, environment) => realmOf(store, tenant, environment) },
        parties,
        now: () => new Date(clock()).toISOString(),
        stopping: this.#stopping.signal,
        realmOf: job.rowsOf === "tenant" ? (environment) => realmOf(store, place.tenant, environment) : undefined,
      },
    };
    if (this.#parts.size >= realmsMax) this.#parts.clear();
    this.#parts.set(key, parts);
    return parts;
  }

  /** A database that is away tells of itself by every call. */
  #tell(error: unknown, operation: string): void {
    if (error instanceof StoreError && error.kind !== "broken" && error.kind !== "check") return;
    this.#options.onError?.(error, operation);
  }
}

/** Event → the field of its data that names the row that it is about. */
const subjectsOf =
  ({ resources }: Contract) =>
  (type: string): string | undefined => {
    const [resource = "", event = ""] = type.split(".");
    return resources.get(resource)?.eventSubjects.get(event);
  };

/** Whether a realm holds rows of a job's service. */
const isOf = ({ rowsOf }: JobContract, environment: string): boolean =>
  (environment === tenantEnvironment) === (rowsOf === "tenant");

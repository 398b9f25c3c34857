/**
 * The agenda: which rows want to be worked on, and when (`due` of the definitions). For each table with such rows it remembers the next moment of
 * each realm; the database is asked only when that has come. The writer takes what is due before each batch, so that expired holds are released
 * before anyone counts on them; a timer wakes it when nobody calls.
 *
 * Bounds: `worksMax` rows per batch. A row whose work fails is tried again a minute later, one the database could not take a second later.
 */
import type { Agenda, Command, DueMoment, DueWork, Outcome } from "../batch/command.ts";
import type { Contract, ResourceContract } from "../contract/contract.ts";
import type { DueDefinition } from "../define/function.ts";
import type { OpenStore } from "../store/index.ts";
import type { RowsShape } from "../store/store.ts";
import type { Table } from "../store/table.ts";
import type { Caller } from "./code/context.ts";
import { needsOfDue, runDue } from "./code/due.ts";

const worksMax = 500;
const retryMs = 60_000;
const retryUnavailableMs = 1_000;
/** Longest sleep; another process may have written what is due earlier. */
const sleepMsMax = 30_000;

interface Entry {
  readonly service: string;
  readonly resource: ResourceContract;
  readonly due: DueDefinition;
  readonly shape: RowsShape;
  readonly nextShape: RowsShape;
}

/** Rows of one table in one realm. */
interface Watch {
  readonly entry: Entry;
  readonly realm: number;
  /** Milliseconds since the epoch; infinity: nothing known. */
  next: number;
  /** The next moment has to be read from the database. */
  stale: boolean;
}

export interface AgendaOptions {
  readonly store: OpenStore;
  readonly contracts: Iterable<Contract>;
  /** Tables with a sequence, and tables kept in memory, by service. */
  readonly sequences: ReadonlyMap<string, readonly Table[]>;
  readonly inMemory: ReadonlyMap<string, readonly Table[]>;
  /** Whether this process is the one to work on a realm. Absent: always. */
  readonly worksOn?: (realm: number) => boolean;
  readonly onError?: (error: unknown, operation: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

const entryOf = (service: string, resource: ResourceContract, due: DueDefinition): Entry => {
  const { table } = resource;
  const at = { field: [due.at] };
  const shared = {
    kind: "rows" as const,
    table,
    joins: [],
    links: [],
    select: ["id", due.at],
    order: [
      { path: [due.at], direction: "asc" as const },
      { path: ["id"], direction: "asc" as const },
    ],
  };
  return {
    service,
    resource,
    due,
    shape: {
      ...shared,
      key: `${table.name}:due`,
      params: [{ name: "now", type: "timestamp" }],
      where: { op: "lte", left: at, right: { param: "now" } },
    },
    nextShape: { ...shared, key: `${table.name}:due:next`, params: [], where: { op: "notNull", left: at } },
  };
};

export class Agendas implements Agenda {
  readonly #options: AgendaOptions;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #watches = new Map<string, Watch>();
  readonly #callers = new Map<number, Caller>();
  /** Rows that failed: not before this moment. */
  readonly #notBefore = new Map<string, number>();
  #scanned = false;
  #soonest = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: AgendaOptions) {
    this.#options = options;
    const entries = new Map<string, Entry>();
    for (const contract of options.contracts) {
      for (const resource of contract.resources.values()) {
        if (resource.due !== undefined) entries.set(resource.table.name, entryOf(contract.service, resource, resource.due));
      }
    }
    this.#entries = entries;
  }

  /** Keeps waking the writer until `stop`. */
  start(wake: () => void): void {
    if (this.#entries.size === 0) return;
    this.#wake = wake;
    wake();
  }

  stop(): void {
    this.#wake = undefined;
    clearTimeout(this.#timer);
  }

  take(now: number): readonly DueWork[] | Promise<readonly DueWork[]> {
    if (this.#entries.size === 0 || (this.#scanned && this.#soonest > now)) return [];
    return this.#collect(now)
      .catch((error: unknown): readonly DueWork[] => {
        this.#options.onError?.(error, "due");
        this.#scanned = true;
        this.#soonest = now + retryUnavailableMs;
        for (const watch of this.#watches.values()) watch.stale = true;
        return [];
      })
      .finally(() => this.#arm());
  }

  noticed(moments: readonly DueMoment[]): void {
    for (const { table, realm, at } of moments) {
      const watch = this.#watch(table.name, realm);
      if (watch !== undefined && at < watch.next) watch.next = at;
    }
    const before = this.#soonest;
    this.#reckon();
    if (this.#soonest < before) this.#arm();
  }

  /** Looks at the database again: another process may have written. */
  rescan(): void {
    this.#scanned = false;
  }

  #watch(table: string, realm: number): Watch | undefined {
    const entry = this.#entries.get(table);
    if (entry === undefined) return undefined;
    const key = `${realm} ${table}`;
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      watch = { entry, realm, next: Number.POSITIVE_INFINITY, stale: false };
      this.#watches.set(key, watch);
    }
    return watch;
  }

  #reckon(): void {
    this.#soonest = Number.POSITIVE_INFINITY;
    for (const { next, stale, realm } of this.#watches.values()) {
      if (this.#options.worksOn?.(realm) === false) continue;
      this.#soonest = Math.min(this.#soonest, stale ? Number.NEGATIVE_INFINITY : next);
    }
  }

  async #scan(): Promise<void> {
    const realms = await this.#options.store.admin.query("SELECT realm, tenant, environment FROM pons_realms ORDER BY realm");
    for (const { realm, tenant, environment } of realms) {
      const number = Number(realm);
      this.#callers.set(number, {
        realm: number,
        tenant: String(tenant),
        environment: String(environment),
        app: "pons",
        user: null,
        subject: null,
        roles: [],
      });
      for (const table of this.#entries.keys()) {
        const watch = this.#watch(table, number);
        if (watch !== undefined) watch.stale = true;
      }
    }
    this.#scanned = true;
  }

  async #collect(now: number): Promise<readonly DueWork[]> {
    if (!this.#scanned) await this.#scan();
    const works: DueWork[] = [];
    for (const watch of this.#watches.values()) {
      if (this.#options.worksOn?.(watch.realm) === false) continue;
      if (watch.stale) await this.#refresh(watch, now);
      if (watch.next > now || works.length >= worksMax) continue;
      const caller = await this.#callerOf(watch.realm);
      if (caller === undefined) continue;
      const { shape, due } = watch.entry;
      const params = [new Date(now).toISOString()];
      const [rows = []] = await this.#options.store.read(shape, [{ realm: watch.realm, params, limit: worksMax }]);
      for (const row of rows) {
        const id = row["id"] as string;
        if ((this.#notBefore.get(this.#rowKey(watch, id)) ?? 0) > now) continue;
        works.push(this.#workOf(watch, { id, caller, due }));
      }
      watch.next = Number.POSITIVE_INFINITY;
      watch.stale = true;
    }
    this.#reckon();
    return works.slice(0, worksMax);
  }

  /** Reads when the table's next row is due; rows that failed wait for their time. */
  async #refresh(watch: Watch, now: number): Promise<void> {
    const [rows = []] = await this.#options.store.read(watch.entry.nextShape, [
      { realm: watch.realm, params: [], limit: worksMax },
    ]);
    watch.stale = false;
    watch.next = Number.POSITIVE_INFINITY;
    for (const row of rows) {
      const at = Date.parse(row[watch.entry.due.at] as string);
      const moment = Math.max(at, this.#notBefore.get(this.#rowKey(watch, row["id"] as string)) ?? 0);
      watch.next = Math.min(watch.next, moment);
      if (at > now) break;
    }
  }

  async #callerOf(realm: number): Promise<Caller | undefined> {
    if (!this.#callers.has(realm)) await this.#scan();
    return this.#callers.get(realm);
  }

  #rowKey(watch: Watch, id: string): string {
    return `${watch.realm} ${watch.entry.resource.table.name} ${id}`;
  }

  #workOf(watch: Watch, { id, caller, due }: { id: string; caller: Caller; due: DueDefinition }): DueWork {
    const { resource, service } = watch.entry;
    const call = { resource, due, id, caller };
    const operation = `${service}.${resource.name}.due`;
    const command: Command = {
      realm: caller.realm,
      origin: { operation, channel: "system", requestId: `due ${id}`, address: null, app: caller.app, user: null, subject: null },
      sequences: this.#options.sequences.get(service) ?? [],
      inMemory: this.#options.inMemory.get(service) ?? [],
      needs: needsOfDue(call),
      evaluate: (unit) => runDue(call, unit),
    };
    return { group: { steps: [command] }, done: (outcomes) => this.#done(this.#rowKey(watch, id), outcomes[0]) };
  }

  #done(key: string, outcome: Outcome | undefined): void {
    if (outcome?.ok === true) this.#notBefore.delete(key);
    else this.#notBefore.set(key, this.#options.clock() + (outcome?.refusal.type === "internal" ? retryMs : retryUnavailableMs));
  }

  #arm(): void {
    if (this.#wake === undefined) return;
    clearTimeout(this.#timer);
    const left = this.#soonest - this.#options.clock();
    this.#timer = setTimeout(
      () => {
        if (left > sleepMsMax) this.rescan();
        this.#wake?.();
      },
      Math.max(1, Math.min(left, sleepMsMax)),
    );
    this.#timer.unref();
  }
}

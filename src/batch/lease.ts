/**
 * Leases: on Postgres each partition of the realms has one node that writes it, until another takes over.
 *
 * Safe by the epoch alone: every write transaction locks its partitions' rows and looks whether the epoch under which it writes is still the
 * present one. If not it is fenced: it ends without having written (`Fenced`). When a lease runs out only decides how soon somebody else may take
 * over, so neither clocks nor pauses of a process can do harm.
 *
 *   member   a node that others can reach. It holds leases for `leaseMs`, renews them every `renewMs`, and takes what is free or has run out.
 *   guest    any other process (tests, the command line, a node before it listens), and a command that cannot be handed over. It takes a
 *            partition for the time of one batch: whoever has the lease finds the epoch gone on, and takes it anew.
 *
 * A holder who cannot be reached, or who says that he has no lease, is replaced at once; so is an earlier process at one's own address.
 */
import { installationRealm } from "../pipeline/identity/realm.ts";
import { type Refusal, refuse } from "../pipeline/refusal.ts";
import type { Row } from "../store/store.ts";
import { type OpenStore, StoreError } from "../store/index.ts";
import type { Command } from "./command.ts";
import { giveLeasesBack, type LeaseRow, makeLeases, partitionsCount, takeLeases } from "./lease-statement.ts";
import { leasesTable } from "./system-tables.ts";
import type { Unit } from "./unit.ts";

/** How long a holder that does nothing any more keeps others waiting. */
export const leaseMs = 5_000;
const renewMs = 1_000;

/** Which lease a realm's writes need. */
export const partitionOf = (realm: number): number => realm % partitionsCount;

/**
 * What a command gets that was not executed because another node has its partition. Recognized by identity, so that it can be handed over; whoever
 * does not know it reads that the command may be tried again.
 */
export const notHolder: Refusal = refuse("unavailable", { retryAfter: 1 });

/** A transaction whose epoch is over. Nothing was written. */
export class Fenced extends Error {
  override readonly name = "Fenced";
  readonly partitions: ReadonlySet<number>;

  constructor(partitions: Iterable<number>) {
    super("another node has the lease");
    this.partitions = new Set(partitions);
  }
}

/** Where a realm's commands run. */
export type Route =
  | { readonly to: "here" }
  | { readonly to: "peer"; readonly address: string; readonly partition: number; readonly epoch: number }
  /** Its lease has run out, and its holder's last transaction has not ended yet. */
  | { readonly to: "nowhere" };

export interface Membership {
  /** Where other nodes reach this one: `http://10.0.0.5:3000`. */
  readonly address: string;
  /** Told when it has got leases of others. */
  readonly onGained?: () => void;
}

/** A lease as it was last seen; `until` by `performance.now()`. */
interface Seen extends Omit<LeaseRow, "leftMs"> {
  readonly until: number;
}

export class Leases {
  readonly #store: OpenStore;
  readonly #onError: ((error: unknown, operation: string) => void) | undefined;
  readonly #id = crypto.randomUUID();
  readonly #seen = new Map<number, Seen>();
  readonly #taking = new Map<number, Promise<void>>();
  #member: Membership | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewing: Promise<void> = Promise.resolve();

  constructor(store: OpenStore, options: { readonly onError?: (error: unknown, operation: string) => void } = {}) {
    this.#store = store;
    this.#onError = options.onError;
  }

  /** Becomes a member: from now on others may hand calls over. Waits for the first leases; where the database is away it goes on trying. */
  async join(member: Membership): Promise<void> {
    this.#member = member;
    await this.#renew();
  }

  /** Gives all leases back. What still runs here runs as a guest. */
  async leave(): Promise<void> {
    if (this.#member === undefined) return;
    this.#member = undefined;
    clearTimeout(this.#timer);
    await this.#renewing;
    await Promise.all(this.#taking.values());
    this.#seen.clear();
    await giveLeasesBack(this.#store.admin.query.bind(this.#store.admin), this.#id).catch((error: unknown) => this.#tell(error));
  }

  /** Whether others may hand calls over to it. */
  get isMember(): boolean {
    return this.#member !== undefined;
  }

  /** Whether a realm's timed work is for this process to do. */
  worksOn(realm: number): boolean {
    return this.#member === undefined || this.#isHeld(partitionOf(realm));
  }

  /**
   * Whether a realm's lease is this process's, and has not run out as far as it can tell: for what goes outside, where no transaction would fence it. A
   * process that is no node is asked by nobody else.
   */
  holds(realm: number): boolean {
    if (this.#member === undefined) return true;
    const seen = this.#seen.get(partitionOf(realm));
    return seen?.holder === this.#id && seen.until > performance.now();
  }

  /** Where a realm's commands run; known without asking but for what is free. Throws `StoreError`. */
  route(realm: number): Route | Promise<Route> {
    const partition = partitionOf(realm);
    const known = this.#known(partition);
    return known ?? this.#take(partition).then(() => this.#known(partition) ?? { to: "nowhere" });
  }

  /** Takes over from a holder who cannot be reached, or says that he is none; whoever came before is left alone. Throws `StoreError`. */
  async replace({ partition, epoch }: { readonly partition: number; readonly epoch: number }): Promise<void> {
    if (this.#seen.get(partition)?.epoch === epoch) this.#seen.delete(partition);
    await this.#take(partition, { instead: epoch });
  }

  /** After a transaction was fenced: whether this node has got all leases again. */
  async regain({ partitions }: Fenced): Promise<boolean> {
    if (this.#member === undefined) return true;
    try {
      for (const partition of partitions) {
        this.#seen.delete(partition);
        await this.#take(partition, { wait: true });
      }
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
    return [...partitions].every((partition) => this.#isHeld(partition));
  }

  /** Inside a batch: locks the leases of its commands and looks whether they are still this node's. Throws `Fenced`. */
  async check(unit: Unit, commands: readonly Command[]): Promise<void> {
    /** Whether a lease is needed, or a guest's hand is enough. */
    const wanted = new Map<number, boolean>();
    for (const { realm, isGuest } of commands) {
      const partition = partitionOf(realm);
      wanted.set(partition, wanted.get(partition) === true || isGuest !== true);
    }
    await unit.fetch(
      [...wanted.keys()].map((partition) => ({
        realm: installationRealm,
        need: { by: "key", table: leasesTable, key: [partition] } as const,
      })),
    );
    const lost: number[] = [];
    for (const [partition, isNeeded] of wanted) {
      const entry = unit.rows.entry(leasesTable, installationRealm, [partition]);
      const row = entry?.current;
      if (row !== undefined && row["holder"] === null && !(isNeeded && this.#member !== undefined)) continue;
      if (row !== undefined && this.#isOwn(partition, row)) continue;
      if (isNeeded && this.#member !== undefined) lost.push(partition);
      else if (entry === undefined || row === undefined) unit.insert(leasesTable, installationRealm, freed(partition, 0));
      else unit.rows.set(entry, freed(partition, Number(row["epoch"]) + 1));
    }
    if (lost.length > 0) throw new Fenced(lost);
  }

  #isOwn(partition: number, row: Row): boolean {
    return row["holder"] === this.#id && row["epoch"] === this.#seen.get(partition)?.epoch;
  }

  #isHeld(partition: number): boolean {
    return this.#seen.get(partition)?.holder === this.#id;
  }

  #known(partition: number): Route | undefined {
    const member = this.#member;
    if (member === undefined || this.#isHeld(partition)) return { to: "here" };
    const seen = this.#seen.get(partition);
    if (seen === undefined || seen.address === null || seen.address === member.address || seen.until <= performance.now())
      return undefined;
    return { to: "peer", address: seen.address, partition, epoch: seen.epoch };
  }

  /** One question per partition at a time: who comes while it is under way gets its answer. */
  #take(partition: number, options: { readonly instead?: number; readonly wait?: boolean } = {}): Promise<void> {
    const underWay = this.#taking.get(partition);
    if (underWay !== undefined) return underWay;
    const { wait = options.instead !== undefined, ...rest } = options;
    const taking = this.#ask({ partitions: [partition, partition], wait, ...rest }).finally(() => this.#taking.delete(partition));
    this.#taking.set(partition, taking);
    return taking;
  }

  async #ask(options: {
    readonly partitions: readonly [number, number];
    readonly wait: boolean;
    readonly instead?: number;
  }): Promise<void> {
    const member = this.#member;
    if (member === undefined) return;
    const { admin } = this.#store;
    const query = admin.query.bind(admin);
    const identity = { id: this.#id, address: member.address };
    const [from, to] = options.partitions;
    let rows = await takeLeases(query, identity, { leaseMs, ...options });
    if (rows.length <= to - from) {
      await makeLeases(query);
      rows = await takeLeases(query, identity, { leaseMs, ...options });
    }
    let hasGained = false;
    for (const { leftMs, ...row } of rows) {
      const before = this.#seen.get(row.partition);
      // An answer that was overtaken by a later one.
      if (before !== undefined && before.epoch > row.epoch) continue;
      hasGained ||= row.holder === this.#id && before?.holder !== this.#id;
      this.#seen.set(row.partition, { ...row, until: performance.now() + leftMs });
    }
    if (hasGained) member.onGained?.();
  }

  async #renew(): Promise<void> {
    const member = this.#member;
    if (member === undefined) return;
    this.#renewing = this.#ask({ partitions: [0, partitionsCount - 1], wait: false }).catch((error: unknown) =>
      this.#tell(error),
    );
    await this.#renewing;
    if (this.#member !== member) return;
    this.#timer = setTimeout(() => void this.#renew(), renewMs);
    this.#timer.unref();
  }

  /** A database that is away tells of itself by every call; the rest is a mistake of ours. */
  #tell(error: unknown): void {
    if (error instanceof StoreError && error.kind !== "broken" && error.kind !== "check") return;
    this.#onError?.(error, "leases");
  }
}

/** Nobody's. */
const freed = (partition: number, epoch: number): Row => ({ partition, epoch, holder: null, address: null, until: 0 });

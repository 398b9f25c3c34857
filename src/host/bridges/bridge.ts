/**
 * A bridge: follows the events of every environment and hands them to a broker, each at least once and in order.
 *
 * Where it stands is a row per environment (`pons_jobs`, `bridge.nats`), moved on once the broker has what lies before it; only the node that has an
 * environment's lease sends. While the broker is away it waits, and the journal keeps what it will send: neither calls nor readiness know of it. Bounds:
 * `pageRows` rows of the journal per environment at work, `turnsMax` environments at a time.
 */
import type { EventLog, Position } from "../../events/index.ts";
import type { Logger } from "../../observe/logger.ts";
import { happenedOf, Interrupted, moveCommand, type Next, readPosition, Turns, turnAgain } from "../../sources/index.ts";
import { type OpenStore, StoreError } from "../../store/index.ts";
import type { Writer } from "../../batch/index.ts";
import { Away, type Broker, type Connection } from "./broker.ts";
import { type Message, type MessageOptions, messageOf, type Place } from "./message.ts";

const pageRows = 200;
const turnsMax = 32;
const lookMs = 5_000;
/** Rows of the journal without an event, after which it is noted that they were seen. */
const advanceRows = 5_000;
const retryMsMin = 500;
const retryMsMax = 30_000;

export interface BridgeOptions {
  readonly broker: Broker;
  readonly store: OpenStore;
  readonly writer: Writer;
  readonly events: Pick<EventLog, "read">;
  readonly messages: MessageOptions;
  /** Whether this node is the one that sends an environment's events. */
  readonly holds: (realm: number) => boolean;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** What it has done since it was started. */
export interface BridgeStatus {
  readonly name: string;
  readonly isConnected: boolean;
  readonly sent: number;
  readonly failures: number;
}

/** Where it stands in an environment. */
interface Standing {
  /** As the database has it. */
  stored: Position;
  /** The broker has all up to here. */
  sent: Position;
}

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #turns: Turns;
  readonly #standings = new Map<number, Standing>();
  readonly #name: string;
  #connection: Connection | undefined;
  #connecting: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #failures = 0;
  /** Failures since it was last connected. */
  #inARow = 0;
  #sent = 0;
  #isStarted = false;
  #isStopped = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#name = `bridge.${options.broker.name}`;
    this.#turns = new Turns({
      atOnce: turnsMax,
      clock: options.clock,
      onError: (error, name) => this.#tell(error, name),
    });
    options.writer.journalHeads.listen((heads, emitted) => {
      if (this.#connection === undefined || this.#isStopped) return;
      for (const [realm, { seq }] of heads) this.#committed(realm, seq, emitted.get(realm));
    });
  }

  start(): void {
    this.#isStarted = true;
    this.#timer = setInterval(() => void this.look(), lookMs);
    this.#timer.unref();
    this.#connect();
  }

  /** Ends behind what is being sent now. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    await this.#connecting;
    await this.#looking;
    await this.#turns.stop();
    await this.#connection?.close().catch(() => undefined);
  }

  status(): BridgeStatus {
    const { name } = this.#options.broker;
    return { name, isConnected: this.#connection !== undefined, sent: this.#sent, failures: this.#failures };
  }

  /** Environments of other nodes have become this one's. */
  gained(): void {
    this.#standings.clear();
    if (this.#isStarted) void this.look();
  }

  /** Looks for environments that have something to send. */
  look(): Promise<void> {
    if (this.#connection === undefined || this.#isStopped) return Promise.resolve();
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#tell(error, this.#name))
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  #committed(
    realm: number,
    seq: number,
    added: { readonly after: number; readonly types: ReadonlySet<string> } | undefined,
  ): void {
    const standing = this.#standings.get(realm);
    const isNothing = added?.types.size === 0 && standing !== undefined && wholeRows(standing.sent) >= added.after;
    if (!isNothing) return this.#want(realm);
    standing.sent = { seq, index: Number.POSITIVE_INFINITY };
    if (seq - standing.stored.seq >= advanceRows) this.#want(realm);
  }

  #want(realm: number): void {
    if (this.#options.holds(realm)) this.#turns.want(String(realm), () => this.#turn(realm));
  }

  async #look(): Promise<void> {
    const query = this.#options.store.admin.query.bind(this.#options.store.admin);
    const heads = await query("SELECT realm, value FROM pons_counters WHERE name = 'journal'");
    const stored = await query("SELECT realm, seq FROM pons_jobs WHERE name = $1", [this.#name]);
    const known = new Map(stored.map(({ realm, seq }) => [Number(realm), Number(seq)]));
    for (const { realm, value } of heads) {
      const number = Number(realm);
      const standing = this.#standings.get(number);
      if (Number(value) > (standing === undefined ? (known.get(number) ?? 0) : wholeRows(standing.sent))) this.#want(number);
    }
  }

  async #turn(realm: number): Promise<Next> {
    const { holds, store, events, messages } = this.#options;
    const connection = this.#connection;
    if (connection === undefined || this.#isStopped || !holds(realm)) return undefined;
    const place = await store.realms.at(realm);
    if (place === undefined) return undefined;
    let standing = this.#standings.get(realm);
    if (standing === undefined) {
      const stored = await readPosition(store, realm, this.#name);
      this.#standings.set(realm, (standing = { stored, sent: stored }));
    }
    const { events: found, through, isLast } = await events.read(realm, standing.sent, pageRows);
    let isWhole = true;
    try {
      isWhole = await this.#send(
        standing,
        found.map((event) => messageOf(event, { realm, ...place }, messages)),
        { connection, realm },
      );
      if (isWhole) standing.sent = through;
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      await this.#note(standing, { realm, ...place });
      this.#away(connection, error);
      return undefined;
    }
    if (found.length > 0 || through.seq - standing.stored.seq >= advanceRows) {
      const next = await this.#note(standing, { realm, ...place });
      if (next !== undefined) return next;
    }
    return isLast || !isWhole ? undefined : turnAgain;
  }

  /** Whether all were sent: it may be told to stop, or another node may have begun to send them. */
  async #send(
    standing: Standing,
    messages: readonly Message[],
    { connection, realm }: { readonly connection: Connection; readonly realm: number },
  ): Promise<boolean> {
    let isWhole = true;
    if (messages.length === 0) return isWhole;
    await connection.send(messages, {
      onSafe: ({ position }, count) => {
        standing.sent = position;
        this.#sent += count;
      },
      mayGoOn: () => (isWhole = !this.#isStopped && this.#options.holds(realm)),
    });
    return isWhole;
  }

  /** Writes down how far it has come; a moment where somebody else has been here. */
  async #note(standing: Standing, { realm, tenant, environment }: Place): Promise<Next> {
    const { stored: from, sent: to } = standing;
    if (from.seq === to.seq && from.index === to.index) return undefined;
    const command = moveCommand(this.#name, {
      realm,
      origin: {
        operation: this.#name,
        channel: "system",
        requestId: `${tenant} ${environment}`,
        address: null,
        app: null,
        user: null,
        subject: null,
      },
      sequences: [],
      from,
      to,
    });
    const [outcome] = await this.#options.writer.submit({ steps: [command] });
    try {
      happenedOf(outcome, this.#options.clock);
      standing.stored = to;
      return undefined;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      this.#standings.delete(realm);
      return error.next ?? this.#options.clock() + lookMs;
    }
  }

  #connect(): void {
    if (this.#isStopped || this.#connecting !== undefined) return;
    const { broker, logger } = this.#options;
    const connect = async (): Promise<void> => {
      try {
        const connection = await broker.connect();
        if (this.#isStopped) return await connection.close();
        this.#connection = connection;
        logger.info("bridge_connected", { bridge: broker.name, address: broker.shown, afterFailures: this.#inARow });
        this.#inARow = 0;
        void connection.lost.then(() => this.#away(connection, new Away("the connection was lost")));
      } catch (error) {
        this.#failed(error);
      }
    };
    this.#connecting = connect().finally(() => {
      this.#connecting = undefined;
      void this.look();
    });
  }

  /** The connection is of no use any more. */
  #away(connection: Connection, error: Away): void {
    if (this.#connection !== connection || this.#isStopped) return;
    this.#connection = undefined;
    void connection.close().catch(() => undefined);
    this.#failed(error);
  }

  #failed(error: unknown): void {
    if (this.#isStopped) return;
    const { broker, logger } = this.#options;
    this.#failures++;
    // The first failure is told of; that it is still so is not, each time.
    logger[this.#inARow++ === 0 ? "warn" : "debug"]("bridge_away", { bridge: broker.name, address: broker.shown, error });
    const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** (this.#inARow - 1)) * (1 - Math.random() / 2);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), waitMs);
    this.#retry.unref();
  }

  /** A database that is away tells of itself by every call. */
  #tell(error: unknown, name: string): void {
    if (error instanceof StoreError && error.kind !== "broken" && error.kind !== "check") return;
    this.#options.logger.error("bridge_failed", { bridge: this.#options.broker.name, realm: name, error });
  }
}

/** The last row of the journal all of whose events were sent. */
const wholeRows = ({ seq, index }: Position): number => (Number.isFinite(index) ? seq - 1 : seq);

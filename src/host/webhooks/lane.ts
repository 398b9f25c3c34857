/**
 * Events on their way to one webhook, as its app may see them: read ahead by a few dozen at most, and only as fast as they are taken. It knows up to where
 * all that were taken are settled, so that another node goes on from there.
 */
import { isAfter, type Position, type PresentedEvent, parsePosition, type Subscription } from "../../events/index.ts";
import type { EventQuery } from "../../events/event.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";
import type { Refusal } from "../../pipeline/refusal.ts";

type OpenSubscription = Extract<Subscription, { ok: true }>;

export interface LaneOptions {
  readonly after: Position;
  /** It ends behind it; absent: it goes on. */
  readonly until?: Position;
  readonly types: readonly string[] | undefined;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly open: (query: EventQuery, signal: AbortSignal) => Promise<Subscription>;
  /** There is something to take, or all was taken. */
  readonly onReady: () => void;
  /** It has ended before its time: the app may see no such events now, or the error of another kind. */
  readonly onEnded: (why: Refusal | { readonly error: unknown }) => void;
}

/** An event that was taken. */
export interface Taken {
  readonly event: PresentedEvent;
  readonly position: Position;
  /** Set once nothing is to be done for it any more, or it is kept elsewhere. */
  isSettled: boolean;
}

const positionOf = ({ id, seq }: PresentedEvent): Position => parsePosition(id) ?? { seq, index: 0 };

export class Lane {
  readonly #options: LaneOptions;
  readonly #ending = new AbortController();
  #subscription: OpenSubscription | undefined;
  #buffer: readonly PresentedEvent[] = [];
  #at = 0;
  #drained: (() => void) | undefined;
  /** Taken, in order; settled ones are gone from the front. */
  readonly #taken: Taken[] = [];
  #settled: Position;
  #looked: Position | undefined;
  /** When what is in the buffer was presented, by `performance.now()`. */
  presentedMs = 0;
  #isThrough = false;
  #isEnded = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#settled = options.after;
    void this.#run();
  }

  /** The next event, which stays where it is; `undefined`: none is there yet. */
  peek(): PresentedEvent | undefined {
    return this.#buffer[this.#at];
  }

  take(): Taken | undefined {
    const event = this.#buffer[this.#at];
    if (event === undefined) return undefined;
    this.#at++;
    const taken: Taken = { event, position: positionOf(event), isSettled: false };
    this.#taken.push(taken);
    if (this.#at >= this.#buffer.length) this.#drained?.();
    return taken;
  }

  settle(taken: Taken): void {
    taken.isSettled = true;
    while (this.#taken[0]?.isSettled === true) {
      const first = this.#taken.shift();
      if (first !== undefined) this.#settled = first.position;
    }
  }

  /** Everything up to and with it is settled. */
  get cursor(): Position {
    const looked = this.#looked;
    return this.#taken.length === 0 && looked !== undefined && isAfter(looked, this.#settled) ? looked : this.#settled;
  }

  /** All events were given and are settled; only of a lane with an end. */
  get isDone(): boolean {
    return this.#isThrough && this.#taken.length === 0 && this.#at >= this.#buffer.length;
  }

  /** One event as the app sees it now; `undefined`: it does not. Rejects with `StreamEnded` where it may see none, with an `Error` before it is open. */
  async one(position: Position): Promise<PresentedEvent | undefined> {
    if (this.#subscription === undefined) throw new Error("the events are not open yet");
    return this.#subscription.one(position);
  }

  get isOpen(): boolean {
    return this.#subscription !== undefined;
  }

  /** It gives no more events, and all that it gave are settled: another may go on from its cursor. */
  get isOver(): boolean {
    return this.#isEnded && this.#taken.length === 0;
  }

  /** Gives no more events; those that were taken may still be settled. */
  stop(): void {
    this.#isEnded = true;
    this.#ending.abort();
    this.#subscription = undefined;
    this.#buffer = [];
    this.#at = 0;
    this.#drained?.();
  }

  async #run(): Promise<void> {
    const { after, until, types, filters, open, onReady, onEnded } = this.#options;
    const { signal } = this.#ending;
    // Of one that was stopped, what was read ahead has not been given to anybody.
    const onLooked = (through: Position): void => {
      if (!signal.aborted) this.#looked = through;
    };
    try {
      const opened = await open({ after, until, types, filters, onLooked }, signal);
      if (signal.aborted) return;
      if (!opened.ok) {
        this.stop();
        return onEnded(opened.refusal);
      }
      this.#subscription = opened;
      onReady();
      for await (const batch of opened.events) {
        if (signal.aborted) return;
        if (batch.length === 0) continue;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#drained = resolve;
        [this.#buffer, this.#at, this.presentedMs] = [batch, 0, performance.now()];
        onReady();
        await promise;
        if (signal.aborted) return;
      }
      if (signal.aborted || until === undefined) return;
      this.#isThrough = true;
      onReady();
    } catch (error) {
      if (signal.aborted) return;
      this.stop();
      onEnded(error instanceof StreamEnded ? error.refusal : { error });
    }
  }
}

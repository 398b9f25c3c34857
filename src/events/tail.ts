/** The newest events of one realm, for all who follow it, within bounds; and who waits for the next. */
import { jsonBytes } from "../store/index.ts";
import { isAfter, type Position, type StoredEvent } from "./event.ts";

export interface TailBounds {
  readonly eventsMax: number;
  /** Of the events' data, about as JSON. */
  readonly bytesMax: number;
}

/** Per realm that somebody follows: who is further behind reads from the database. */
const tailBounds: TailBounds = { eventsMax: 4_096, bytesMax: 4 * 1024 * 1024 };
/** How long a follower waits before it says that nothing has come; and how many of those that wait are told at one look, so that not all are at once. */
const idleMs = 400;
const idleShare = 0.25;

/** The newest events of one realm. */
export class Tail {
  /** All events of rows after this one are in `events`. */
  from = -1;
  /** The last row that was read. */
  through = -1;
  events: StoredEvent[] = [];
  followers = 0;
  /** Committed up to here, as far as this process knows. */
  known = -1;
  reading: Promise<void> | undefined;
  readonly #bounds: TailBounds;
  /** About the bytes of each event, and of all of them. */
  #weights: number[] = [];
  #bytes = 0;
  /** Who waits, the longest first, and since when. */
  readonly #waiting = new Map<() => void, number>();

  constructor(bounds: TailBounds = tailBounds) {
    this.#bounds = bounds;
  }

  /** About the bytes of what is kept, as JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Has `wake` called when something comes, or when a while has passed. */
  wait(wake: () => void): void {
    this.#waiting.set(wake, performance.now());
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  wake(): void {
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Tells some of those who have waited for long that nothing has come. */
  wakeIdle(nowMs: number): void {
    let left = Math.ceil(this.#waiting.size * idleShare);
    for (const [wake, sinceMs] of this.#waiting) {
      if (left-- === 0 || nowMs - sinceMs < idleMs) return;
      this.#waiting.delete(wake);
      wake();
    }
  }

  /** Events after a position that lies in the tail. */
  after(position: Position): readonly StoredEvent[] {
    const { events } = this;
    let [low, high] = [0, events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const event = events[middle];
      if (event !== undefined && isAfter(event, position)) high = middle;
      else low = middle + 1;
    }
    return low === 0 ? events.slice() : events.slice(low);
  }

  /** What was read after the last row that was: all events up to `through`. */
  add(through: number, events: readonly StoredEvent[]): void {
    this.through = through;
    for (const event of events) {
      const bytes = jsonBytes(event.data);
      this.events.push(event);
      this.#weights.push(bytes);
      this.#bytes += bytes;
    }
    const { eventsMax, bytesMax } = this.#bounds;
    if (this.events.length > eventsMax || this.#bytes > bytesMax) this.#trim();
    this.wake();
  }

  /** Lets the oldest rows go, whole ones, until half of what may be there is. */
  #trim(): void {
    const { eventsMax, bytesMax } = this.#bounds;
    let [gone, left] = [0, this.#bytes];
    while (gone < this.events.length && (this.events.length - gone > eventsMax / 2 || left > bytesMax / 2))
      left -= this.#weights[gone++] ?? 0;
    const last = this.events[gone - 1];
    if (last === undefined) return;
    while (this.events[gone]?.seq === last.seq) left -= this.#weights[gone++] ?? 0;
    this.from = last.seq;
    this.events = this.events.slice(gone);
    this.#weights = this.#weights.slice(gone);
    this.#bytes = left;
  }
}

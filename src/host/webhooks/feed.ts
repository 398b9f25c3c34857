/**
 * The events of one webhook, by two lanes: those that are new, and those that are delivered again. Opens them, and again where they end: the app may see no
 * such events now, or the database is away.
 */
import type { App } from "../app.ts";
import { type Position, positionText, type PresentedEvent, type Subscription } from "../../events/index.ts";
import type { EventQuery } from "../../events/event.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { Row } from "../../store/index.ts";
import type { Webhook } from "./entry.ts";
import { Lane, type LaneOptions } from "./lane.ts";
import { isBefore, storedPosition } from "./position.ts";
import { keptRange, rangeKept, type ReplayRange } from "./replay.ts";

/** Pauses until events are asked for again that were refused. */
const reopenMsMin = 1_000;
const reopenMsMax = 60_000;
/** How often it is written down how far was looked, where nothing was to be delivered. */
const passedOverMs = 5_000;

export interface FeedParts {
  readonly contracts: App["contracts"];
  readonly clock: () => number;
  readonly subscribe: (query: EventQuery, signal: AbortSignal) => Promise<Subscription>;
  /** There is something to take. */
  readonly onReady: () => void;
  /** What `state` tells has changed. */
  readonly onChanged: () => void;
  /** All was delivered again that was asked for. Rejects where it cannot be noted now. */
  readonly onReplayed: (replay: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

type Terms = Pick<Webhook, "service" | "types" | "filters">;

export class Feed {
  readonly #parts: FeedParts;
  #terms: Terms;
  #live: Lane | undefined;
  /** Where the lane goes on that is opened next. */
  #cursor: Position;
  #replaying: { readonly range: ReplayRange; lane: Lane | undefined; isTold: boolean } | undefined;
  #isReplaysTurn = false;
  #problem: string | null;
  #touchedMs = 0;
  #reopenAtMs = 0;
  #reopenPauseMs = reopenMsMin;

  /** `row`: of `pons_webhooks`. */
  constructor(parts: FeedParts, terms: Terms, row: Row) {
    this.#parts = parts;
    this.#terms = terms;
    this.#cursor = { seq: row["seq"] as number, index: row["index"] as number };
    this.#problem = (row["problem"] as string | null) ?? null;
    const range = rangeKept(row["replay"]);
    if (range !== undefined) this.#replaying = { range, lane: undefined, isTold: false };
  }

  /** Its part of the row of `pons_webhooks`. */
  get state(): Row {
    const { seq, index } = storedPosition(this.#live?.cursor ?? this.#cursor);
    const replaying = this.#replaying;
    const replay = replaying === undefined ? null : keptRange(replaying.range, replaying.lane?.cursor ?? replaying.range.after);
    return { seq, index, problem: this.#problem, replay };
  }

  /** Id of the replay that is under way. */
  get replay(): string | undefined {
    return this.#replaying?.range.id;
  }

  /** Events may be taken, and single ones be asked for. */
  get isOpen(): boolean {
    return this.#live?.isOpen === true;
  }

  /** Whether the events of a lane are delivered for the first time, as far as is known. */
  isLive(lane: Lane): boolean {
    return lane === this.#live;
  }

  /** The lanes there are, each first in its turn. */
  lanes(): readonly Lane[] {
    const replay = this.#replaying?.lane;
    this.#isReplaysTurn = !this.#isReplaysTurn;
    const lanes = this.#isReplaysTurn ? [this.#live, replay] : [replay, this.#live];
    return lanes.filter((lane) => lane !== undefined);
  }

  /** One event as the app sees it now; `undefined`: it does not. */
  async one(position: Position): Promise<PresentedEvent | undefined> {
    if (this.#live === undefined) throw new Error(`event ${positionText(position)} cannot be read now`);
    return this.#live.one(position);
  }

  /** Gives no more events until it is opened again. */
  stop(): void {
    this.#live?.stop();
    this.#replaying?.lane?.stop();
  }

  /** Other events are wanted. */
  change(terms: Terms): void {
    this.#terms = terms;
    this.stop();
    this.reopen();
  }

  /** Asks again for what was refused, at the next tick. */
  reopen(): void {
    this.#reopenAtMs = 0;
    this.#reopenPauseMs = reopenMsMin;
  }

  /** Events before a position are not delivered. */
  skipTo(start: Position): void {
    if (this.#live !== undefined) this.#cursor = this.#live.cursor;
    this.#live?.stop();
    this.#live = undefined;
    if (isBefore(this.#cursor, start)) this.#cursor = start;
    this.#parts.onChanged();
  }

  beginReplay(range: ReplayRange): void {
    this.#replaying?.lane?.stop();
    this.#replaying = { range, lane: undefined, isTold: false };
    this.#parts.onChanged();
  }

  endReplay(): void {
    if (this.#replaying === undefined) return;
    this.#replaying.lane?.stop();
    this.#replaying = undefined;
    this.#parts.onChanged();
  }

  /** Now and then: opens what is to be opened. */
  tick(nowMs: number): void {
    this.#takeCursor();
    if (nowMs < this.#reopenAtMs) return;
    if (this.#live === undefined || this.#live.isOver) this.#open();
    this.#tickReplay();
  }

  /** What was only passed over need not be written down at once: it would be passed over again. */
  #takeCursor(): void {
    const cursor = this.#live?.cursor;
    if (cursor === undefined || !isBefore(this.#cursor, cursor) || performance.now() - this.#touchedMs < passedOverMs) return;
    this.#cursor = cursor;
    this.#touchedMs = performance.now();
    this.#parts.onChanged();
  }

  /** Types that the service has; `undefined`: all. */
  #types(): readonly string[] | undefined {
    const { service, types } = this.#terms;
    if (types.includes("*")) return undefined;
    const there = [...(this.#parts.contracts.get(service)?.resources.values() ?? [])].flatMap(({ name, events }) =>
      Object.keys(events).map((event) => `${name}.${event}`),
    );
    return types.filter((type) => there.some((one) => (type.endsWith(".*") ? one.startsWith(type.slice(0, -1)) : one === type)));
  }

  #open(): void {
    const types = this.#types();
    if (!this.#parts.contracts.has(this.#terms.service) || types?.length === 0) {
      this.#refused("there is no such event");
      return;
    }
    if (this.#live !== undefined) this.#cursor = this.#live.cursor;
    const onReady = (): void => {
      this.#reopenPauseMs = reopenMsMin;
      if (this.#problem !== null) {
        this.#problem = null;
        this.#parts.onChanged();
      }
      this.#parts.onReady();
    };
    this.#live = new Lane({ ...this.#options(types), after: this.#cursor, onReady });
  }

  #options(types: readonly string[] | undefined): Pick<LaneOptions, "types" | "filters" | "open" | "onEnded"> {
    const onEnded = (why: Refusal | { readonly error: unknown }): void => this.#ended(why);
    return { types, filters: this.#terms.filters, open: this.#parts.subscribe, onEnded };
  }

  #ended(why: Refusal | { readonly error: unknown }): void {
    if ("error" in why) {
      this.#parts.onError(why.error);
      this.#later(0);
      return;
    }
    const fields = why.issues === undefined ? "" : `: ${Object.keys(why.issues).join(", ")}`;
    this.#refused(`${why.type}${fields}`, why.retryAfter);
  }

  #refused(problem: string, retryAfterSeconds = 0): void {
    const told = problem.slice(0, 200);
    if (this.#problem !== told) {
      this.#problem = told;
      this.#parts.onChanged();
    }
    this.#later(retryAfterSeconds * 1_000);
  }

  #later(atLeastMs: number): void {
    this.#reopenAtMs = this.#parts.clock() + Math.max(this.#reopenPauseMs, atLeastMs);
    this.#reopenPauseMs = Math.min(reopenMsMax, this.#reopenPauseMs * 2);
  }

  #tickReplay(): void {
    const replaying = this.#replaying;
    if (replaying === undefined) return;
    const { range, lane } = replaying;
    if (lane?.isDone === true && !replaying.isTold) {
      replaying.isTold = true;
      this.#parts.onReplayed(range.id).catch((error: unknown) => {
        replaying.isTold = false;
        this.#parts.onError(error);
      });
    }
    if (!this.isOpen || (lane !== undefined && !lane.isOver)) return;
    const { onReady } = this.#parts;
    replaying.lane = new Lane({
      ...this.#options(this.#types()),
      after: lane?.cursor ?? range.after,
      until: range.until,
      onReady,
    });
  }
}

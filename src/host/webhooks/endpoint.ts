/**
 * One webhook at work. Events come by two lanes: those that are new, and those that are delivered again; what could not be delivered waits beside them. Each
 * attempt is of an event as the app sees it at that moment.
 *
 *   lane ─► first attempt ─► taken: settled
 *                └─► failed: waits, is tried again up to ten times over three days ─► given up, or, where nothing was taken for so long, the webhook disabled
 *
 * An event whose row has an earlier one waiting waits behind it.
 */
import type { App } from "../app.ts";
import { type Position, type PresentedEvent, positionText, type Subscription } from "../../events/index.ts";
import { attemptsMax, pauseMs, signWebhook, type WebhookSigner } from "../../events/webhooks/index.ts";
import { type GuardedFetch, OutboundError } from "../../outbound/index.ts";
import type { EventQuery } from "../../events/event.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { Row } from "../../store/index.ts";
import { attempt, type Outcome } from "./attempt.ts";
import { type Delivery, deliveryIdOf, newDelivery, type Problem } from "./delivery.ts";
import type { Webhook } from "./entry.ts";
import { Health } from "./health.ts";
import { Lane, type Taken } from "./lane.ts";
import type { Account, Ledger } from "./ledger.ts";
import type { DeliveryLog } from "./log.ts";
import { bodyOf, testBodyOf } from "./message.ts";
import { isBefore, positionBefore, storedPosition } from "./position.ts";
import { keptRange, rangeKept, type ReplayRange, rangeOf } from "./replay.ts";
import { Waiting } from "./waiting.ts";

/** An event is sent as it was presented for so long; then the app is asked for anew. */
const freshMs = 400;
/** Pauses until events are asked for again that were refused. */
const reopenMsMin = 1_000;
const reopenMsMax = 60_000;
/** Pauses behind a failure of our own. */
const againMs = 2_000;
const dayMs = 86_400_000;
/** How often it is written down how far was looked, where nothing was to be delivered. */
const passedOverMs = 5_000;
/** Bounds what is remembered while nothing is being read. */
const settledMax = 10_000;

/** What all webhooks of a node share. */
export interface EndpointParts {
  readonly app: Pick<App, "contracts" | "store" | "events">;
  readonly guarded: GuardedFetch;
  readonly ledger: Ledger;
  readonly log: DeliveryLog;
  readonly clock: () => number;
  readonly random: () => number;
  readonly origin: () => string;
  readonly subscribe: (webhook: Webhook, query: EventQuery, signal: AbortSignal) => Promise<Subscription>;
  readonly signer: (webhook: Webhook, number: number) => WebhookSigner;
  /** Calls an operation of the control plane on the webhook. */
  readonly tell: (webhook: Webhook, operation: "disable" | "gaveUp" | "replayed", body: object) => Promise<void>;
  /** It may have something to do. */
  readonly onReady: (endpoint: Endpoint) => void;
  /** An attempt is over. */
  readonly onDone: (endpoint: Endpoint) => void;
  readonly onFenced: (endpoint: Endpoint) => void;
  readonly onError: (error: unknown) => void;
}

const msOf = (value: unknown): number | null => (typeof value === "string" ? Date.parse(value) : null);
const textOf = (ms: number | null): string | null => (ms === null || ms <= 0 ? null : new Date(ms).toISOString());
const isTest = ({ position }: Delivery): boolean => position === undefined;

/** What an event comes with that is delivered for the first time. */
interface Source {
  readonly lane: Lane;
  readonly taken: Taken;
}

export class Endpoint implements Account {
  readonly #parts: EndpointParts;
  readonly #realm: number;
  readonly #waiting = new Waiting();
  readonly #health: Health;
  readonly #ending = new AbortController();
  #webhook: Webhook;
  #lane: Lane | undefined;
  /** Where the lane goes on that is opened next. */
  #cursor: Position;
  #replaying: { readonly range: ReplayRange; lane: Lane | undefined; isTold: boolean } | undefined;
  #isReplaysTurn = false;
  #startAt: string | null;
  #problem: string | null;
  #touchedMs = 0;
  #reopenAtMs = 0;
  #reopenPauseMs = reopenMsMin;
  #isDisabling = false;
  #reloading: Promise<void> | undefined;
  /** Settled while rows were being read: what was read of them is old. */
  readonly #settledMeanwhile = new Set<string>();

  constructor(
    parts: EndpointParts,
    taken: {
      readonly webhook: Webhook;
      readonly realm: number;
      readonly row: Row;
      readonly isSkipped: boolean;
      readonly waiting: readonly Delivery[];
    },
  ) {
    const { webhook, realm, row, isSkipped, waiting } = taken;
    this.#parts = parts;
    this.#webhook = webhook;
    this.#realm = realm;
    this.#cursor = { seq: row["seq"] as number, index: row["index"] as number };
    this.#startAt = webhook.startAt;
    this.#problem = (row["problem"] as string | null) ?? null;
    this.#health = new Health(
      {
        failures: row["failures"] as number,
        openMs: msOf(row["openUntil"]) ?? 0,
        succeededMs: msOf(row["succeededAt"]),
        failedMs: msOf(row["failedAt"]),
      },
      parts.random,
    );
    const range = rangeKept(row["replay"]);
    if (range !== undefined) this.#replaying = { range, lane: undefined, isTold: false };
    for (const delivery of waiting) this.#waiting.add(delivery);
    if (isSkipped) this.#skip(this.#cursor);
  }

  get id(): string {
    return this.#webhook.id;
  }

  get owner(): number {
    return this.#webhook.owner;
  }

  get app(): string {
    return this.#webhook.app;
  }

  get webhook(): Webhook {
    return this.#webhook;
  }

  /** Attempts under way. */
  get underWay(): number {
    return this.#waiting.underWay;
  }

  state(): Row {
    const { failures, openMs, succeededMs, failedMs } = this.#health.state;
    const { seq, index } = storedPosition(this.#position);
    return {
      seq,
      index,
      failures,
      openUntil: textOf(openMs),
      succeededAt: textOf(succeededMs),
      failedAt: textOf(failedMs),
      startAt: this.#startAt,
      problem: this.#problem,
      replay:
        this.#replaying === undefined
          ? null
          : keptRange(this.#replaying.range, this.#replaying.lane?.cursor ?? this.#replaying.range.after),
    };
  }

  fenced(): void {
    this.#parts.onFenced(this);
  }

  /** Its row has changed, or somebody wants it to look. */
  update(webhook: Webhook): void {
    const before = this.#webhook;
    this.#webhook = webhook;
    const nowMs = this.#parts.clock();
    const isChanged = (["url", "app", "types", "filters", "service", "environment", "status"] as const).some(
      (name) => !Bun.deepEquals(before[name], webhook[name], true),
    );
    if (isChanged) this.#stopLanes();
    if (isChanged || webhook.revision !== before.revision) {
      this.#reopenNow();
      this.#health.forgive();
    }
    if (webhook.status === "active" && before.status !== "active") {
      this.#isDisabling = false;
      this.#waiting.hurry(nowMs, { isAnew: true });
      for (const delivery of this.#waiting.all()) this.#parts.ledger.note(this, delivery);
    }
    if (webhook.replay === null) this.#endReplay();
    if (webhook.revision !== before.revision || webhook.replay !== null) void this.#reload();
    this.#parts.ledger.touch(this);
    this.#parts.onReady(this);
  }

  /** What the app may see may have changed. */
  reopen(): void {
    this.#reopenNow();
  }

  /** Now and then: opens what is to be opened. */
  tick(nowMs: number): void {
    if (this.#lane !== undefined) this.#takeCursor();
    if (this.#webhook.status === "active" && nowMs >= this.#reopenAtMs) this.#open();
    this.#tickReplay(nowMs);
    this.#parts.onReady(this);
  }

  /** Begins one attempt, if there is one to be made and room for it. */
  next(nowMs: number): boolean {
    if (this.#ending.signal.aborted || this.#parts.ledger.isFull) return false;
    const test = this.#waiting.due(nowMs, isTest);
    if (test !== undefined) return this.#begin(test);
    if (this.#webhook.status !== "active" || this.#lane?.isOpen !== true) return false;
    if (this.#waiting.underWay >= this.#health.room(nowMs, this.#webhook.concurrency)) return false;
    const due = this.#waiting.due(nowMs, (delivery) => !isTest(delivery));
    if (due !== undefined) return this.#begin(due);
    const replay = this.#replaying?.lane;
    const lanes = this.#isReplaysTurn ? [replay, this.#lane] : [this.#lane, replay];
    this.#isReplaysTurn = !this.#isReplaysTurn;
    return lanes.some((lane) => lane !== undefined && this.#beginFrom(lane, nowMs));
  }

  /** Ends its work. Attempts under way are called off: whoever delivers next makes them again. */
  stop(): void {
    this.#ending.abort();
    this.#stopLanes();
  }

  get #position(): Position {
    return this.#lane?.cursor ?? this.#cursor;
  }

  #takeCursor(): void {
    const cursor = this.#lane?.cursor;
    if (cursor === undefined || !isBefore(this.#cursor, cursor)) return;
    this.#cursor = cursor;
    // What was only passed over need not be written down at once: it would be passed over again.
    if (performance.now() - this.#touchedMs < passedOverMs) return;
    this.#touchedMs = performance.now();
    this.#parts.ledger.touch(this);
  }

  #stopLanes(): void {
    this.#lane?.stop();
    this.#replaying?.lane?.stop();
  }

  #reopenNow(): void {
    this.#reopenAtMs = 0;
    this.#reopenPauseMs = reopenMsMin;
  }

  /** Types that the service has; `undefined`: all. */
  #types(): readonly string[] | undefined {
    const { service, types } = this.#webhook;
    if (types.includes("*")) return undefined;
    const there = [...(this.#parts.app.contracts.get(service)?.resources.values() ?? [])].flatMap(({ name, events }) =>
      Object.keys(events).map((event) => `${name}.${event}`),
    );
    return types.filter((type) => there.some((one) => (type.endsWith(".*") ? one.startsWith(type.slice(0, -1)) : one === type)));
  }

  #open(): void {
    if (this.#lane !== undefined && !this.#lane.isOver) return;
    const types = this.#types();
    if (!this.#parts.app.contracts.has(this.#webhook.service) || types?.length === 0) {
      this.#refused("there is no such event");
      return;
    }
    if (this.#lane !== undefined) this.#cursor = this.#lane.cursor;
    const lane: Lane = new Lane({
      ...this.#laneOptions(types),
      after: this.#cursor,
      onReady: () => {
        this.#reopenPauseMs = reopenMsMin;
        if (this.#problem !== null) {
          this.#problem = null;
          this.#parts.ledger.touch(this);
        }
        this.#parts.onReady(this);
      },
    });
    this.#lane = lane;
  }

  #laneOptions(
    types: readonly string[] | undefined,
  ): Pick<ConstructorParameters<typeof Lane>[0], "types" | "filters" | "open" | "onEnded"> {
    return {
      types,
      filters: this.#webhook.filters,
      open: (query, signal) => this.#parts.subscribe(this.#webhook, query, signal),
      onEnded: (why) => this.#ended(why),
    };
  }

  #ended(why: Refusal | { readonly error: unknown }): void {
    if ("error" in why) {
      this.#parts.onError(why.error);
      this.#later();
    } else
      this.#refused(why.issues === undefined ? why.type : `${why.type}: ${Object.keys(why.issues).join(", ")}`, why.retryAfter);
  }

  #refused(problem: string, retryAfterSeconds = 0): void {
    if (this.#problem !== problem) {
      this.#problem = problem.slice(0, 200);
      this.#parts.ledger.touch(this);
    }
    this.#later(retryAfterSeconds * 1_000);
  }

  #later(atLeastMs = 0): void {
    this.#reopenAtMs = this.#parts.clock() + Math.max(this.#reopenPauseMs, atLeastMs);
    this.#reopenPauseMs = Math.min(reopenMsMax, this.#reopenPauseMs * 2);
  }

  #endReplay(): void {
    if (this.#replaying === undefined) return;
    this.#replaying.lane?.stop();
    this.#replaying = undefined;
    this.#parts.ledger.touch(this);
  }

  #tickReplay(nowMs: number): void {
    const replaying = this.#replaying;
    if (replaying === undefined) return;
    if (replaying.lane?.isDone === true && !replaying.isTold) {
      replaying.isTold = true;
      this.#parts.tell(this.#webhook, "replayed", { replay: replaying.range.id }).catch((error: unknown) => {
        replaying.isTold = false;
        this.#parts.onError(error);
      });
    }
    if (nowMs < this.#reopenAtMs || this.#lane?.isOpen !== true || (replaying.lane !== undefined && !replaying.lane.isOver))
      return;
    const { range, lane } = replaying;
    replaying.lane = new Lane({
      ...this.#laneOptions(this.#types()),
      after: lane?.cursor ?? range.after,
      until: range.until,
      onReady: () => this.#parts.onReady(this),
    });
  }

  /** Reads what waits, as somebody may have added to it, and whether events are to be delivered again or skipped. */
  #reload(): Promise<void> {
    this.#reloading ??= this.#doReload()
      .catch((error: unknown) => this.#parts.onError(error))
      .finally(() => (this.#reloading = undefined));
    return this.#reloading;
  }

  async #doReload(): Promise<void> {
    const { app, ledger, log, onReady } = this.#parts;
    let { revision } = this.#webhook;
    for (;;) {
      this.#settledMeanwhile.clear();
      await ledger.flush();
      const rows = await log.waiting(this);
      for (const row of rows) {
        const known = this.#waiting.get(row.id);
        if (known === undefined) {
          if (!this.#settledMeanwhile.has(row.id)) this.#waiting.add(row);
        } else if (!this.#waiting.isUnderWay(row.id) && row.nextMs < known.nextMs) {
          [known.nextMs, known.before, known.firstMs] = [row.nextMs, row.before, row.firstMs];
          this.#waiting.changed(known);
        }
      }
      const { replay, startAt } = this.#webhook;
      if (replay !== null && this.#replaying?.range.id !== replay.id) {
        const range = await rangeOf(app, this.#realm, replay);
        this.#endReplay();
        this.#replaying = { range, lane: undefined, isTold: false };
        ledger.touch(this);
      }
      if (startAt !== null && startAt !== this.#startAt) {
        const start = await positionBefore(app, this.#realm, startAt);
        this.#startAt = startAt;
        this.#takeCursor();
        this.#lane?.stop();
        if (isBefore(this.#cursor, start)) this.#cursor = start;
        this.#lane = undefined;
        this.#skip(start);
        ledger.touch(this);
      }
      if (revision === this.#webhook.revision) break;
      ({ revision } = this.#webhook);
    }
    onReady(this);
  }

  /** Gives up what waits of events before a position. */
  #skip(start: Position): void {
    for (const delivery of [...this.#waiting.all()]) {
      const { position } = delivery;
      if (position === undefined || !isBefore(position, start) || this.#waiting.isUnderWay(delivery.id)) continue;
      this.#settle(delivery, "failed", "skipped");
    }
  }

  #beginFrom(lane: Lane, nowMs: number): boolean {
    for (let event = lane.peek(); event !== undefined && !this.#waiting.isFull; event = lane.peek()) {
      const row = this.#waiting.stateOf(event.subject);
      if (row === "underWay") return false;
      const isKnown = this.#waiting.get(deliveryIdOf(this.id, event.id)) !== undefined;
      const taken = lane.take();
      if (taken === undefined) return false;
      if (!isKnown) {
        const delivery = newDelivery(this.id, event, { position: taken.position, nowMs });
        if (row === undefined) {
          this.#waiting.add(delivery);
          return this.#begin(delivery, { lane, taken });
        }
        delivery.nextMs = Number.POSITIVE_INFINITY;
        this.#waiting.add(delivery);
        this.#parts.ledger.note(this, delivery);
      }
      lane.settle(taken);
      this.#parts.ledger.touch(this);
    }
    return false;
  }

  #begin(delivery: Delivery, source?: Source): true {
    this.#waiting.began(delivery);
    void this.#deliver(delivery, source).finally(() => this.#parts.onDone(this));
    return true;
  }

  async #deliver(delivery: Delivery, source: Source | undefined): Promise<void> {
    const { guarded, clock, ledger } = this.#parts;
    const { signal } = this.#ending;
    try {
      if (source !== undefined && source.lane !== this.#lane) await this.#recall(delivery);
      const body = await this.#bodyOf(delivery, source);
      if (signal.aborted) return;
      if (body === undefined) this.#settle(delivery, "failed", "not_visible");
      else {
        const webhook = this.#webhook;
        const nowMs = clock();
        const signers = webhook.keys
          .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > nowMs)
          .map(({ number }) => this.#parts.signer(webhook, number));
        const headers = { ...signWebhook(signers, { id: delivery.id, atMs: nowMs, body }) };
        const outcome = await attempt(guarded, { url: webhook.url, headers, body, nowMs, signal });
        this.#judge(delivery, outcome);
      }
    } catch (error) {
      // It is made again by whoever delivers next.
      if (signal.aborted) return;
      this.#waiting.ended(delivery);
      if (error instanceof StreamEnded) this.#lane?.stop();
      else if (!(error instanceof OutboundError)) this.#parts.onError(error);
      delivery.nextMs = clock() + againMs;
      this.#waiting.changed(delivery);
      ledger.note(this, delivery);
    }
    source?.lane.settle(source.taken);
  }

  /** What the log tells of an event that is delivered again. */
  async #recall(delivery: Delivery): Promise<void> {
    const known = await this.#parts.log.find(this.owner, delivery.id);
    if (known === undefined) return;
    [delivery.attempts, delivery.before] = [known.attempts, known.attempts];
  }

  /** The body; `undefined`: the app may not see the event. */
  async #bodyOf({ position, id }: Delivery, source: Source | undefined): Promise<string | undefined> {
    const { app, origin, clock } = this.#parts;
    const { service, id: webhook } = this.#webhook;
    const at = { origin: origin(), version: app.contracts.get(service)?.version ?? "" };
    if (position === undefined) return testBodyOf({ id, service, webhook, nowMs: clock() }, at);
    const isFresh = source !== undefined && performance.now() - source.lane.presentedMs < freshMs;
    const event: PresentedEvent | undefined = isFresh ? source.taken.event : await this.#one(position);
    return event === undefined ? undefined : bodyOf(event, at);
  }

  async #one(position: Position): Promise<PresentedEvent | undefined> {
    if (this.#lane === undefined) throw new Error(`event ${positionText(position)} cannot be read now`);
    return this.#lane.one(position);
  }

  #judge(delivery: Delivery, { problem, status, durationMs, retryAfterMs, response }: Outcome): void {
    const nowMs = this.#parts.clock();
    delivery.attempts++;
    delivery.lastMs = nowMs;
    delivery.responseStatus = status ?? null;
    delivery.durationMs = durationMs;
    delivery.response = response ?? null;
    if (isTest(delivery)) return this.#settle(delivery, problem === undefined ? "delivered" : "failed", problem ?? null);
    if (problem === undefined) {
      if (this.#health.succeeded(nowMs)) this.#waiting.hurry(nowMs);
      return this.#settle(delivery, "delivered", null);
    }
    this.#health.failed(nowMs, retryAfterMs);
    if (problem === "gone") this.#disable("The receiver answered that it is gone (410).");
    this.#failed(delivery, problem, nowMs);
  }

  #failed(delivery: Delivery, problem: Problem, nowMs: number): void {
    const { ledger, random, tell, onError } = this.#parts;
    const pause = problem === "gone" ? dayMs : pauseMs(delivery.attempts - delivery.before, random());
    const { succeededMs, openMs } = this.#health.state;
    delivery.problem = problem;
    if (pause === undefined && succeededMs !== null && succeededMs >= delivery.firstMs) {
      this.#settle(delivery, "failed", problem);
      tell(this.#webhook, "gaveUp", { delivery: delivery.id }).catch(onError);
      return;
    }
    if (pause === undefined) this.#disable(`Nothing was delivered in ${attemptsMax} attempts over three days.`);
    this.#waiting.ended(delivery);
    delivery.nextMs = Math.max(nowMs + (pause ?? dayMs), openMs);
    this.#waiting.changed(delivery);
    ledger.note(this, delivery);
  }

  #settle(delivery: Delivery, status: "delivered" | "failed", problem: Problem | null): void {
    const { ledger, clock } = this.#parts;
    delivery.status = status;
    delivery.problem = problem;
    this.#settledMeanwhile.add(delivery.id);
    if (this.#settledMeanwhile.size > settledMax && this.#reloading === undefined) this.#settledMeanwhile.clear();
    this.#waiting.remove(delivery, clock());
    ledger.note(this, delivery);
  }

  #disable(reason: string): void {
    if (this.#isDisabling) return;
    this.#isDisabling = true;
    this.#parts.tell(this.#webhook, "disable", { reason }).catch((error: unknown) => {
      this.#isDisabling = false;
      this.#parts.onError(error);
    });
  }
}

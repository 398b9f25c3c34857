/**
 * One webhook at work. What comes by its lanes is sent, what could not be delivered waits beside them. Each attempt is of an event as the app sees it at that
 * moment.
 *
 *   lane ─► first attempt ─► taken: settled
 *                └─► failed: waits, is tried again up to ten times over three days ─► given up, or, where nothing was taken for so long, the webhook disabled
 *
 * An event whose row has an earlier one waiting waits behind it.
 */
import type { App } from "../app.ts";
import type { Position, PresentedEvent, Subscription } from "../../events/index.ts";
import type { EventQuery } from "../../events/event.ts";
import { attemptsMax, pauseMs, signWebhook, type WebhookSigner } from "../../events/webhooks/index.ts";
import { type GuardedFetch, OutboundError } from "../../outbound/index.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";
import type { Row } from "../../store/index.ts";
import { attempt, mediaType, type Outcome } from "./attempt.ts";
import { type Delivery, deliveryIdOf, newDelivery, type Problem } from "./delivery.ts";
import type { Webhook } from "./entry.ts";
import { Feed } from "./feed.ts";
import { Health } from "./health.ts";
import type { Lane, Taken } from "./lane.ts";
import type { Account, Ledger } from "./ledger.ts";
import type { DeliveryLog } from "./log.ts";
import { bodyOf, testBodyOf } from "./message.ts";
import { isBefore, positionBefore } from "./position.ts";
import { rangeOf } from "./replay.ts";
import { Waiting } from "./waiting.ts";

/** An event is sent as it was presented for so long; then the app is asked for anew. */
const freshMs = 400;
/** Pause behind a failure of our own. */
const againMs = 2_000;
const dayMs = 86_400_000;
/** Bounds what is remembered while nothing is being read. */
const settledMax = 10_000;
/** Events behind one of their row that is under way; when there are so many, no more are taken. */
const asideMax = 64;

/** What all webhooks of a node share. */
export interface EndpointParts {
  readonly app: Pick<App, "contracts" | "store" | "events">;
  readonly guarded: GuardedFetch;
  readonly ledger: Ledger;
  readonly log: DeliveryLog;
  readonly clock: () => number;
  /** 0 to 1. */
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

/** A webhook that was taken over. */
export interface EndpointStart {
  readonly webhook: Webhook;
  /** Of its events. */
  readonly realm: number;
  /** Its row of `pons_webhooks`. */
  readonly row: Row;
  readonly isSkipped: boolean;
  readonly waiting: readonly Delivery[];
}

const msOf = (value: unknown): number | null => (typeof value === "string" ? Date.parse(value) : null);
const textOf = (ms: number | null): string | null => (ms === null || ms <= 0 ? null : new Date(ms).toISOString());
const isTest = ({ position }: Delivery): boolean => position === undefined;

/** What makes the feed begin anew, or its receiver be another. */
const terms = ["url", "app", "types", "filters", "service", "environment", "status"] as const;

/** What an event comes with that is taken from a lane. */
interface Source {
  readonly lane: Lane;
  readonly taken: Taken;
}

export class Endpoint implements Account {
  readonly #parts: EndpointParts;
  readonly #realm: number;
  readonly #waiting = new Waiting();
  readonly #health: Health;
  readonly #feed: Feed;
  readonly #ending = new AbortController();
  #webhook: Webhook;
  #startAt: string | null;
  #isDisabling = false;
  #reloading: Promise<void> | undefined;
  /** What the row says is still to be acted upon. */
  #isBehind = false;
  #reloadAtMs = 0;
  /** Taken, and behind one of their row that is under way: it soon is not, so that nothing is written down of them. */
  readonly #aside = new Map<string, Source>();
  /** Settled while rows were being read: what was read of them is old. */
  readonly #settledMeanwhile = new Set<string>();

  constructor(parts: EndpointParts, { webhook, realm, row, isSkipped, waiting }: EndpointStart) {
    this.#parts = parts;
    this.#webhook = webhook;
    this.#realm = realm;
    this.#startAt = webhook.startAt;
    this.#health = new Health(
      {
        failures: row["failures"] as number,
        openMs: msOf(row["openUntil"]) ?? 0,
        succeededMs: msOf(row["succeededAt"]),
        failedMs: msOf(row["failedAt"]),
      },
      parts.random,
    );
    const { app, clock, ledger, onError, onReady, subscribe, tell } = parts;
    this.#feed = new Feed(
      {
        contracts: app.contracts,
        clock,
        subscribe: (query, signal) => subscribe(this.#webhook, query, signal),
        onReady: () => onReady(this),
        onChanged: () => ledger.touch(this),
        onReplayed: (replay) => tell(this.#webhook, "replayed", { replay }),
        onError,
      },
      webhook,
      row,
    );
    for (const delivery of waiting) this.#waiting.add(delivery);
    if (isSkipped) this.#skip({ seq: row["seq"] as number, index: row["index"] as number });
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

  /** Attempts under way. */
  get underWay(): number {
    return this.#waiting.underWay;
  }

  state(): Row {
    const { failures, openMs, succeededMs, failedMs } = this.#health.state;
    return {
      ...this.#feed.state,
      failures,
      openUntil: textOf(openMs),
      succeededAt: textOf(succeededMs),
      failedAt: textOf(failedMs),
      startAt: this.#startAt,
    };
  }

  fenced(): void {
    this.#parts.onFenced(this);
  }

  /** Its row has changed, or somebody wants it to look. */
  update(webhook: Webhook): void {
    const before = this.#webhook;
    this.#webhook = webhook;
    const isChanged = terms.some((name) => !Bun.deepEquals(before[name], webhook[name], true));
    if (isChanged) this.#feed.change(webhook);
    if (isChanged || webhook.revision !== before.revision) {
      this.#feed.reopen();
      this.#health.forgive();
    }
    if (webhook.status === "active" && before.status !== "active") {
      this.#isDisabling = false;
      this.#waiting.hurry(this.#parts.clock(), { isAnew: true });
      for (const delivery of this.#waiting.all()) this.#parts.ledger.note(this, delivery);
    }
    if (webhook.replay === null) this.#feed.endReplay();
    if (webhook.revision !== before.revision || webhook.replay !== null) {
      this.#isBehind = true;
      void this.#reload();
    }
    this.#parts.ledger.touch(this);
    this.#parts.onReady(this);
  }

  /** What the app may see may have changed. */
  reopen(): void {
    this.#feed.reopen();
  }

  /** Now and then. */
  tick(nowMs: number): void {
    if (this.#isBehind && nowMs >= this.#reloadAtMs) void this.#reload();
    // Before it is known what is skipped, nothing is opened.
    if (this.#isActive) this.#feed.tick(nowMs);
    this.#parts.onReady(this);
  }

  /** Begins one attempt, if there is one to be made and room for it. */
  next(nowMs: number): boolean {
    if (this.#ending.signal.aborted || this.#parts.ledger.isFull) return false;
    const test = this.#waiting.due(nowMs, isTest);
    if (test !== undefined) return this.#begin(test);
    if (!this.#isActive || !this.#feed.isOpen) return false;
    if (this.#waiting.underWay >= this.#health.room(nowMs, this.#webhook.concurrency)) return false;
    const due = this.#waiting.due(nowMs, (delivery) => !isTest(delivery));
    if (due !== undefined) return this.#begin(due);
    return this.#feed.lanes().some((lane) => this.#beginFrom(lane, nowMs));
  }

  /** Ends its work. Attempts under way are called off: whoever delivers next makes them again. */
  stop(): void {
    this.#ending.abort();
    this.#feed.stop();
  }

  get #isActive(): boolean {
    return this.#webhook.status === "active" && this.#webhook.startAt === this.#startAt;
  }

  /** Reads what waits, as somebody may have added to it, and whether events are to be delivered again or skipped. */
  #reload(): Promise<void> {
    this.#reloading ??= this.#doReload()
      .catch((error: unknown) => {
        this.#reloadAtMs = this.#parts.clock() + againMs;
        this.#parts.onError(error);
      })
      .finally(() => (this.#reloading = undefined));
    return this.#reloading;
  }

  async #doReload(): Promise<void> {
    for (let revision = -1; revision !== this.#webhook.revision;) {
      ({ revision } = this.#webhook);
      await this.#readWaiting();
      const { app } = this.#parts;
      const { replay, startAt } = this.#webhook;
      if (replay !== null && this.#feed.replay !== replay.id) this.#feed.beginReplay(await rangeOf(app, this.#realm, replay));
      if (startAt !== null && startAt !== this.#startAt) {
        const start = await positionBefore(app, this.#realm, startAt);
        this.#startAt = startAt;
        this.#feed.skipTo(start);
        this.#skip(start);
      }
    }
    this.#isBehind = false;
    this.#parts.onReady(this);
  }

  async #readWaiting(): Promise<void> {
    const { ledger, log } = this.#parts;
    this.#settledMeanwhile.clear();
    await ledger.flush();
    for (const row of await log.waiting(this)) {
      const known = this.#waiting.get(row.id);
      if (known === undefined) {
        if (!this.#settledMeanwhile.has(row.id)) this.#waiting.add(row);
      } else if (!this.#waiting.isUnderWay(row.id) && row.nextMs < known.nextMs) {
        [known.nextMs, known.before, known.firstMs] = [row.nextMs, row.before, row.firstMs];
        this.#waiting.changed(known);
      }
    }
  }

  /** Gives up what waits of events before a position. */
  #skip(start: Position): void {
    for (const delivery of this.#waiting.all()) {
      const { position } = delivery;
      if (position === undefined || !isBefore(position, start) || this.#waiting.isUnderWay(delivery.id)) continue;
      this.#settle(delivery, "failed", "skipped");
    }
  }

  #beginFrom(lane: Lane, nowMs: number): boolean {
    for (let event = lane.peek(); event !== undefined && !this.#waiting.isFull; event = lane.peek()) {
      const row = this.#waiting.stateOf(event.subject);
      if (row === "underWay" && this.#aside.size >= asideMax) return false;
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
        if (row === "underWay") {
          this.#aside.set(delivery.id, { lane, taken });
          continue;
        }
        this.#parts.ledger.note(this, delivery);
      }
      lane.settle(taken);
      this.#parts.ledger.touch(this);
    }
    return false;
  }

  #begin(delivery: Delivery, given?: Source): true {
    const source = given ?? this.#aside.get(delivery.id);
    this.#aside.delete(delivery.id);
    this.#waiting.began(delivery);
    void this.#deliver(delivery, source).finally(() => this.#parts.onDone(this));
    return true;
  }

  async #deliver(delivery: Delivery, source: Source | undefined): Promise<void> {
    try {
      if (source !== undefined && !this.#feed.isLive(source.lane)) await this.#recall(delivery);
      const body = await this.#bodyOf(delivery, source);
      if (this.#ending.signal.aborted) return;
      if (body === undefined) this.#settle(delivery, "failed", "not_visible");
      else this.#judge(delivery, await this.#send(delivery, body));
    } catch (error) {
      // It is made again by whoever delivers next.
      if (this.#ending.signal.aborted) return;
      if (error instanceof StreamEnded) this.#feed.stop();
      else if (!(error instanceof OutboundError)) this.#parts.onError(error);
      this.#wait(delivery, this.#parts.clock() + againMs);
    }
    source?.lane.settle(source.taken);
  }

  #send({ id }: Delivery, body: string): Promise<Outcome> {
    const { guarded, clock, signer } = this.#parts;
    const webhook = this.#webhook;
    const nowMs = clock();
    const signers = webhook.keys
      .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > nowMs)
      .map(({ number }) => signer(webhook, number));
    const { url, signing } = webhook;
    const headers = signWebhook(signing, signers, { webhook: webhook.id, id, atMs: nowMs, url, mediaType, body });
    return attempt(guarded, { url, headers, body, nowMs, signal: this.#ending.signal });
  }

  /** What the log tells of an event that is delivered again. */
  async #recall(delivery: Delivery): Promise<void> {
    const known = await this.#parts.log.find(this.owner, delivery.id);
    if (known !== undefined) [delivery.attempts, delivery.before] = [known.attempts, known.attempts];
  }

  /** The body; `undefined`: the app may not see the event. */
  async #bodyOf({ position, id }: Delivery, source: Source | undefined): Promise<string | undefined> {
    const { app, origin, clock } = this.#parts;
    const { service, id: webhook } = this.#webhook;
    const at = { origin: origin(), version: app.contracts.get(service)?.version ?? "" };
    if (position === undefined) return testBodyOf({ id, service, webhook, nowMs: clock() }, at);
    const isFresh = source !== undefined && performance.now() - source.lane.presentedMs < freshMs;
    const event: PresentedEvent | undefined = isFresh ? source.taken.event : await this.#feed.one(position);
    return event === undefined ? undefined : bodyOf(event, at);
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
    const { random, tell, onError } = this.#parts;
    const pause = problem === "gone" ? dayMs : pauseMs(delivery.attempts - delivery.before, random());
    const { succeededMs, openMs } = this.#health.state;
    delivery.problem = problem;
    if (pause === undefined && succeededMs !== null && succeededMs >= delivery.firstMs) {
      this.#settle(delivery, "failed", problem);
      tell(this.#webhook, "gaveUp", { delivery: delivery.id }).catch(onError);
      return;
    }
    if (pause === undefined) this.#disable(`Nothing was delivered in ${attemptsMax} attempts over three days.`);
    this.#wait(delivery, Math.max(nowMs + (pause ?? dayMs), openMs));
  }

  /** It was not taken, and is sent again later; so is what is behind it. */
  #wait(delivery: Delivery, nextMs: number): void {
    const { ledger } = this.#parts;
    this.#waiting.ended(delivery);
    delivery.nextMs = nextMs;
    this.#waiting.changed(delivery);
    ledger.note(this, delivery);
    for (const other of this.#waiting.ofRow(delivery.subject)) {
      const source = this.#aside.get(other.id);
      if (source === undefined) continue;
      this.#aside.delete(other.id);
      ledger.note(this, other);
      source.lane.settle(source.taken);
    }
  }

  #settle(delivery: Delivery, status: "delivered" | "failed", problem: Problem | null): void {
    const { ledger, clock } = this.#parts;
    delivery.status = status;
    delivery.problem = problem;
    if (this.#settledMeanwhile.size >= settledMax && this.#reloading === undefined) this.#settledMeanwhile.clear();
    this.#settledMeanwhile.add(delivery.id);
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

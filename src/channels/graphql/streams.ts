/**
 * Answers as Server-Sent Events: GraphQL over SSE, distinct connections mode. Subscriptions, and queries and mutations as well.
 *
 *   id: 123-0
 *   event: next
 *   data: {"data":{"accountOpened":{…}}}
 *
 *   :                     a sign of life
 *
 *   event: complete
 *   data:
 *
 * A reader that was cut off resumes behind the event that it names in `Last-Event-ID`. Why the server ends a subscription stands in the `errors` of a last `next`.
 */
import { OperationTypeNode } from "graphql";
import { andThen } from "../../pipeline/condition.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { refuse } from "../../pipeline/refusal.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import type { ChannelParts, HttpExchange } from "../http/index.ts";
import type { StreamLimits } from "../stream/limits.ts";
import type { Member, Roster } from "../stream/roster.ts";
import { Seat } from "../stream/seat.ts";
import { bodyOf, respond } from "./answer.ts";
import { type Asking, ofRequest, ofSeat } from "./asking.ts";
import { type Answer, Performance, type Ready } from "./perform.ts";
import type { Served } from "./served.ts";
import { subscribe, type Subscribed } from "./subscription.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const signOfLife = encoder.encode(":\n\n");
const complete = "event: complete\ndata:\n\n";
/** How long the last words may wait to be read before the connection is cut, in milliseconds. */
const lastWordsMs = 2_000;

const headers = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store, no-transform",
  // What nginx and others would otherwise gather before they hand it on.
  "X-Accel-Buffering": "no",
};

const next = (answer: Answer, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: next\ndata: ${JSON.stringify(bodyOf(answer))}\n\n`;

interface StreamOptions {
  readonly seat: Seat;
  readonly roster: Roster;
  readonly limits: StreamLimits;
  /** A refusal that ends the stream, in words. */
  readonly told: (refusal: Refusal) => Answer;
  readonly onError: (error: unknown) => void;
}

/** One subscription as a stream. */
class EventStream implements Member {
  readonly seat: Seat;
  readonly controller = new AbortController();
  readonly #options: StreamOptions;
  #out: ReadableStreamDefaultController<Bytes> | undefined;
  #room: (() => void) | undefined;
  #fullSinceMs: number | undefined;
  #sentMs = performance.now();
  #isOver = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.seat = options.seat;
  }

  body({ answers }: Subscribed): ReadableStream<Bytes> {
    return new ReadableStream<Bytes>(
      {
        start: (out) => {
          this.#out = out;
          this.#write(signOfLife);
          void this.#run(answers);
        },
        pull: () => {
          this.#fullSinceMs = undefined;
          this.#room?.();
        },
        cancel: () => this.stop(),
      },
      { highWaterMark: this.#options.limits.bufferedBytesMax, size: (bytes) => bytes?.length ?? 0 },
    );
  }

  /** Nobody reads any more. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.roster.leave(this);
    this.controller.abort();
    this.#room?.();
  }

  tick(nowMs: number): void {
    if (this.#fullSinceMs !== undefined && nowMs - this.#fullSinceMs >= this.#options.limits.slowMs)
      return this.#end(refuse("too_many_requests", { details: { reason: "slow_consumer" }, retryAfter: 1 }));
    if (this.#out !== undefined && nowMs - this.#sentMs >= this.#options.limits.heartbeatMs) this.#write(signOfLife);
  }

  revoke(refusal: Refusal): void {
    this.#end(refusal);
  }

  leave(): void {
    this.#end(refuse("unavailable", { retryAfter: 1 }));
  }

  cut(): void {
    this.leave();
  }

  async #run(answers: Subscribed["answers"]): Promise<void> {
    const { signal } = this.controller;
    try {
      for await (const one of answers) {
        if (one === undefined) continue;
        this.#write(encoder.encode(next(one.answer, one.id)));
        while (!signal.aborted && this.#isFull()) await this.#whenRead();
        if (signal.aborted) return;
      }
      if (!signal.aborted) this.leave();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof StreamEnded) return this.#end(error.refusal);
      this.#options.onError(error);
      this.#end(refuse("internal"));
    }
  }

  #isFull(): boolean {
    if ((this.#out?.desiredSize ?? 1) > 0) return false;
    this.#fullSinceMs ??= performance.now();
    return true;
  }

  #whenRead(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#room = resolve;
    return promise;
  }

  #write(bytes: Bytes): void {
    if (this.#isOver) return;
    this.#sentMs = performance.now();
    this.#out?.enqueue(bytes);
  }

  /** Says why, and ends. Who does not read even that is cut off. */
  #end(refusal: Refusal): void {
    if (this.#isOver) return;
    this.#write(encoder.encode(next(this.#options.told(refusal)) + complete));
    this.stop();
    const out = this.#out;
    if (out === undefined) return;
    out.close();
    setTimeout(() => out.error(new Error("the reader of an event stream is too slow")), lastWordsMs).unref();
  }
}

export class Streams {
  readonly #parts: ChannelParts;
  readonly #roster: Roster;
  readonly #limits: StreamLimits;

  constructor(parts: ChannelParts, roster: Roster, limits: StreamLimits) {
    this.#parts = parts;
    this.#roster = roster;
    this.#limits = limits;
  }

  /** Answers what was prepared as a stream; what is no subscription is one answer. */
  open(exchange: HttpExchange, served: Served, prepared: Ready | Answer): MaybePromise<Response> {
    if (!("plan" in prepared)) return once(prepared);
    if (prepared.plan.operation === OperationTypeNode.SUBSCRIPTION) return this.#subscribe(exchange, served, prepared);
    const performance = new Performance(served, this.#parts.pipeline, ofRequest(exchange, exchange.request.signal));
    return andThen(performance.execute(prepared), once);
  }

  async #subscribe(exchange: HttpExchange, served: Served, ready: Ready): Promise<Response> {
    const { pipeline } = this.#parts;
    const { version, requestId, findings, request, headers: asked } = exchange;
    if (version === undefined) throw new Error("the channel stands below a service version");
    const performance = new Performance(served, pipeline, ofRequest(exchange, undefined));
    const seat = new Seat(exchange, version, exchange.path);
    const full = this.#roster.admits(seat);
    if (full !== undefined) return respond(performance.refused(full), "json", null);
    const stream = new EventStream({
      seat,
      roster: this.#roster,
      limits: this.#limits,
      told: (refusal) => performance.refused(refusal),
      onError: (error) => this.#parts.onError(error, { requestId, channel: "graphql" }),
    });
    this.#roster.enter(stream);
    request.signal.addEventListener("abort", () => stream.stop(), { once: true });
    const { signal } = stream.controller;
    const asking = (): Asking => ofSeat(seat, { requestId, signal, findings });
    const subscribed = await subscribe(ready, { pipeline, served, signal, asking }, asked.get("last-event-id"));
    if (!("answers" in subscribed)) {
      stream.stop();
      const answer = performance.refused(subscribed);
      // Who may not listen at all is told so by the status, which ends the reader's attempts.
      return subscribed.status === 422 ? once(answer) : respond(answer, "json", null);
    }
    exchange.caller.keepOpen?.();
    return new Response(stream.body(subscribed), { headers });
  }
}

const once = (answer: Answer): Response => new Response(next(answer) + complete, { headers });

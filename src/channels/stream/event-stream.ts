/**
 * Events as Server-Sent Events (WHATWG HTML, section 9.2), what `EventSource` reads.
 *
 *   retry: 1000
 *   id: 122                                       where it begins: a reader that is cut off before the first event resumes there
 *
 *   id: 123-0
 *   event: accounts.opened
 *   data: {"specversion":"1.0","id":"123-0",…}    a CloudEvent
 *
 *   :                                             a sign of life
 *
 *   event: end
 *   data: {"reason":"invalid_credentials","error":{…}}
 *
 * The last one says why the server ends it. A reader then comes again, with `Last-Event-ID`, and is answered or refused anew.
 */
import { positionText, type PresentedEvent } from "../../events/index.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { Subscription } from "../../pipeline/events.ts";
import { refusalMembers, type Telling } from "./envelope.ts";
import { type EventOrigin, eventText } from "./event-text.ts";
import type { StreamLimits } from "./limits.ts";
import type { CallerInfo } from "../http/index.ts";
import { endOf, listen } from "./listen.ts";
import type { Member, Roster } from "./roster.ts";
import type { Seat } from "./seat.ts";

export interface EventStreamOptions {
  readonly seat: Seat;
  readonly limits: StreamLimits;
  readonly roster: Roster;
  readonly telling: Telling;
  readonly origin: string;
  readonly onError: (error: unknown) => void;
  readonly keepOpen: CallerInfo["keepOpen"];
}

const encoder = new TextEncoder();
const signOfLife = encoder.encode(":\n\n");

type Bytes = Uint8Array<ArrayBuffer>;

export class EventStream implements Member {
  readonly seat: Seat;
  /** Ends the subscription. */
  readonly controller = new AbortController();
  readonly #options: EventStreamOptions;
  #out: ReadableStreamDefaultController<Bytes> | undefined;
  #waiting: (() => void) | undefined;
  #fullSinceMs: number | undefined;
  #sentMs = performance.now();
  #isOver = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.seat = options.seat;
  }

  /** The body. Takes what the pipeline has opened. */
  body({ after, events }: Extract<Subscription, { ok: true }>): ReadableStream<Bytes> {
    const { limits } = this.#options;
    return new ReadableStream<Bytes>(
      {
        start: (out) => {
          this.#out = out;
          this.#options.keepOpen?.();
          this.#write(encoder.encode(`retry: ${limits.retryMs}\nid: ${positionText(after)}\n\n`));
          void this.#run(events);
        },
        pull: () => {
          this.#fullSinceMs = undefined;
          this.#release();
        },
        cancel: () => this.stop(),
      },
      { highWaterMark: limits.bufferedBytesMax, size: (bytes) => bytes?.length ?? 0 },
    );
  }

  /** Nobody reads any more. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.roster.leave(this);
    this.controller.abort();
    this.#release();
  }

  tick(nowMs: number): void {
    const { heartbeatMs, slowMs } = this.#options.limits;
    if (this.#fullSinceMs !== undefined && nowMs - this.#fullSinceMs >= slowMs)
      return this.#end({ reason: "slow_consumer", retryAfter: 1 });
    if (this.#out !== undefined && nowMs - this.#sentMs >= heartbeatMs) this.#write(signOfLife);
  }

  revoke(refusal: Refusal): void {
    this.#end(this.#told(refusal));
  }

  leave(): void {
    this.#end({ reason: "shutdown", retryAfter: 1 });
  }

  cut(): void {
    this.leave();
  }

  async #run(events: AsyncIterable<readonly PresentedEvent[]>): Promise<void> {
    const { seat, origin, onError } = this.#options;
    const from: EventOrigin = { origin, version: seat.version.name };
    const ended = await listen(events, {
      signal: this.controller.signal,
      isFull: () => this.#isFull(),
      room: () => this.#room(),
      take: (event) => this.#write(encoder.encode(`id: ${event.id}\nevent: ${event.type}\ndata: ${eventText(event, from)}\n\n`)),
    });
    if (ended === undefined || this.#isOver) return;
    this.#end(ended.kind === "stopped" ? { reason: "shutdown", retryAfter: 1 } : this.#told(endOf(ended, onError)));
  }

  #told(refusal: Refusal): Readonly<Record<string, unknown>> {
    const { success: _success, status: _status, ...told } = refusalMembers(refusal, this.#options.telling);
    return { reason: refusal.type, ...told };
  }

  #isFull(): boolean {
    if ((this.#out?.desiredSize ?? 1) > 0) return false;
    this.#fullSinceMs ??= performance.now();
    return true;
  }

  #room(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = resolve;
    return promise;
  }

  #release(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  #write(bytes: Bytes): void {
    if (this.#isOver) return;
    this.#sentMs = performance.now();
    this.#out?.enqueue(bytes);
  }

  /** Says why, and ends. Who does not read even that is cut off. */
  #end(last: Readonly<Record<string, unknown>>): void {
    if (this.#isOver) return;
    this.#write(encoder.encode(`event: end\ndata: ${JSON.stringify(last)}\n\n`));
    this.stop();
    this.#out?.close();
    this.#options.keepOpen?.(this.#options.limits.lastWordsSeconds);
  }
}

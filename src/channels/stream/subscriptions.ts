/** Subscriptions of one WebSocket: each has an id, its own events, and ends by itself or with the connection. */
import { type EventQuery, positionText } from "../../events/index.ts";
import type { Findings } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { ChannelParts } from "../http/index.ts";
import { notice, refusalMembers, refusalText, type Telling } from "./envelope.ts";
import { eventText } from "./event-text.ts";
import { endOf, listen } from "./listen.ts";
import type { Outbox } from "./outbox.ts";
import type { Seat } from "./seat.ts";

export interface SubscriptionHost {
  readonly seat: Seat;
  readonly outbox: Outbox;
  /** The page's tenant lets it read nothing; the connection is over then. */
  isUnreadable(findings: Findings): boolean;
  /** The credentials no longer count. */
  revoke(refusal: Refusal): void;
}

/** What an id is reserved with until its subscription is over. */
export type Reserved = { readonly id: string; readonly controller: AbortController };

export class Subscriptions {
  readonly #host: SubscriptionHost;
  readonly #parts: ChannelParts;
  readonly #max: number;
  readonly #open = new Map<string, AbortController>();

  constructor(host: SubscriptionHost, parts: ChannelParts, options: { readonly max: number }) {
    this.#host = host;
    this.#parts = parts;
    this.#max = options.max;
  }

  /** Takes an id. Refuses 409 where it is taken, 429 where there are too many. */
  reserve(id: string): Reserved | Refusal {
    if (this.#open.has(id)) return refuse("conflict", { details: { subscription: id } });
    if (this.#open.size >= this.#max)
      return refuse("concurrency_exceeded", { retryAfter: 1, details: { limit: "subscriptions", quota: this.#max } });
    const controller = new AbortController();
    this.#open.set(id, controller);
    return { id, controller };
  }

  /** Opens a subscription, and goes on handing events on when it resolves. */
  async open({ id, controller }: Reserved, query: EventQuery, telling: Telling, bodyBytes: number): Promise<void> {
    const { seat, outbox } = this.#host;
    const { signal } = controller;
    const { locale, requestId } = telling;
    const findings: Findings = {};
    const call = seat.callOf(seat.version.contract.events, {}, { locale, requestId, findings, signal, bodyBytes });
    const opened = signal.aborted ? undefined : await this.#parts.pipeline.subscribe(call, query);
    if (signal.aborted || opened === undefined || this.#host.isUnreadable(findings)) return;
    if (!opened.ok) {
      this.#open.delete(id);
      return outbox.send(refusalText(id, opened.refusal, telling, { findings }));
    }
    const limits = findings.limits === undefined ? {} : { limits: findings.limits };
    outbox.send(notice(id, { success: true, status: 200, subscribed: { after: positionText(opened.after) }, ...limits }));
    const from = { origin: this.#parts.publicOrigin ?? "", version: seat.version.name };
    const head = `{"id":${JSON.stringify(id)},"event":`;
    void listen(opened.events, {
      signal,
      isFull: () => outbox.isFull,
      room: () => outbox.room(),
      take: (event) => outbox.send(`${head}${eventText(event, from)}}`),
    }).then((ended) => {
      if (ended === undefined || signal.aborted) return;
      this.#open.delete(id);
      const refusal = endOf(ended, (error) => this.#parts.onError(error, { requestId, channel: "stream" }));
      // What was opened with earlier credentials ends with them, and nothing else does.
      if (refusal.status === 401 && call.credentials === seat.credentials) return this.#host.revoke(refusal);
      outbox.send(notice(id, { ...refusalMembers(refusal, telling), ended: true }));
    });
  }

  /** Ends a subscription; false where there is none. */
  close(id: string): boolean {
    const controller = this.#open.get(id);
    this.#open.delete(id);
    controller?.abort();
    return controller !== undefined;
  }

  /** Ends them all. */
  end(): void {
    for (const controller of this.#open.values()) controller.abort();
    this.#open.clear();
  }
}

/** Deliveries: as the deliverer has them at hand, and as rows of the log. */
import type { Position } from "../../events/index.ts";
import type { Row } from "../../store/index.ts";

export type Problem =
  "status" | "gone" | "redirected" | "timed_out" | "unreachable" | "certificate" | "address" | "not_visible" | "skipped";

/** Type of the event that is sent to test a webhook. */
export const testType = "webhooks.test";

/** An event on its way to one webhook. */
export interface Delivery {
  readonly id: string;
  /** Undefined: an event to test with. */
  readonly position: Position | undefined;
  /** Its position as text. */
  readonly event: string;
  readonly type: string;
  readonly subject: string | undefined;
  readonly createdAt: string;
  status: "waiting" | "delivered" | "failed";
  attempts: number;
  /** Attempts before it was last begun anew. */
  before: number;
  /** Since when its attempts are counted, milliseconds since the epoch. */
  firstMs: number;
  /** Infinity: it waits for an earlier event of its row. */
  nextMs: number;
  responseStatus: number | null;
  durationMs: number | null;
  problem: Problem | null;
  response: string | null;
  lastMs: number | null;
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const idLength = 26;

/** The id of a delivery follows from webhook and event, so that it is the same whoever delivers it and how often. It is the `webhook-id`, too. */
export const deliveryIdOf = (webhook: string, event: string): string => {
  const hash = Bun.SHA256.hash(`delivery ${webhook} ${event}`) as Uint8Array;
  // The first character of an id holds three bits.
  const characters = [...hash.subarray(0, idLength)].map((byte, at) => alphabet[at === 0 ? byte & 7 : byte & 31] ?? "");
  return `whd_${characters.join("")}`;
};

const textOf = (ms: number | null): string | null => (ms === null || !Number.isFinite(ms) ? null : new Date(ms).toISOString());
const msOf = (text: unknown, absent: number): number => (typeof text === "string" ? Date.parse(text) : absent);

/** The row of the log. */
export const rowOf = (delivery: Delivery, { webhook, app }: { readonly webhook: string; readonly app: string }): Row => ({
  id: delivery.id,
  webhook,
  app,
  event: delivery.event,
  type: delivery.type,
  subject: delivery.subject ?? null,
  status: delivery.status,
  attempts: delivery.attempts,
  responseStatus: delivery.responseStatus,
  durationMs: delivery.durationMs,
  problem: delivery.problem,
  response: delivery.response,
  lastAt: textOf(delivery.lastMs),
  nextAt: delivery.status === "waiting" ? textOf(delivery.nextMs) : null,
  createdAt: delivery.createdAt,
  seq: delivery.position?.seq ?? null,
  index: delivery.position?.index ?? null,
  before: delivery.before,
  firstAt: textOf(delivery.firstMs),
});

/** What a row of the log says. */
export const deliveryOf = (row: Row): Delivery => {
  const seq = row["seq"] as number | null;
  return {
    id: row["id"] as string,
    position: seq === null ? undefined : { seq, index: row["index"] as number },
    event: row["event"] as string,
    type: row["type"] as string,
    subject: (row["subject"] as string | null) ?? undefined,
    createdAt: row["createdAt"] as string,
    status: row["status"] as Delivery["status"],
    attempts: row["attempts"] as number,
    before: row["before"] as number,
    firstMs: msOf(row["firstAt"] ?? row["createdAt"], 0),
    nextMs: msOf(row["nextAt"], Number.POSITIVE_INFINITY),
    responseStatus: row["responseStatus"] as number | null,
    durationMs: row["durationMs"] as number | null,
    problem: row["problem"] as Problem | null,
    response: row["response"] as string | null,
    lastMs: row["lastAt"] === null ? null : msOf(row["lastAt"], 0),
  };
};

/** A delivery that begins. */
export const newDelivery = (
  webhook: string,
  event: { readonly id: string; readonly type: string; readonly subject: string | undefined },
  { position, nowMs }: { readonly position: Position; readonly nowMs: number },
): Delivery => ({
  id: deliveryIdOf(webhook, event.id),
  position,
  event: event.id,
  type: event.type,
  subject: event.subject,
  createdAt: new Date(nowMs).toISOString(),
  status: "waiting",
  attempts: 0,
  before: 0,
  firstMs: nowMs,
  nextMs: nowMs,
  responseStatus: null,
  durationMs: null,
  problem: null,
  response: null,
  lastMs: null,
});

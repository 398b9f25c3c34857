/**
 * Deliveries of one webhook that are not settled: those under way, those that are tried again, and those that wait for an earlier event of their row. Events
 * of one row are delivered one after another.
 */
import { type Position } from "../../events/index.ts";
import type { Delivery } from "./delivery.ts";
import { isBefore } from "./position.ts";

/** Of one webhook; when there are so many, no more events are taken from the journal. */
export const waitingMax = 1_000;

const first: Position = { seq: -1, index: -1 };

export class Waiting {
  readonly #byId = new Map<string, Delivery>();
  readonly #bySubject = new Map<string, Delivery[]>();
  readonly #underWay = new Set<string>();
  /** None is due before, milliseconds since the epoch. */
  #nextMs = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#byId.size;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  get isFull(): boolean {
    return this.#byId.size >= waitingMax;
  }

  all(): Iterable<Delivery> {
    return this.#byId.values();
  }

  get(id: string): Delivery | undefined {
    return this.#byId.get(id);
  }

  isUnderWay(id: string): boolean {
    return this.#underWay.has(id);
  }

  /** What the first of a row is at; `undefined`: nothing of the row is here. */
  stateOf(subject: string | undefined): "underWay" | "waiting" | undefined {
    const [head] = subject === undefined ? [] : (this.#bySubject.get(subject) ?? []);
    if (head === undefined) return undefined;
    return this.#underWay.has(head.id) ? "underWay" : "waiting";
  }

  /** All of one row, in their order. */
  ofRow(subject: string | undefined): readonly Delivery[] {
    return subject === undefined ? [] : (this.#bySubject.get(subject) ?? []);
  }

  /** Adds one; behind another of its row it waits for that one. */
  add(delivery: Delivery): void {
    this.#byId.set(delivery.id, delivery);
    const { subject } = delivery;
    if (subject !== undefined) {
      const row = this.#bySubject.get(subject) ?? [];
      const at = row.findIndex((other) => isBefore(delivery.position ?? first, other.position ?? first));
      // What is under way stays in front.
      const place = at === -1 ? row.length : at === 0 && this.#underWay.has(row[0]?.id ?? "") ? 1 : at;
      row.splice(place, 0, delivery);
      this.#bySubject.set(subject, row);
    }
    // Nothing is in front of it for which it could wait.
    if (this.#isFirst(delivery) && !Number.isFinite(delivery.nextMs)) delivery.nextMs = 0;
    this.changed(delivery);
  }

  /** To be told when the moment of one has changed. */
  changed({ nextMs }: Delivery): void {
    if (nextMs < this.#nextMs) this.#nextMs = nextMs;
  }

  began({ id }: Delivery): void {
    this.#underWay.add(id);
  }

  /** An attempt is over; the delivery goes on to wait. */
  ended({ id }: Delivery): void {
    this.#underWay.delete(id);
  }

  /** It is settled: the next one of its row, if any, is due. */
  remove(delivery: Delivery, nowMs: number): Delivery | undefined {
    this.#byId.delete(delivery.id);
    this.#underWay.delete(delivery.id);
    const { subject } = delivery;
    const row = subject === undefined ? undefined : this.#bySubject.get(subject);
    if (subject === undefined || row === undefined) return undefined;
    const rest = row.filter((other) => other !== delivery);
    if (rest.length === 0) this.#bySubject.delete(subject);
    else this.#bySubject.set(subject, rest);
    const [next] = rest;
    if (next === undefined || row[0] !== delivery) return undefined;
    next.nextMs = Math.min(next.nextMs, nowMs);
    this.changed(next);
    return next;
  }

  /** The earliest event that is due; `undefined`: none is. */
  due(nowMs: number, fits: (delivery: Delivery) => boolean = () => true): Delivery | undefined {
    if (nowMs < this.#nextMs) return undefined;
    let found: Delivery | undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const delivery of this.#byId.values()) {
      if (this.#underWay.has(delivery.id) || !this.#isFirst(delivery)) continue;
      if (delivery.nextMs < nextMs) ({ nextMs } = delivery);
      if (delivery.nextMs > nowMs || !fits(delivery)) continue;
      if (found === undefined || isBefore(delivery.position ?? first, found.position ?? first)) found = delivery;
    }
    this.#nextMs = nextMs;
    return found;
  }

  #isFirst(delivery: Delivery): boolean {
    const { subject } = delivery;
    return subject === undefined || this.#bySubject.get(subject)?.[0] === delivery;
  }

  /** All that are first of their rows are due now; begins their attempts anew where `isAnew`. */
  hurry(nowMs: number, { isAnew = false }: { readonly isAnew?: boolean } = {}): void {
    for (const delivery of this.#byId.values()) {
      if (this.#underWay.has(delivery.id)) continue;
      if (isAnew) [delivery.before, delivery.firstMs] = [delivery.attempts, nowMs];
      if (this.#isFirst(delivery)) delivery.nextMs = Math.min(delivery.nextMs, nowMs);
    }
    this.#nextMs = Math.min(this.#nextMs, nowMs);
  }
}

/**
 * A carrier that does not exist, for demonstrations and tests. It assigns numbers, gives some parcels another number later, moves them through its states as
 * time passes, and tells it as numbered changes. The same seed and the same consignments make the same parcels go the same way. It keeps all in memory.
 */
import { s10 } from "./s10.ts";

export interface Plan {
  readonly seed: number;
  /** Milliseconds between two events of a parcel, on average. */
  readonly paceMs: number;
  readonly clock: () => number;
  /** Number of the first change: later than all of an earlier life, where there was one. */
  readonly firstNo?: number;
}

export interface ToldChange {
  readonly no: number;
  readonly reference: string;
  readonly at: string;
  readonly event?: string;
  readonly number?: string;
  readonly place?: string;
}

interface Consignment {
  readonly reference: string;
  readonly key: string;
  number: string;
  /** What will happen to it, in order. */
  readonly ahead: { readonly atMs: number; readonly event: string }[];
}

const consignmentsMax = 100_000;
const places = ["Aldmoor", "Brackwater", "Norrfell", "Saltgate"] as const;
/** What parcels go through, and how often of 20. `NUMBERED`: another number. `AT_CUSTOMS` is a word that no connector knows. */
const ways: readonly (readonly [often: number, way: readonly string[]])[] = [
  [8, ["ANNOUNCED", "COLLECTED", "SORTED", "DELIVERED"]],
  [4, ["COLLECTED", "NUMBERED", "SORTED", "DELIVERED"]],
  [4, ["COLLECTED", "AT_POINT", "DELIVERED"]],
  [2, ["COLLECTED", "AT_CUSTOMS", "SORTED", "REFUSED", "SENT_BACK"]],
  [1, ["COLLECTED", "MISSING"]],
  [1, ["ANNOUNCED", "COLLECTED", "NUMBERED", "AT_POINT", "REFUSED", "SENT_BACK"]],
];

export class SimulatedCarrier {
  readonly #plan: Plan;
  readonly #byKey = new Map<string, Consignment>();
  readonly #byReference = new Map<string, Consignment>();
  readonly #told: ToldChange[] = [];
  #serials = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Consignments that were booked. */
  get booked(): number {
    return this.#byReference.size;
  }

  /** Books a consignment. The same key or reference again is the one that is there. Undefined: there are too many. */
  book(key: string, reference: string): { readonly reference: string; readonly number: string } | undefined {
    const known = this.#byKey.get(key) ?? this.#byReference.get(reference);
    if (known !== undefined) return known;
    if (this.#byReference.size >= consignmentsMax) return undefined;
    const consignment: Consignment = { reference, key, number: this.#nextNumber(), ahead: this.#wayOf(reference) };
    this.#byKey.set(key, consignment);
    this.#byReference.set(reference, consignment);
    return consignment;
  }

  /** All changes so far, in order. */
  changes(): readonly ToldChange[] {
    const nowMs = this.#plan.clock();
    const due = [...this.#byReference.values()]
      .flatMap((consignment) => consignment.ahead.filter(({ atMs }) => atMs <= nowMs).map((step) => ({ consignment, ...step })))
      .toSorted((one, other) => one.atMs - other.atMs);
    for (const { consignment, atMs, event } of due) {
      consignment.ahead.shift();
      const no = (this.#plan.firstNo ?? 1) + this.#told.length;
      const shared = { no, reference: consignment.reference, at: new Date(atMs).toISOString() };
      if (event === "NUMBERED") {
        consignment.number = this.#nextNumber();
        this.#told.push({ ...shared, number: consignment.number });
      } else {
        this.#told.push({ ...shared, event, place: places[no % places.length] ?? places[0] });
      }
    }
    return this.#told;
  }

  #nextNumber(): string {
    return s10((this.#plan.seed % 1_000) * 100_000 + ++this.#serials);
  }

  #wayOf(reference: string): Consignment["ahead"] {
    const chosen = Bun.hash.crc32(`${this.#plan.seed} ${reference}`) % 20;
    let upTo = 0;
    const [, way] = ways.find(([often]) => chosen < (upTo += often)) ?? ways[0] ?? [0, []];
    const { paceMs, clock } = this.#plan;
    return way.map((event, at) => ({ atMs: clock() + paceMs * (at + 1), event }));
  }
}

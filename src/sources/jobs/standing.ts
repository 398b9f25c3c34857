/** Where a background job stands in a realm, as this node knows it. */
import type { Position } from "../../events/index.ts";
import type { OpenStore, Row } from "../../store/index.ts";
import type { Held } from "./command.ts";
import { heldShape, jobShape, positionOf } from "./rows.ts";

export type { Held };

/** Events of a realm that may wait before the job stands still. */
export const heldMax = 1_000;

const heldOf = (row: Row): Held => ({
  seq: Number(row["seq"]),
  index: Number(row["item"]),
  lane: row["lane"] as string,
  attempts: Number(row["attempts"]),
  retryAtMs: typeof row["retryAt"] === "string" ? Date.parse(row["retryAt"]) : 0,
});

const isBefore = (one: Held, other: Held): boolean => one.seq < other.seq || (one.seq === other.seq && one.index < other.index);

export class Standing {
  /** As the database has it. */
  position: Position;
  /** All rows up to here were looked at: nothing between `position` and it concerns the job. */
  seen: number;
  /** Waiting events by lane, oldest first. */
  readonly lanes = new Map<string, Held[]>();
  heldCount = 0;

  constructor(position: Position) {
    this.position = position;
    this.seen = wholeRows(position);
  }

  static async read(store: OpenStore, realm: number, job: string): Promise<Standing> {
    const [rows = []] = await store.read(jobShape, [{ realm, params: [job], limit: 1 }]);
    const [held = []] = await store.read(heldShape, [{ realm, params: [job, "waiting"], limit: heldMax * 2 }]);
    const standing = new Standing(positionOf(rows[0]));
    for (const row of held) standing.enqueue(heldOf(row));
    return standing;
  }

  /** The job has come to here. */
  moveTo(position: Position): void {
    this.position = position;
    this.seen = Math.max(this.seen, wholeRows(position));
  }

  enqueue(held: Held): void {
    const lane = this.lanes.get(held.lane);
    if (lane === undefined) this.lanes.set(held.lane, [held]);
    else {
      const at = lane.findIndex((other) => isBefore(held, other));
      lane.splice(at === -1 ? lane.length : at, 0, held);
    }
    this.heldCount++;
  }

  dequeue({ lane: name, seq, index }: Held): void {
    const lane = this.lanes.get(name);
    const at = lane?.findIndex((held) => held.seq === seq && held.index === index) ?? -1;
    if (lane === undefined || at === -1) return;
    lane.splice(at, 1);
    this.heldCount--;
    if (lane.length === 0) this.lanes.delete(name);
  }
}

/** The last row of the journal all of whose events were seen. */
const wholeRows = ({ seq, index }: Position): number => (Number.isFinite(index) ? seq - 1 : seq);

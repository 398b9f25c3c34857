/** Events that are delivered again: from where to where, and how far it has come. */
import { type EventLog, parsePosition, type Position } from "../../events/index.ts";
import type { Value } from "../../define/expression.ts";
import type { Store } from "../../store/index.ts";
import type { Replay } from "./entry.ts";
import { positionBefore, storedPosition } from "./position.ts";

/** As the state keeps it. */
export interface ReplayRange {
  readonly id: string;
  readonly after: Position;
  readonly until: Position;
}

/** What the state keeps of a range that has come so far. */
export const keptRange = ({ id, until }: ReplayRange, cursor: Position): Value => {
  const { seq, index } = storedPosition(cursor);
  return { id, seq, index, untilSeq: until.seq, untilIndex: until.index };
};

export const rangeKept = (value: unknown): ReplayRange | undefined => {
  if (typeof value !== "object" || value === null) return undefined;
  const { id, seq, index, untilSeq, untilIndex } = value as Readonly<Record<string, number>>;
  if (typeof id !== "string") return undefined;
  return { id, after: { seq: seq ?? 0, index: index ?? -1 }, until: { seq: untilSeq ?? 0, index: untilIndex ?? -1 } };
};

/** The moment behind another, by a thousandth of a second. */
const behind = (moment: string): string => new Date(Date.parse(moment) + 1).toISOString();

/** The range that is asked for. Throws `StoreError`. */
export const rangeOf = async (
  parts: { readonly store: Store; readonly events: Pick<EventLog, "head"> },
  realm: number,
  { id, after, since, until }: Replay,
): Promise<ReplayRange> => {
  const given = after === null ? undefined : parsePosition(after);
  return {
    id,
    after: given === undefined ? await positionBefore(parts, realm, since ?? until) : storedPosition(given),
    until: await positionBefore(parts, realm, behind(until)),
  };
};

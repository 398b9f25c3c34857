/** Positions in the journal by moments, and positions as the state keeps them. */
import { journalRowShape } from "../../batch/journal.ts";
import type { EventLog, Position } from "../../events/index.ts";
import type { Store } from "../../store/index.ts";

/** All events of a row, as one before the first of the next: with a whole number for each part. */
export const storedPosition = ({ seq, index }: Position): Position =>
  Number.isFinite(index) ? { seq, index } : { seq: seq + 1, index: -1 };

export const isBefore = (one: Position, other: Position): boolean =>
  one.seq < other.seq || (one.seq === other.seq && one.index < other.index);

/**
 * The position behind the last row of the journal that is older than a moment. Rows are numbered without gaps and in the order of their moments, so that it
 * is found with some twenty look-ups.
 */
export const positionBefore = async (
  { store, events }: { readonly store: Store; readonly events: Pick<EventLog, "head"> },
  realm: number,
  moment: string,
): Promise<Position> => {
  let [low, high] = [0, await events.head(realm)];
  // The row `low` is older, all behind `high` are not.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [rows = []] = await store.read(journalRowShape, [{ realm, params: [middle], limit: 1 }]);
    const at = rows[0]?.["at"] as string | undefined;
    if (at !== undefined && at < moment) low = middle;
    else high = middle - 1;
  }
  return { seq: low + 1, index: -1 };
};

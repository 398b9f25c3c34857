/**
 * Events as the pipeline knows them. The journal is the outbox: what a command emitted stands in its row, committed with all else it did, numbered
 * 1, 2, 3 … per realm without gaps. One row may hold several events.
 */
import type { Refusal } from "./refusal.ts";

/** An event as it was committed. */
export interface StoredEvent {
  /** Number of its row of the journal. */
  readonly seq: number;
  /** Which event of the row. */
  readonly index: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly service: string;
  /** `accounts.opened`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  /** How many jobs, one because of the other, came before it; absent: somebody called. */
  readonly depth?: number;
}

/** Everything up to and with this event was seen. `index` infinity: all events of the row. */
export interface Position {
  readonly seq: number;
  readonly index: number;
}

/** Before the first event. */
export const beginning: Position = { seq: 0, index: Number.POSITIVE_INFINITY };

const positionForm = /^(0|[1-9]\d{0,15})(?:-(0|[1-9]\d{0,5}))?$/;

/** `123` for all of a row, `123-2` for up to its third event. */
export const positionText = ({ seq, index }: Position): string => (Number.isFinite(index) ? `${seq}-${index}` : String(seq));

export const parsePosition = (text: string): Position | undefined => {
  const [, seq, index] = positionForm.exec(text) ?? [];
  if (seq === undefined || !Number.isSafeInteger(Number(seq))) return undefined;
  return { seq: Number(seq), index: index === undefined ? Number.POSITIVE_INFINITY : Number(index) };
};

/** Whether an event comes after a position. */
export const isAfter = (event: Position, position: Position): boolean =>
  event.seq > position.seq || (event.seq === position.seq && event.index > position.index);

/** Where events come from. */
export interface EventSource {
  /** Number of the realm's last row. */
  head(realm: number): Promise<number>;
  /**
   * All events after a position, oldest first, for ever: first what is there, then what comes, in batches. A batch may be empty: then nothing has come for a
   * while. Ends with the signal, or behind `until`.
   */
  follow(
    realm: number,
    options: { readonly after: Position; readonly until?: Position | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<readonly StoredEvent[]>;
}

/** What a subscriber asks for. */
export interface EventQuery {
  /** `accounts.opened`, `accounts.*`; absent: all that the caller may see. */
  readonly types?: readonly string[] | undefined;
  /** Fields of an event's data → values of which it has to have one. */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Absent: what comes from now on. */
  readonly after?: Position | undefined;
  /** The iteration ends behind it; absent: it does not. */
  readonly until?: Position | undefined;
  /** Told up to where events were given, or looked at and passed over, each time more are asked for: to go on from there another time. */
  readonly onLooked?: ((through: Position) => void) | undefined;
}

/** An event as one caller sees it. */
export interface PresentedEvent {
  /** Its position as text: `123-0`. */
  readonly id: string;
  readonly seq: number;
  readonly at: string;
  readonly service: string;
  readonly type: string;
  /** Id of the row that it is about. */
  readonly subject: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A batch may be empty: then nothing has come for a while, and the caller may still listen. The iteration throws `StreamEnded` when he may no longer. */
export type Subscription =
  | {
      readonly ok: true;
      /** Where it begins. */
      readonly after: Position;
      readonly events: AsyncIterable<readonly PresentedEvent[]>;
      /** One event as the caller sees it now; `undefined`: he does not, or there is none. Rejects with `StreamEnded`. */
      one(position: Position): Promise<PresentedEvent | undefined>;
    }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * A connector: how a carrier is spoken to, as data. `engine.ts` is the one that reads it; another carrier is another manifest, not other code.
 * Paths lead through JSON: `parcel.number`.
 */
import type { TravelState } from "../orders/states.ts";

/** What a request's body is made of: a path into what is told, a value divided, a literal, one thing per element of a list, or an object. */
export type Template =
  | string
  | { readonly literal: string | number | boolean }
  | { readonly from: string; readonly divideBy: number }
  | { readonly each: string; readonly of: Template }
  | { readonly object: Readonly<Record<string, Template>> };

export interface Connector {
  readonly name: string;
  /** Ways of delivery that it can serve; a carrier serves those of them that its row lists. */
  readonly deliveryTypes: readonly number[];
  /** Seconds between two questions for changes. */
  readonly askSeconds: number;
  readonly timeoutMs: number;
  /** Of one answer. */
  readonly bytesMax: number;
  /** How the secret is shown, where a carrier has one. */
  readonly secret: { readonly header: string; readonly prefix: string };
  readonly book: {
    readonly path: string;
    /** Header of the idempotency key. */
    readonly key: string;
    readonly body: Template;
    /** The number that was assigned, in the answer. */
    readonly number: string;
  };
  readonly changes: {
    readonly path: string;
    /** Names of the query's parameters. */
    readonly since: string;
    readonly most: string;
    /** Changes that one answer may have. */
    readonly pageMax: number;
    readonly list: string;
    readonly cursor: string;
    readonly more: string;
    /** Within a change. `no`: a whole number that grows with every change of the carrier. `number` and `status`: absent where they stay. */
    readonly change: {
      readonly no: string;
      readonly reference: string;
      readonly number: string;
      readonly status: string;
      readonly happenedAt: string;
      readonly place: string;
    };
  };
  /** The carrier's word → our state; null: nothing that an order's state tells. */
  readonly statuses: Readonly<Record<string, TravelState | null>>;
}

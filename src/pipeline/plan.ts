/** What a read was accepted as: shapes for the store and what to make of the rows. */
import type { Value } from "../define/expression.ts";
import type { AggregateShape, CountShape, ReadCall, RowsShape } from "../store/store.ts";
import type { ResourceContract } from "../contract/contract.ts";
import type { Present, View } from "./view.ts";

/** A relation to read with the rows: one more statement per level, whatever the number of rows. */
export interface IncludePlan {
  readonly name: string;
  readonly kind: "one" | "many";
  readonly shape: RowsShape;
  /** Values of the shape's parameters after the first, which is the parent's. */
  readonly params: readonly Value[];
  /** Field of the parent row whose value is the first parameter: the reference, or `id`. */
  readonly by: string;
  readonly limit: number;
  readonly present: Present;
  readonly includes: readonly IncludePlan[];
  readonly target: ResourceContract;
}

export interface RowsPlan {
  readonly kind: "rows";
  readonly view: View;
  readonly shape: RowsShape;
  readonly call: ReadCall;
  readonly present: Present;
  /** As `present`, on a row of one's own, which it changes; absent where rows hold more than is shown, or are needed as they are. */
  readonly presentOwn?: Present;
  readonly includes: readonly IncludePlan[];
  /** How the list is paged; absent for a single row. */
  readonly paging?: {
    readonly by: "page" | "cursor";
    readonly page: number;
    readonly perPage: number;
    readonly maxPerPage: number;
    /** Counts all matches. */
    readonly count?: { readonly shape: CountShape; readonly call: ReadCall };
    /** The page tells a cursor for each row. */
    readonly withCursors?: true;
    /** Makes the cursor behind a row. */
    readonly cursorOf?: (row: Readonly<Record<string, Value>>) => string;
  };
}

export interface CountPlan {
  readonly kind: "count";
  readonly shape: CountShape;
  readonly call: ReadCall;
}

export interface AggregatePlan {
  readonly kind: "aggregate";
  readonly shape: AggregateShape;
  readonly call: ReadCall;
  /** Most groups that are answered; the call asks for one more, which tells whether there are further ones. */
  readonly groupsMax: number;
  /** A property of the collection is the one measure's value; a statistic is rows. */
  readonly single: boolean;
}

/** Several rows by id, or the lists of several parents: what a plan for one is read with for each. */
export interface SeveralPlan {
  readonly kind: "several";
  /** A read of rows whose ids are `keys`, or of one parent's list, the parent being its first parameter. */
  readonly plan: RowsPlan;
  readonly keys: readonly string[];
}

export type Plan = RowsPlan | SeveralPlan | CountPlan | AggregatePlan;

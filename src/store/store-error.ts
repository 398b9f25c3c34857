/**
 * What can go wrong in a store, the same for both engines. Messages are for logs; nothing of them reaches a caller.
 *
 *   unique        a unique index or primary key refused a row      (table, index when known)
 *   reference     a foreign key refused a row                      (table, field when known)
 *   check         a value the column cannot hold, an append-only table changed
 *   conflict      serialization failure or deadlock: run the batch again
 *   unavailable   the database is away, restarting or refuses connections: try later
 *   full          the disk is full: nothing was written
 *   timeout       the statement's time limit passed
 *   unknown_fate  the commit got no answer: it may or may not have happened
 *   broken        anything else: a programmer's mistake
 */
export type StoreErrorKind =
  "unique" | "reference" | "check" | "conflict" | "unavailable" | "full" | "timeout" | "unknown_fate" | "broken";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  readonly table: string | undefined;
  /** The unique index by its name in the table's definition; `"key"` for the primary key. */
  readonly index: string | undefined;
  /** The field whose reference was refused; unknown when the row that is referred to was deleted. */
  readonly field: string | undefined;

  constructor(
    kind: StoreErrorKind,
    message: string,
    options: { table?: string; index?: string; field?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.table = options.table;
    this.index = options.index;
    this.field = options.field;
  }
}

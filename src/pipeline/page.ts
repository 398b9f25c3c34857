/**
 * Where a list stands. With a cursor, totals are present only when asked for. A statistic has a page only when it has more groups than an answer
 * holds: it is `truncated` after the first `maxPerPage` groups in their order, and there is no next page; a filter narrows it.
 */
export interface Page {
  readonly totalRecords?: number;
  readonly totalPages?: number;
  readonly currentPage?: number;
  readonly perPage: number;
  readonly maxPerPage: number;
  readonly nextCursor?: string;
  readonly truncated?: true;
  /** The cursor behind a row of the page, by its position; only where it was asked for (`cursors`) and the order has one. No part of an answer. */
  readonly cursorAt?: (position: number) => string;
}

/** A parent's part of a list that was read for several parents at once. */
export interface RowGroup {
  readonly size: number;
  /** There are further ones behind them. */
  readonly more: boolean;
  /** Without `nextCursor`: a cursor is made where `cursorAt` is asked for it. */
  readonly page: Page;
}

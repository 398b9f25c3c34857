/** Where a list stands. With a cursor, totals are present only when asked for. */
export interface Page {
  readonly totalRecords?: number;
  readonly totalPages?: number;
  readonly currentPage?: number;
  readonly perPage: number;
  readonly maxPerPage: number;
  readonly nextCursor?: string;
}

/** Every bound of the store, with its reason. */

/** Rows of one call. A page is far smaller; this is what keeps a forgotten limit from filling the memory. */
export const rowsPerCallMax = 100_000;

/**
 * About the bytes of a chunk of a scan, as JSON: what a slow reader of an export holds, ten times over as rows in memory. Smaller ones cost Postgres a round trip
 * each (measured, of the rows per CPU second with 256 KiB: 63 % with 16 KiB, 91 % with 64 KiB), SQLite little (88 % with 16 KiB).
 */
export const scanChunkBytes = { sqlite: 16 * 1024, postgres: 64 * 1024 } as const;
/** About the bytes that the chunks of all scans may have together, where that is more: one scan by itself has large chunks. */
export const scansBytes = 128 * 1024;

/** Compiled statements kept per connection. A service has a few hundred shapes; one that makes more of them re-prepares the rarest. */
export const statementsMax = 1_000;

/** Calls in one merged Postgres statement: beyond this a statement gains nothing and its answer delays everyone in it. */
export const callsPerStatementMax = 512;

/** Calls that may wait for a free Postgres connection; more are refused as `unavailable` instead of growing the memory. */
export const callsWaitingMax = 50_000;

/** Rows in one INSERT, UPDATE or DELETE statement on Postgres: about a megabyte of JSON, so that no message comes near a limit. */
export const rowsPerStatementMax = 2_000;

/** How deep `and`, `or` and `not` may nest; SQLite's own limit is 1,000 for the expression made of them. */
export const conditionDepthMax = 64;

/** Entries of one `order`. With keyset pages each may become a branch of the statement. */
export const orderEntriesMax = 8;

/** Digits of a decimal, before and after the point together: Postgres holds more, no business does. */
export const decimalDigitsMax = 1_000;

/** How long a statement may run, in milliseconds, before Postgres cancels it (`timeout`). */
export const statementTimeoutMs = 30_000;

/** How long a writer waits for another process's lock, in milliseconds, before it gives up as `unavailable`. */
export const lockTimeoutMs = 5_000;

/** Writes that may wait for the one write transaction. */
export const writesWaitingMax = 10_000;

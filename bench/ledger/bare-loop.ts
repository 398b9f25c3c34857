/**
 * The ceiling for bulk on SQLite, a process of its own: the same rows, the same balances, the same transaction size, no check.
 *
 * It works on a data file of Pons, so tables, indexes and triggers are those of the day, and opens it as Pons does, so the settings are too. Per
 * transaction: 1,000 rows into `bank_transfers` by one prepared statement, then the counters of every account touched, once each. Nothing is
 * looked up, parsed, decided or answered; balances live in memory. With `journal` a row of `pons_journal` is written per transfer: the bytes
 * of the last one that Pons wrote, under its own number.
 *
 * Reads one LoopJob as JSON from standard input, writes one LoopResult to standard output. Exit 1 with the error on standard error.
 */
import type { Database } from "bun:sqlite";
import { SqliteConnection } from "../../src/store/sqlite/connection.ts";
import { type AccountRow, accountsQuery, type Cell, type StoredRow, TransferRows } from "./rows.ts";

export interface LoopJob {
  readonly file: string;
  /** Ids of the accounts that pay. */
  readonly accounts: readonly string[];
  /** The one account that is paid; absent: any of `accounts`. */
  readonly hot?: string;
  readonly amount: number;
  readonly journal: boolean;
  readonly seconds: number;
}

export interface LoopResult {
  /** Transfers written and committed in the time measured, and in all. */
  readonly rows: number;
  readonly written: number;
  readonly seconds: number;
  /** Of this process while it wrote. */
  readonly cpuSeconds: number;
}

/** Transfers per transaction: as many as a bulk call has. */
const perTransaction = 1000;
/** Transactions before the time counts: the compiler is cold. */
const warmUp = 3;

if (import.meta.main) {
  const result = write((await Bun.stdin.json()) as LoopJob);
  process.stdout.write(JSON.stringify(result));
}

function insertInto(database: Database, table: string, columns: readonly string[]) {
  const names = columns.map((name) => `"${name}"`).join(", ");
  return database.prepare<unknown, Cell[]>(`insert into ${table} (${names}) values (${columns.map(() => "?").join(", ")})`);
}

function lastOf(database: Database, table: string): StoredRow {
  const row = database.query<StoredRow, []>(`select * from ${table} order by seq desc limit 1`).get();
  if (row === null) throw new Error(`${table} is empty`);
  return row;
}

function write(job: LoopJob): LoopResult {
  const { database } = new SqliteConnection({ path: job.file, readonly: false });
  const stored = database.query<AccountRow, []>(accountsQuery).all();
  const rows = new TransferRows({ ...job, sample: lastOf(database, "bank_transfers"), stored });
  const insertTransfer = insertInto(database, "bank_transfers", rows.columns);
  const noted = lastOf(database, "pons_journal");
  const insertNoted = insertInto(database, "pons_journal", Object.keys(noted));
  let notedSeq = Number(noted["seq"]);
  const update = database.prepare<unknown, Cell[]>(
    "update bank_accounts set debits_posted = ?, credits_posted = ?, balance = ?, version = ? where realm = ? and id = ?",
  );
  const transaction = database.transaction(() => {
    const at = new Date().toISOString();
    for (let index = 0; index < perTransaction; index++) {
      insertTransfer.run(...rows.next(at));
      if (job.journal) insertNoted.run(...Object.values({ ...noted, seq: ++notedSeq, at }));
    }
    for (const { id, debits, credits, version } of rows.takeTouched())
      update.run(debits, credits, credits - debits, version, rows.realm, id);
  });

  for (let index = 0; index < warmUp; index++) transaction.immediate();
  const started = performance.now();
  const before = process.cpuUsage();
  const end = started + job.seconds * 1000;
  let count = 0;
  for (; performance.now() < end; count += perTransaction) transaction.immediate();
  const used = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  database.close();
  return { rows: count, written: count + warmUp * perTransaction, seconds, cpuSeconds: (used.user + used.system) / 1e6 };
}

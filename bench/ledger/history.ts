/**
 * Years of transfers put into the data of a stopped Pons, fast: rows of `rows.ts` by the database's own bulk load, with the indexes dropped
 * before and built after, then the accounts' counters and the number of the last transfer. What is loaded is valid: every row holds the balances
 * and versions it left, and the books are checked after it. All of it is of today, so that no seal of a past day is due. The journal gets no rows:
 * nothing but an operator's question reads old ones, and new ones go to its end.
 */
import { Database } from "bun:sqlite";
import { SQL } from "bun";
import { amount } from "../peers/ledger.ts";
import { Unavailable } from "../harness/peer.ts";
import { type Filled, ponsBooks } from "./pons.ts";
import { type AccountRow, accountsQuery, type Cell, type StoredRow, TransferRows } from "./rows.ts";

const counter = "sequence.bank_transfers";
const lastQuery = "select * from bank_transfers order by seq desc limit 1";
const indexesQuery =
  "select name, sql from sqlite_master where type = 'index' and tbl_name = 'bank_transfers' and sql is not null";
/** Rows per statement on SQLite, or per write into the COPY of Postgres. */
const perStatement = 50;
const perWrite = 5_000;
const hourMs = 3_600_000;

/** Seconds it took until `wanted` transfers are stored. Throws when the books are not right after it. */
export async function loadHistory(filled: Filled, wanted: number): Promise<number> {
  const started = performance.now();
  const missing = wanted - (await ponsBooks(filled)).transfers;
  if (missing > 0) {
    if (filled.database.engine === "sqlite") loadSqlite(filled.database.file, { filled, count: missing });
    else await loadPostgres(filled.database.url, { filled, count: missing });
  }
  const { transfers, unbalanced, mismatched } = await ponsBooks(filled);
  if (transfers < wanted || unbalanced !== 0 || mismatched !== 0)
    throw new Error(`${transfers} transfers loaded, ${unbalanced} currencies and ${mismatched} accounts are wrong`);
  return (performance.now() - started) / 1000;
}

interface Task {
  readonly filled: Filled;
  readonly count: number;
}

/** Moments of the last hour, of today at the most, evenly: the rows are older than all that will be measured. */
function* momentsOf(count: number): Generator<{ readonly ms: number; readonly at: string }> {
  const now = Date.now();
  const from = Math.max(now - hourMs, new Date(now).setUTCHours(0, 0, 0, 0));
  let ms = -1;
  let at = "";
  for (let index = 0; index < count; index++) {
    const next = from + Math.floor(((now - 1000 - from) * index) / count);
    if (next !== ms) [ms, at] = [next, new Date(next).toISOString()];
    yield { ms, at };
  }
}

function loadSqlite(file: string, { filled, count }: Task): void {
  const database = new Database(file);
  try {
    // Nothing is lost that could not be loaded again.
    for (const pragma of [
      "journal_mode = off",
      "synchronous = off",
      "locking_mode = exclusive",
      "cache_size = -1000000",
      "temp_store = memory",
      "threads = 2",
    ])
      database.run(`pragma ${pragma}`);
    const sample = all<StoredRow>(database, lastQuery)[0];
    if (sample === undefined) throw new Error("there is no transfer to follow");
    const rows = new TransferRows({ sample, stored: all<AccountRow>(database, accountsQuery), accounts: filled.ids, amount });
    const indexes = all<{ readonly name: string; readonly sql: string }>(database, indexesQuery);
    for (const { name } of indexes) database.run(`drop index "${name}"`);
    database.run("begin");
    insertAll(database, rows, count);
    using update = database.prepare<unknown, Cell[]>(
      "update bank_accounts set debits_posted = ?, credits_posted = ?, balance = ?, version = ? where realm = ? and id = ?",
    );
    for (const { id, debits, credits, version } of rows.takeTouched())
      update.run(debits, credits, credits - debits, version, rows.realm, id);
    database.run("update pons_counters set value = ? where realm = ? and name = ?", [rows.seq, rows.realm, counter]);
    for (const { sql } of indexes) database.run(sql);
    database.run("commit");
  } finally {
    database.close();
  }
}

/** All rows; the statement is finalized, or the file would stay locked. */
function all<T>(database: Database, query: string): T[] {
  using statement = database.prepare<T, []>(query);
  return statement.all();
}

function insertAll(database: Database, rows: TransferRows, count: number): void {
  const names = rows.columns.map((name) => `"${name}"`).join(", ");
  const holes = `(${rows.columns.map(() => "?").join(", ")})`;
  const insert = (size: number) =>
    database.prepare<unknown, Cell[]>(
      `insert into bank_transfers (${names}) values ${Array.from({ length: size }, () => holes).join(", ")}`,
    );
  using many = insert(perStatement);
  using one = insert(1);
  let cells: Cell[] = [];
  for (const { at, ms } of momentsOf(count)) {
    for (const cell of rows.next(at, ms)) cells.push(cell);
    if (cells.length < perStatement * rows.columns.length) continue;
    many.run(...cells);
    cells = [];
  }
  for (let start = 0; start < cells.length; start += rows.columns.length)
    one.run(...cells.slice(start, start + rows.columns.length));
}

async function loadPostgres(url: string, { filled, count }: Task): Promise<void> {
  if (Bun.which("psql") === null) throw new Unavailable("there is no psql (Debian: apt-get install postgresql-client)");
  const sql = new SQL(url, { max: 1, connection: { "pons.all_realms": "on" } });
  try {
    const [sample] = (await sql.unsafe(lastQuery)) as StoredRow[];
    if (sample === undefined) throw new Error("there is no transfer to follow");
    const stored = (await sql.unsafe(accountsQuery)) as AccountRow[];
    const rows = new TransferRows({ sample, stored, accounts: filled.ids, amount });
    const indexes = (await sql`
      select indexname as name, indexdef as made from pg_indexes
      where tablename = 'bank_transfers' and indexname not in (select conname from pg_constraint)`) as Named[];
    const references = (await sql`
      select conname as name, pg_get_constraintdef(oid) as made from pg_constraint
      where conrelid = 'bank_transfers'::regclass and contype = 'f'`) as Named[];
    for (const { name } of references) await sql.unsafe(`alter table bank_transfers drop constraint "${name}"`);
    for (const { name } of indexes) await sql.unsafe(`drop index "${name}"`);
    // COPY FROM is not for those whom row-level security binds.
    await sql.unsafe("alter table bank_transfers no force row level security");
    await copy(url, { table: "bank_transfers", columns: rows.columns, lines: linesOf(rows, count) });
    await sql.unsafe("alter table bank_transfers force row level security");
    await sql.unsafe("set maintenance_work_mem = '1GB'");
    for (const { made } of indexes) await sql.unsafe(made);
    for (const { name, made } of references) await sql.unsafe(`alter table bank_transfers add constraint "${name}" ${made}`);
    await sql.unsafe(
      "create table loaded_counters (realm int, id text, debits_posted bigint, credits_posted bigint, version bigint)",
    );
    await copy(url, {
      table: "loaded_counters",
      columns: ["realm", "id", "debits_posted", "credits_posted", "version"],
      lines: rows.takeTouched().map(({ id, debits, credits, version }) => lineOf([rows.realm, id, debits, credits, version])),
    });
    await sql.unsafe(`
      update bank_accounts set debits_posted = c.debits_posted, credits_posted = c.credits_posted,
        balance = c.credits_posted - c.debits_posted, version = c.version
      from loaded_counters c where bank_accounts.realm = c.realm and bank_accounts.id = c.id`);
    await sql.unsafe("drop table loaded_counters");
    await sql`update pons_counters set value = ${rows.seq} where realm = ${rows.realm} and name = ${counter}`;
    await sql.unsafe("vacuum analyze bank_transfers");
    await sql.unsafe("vacuum analyze bank_accounts");
  } finally {
    await sql.close({ timeout: 0 });
  }
}

interface Named {
  readonly name: string;
  readonly made: string;
}

const lineOf = (cells: readonly (Cell | Date)[]): string =>
  `${cells.map((cell) => (cell === null ? "\\N" : cell instanceof Date ? cell.toISOString() : String(cell))).join("\t")}\n`;

function* linesOf(rows: TransferRows, count: number): Generator<string> {
  for (const { at, ms } of momentsOf(count)) yield lineOf(rows.next(at, ms));
}

/** Writes lines of COPY's text format by psql, which is the ordinary client for it. */
async function copy(
  url: string,
  { table, columns, lines }: { readonly table: string; readonly columns: readonly string[]; readonly lines: Iterable<string> },
): Promise<void> {
  const names = columns.map((name) => `"${name}"`).join(", ");
  const child = Bun.spawn(["psql", url, "-q", "-v", "ON_ERROR_STOP=1", "-c", `copy ${table} (${names}) from stdin`], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
  });
  const problem = new Response(child.stderr).text();
  let text = "";
  let count = 0;
  for (const line of lines) {
    text += line;
    if (++count % perWrite !== 0) continue;
    await child.stdin.write(text);
    await child.stdin.flush();
    text = "";
  }
  await child.stdin.write(text);
  await child.stdin.end();
  if ((await child.exited) !== 0) throw new Error(`psql: ${(await problem).trim()}`);
}

/**
 * The tables that all peers on Postgres share, and their rows: 200 customers, 10,000 accounts, the same in every run. Also what a caller
 * sends, so that every peer gets the same names, currencies and sizes.
 */
import { SQL } from "bun";

export const accountCount = 10_000;
const customerCount = 200;

/** The bearer of this key may do everything; the peers store its SHA-256. */
export const apiKey = "pons_sandbox_benchmarkbenchmarkbenchmark01";

export const accountId = (index: number): string => `acc_${String(index).padStart(26, "0")}`;
const customerId = (index: number): string => `cus_${String(index).padStart(26, "0")}`;

/** Every tenth id, spread over the table. */
export const sampleIds: readonly string[] = Array.from({ length: accountCount / 10 }, (_, index) => accountId(index * 10 + 1));

/** One account to create; `{n}` is filled in by the load generator. */
export const newAccount = `{"customer":"${customerId(7)}","name":"Account {n}","currency":"EUR","iban":"BG80BNBA9661{n}"}`;
export const newAccounts = `[${Array.from({ length: 1000 }, () => newAccount).join(",")}]`;

const schema = `
create table customers (id text primary key, name text not null);
create table accounts (
  id         text primary key default 'acc_' || replace(gen_random_uuid()::text, '-', ''),
  customer   text not null references customers (id),
  name       text not null,
  currency   char(3) not null,
  balance    bigint not null default 0,
  iban       text not null,
  status     text not null default 'active',
  created_at timestamptz not null default now()
);
create index accounts_status_name on accounts (status, name, id);
create index accounts_customer on accounts (customer);
create table audit (
  id         bigint generated always as identity primary key,
  at         timestamptz not null default now(),
  actor      text not null,
  operation  text not null,
  subject    text not null,
  request_id text not null,
  after      jsonb not null
);
create table api_keys (hash text primary key, actor text not null);
`;

/** 80 % of the accounts are active; the names are in no order. 7919 and 10,000 have no common divisor: every name occurs once. */
const rows = `
insert into customers select 'cus_' || lpad(i::text, 26, '0'), 'Customer ' || i from generate_series(1, ${customerCount}) i;
insert into accounts
select 'acc_' || lpad(i::text, 26, '0'), 'cus_' || lpad((1 + i % ${customerCount})::text, 26, '0'),
  'Account ' || lpad((i::bigint * 7919 % ${accountCount})::text, 9, '0'), (array['EUR','USD','BGN','JPY'])[1 + i % 4], i::bigint * 137,
  'BG80BNBA9661' || lpad(i::text, 9, '0'), case when i % 20 = 0 then 'closed' when i % 20 < 4 then 'frozen' else 'active' end,
  timestamptz '2026-01-01' + i * interval '1 minute'
from generate_series(1, ${accountCount}) i;
`;

/** Creates and fills the tables in an empty database. */
export async function createAccounts(databaseUrl: string): Promise<void> {
  const sql = new SQL(databaseUrl, { max: 1 });
  try {
    await sql.unsafe(schema).simple();
    await sql.unsafe(rows).simple();
    const hash = new Bun.CryptoHasher("sha256").update(apiKey).digest("hex");
    await sql`insert into api_keys values (${hash}, 'benchmark')`;
    await sql.unsafe("vacuum analyze");
  } finally {
    await sql.close({ timeout: 0 });
  }
}

/** How many accounts and audit rows a peer's database holds. */
export async function countRows(databaseUrl: string, table: "accounts" | "audit" | "directus_activity"): Promise<number> {
  const sql = new SQL(databaseUrl, { max: 1 });
  try {
    const [row] = await sql.unsafe(`select count(*)::int as count from ${table}`);
    return row.count;
  } finally {
    await sql.close({ timeout: 0 });
  }
}

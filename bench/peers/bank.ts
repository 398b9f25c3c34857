/**
 * The tables that all peers on Postgres share, with the columns and indexes of services/bank, and their rows: 200 customers and 10,000
 * accounts, the same in every run. Also what a caller sends, so that every peer gets the same.
 *
 * Accounts are read, customers are created: with a customer the server inserts a row and its audit row, nothing else, in every peer.
 */
import { SQL } from "bun";

export const accountCount = 10_000;
const customerCount = 200;

/** The bearer of this key may do everything; the peers store its SHA-256. */
export const apiKey = "pons_sandbox_benchmarkbenchmarkbenchmark01";

export const accountId = (index: number): string => `acc_${String(index).padStart(26, "0")}`;

/** Every tenth id, spread over the table. */
export const sampleIds: readonly string[] = Array.from({ length: accountCount / 10 }, (_, index) => accountId(index * 10 + 1));

/** One customer to create; `{n}` is filled in by the load generator. */
export const newCustomer = `{"name":"Customer {n}","email":"customer.{n}@example.com","phone":"+35621234567","country":"MT","birthDate":"1985-12-10"}`;
export const newCustomers = `[${Array.from({ length: 1000 }, () => newCustomer).join(",")}]`;

const schema = `
create table customers (
  id             text primary key default 'cus_' || replace(gen_random_uuid()::text, '-', ''),
  name           text not null,
  email          text not null unique,
  phone          text,
  country        text not null,
  language       text not null default 'en',
  "birthDate"    date,
  kind           text not null default 'person',
  status         text not null default 'active',
  "taxNumber"    text,
  "openAccounts" bigint not null default 0,
  "lastActiveAt" timestamptz,
  "createdAt"    timestamptz not null default now(),
  "updatedAt"    timestamptz not null default now()
);
create index customers_name on customers (name);
create index customers_country on customers (country);
create index customers_status on customers (status);
create index customers_last_active_at on customers ("lastActiveAt");
create index customers_created_at on customers ("createdAt");
create table accounts (
  id               text primary key,
  customer         text references customers (id),
  kind             text not null default 'customer',
  name             text not null,
  currency         text not null,
  "debitsPosted"   bigint not null default 0,
  "creditsPosted"  bigint not null default 0,
  "debitsPending"  bigint not null default 0,
  "creditsPending" bigint not null default 0,
  balance          bigint not null default 0,
  "overdraftLimit" bigint not null default 0,
  "maxBalance"     bigint,
  status           text not null default 'active',
  "frozenReason"   text,
  iban             text not null unique,
  version          bigint not null default 1,
  "createdAt"      timestamptz not null default now()
);
create index accounts_customer on accounts (customer);
create index accounts_currency on accounts (currency);
create index accounts_balance on accounts (balance);
create index accounts_status on accounts (status);
create index accounts_created_at on accounts ("createdAt");
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

/** 80 % of the accounts are active. */
const rows = `
insert into customers (id, name, email, country)
select 'cus_' || lpad(i::text, 26, '0'), 'Customer ' || i, 'seed.' || i || '@example.com', 'MT' from generate_series(1, ${customerCount}) i;
insert into accounts (id, customer, name, currency, "creditsPosted", balance, iban, status, "createdAt")
select 'acc_' || lpad(i::text, 26, '0'), 'cus_' || lpad((1 + i % ${customerCount})::text, 26, '0'), 'Account ' || lpad(i::text, 9, '0'),
  (array['EUR','USD','BGN','JPY'])[1 + i % 4], i::bigint * 137, i::bigint * 137, 'BG80BNBA9661' || lpad(i::text, 10, '0'),
  case when i % 20 = 0 then 'closed' when i % 20 < 4 then 'frozen' else 'active' end, timestamptz '2026-01-01' + i * interval '1 minute'
from generate_series(1, ${accountCount}) i;
`;

/** Creates and fills the tables in an empty database. */
export async function createBank(databaseUrl: string): Promise<void> {
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
export async function countRows(databaseUrl: string, table: "customers" | "audit" | "directus_activity"): Promise<number> {
  const sql = new SQL(databaseUrl, { max: 1 });
  try {
    const [row] = await sql.unsafe(`select count(*)::int as count from ${table}`);
    return row.count;
  } finally {
    await sql.close({ timeout: 0 });
  }
}

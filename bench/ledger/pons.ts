/**
 * Our side: everything the benchmark knows of Pons's bank. It starts the real server by its command with the demo tenant's key, opens as many
 * accounts as the peers have through the API, posts one transfer, stops the server, and starts it again: that is the server that is measured.
 * Ids of transfers are the server's, as the peers' are their database's.
 */
import { Database } from "bun:sqlite";
import type { Surroundings } from "../harness/peer.ts";
import { Client, keyOf, ponsOptions, type PonsServer } from "../harness/pons-server.ts";
import { serve } from "../harness/server.ts";
import { accountCount } from "../peers/bank.ts";
import {
  amount,
  type Books,
  booksOf,
  booksQuery,
  type LedgerPeer,
  type LedgerRunning,
  overdraftLimit,
  transferCalls,
} from "../peers/ledger.ts";

/** The newest version: an older one is answered by conversion, which the peers do not do. */
const base = "/bank/v2";
const paths = {
  accounts: `${base}/accounts`,
  owners: `${base}/customers?status=active&perPage=100`,
  transfers: `${base}/transfers`,
  first: `${base}/accounts?perPage=1`,
};
const perCall = 1000;

/** A transfer that no account can pay: it is decided as any other and stores nothing. */
const tooMuch = `{"debit":"{word}","credit":"{word}","amount":9000000000000000,"currency":"EUR","reference":"Invoice {n}"}`;

export type Engine = "sqlite" | "postgres";

/** A filled bank whose server is stopped. */
export interface Filled extends PonsServer {
  readonly key: string;
  readonly ids: readonly string[];
}

interface Item {
  readonly id: string;
}

async function openAccounts(client: Client): Promise<string[]> {
  const owners = (await client.call<Item[]>(paths.owners)).data;
  const ids: string[] = [];
  while (ids.length < accountCount) {
    const items = Array.from({ length: Math.min(perCall, accountCount - ids.length) }, (_, index) => ({
      customer: owners[index % owners.length]?.id,
      name: `Account ${ids.length + index}`,
      currency: "EUR",
      overdraftLimit,
    }));
    const { data } = await client.call<({ readonly data?: Item } & Item)[]>(paths.accounts, JSON.stringify(items));
    ids.push(...data.map((item) => (item.data ?? item).id));
  }
  return ids;
}

/** Accounts and one transfer, by a server that ends with it. */
export async function fillLedger(surroundings: Surroundings, engine: Engine): Promise<Filled> {
  const pons = await ponsOptions(surroundings, { engine });
  const server = await serve(pons.options);
  try {
    const key = await keyOf(pons.data);
    const client = new Client(server.url, key);
    const ids = await openAccounts(client);
    const [debit, credit] = ids;
    const first = { debit, credit, amount, currency: "EUR", reference: "Invoice 100000000" };
    await client.call(paths.transfers, JSON.stringify(first));
    return { ...pons, key, ids };
  } finally {
    await server.stop();
  }
}

const query = `${booksQuery({
  accounts: "bank_accounts",
  transfers: "bank_transfers",
  debits: "debits_posted",
  credits: "credits_posted",
})},
  (select count(*) from pons_journal where operation = 'bank.transfers.create') as audit`;

/** What the database holds, read beside the server. */
export async function ponsBooks({ database }: Pick<PonsServer, "database">): Promise<Books> {
  if (database.engine === "postgres") return booksOf(database.url)(query);
  const file = new Database(database.file, { readonly: true });
  try {
    // A statement that is not finalized keeps the file open.
    using statement = file.prepare<Books, []>(query);
    const books = statement.get();
    if (books === null) throw new Error("no books");
    return books;
  } finally {
    file.close();
  }
}

/** Starts the server of a filled bank. */
export async function startLedger(filled: Filled, surroundings: Surroundings): Promise<LedgerRunning> {
  const { headers } = new Client("", filled.key);
  const server = await serve({ ...filled.options, path: paths.first, headers });
  const calls = transferCalls({ ids: filled.ids, headers, path: paths.transfers, bulkStatus: 200 });
  return {
    ...server,
    pids: [...server.serverPids, ...(filled.database.engine === "postgres" ? [surroundings.postgresPid] : [])],
    calls: { ...calls, refused: { ...calls.single, body: tooMuch, status: 422, check: "refused", rows: 0 } },
    books: () => ponsBooks(filled),
    ...(filled.database.engine === "sqlite" ? { file: { path: filled.database.file, ids: filled.ids } } : {}),
  };
}

export const pons = (engine: Engine): LedgerPeer => ({
  name: `pons-${engine}`,
  what: `Pons on ${engine === "sqlite" ? "SQLite" : "Postgres"}, started by its command with demo data, everything on`,
  start: async (surroundings) => startLedger(await fillLedger(surroundings, engine), surroundings),
});

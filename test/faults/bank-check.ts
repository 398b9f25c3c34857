/** What must hold of the bank after a crash: each request by itself, the ledger and the journal as a whole. */
import { expect } from "bun:test";
import { SQL } from "bun";
import { Database } from "bun:sqlite";
import type { TestServer } from "../host/server.ts";
import { type Asked, send } from "./bank-load.ts";

interface Transfer {
  readonly id: string;
  readonly debit: string;
  readonly credit: string;
  readonly amount: number;
}

const perRequest = 90;

const inParts = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size));

/** The transfers with these ids, by id. */
const findTransfers = async (server: TestServer, ids: readonly string[]): Promise<ReadonlyMap<string, Transfer>> => {
  const found = new Map<string, Transfer>();
  for (const part of inParts(ids, perRequest)) {
    const query = part.map((id) => `id=${id}`).join("&");
    for (const transfer of await server.data<Transfer[]>(`/bank/v2/transfers?${query}&perPage=100`))
      found.set(transfer.id, transfer);
  }
  return found;
};

/** How many accounts there are by name. */
const countAccounts = async (server: TestServer, names: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const found = new Map<string, number>();
  for (const part of inParts(names, perRequest)) {
    const query = part.map((name) => `name=${encodeURIComponent(name)}`).join("&");
    const accounts = await server.data<{ name: string }[]>(`/bank/v2/accounts?${query}&perPage=100`);
    for (const { name } of accounts) found.set(name, (found.get(name) ?? 0) + 1);
  }
  return found;
};

interface Present {
  readonly transfers: ReadonlyMap<string, Transfer>;
  readonly accounts: ReadonlyMap<string, number>;
}

const look = async (server: TestServer, all: readonly Asked[]): Promise<Present> => ({
  transfers: await findTransfers(
    server,
    all.flatMap(({ transfers }) => transfers.map(({ id }) => id)),
  ),
  accounts: await countAccounts(
    server,
    all.filter(({ kind }) => kind === "account").map(({ name }) => name),
  ),
});

/** How many parts of a request are there, of how many. */
const partsOf = ({ kind, transfers, name }: Asked, present: Present): { readonly there: number; readonly all: number } =>
  kind === "account"
    ? { there: present.accounts.get(name) ?? 0, all: 1 }
    : { there: transfers.filter(({ id }) => present.transfers.has(id)).length, all: transfers.length };

/**
 * Judges every request: nothing acknowledged is lost, nothing is there by half, what is there is what was asked for. Then repeats those without
 * an answer: afterwards each is there once, or was refused.
 */
export const judge = async (server: TestServer, all: readonly Asked[]): Promise<void> => {
  const before = await look(server, all);
  for (const asked of all) {
    const { there, all: whole } = partsOf(asked, before);
    if (asked.fate === "acknowledged") expect({ ...asked, there }).toEqual({ ...asked, there: whole });
    else expect([0, whole]).toContain(there);
    for (const { id, debit, credit, amount } of asked.transfers) {
      const found = before.transfers.get(id);
      if (found !== undefined) expect(found).toMatchObject({ debit, credit, amount });
    }
  }
  const unknown = all.filter(({ fate }) => fate === "unknown");
  const repeated = await Promise.all(
    unknown.map(async (asked) => {
      const response = await send(server, asked, AbortSignal.timeout(10_000));
      await response.arrayBuffer();
      return { asked, status: response.status };
    }),
  );
  const after = await look(server, unknown);
  for (const { asked, status } of repeated) {
    const { there, all: whole } = partsOf(asked, after);
    const wasThere = partsOf(asked, before).there > 0;
    // What was there is acknowledged by the repetition; what was not is done now, or refused for a reason of the bank's.
    if (wasThere)
      expect({ kind: asked.kind, status, there }).toEqual({ kind: asked.kind, status: status < 300 ? status : 0, there: whole });
    else expect(there).toBe(status < 300 ? whole : 0);
  }
};

/** The database itself, past the server. */
export interface Direct extends AsyncDisposable {
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

export const openDirect = (url: string): Direct => {
  if (url.startsWith("sqlite:")) {
    const database = new Database(url.replace(/^sqlite:(?:\/\/(?=\/))?/, ""), { readonly: true, safeIntegers: true });
    return {
      query: async (sql) => database.query<Record<string, unknown>, []>(sql).all(),
      [Symbol.asyncDispose]: async () => database.close(),
    };
  }
  const sql = new SQL(url, { max: 1, bigint: true });
  return {
    query: async (text) => (await sql.unsafe(text)) as Record<string, unknown>[],
    [Symbol.asyncDispose]: () => sql.close(),
  };
};

const number = (value: unknown): bigint => BigInt((value ?? 0) as string | number | bigint);

/**
 * The books, from the rows alone: every account's counters are the sums of its transfers, each currency adds up to zero, transfers and journal
 * are numbered without a gap, every transfer has its row in the journal.
 */
export const checkBooks = async (direct: Direct): Promise<{ readonly transfers: number }> => {
  const realms = await direct.query("SELECT realm FROM pons_realms WHERE tenant = 'demo' AND environment = 'sandbox'");
  const realm = Number(realms[0]?.["realm"]);
  const rows = (sql: string) => direct.query(sql.replaceAll("$realm", String(realm)));
  const wrong = await rows(
    `SELECT a.id FROM bank_accounts a WHERE a.realm = $realm AND (
       a.debits_posted <> (SELECT coalesce(sum(t.amount), 0) FROM bank_transfers t WHERE t.realm = $realm AND t.debit = a.id) OR
       a.credits_posted <> (SELECT coalesce(sum(t.amount), 0) FROM bank_transfers t WHERE t.realm = $realm AND t.credit = a.id) OR
       a.balance <> a.credits_posted - a.debits_posted)`,
  );
  expect(wrong).toEqual([]);
  const sums = await rows("SELECT currency, sum(balance) AS total FROM bank_accounts WHERE realm = $realm GROUP BY currency");
  expect(sums.map(({ total }) => number(total))).toEqual(sums.map(() => 0n));
  const [transfers] = await rows("SELECT count(*) AS n, max(seq) AS last FROM bank_transfers WHERE realm = $realm");
  expect(number(transfers?.["n"])).toBe(number(transfers?.["last"]));
  const [journal] = await rows(
    "SELECT count(*) AS n, max(seq) AS last, count(DISTINCT seq) AS seqs FROM pons_journal WHERE realm = $realm",
  );
  expect(number(journal?.["n"])).toBe(number(journal?.["last"]));
  expect(number(journal?.["seqs"])).toBe(number(journal?.["last"]));
  const [posted] = await rows(
    "SELECT count(*) AS n FROM pons_journal WHERE realm = $realm AND operation = 'bank.transfers.create' AND status < 300",
  );
  expect(number(posted?.["n"])).toBe(number(transfers?.["n"]));
  return { transfers: Number(transfers?.["n"]) };
};

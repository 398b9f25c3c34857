/** What must hold of the bank after a fault: of each request by itself, and of the ledger and the journal as a whole. Read from the rows alone. */
import { expect } from "bun:test";
import { verifyAudit } from "../../src/audit/index.ts";
import { pons, type TestServer } from "../host/server.ts";
import { type Asked, fateOf, send, type Trace } from "./bank-load.ts";
import type { Direct } from "./direct.ts";

const perStatement = 500;
const repeatMsMax = 20_000;

type Row = Readonly<Record<string, unknown>>;

const inParts = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size));

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const realmOf = async (direct: Direct): Promise<number> => {
  const [row] = await direct.query("SELECT realm FROM pons_realms WHERE tenant = 'demo' AND environment = 'sandbox'");
  return Number(row?.["realm"]);
};

const keyOf = ({ table, column, phase, value }: Trace): string => [table, column, phase ?? "", value].join(" ");

/** The rows that requests left, by the key of their trace. */
const findRows = async (direct: Direct, all: readonly Asked[]): Promise<ReadonlyMap<string, readonly Row[]>> => {
  const realm = await realmOf(direct);
  const found = new Map<string, Row[]>();
  const alike = Map.groupBy(
    all.flatMap(({ traces }) => traces),
    ({ table, column, phase }) => [table, column, phase ?? ""].join(" "),
  );
  for (const traces of alike.values()) {
    for (const part of inParts(traces, perStatement)) {
      const [{ table, column, phase }] = part as [Trace];
      const rows = await direct.query(
        `SELECT * FROM bank_${table} WHERE realm = ${realm} AND ${column} IN (${part.map(({ value }) => literal(value)).join(", ")})` +
          (phase === undefined ? "" : ` AND phase = ${literal(phase)}`),
      );
      for (const row of rows) {
        const key = keyOf({ table, column, value: String(row[column]), holds: {}, ...(phase === undefined ? {} : { phase }) });
        const known = found.get(key);
        if (known === undefined) found.set(key, [row]);
        else known.push(row);
      }
    }
  }
  return found;
};

/** What a request left, as text: `all`, `nothing`, or what is wrong. */
const leftBy = ({ traces }: Asked, found: ReadonlyMap<string, readonly Row[]>): string => {
  const counts = traces.map((trace) => {
    const rows = found.get(keyOf(trace)) ?? [];
    const other = rows.flatMap((row) =>
      Object.entries(trace.holds).filter(([name, value]) => String(row[name]) !== String(value)),
    );
    return other.length > 0 ? `other ${other.map(([name]) => name).join()}` : rows.length;
  });
  if (counts.every((count) => count === 0)) return "nothing";
  return counts.every((count) => count === 1) ? "all" : counts.join(", ");
};

const allowed: Readonly<Record<Asked["fate"], readonly string[]>> = {
  acknowledged: ["all"],
  refused: ["nothing"],
  unknown: ["all", "nothing"],
};

/** Judges every request: nothing acknowledged is lost or doubled, nothing refused is there, nothing is there by half or other than asked for. */
export const judgeRows = async (direct: Direct, all: readonly Asked[]): Promise<void> => {
  const found = await findRows(direct, all);
  const wrong = all
    .map((asked) => ({ ...asked, left: leftBy(asked, found) }))
    .filter(({ fate, left }) => !allowed[fate].includes(left));
  expect(wrong).toEqual([]);
};

/**
 * Judges every request, then repeats those without an answer that may be repeated: what was there is answered for and there once; what was not is done now, or refused.
 * These are settled afterwards.
 */
export const judge = async (server: TestServer, direct: Direct, all: readonly Asked[]): Promise<void> => {
  await judgeRows(direct, all);
  const unknown = all.filter(({ fate, repeatable }) => fate === "unknown" && repeatable);
  const before = await findRows(direct, unknown);
  const repeated = await Promise.all(
    unknown.map(async (asked) => ({ asked, ...(await fateOf(await send(server, asked, AbortSignal.timeout(repeatMsMax)))) })),
  );
  const after = await findRows(direct, unknown);
  const wrong = repeated
    .map(({ asked, fate, type }) => ({ ...asked, fate, type, was: leftBy(asked, before), left: leftBy(asked, after) }))
    .filter(({ fate, was, left }) =>
      fate === "acknowledged" ? left !== "all" : was === "all" || fate === "unknown" || left !== "nothing",
    );
  expect(wrong).toEqual([]);
};

const number = (value: unknown): bigint => BigInt((value ?? 0) as string | number | bigint);

/** Transfers that the journal tells of, each row of it with the keys it names. */
const journaledTransfers = async (direct: Direct, realm: number): Promise<string[]> => {
  const rows = await direct.query(
    `SELECT CAST(changes AS TEXT) AS changes FROM pons_journal WHERE realm = ${realm} AND CAST(changes AS TEXT) LIKE '%bank_transfers%'`,
  );
  return rows.flatMap(({ changes }) =>
    (JSON.parse(String(changes)) as { table: string; key: string }[])
      .filter(({ table }) => table === "bank_transfers")
      .map(({ key }) => key),
  );
};

/**
 * What finds nothing in books that agree: every account's counters are the sums of its transfers and what is pending is what its active holds have left;
 * each hold is the sum of its steps, and what is over reserves nothing; each transaction has all its legs, together; the resulting balance in each
 * transfer follows from the one before.
 */
const findings: Readonly<Record<string, string>> = {
  counters: `WITH sums AS (
      SELECT account, sum(debit) AS debit, sum(credit) AS credit, sum(to_debit) AS to_debit, sum(to_credit) AS to_credit FROM (
        SELECT debit AS account, amount AS debit, 0 AS credit, pending AS to_debit, 0 AS to_credit FROM bank_transfers WHERE realm = $realm
        UNION ALL SELECT credit, 0, amount, 0, pending FROM bank_transfers WHERE realm = $realm
      ) m GROUP BY account
    ), reserved AS (
      SELECT account, sum(to_debit) AS to_debit, sum(to_credit) AS to_credit FROM (
        SELECT debit AS account, remaining AS to_debit, 0 AS to_credit FROM bank_holds WHERE realm = $realm AND status = 'active'
        UNION ALL SELECT credit, 0, remaining FROM bank_holds WHERE realm = $realm AND status = 'active'
      ) m GROUP BY account
    ) SELECT a.id FROM bank_accounts a LEFT JOIN sums s ON s.account = a.id LEFT JOIN reserved r ON r.account = a.id WHERE a.realm = $realm AND (
      a.debits_posted <> coalesce(s.debit, 0) OR a.credits_posted <> coalesce(s.credit, 0) OR
      a.debits_pending <> coalesce(s.to_debit, 0) OR a.credits_pending <> coalesce(s.to_credit, 0) OR
      a.debits_pending <> coalesce(r.to_debit, 0) OR a.credits_pending <> coalesce(r.to_credit, 0) OR
      a.balance <> a.credits_posted - a.debits_posted)`,
  holds: `SELECT h.id FROM bank_holds h LEFT JOIN (
      SELECT t.hold, sum(t.pending) AS pending, sum(t.amount) AS amount FROM bank_transfers t WHERE t.realm = $realm AND t.hold IS NOT NULL GROUP BY t.hold
    ) s ON s.hold = h.id WHERE h.realm = $realm AND (
      s.hold IS NULL OR h.remaining <> s.pending OR h.captured <> s.amount OR h.remaining < 0 OR (h.status <> 'active' AND h.remaining <> 0))`,
  transactions: `SELECT x.id FROM bank_transactions x LEFT JOIN (
      SELECT t."transaction" AS txn, count(*) AS n, max(t.seq) - min(t.seq) + 1 AS span FROM bank_transfers t
      WHERE t.realm = $realm AND t."transaction" IS NOT NULL GROUP BY t."transaction"
    ) s ON s.txn = x.id WHERE x.realm = $realm AND (s.txn IS NULL OR s.n <> x.legs OR s.span <> x.legs)`,
  balances: `SELECT id FROM (
      SELECT id, balance, coalesce(lag(balance) OVER o, 0) + change AS expected, version, lag(version) OVER o AS earlier FROM (
        SELECT id, seq, debit AS account, debit_balance AS balance, -amount AS change, debit_version AS version FROM bank_transfers WHERE realm = $realm
        UNION ALL
        SELECT id, seq, credit, credit_balance, amount, credit_version FROM bank_transfers WHERE realm = $realm
      ) m WINDOW o AS (PARTITION BY account ORDER BY seq)
    ) n WHERE balance <> expected OR version <= earlier`,
  currencies: "SELECT currency FROM bank_accounts WHERE realm = $realm GROUP BY currency HAVING sum(balance) <> 0",
};

/** Rows of the journal and of the refusals that are not as they were written. Whose signatures are good is not asked here. */
const auditProblems = async ({ engine, query }: Direct, realm: number): Promise<readonly unknown[]> => {
  const { problems } = await verifyAudit({ engine, admin: { query } }, { keys: [], realms: new Set([realm]) });
  return problems.filter(({ table }) => table !== "pons_checkpoints");
};

/**
 * The books agree: see `findings`; transfers and journal are numbered without a gap, the journal's hashes are those of its rows; every transfer is in
 * the journal, once.
 */
export const checkBooks = async (direct: Direct): Promise<{ readonly transfers: number; readonly holds: number }> => {
  const realm = await realmOf(direct);
  const rows = (sql: string) => direct.query(sql.replaceAll("$realm", String(realm)));
  for (const [name, sql] of Object.entries(findings)) expect({ [name]: await rows(sql) }).toEqual({ [name]: [] });
  const numbering = async (table: string) => {
    const [row] = await rows(
      `SELECT count(*) AS n, count(DISTINCT seq) AS seqs, max(seq) AS last FROM ${table} WHERE realm = $realm`,
    );
    const n = number(row?.["n"]);
    expect({ table, seqs: number(row?.["seqs"]), last: number(row?.["last"]) }).toEqual({ table, seqs: n, last: n });
    return Number(n);
  };
  await numbering("pons_journal");
  expect(await auditProblems(direct, realm)).toEqual([]);
  const transfers = await numbering("bank_transfers");
  const journaled = await journaledTransfers(direct, realm);
  expect({ journaled: journaled.length, different: new Set(journaled).size }).toEqual({
    journaled: transfers,
    different: transfers,
  });
  const [holds] = await rows("SELECT count(*) AS n FROM bank_holds WHERE realm = $realm");
  return { transfers, holds: Number(holds?.["n"]) };
};

/** The books agree by `checkBooks`, and by the bank's own `pons ledger verify`. */
export const checkBooksTwice = async (direct: Direct, url: string): Promise<{ readonly transfers: number }> => {
  const counted = await checkBooks(direct);
  const verified = await pons(["ledger", "verify", "--tenant", "demo", "--environment", "sandbox"], { PONS_DATABASE_URL: url });
  expect({ code: verified.code, said: verified.out + verified.err }).toEqual({ code: 0, said: expect.any(String) });
  return counted;
};

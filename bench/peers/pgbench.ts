/**
 * The database's own load tool, prepared statements, no HTTP, no JSON: one row by its id, and a transfer between two accounts. What is left of
 * a call when nothing but Postgres works. The CPU time of pgbench itself is the client's and does not count.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Measured, measured } from "../harness/load.ts";
import { type OwnLoad, type Peer, type Surroundings, Unavailable } from "../harness/peer.ts";
import { cpuSeconds } from "../harness/process-tree.ts";
import { accountCount, createBank, sampleIds } from "./bank.ts";
import { amount, booksOf, createLedger, type LedgerPeer } from "./ledger.ts";

const systemFolder = "/usr/lib/postgresql";

function findPgbench(): string {
  const onPath = Bun.which("pgbench");
  const installed = existsSync(systemFolder)
    ? readdirSync(systemFolder).map((version) => join(systemFolder, version, "bin", "pgbench"))
    : [];
  const found = [...installed.toReversed(), ...(onPath === null ? [] : [onPath])].find((file) => existsSync(file));
  if (found === undefined) throw new Unavailable("there is no pgbench (Debian: apt-get install postgresql-contrib)");
  return found;
}

/** pgbench stores no single latencies without a log: p50 … max are not known. */
const unknown = { p50: Number.NaN, p90: Number.NaN, p99: Number.NaN, max: Number.NaN };

interface Script {
  readonly surroundings: Surroundings;
  readonly database: string;
  /** File name of the script, and its text. */
  readonly name: string;
  readonly text: string;
  /** Clients, whatever the number of connections of the case. */
  readonly clients?: number;
}

/** A script that pgbench runs again and again: one call is one run of it. */
async function scripted({ surroundings, database, name, text, clients }: Script): Promise<OwnLoad> {
  const binary = findPgbench();
  const script = join(surroundings.folder, name);
  await Bun.write(script, text);
  const { hostname, port, username, password, pathname } = new URL(database);
  const environment = {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  };
  const command = [binary, "--no-vacuum", "--protocol=prepared", `--file=${script}`, "--jobs=1"];
  const pids = [surroundings.postgresPid];
  return async ({ connections, seconds }): Promise<Measured> => {
    const before = cpuSeconds(pids);
    const started = performance.now();
    const child = Bun.spawn([...command, `--client=${clients ?? connections}`, `--time=${Math.max(1, Math.round(seconds))}`], {
      env: { ...process.env, ...environment },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, problem] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    if ((await child.exited) !== 0) throw new Error(`pgbench: ${problem.trim()}`);
    const used = cpuSeconds(pids) - before;
    const calls = Number(/transactions actually processed: (\d+)/.exec(output)?.[1]);
    const failed = Number(/number of failed transactions: (\d+)/.exec(output)?.[1] ?? 0);
    if (!(calls > 0) || failed > 0) throw new Error(`pgbench: ${failed} failed\n${output}`);
    const perSecond = Number(/tps = ([\d.]+)/.exec(output)?.[1]);
    const spent = perSecond > 0 ? calls / perSecond : (performance.now() - started) / 1000;
    return measured({ calls, seconds: spent, latency: unknown }, used);
  };
}

/** The account whose number is in the variable. */
const idOf = (variable: string): string =>
  `'acc_' || lpad(cast(:${variable} as text), ${(sampleIds[0]?.length ?? 0) - "acc_".length}, '0')`;

export const pgbench: Peer = {
  name: "pgbench",
  what: "ceiling: pgbench, a prepared select of one account by its id, no server in between",
  async start(surroundings) {
    findPgbench();
    const database = await surroundings.createDatabase();
    await createBank(database);
    const text = `\\set n random(1, ${accountCount})\nselect * from accounts where id = ${idOf("n")};\n`;
    const get = await scripted({ surroundings, database, name: "select.pgbench", text });
    return { url: "", pids: [surroundings.postgresPid], serverPids: [], calls: { get }, stop: async () => {} };
  },
};

/**
 * Clients with which pgbench gets the most transactions, of 4, 8, 16, 32 and 64: many share the flushes of the log; of those that wait for one
 * row's lock, each costs the others.
 */
const clients = { spread: 32, hot: 8 };

/**
 * One transfer as pgbench's own TPC-B-like script moves money: two updates and an insert, each a statement, in one transaction. The account
 * with the smaller number is updated first, so that no two transfers wait for one another. Nothing is checked, nothing is answered.
 */
function transferScript({ hot }: { readonly hot: boolean }): string {
  const sides = hot
    ? `\\set debit random(2, ${accountCount})\n\\set credit 1`
    : `\\set debit random(1, ${accountCount})\n\\set credit (:debit + random(0, ${accountCount - 2})) % ${accountCount} + 1`;
  const update = (number: string): string => `
update accounts set "debitsPosted" = "debitsPosted" + :${number}Debit, "creditsPosted" = "creditsPosted" + :${number}Credit,
  balance = balance - :${number}Debit + :${number}Credit, version = version + 1 where id = ${idOf(number)};`;
  return `${sides}
\\set first least(:debit, :credit)
\\set second greatest(:debit, :credit)
\\set firstDebit case when :debit < :credit then ${amount} else 0 end
\\set firstCredit ${amount} - :firstDebit
\\set secondDebit :firstCredit
\\set secondCredit :firstDebit
begin;${update("first")}${update("second")}
insert into transfers (debit, credit, amount, currency, reference) values (${idOf("debit")}, ${idOf("credit")}, ${amount}, 'EUR', 'Invoice');
end;
`;
}

export const pgbenchTransfers: LedgerPeer = {
  name: "pgbench",
  what: `pgbench with ${clients.spread} clients (${clients.hot} for the hot account): two updates and an insert per transaction, prepared, no server in between, no check`,
  async start(surroundings) {
    findPgbench();
    const database = await surroundings.createDatabase();
    await createLedger(database);
    const to = (hot: boolean) =>
      scripted({
        surroundings,
        database,
        name: hot ? "transfer-hot.pgbench" : "transfer.pgbench",
        text: transferScript({ hot }),
        clients: hot ? clients.hot : clients.spread,
      });
    const [single, singleHot] = [await to(false), await to(true)];
    return {
      url: "",
      pids: [surroundings.postgresPid],
      serverPids: [],
      calls: { single, singleHot },
      books: booksOf(database),
      stop: async () => {},
    };
  },
};

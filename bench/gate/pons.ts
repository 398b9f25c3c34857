/** Our side: servers of this topic over databases that were filled for them, with as much of the gate as each is to have. */
import { Database } from "bun:sqlite";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { refusalsTable } from "../../src/audit/tables.ts";
import { usageTable } from "../../src/batch/index.ts";
import { openStore } from "../../src/store/index.ts";
import type { CallPlan, Peer, Running, Surroundings } from "../harness/peer.ts";
import { serve } from "../harness/server.ts";
import { customerOf, type Filled, fill, type Scale } from "./fill.ts";
import { hasPart, type Parts, partTitles } from "./parts.ts";
import type { ServerFigures } from "./server.ts";

/** What the gate has written down, once its server has stopped. */
export interface Recorded {
  /** Calls in `pons_usage` that came over HTTP or by the warm-up. */
  readonly used: number;
  /** In `pons_refusals`. */
  readonly refused: number;
}

export interface GateRunning extends Running {
  readonly figures: ServerFigures;
  /** Absent: it keeps no record. */
  recorded?(): Promise<Recorded>;
}

export type GatePeer = Peer<GateRunning>;

type Engine = "sqlite" | "postgres";

const newAccount = `{"name":"Customer {n}","customer":"${customerOf(0)}","currency":"EUR"}`;
const readyMs = 600_000;

const callsOf = ({ key, plainKey, paths, requestsFile }: Filled, held: Parts): Record<string, CallPlan> => {
  const secret = hasPart(held, "rule") ? key : plainKey;
  const headers: Record<string, string> = held === "nothing" ? {} : { authorization: `Bearer ${secret}` };
  const get = { method: "GET", status: 200, check: "item", rows: 1 } as const;
  const post = { method: "POST", headers: { ...headers, "content-type": "application/json" } } as const;
  const inPart: Record<string, CallPlan> = {
    get: { ...get, paths, headers },
    create: { ...post, paths: ["/desk/v1/accounts"], body: newAccount, status: 201, check: "created", rows: 1 },
  };
  if (held !== "everything") return inPart;
  return {
    ...inPart,
    refused: { ...post, paths: ["/desk/v1/audit"], body: "{}", status: 403, check: "refused", rows: 0 },
    any: { ...get, paths: [], headers: {}, requestsFile },
  };
};

const sumOf = async (url: string, sql: string): Promise<number> => {
  const store = await openStore(url);
  try {
    const [row] = await store.admin.query(sql, []);
    return Number(row?.["sum"] ?? 0);
  } finally {
    await store.close();
  }
};

/** A database that several servers work on, each with a copy of its own. */
export interface Template {
  readonly engine: Engine;
  readonly filled: Filled;
  /** The address of a database for one server. */
  database(surroundings: Surroundings): Promise<string>;
}

/** Fills a database; on SQLite servers get copies of it, on Postgres each is filled anew with the same keys. */
export const templateOf = async (engine: Engine, scale: Scale, surroundings: Surroundings): Promise<Template> => {
  const folder = mkdtempSync(join(surroundings.folder, "filled-"));
  const requestsFile = join(folder, "requests.txt");
  const file = join(folder, "pons.sqlite");
  const url = engine === "sqlite" ? `sqlite:${file}` : await surroundings.createDatabase();
  const filled = await fill(url, { ...scale, requestsFile });
  const database = async (): Promise<string> => {
    if (engine === "postgres") return url;
    const copy = join(mkdtempSync(join(surroundings.folder, "pons-")), "pons.sqlite");
    using source = new Database(file);
    source.run("VACUUM INTO ?", [copy]);
    return `sqlite:${copy}`;
  };
  return { engine, filled, database };
};

export interface PonsOptions {
  readonly name: string;
  readonly held: Parts;
  readonly template: (surroundings: Surroundings) => Promise<Template>;
  /** Calls every key once before it is measured, and measures how long a key takes. */
  readonly isWarmedUp?: true;
}

export const pons = ({ name, held, template, isWarmedUp }: PonsOptions): GatePeer => ({
  name,
  what: `Pons: ${partTitles[held]}`,
  async start(surroundings) {
    const { engine, filled, database } = await template(surroundings);
    const url = await database(surroundings);
    const figuresFile = join(mkdtempSync(join(surroundings.folder, "figures-")), "figures.json");
    const server = await serve({
      command: [process.execPath, join(import.meta.dir, "server.ts")],
      cwd: import.meta.dir,
      env: {
        DATABASE_URL: url,
        PARTS: held,
        FIGURES: figuresFile,
        ...(isWarmedUp === true ? { REQUESTS: filled.requestsFile } : {}),
      },
      path: "/",
      readyMs,
    });
    return {
      ...server,
      pids: [...server.serverPids, ...(engine === "postgres" ? [surroundings.postgresPid] : [])],
      calls: callsOf(filled, held),
      figures: (await Bun.file(figuresFile).json()) as ServerFigures,
      ...(held === "everything"
        ? {
            recorded: async () => ({
              used: await sumOf(url, `SELECT sum(calls) AS sum FROM ${usageTable.name} WHERE service = 'desk'`),
              refused: await sumOf(url, `SELECT sum(count) AS sum FROM ${refusalsTable.name}`),
            }),
          }
        : {}),
    };
  },
});

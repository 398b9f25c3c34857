/**
 * Our side: everything the benchmark knows of Pons's API is in this file. It starts the real server by its command, with the demo tenant's
 * key, fills the bank with the accounts the peers have (by batches, through the API) and says how each case is called.
 */
import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type CallPlan, type Peer, type Running, Unavailable } from "../harness/peer.ts";
import { serve, type ServerOptions } from "../harness/server.ts";
import { accountCount } from "../peers/accounts.ts";

const root = join(import.meta.dir, "..", "..");
const commandLine = join(root, "src", "cli", "main.ts");

const api = {
  accounts: "/bank/v1/accounts",
  customers: "/bank/v1/customers?perPage=1",
  health: "/bank/v1/openapi.json",
  list: "/bank/v1/accounts?status=active&sortBy=name.asc&perPage=20",
  /** A page by cursor carries no total. */
  page: (cursor: string) => `/bank/v1/accounts?sortBy=name.asc&perPage=20&cursor=${encodeURIComponent(cursor)}`,
  firstPage: "/bank/v1/accounts?sortBy=name.asc&perPage=20&cursor=",
  count: "/bank/v1/accounts/count",
  newAccount: (customer: string, number: string) => `{"customer":"${customer}","name":"Account ${number}","currency":"EUR"}`,
  createStatus: 201,
  batchStatus: 200,
};

const itemsPerBatch = 1000;
const pagesWalked = 30;
const samples = 1000;

interface Answer<T> {
  readonly data: T;
  readonly pagination?: { readonly nextCursor?: string };
}

interface Account {
  readonly id: string;
  readonly name: string;
}

/** Calls the server and expects success. */
class Client {
  readonly headers: Readonly<Record<string, string>>;
  readonly #url: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.headers = { authorization: `Bearer ${key}` };
  }

  async call<T>(path: string, body?: string): Promise<Answer<T>> {
    const answer = await fetch(this.#url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...this.headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as Answer<T>;
  }
}

/** Creates accounts until there are `rows`; their names are in no order, as with the peers. */
async function fill(client: Client, customer: string, rows: number): Promise<void> {
  const { data: present } = await client.call<number>(api.count);
  for (let made = present; made < rows; made += itemsPerBatch) {
    const count = Math.min(itemsPerBatch, rows - made);
    const items = Array.from({ length: count }, (_, index) =>
      api.newAccount(customer, String(((made + index) * 7919) % accountCount).padStart(9, "0")),
    );
    await client.call(api.accounts, `[${items.join(",")}]`);
  }
}

/** The addresses of pages deep in the list. */
async function walk(client: Client): Promise<string[]> {
  const paths: string[] = [];
  let cursor = "";
  for (let page = 0; page < pagesWalked; page++) {
    const { pagination } = await client.call<Account[]>(cursor === "" ? api.firstPage : api.page(cursor));
    if (pagination?.nextCursor === undefined) break;
    cursor = pagination.nextCursor;
    paths.push(api.page(cursor));
  }
  // The last page may be shorter than the others.
  return paths.slice(0, -1);
}

async function sampleIds(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for (let page = 1; ids.length < samples; page++) {
    const { data } = await client.call<Account[]>(`${api.accounts}?perPage=100&page=${page}`);
    ids.push(...data.map(({ id }) => id));
    if (data.length < 100) break;
  }
  return ids;
}

async function callsOf(client: Client, customer: string): Promise<Record<string, CallPlan>> {
  const { headers } = client;
  const posted = { ...headers, "content-type": "application/json" };
  const ids = await sampleIds(client);
  const item = api.newAccount(customer, "{n}");
  const many = `[${Array.from({ length: itemsPerBatch }, () => item).join(",")}]`;
  const read = { method: "GET", headers, status: 200 } as const;
  const write = { method: "POST", paths: [api.accounts], headers: posted } as const;
  return {
    get: { ...read, paths: ids.map((id) => `${api.accounts}/${id}`), check: "item", rows: 1 },
    list: { ...read, paths: [api.list], check: "list", rows: 20 },
    page: { ...read, paths: await walk(client), check: "page", rows: 20 },
    create: { ...write, body: item, status: api.createStatus, check: "created", rows: 1 },
    batch: { ...write, body: many, status: api.batchStatus, check: "batch", rows: itemsPerBatch },
  };
}

export interface PonsOptions {
  readonly engine: "sqlite" | "postgres";
  readonly name?: string;
  readonly what?: string;
  /** Rows in the table of accounts; default: as many as the peers have. */
  readonly rows?: number;
  /** Switches for parts of the server. */
  readonly env?: Readonly<Record<string, string>>;
}

export function pons(options: PonsOptions): Peer {
  const { engine, rows = accountCount } = options;
  return {
    name: options.name ?? `pons-${engine}`,
    what:
      options.what ??
      `Pons on ${engine === "sqlite" ? "SQLite" : "Postgres"}, started by its command with demo data, everything on`,
    async start(surroundings): Promise<Running> {
      if (!existsSync(commandLine)) throw new Unavailable("src/cli/main.ts is not there yet");
      const data = mkdtempSync(join(surroundings.folder, "pons-"));
      const database = engine === "postgres" ? await surroundings.createDatabase() : undefined;
      const serverOptions: ServerOptions = {
        command: ["node", join(root, "bin", "pons.mjs"), "start"],
        cwd: root,
        env: { PONS_HOST: "127.0.0.1", PONS_DATA: data, PONS_DATABASE_URL: database, PONS_LOG: "error", ...options.env },
        portVariable: "PONS_PORT",
        path: api.health,
      };
      const server = await serve(serverOptions);
      try {
        const demo = (await Bun.file(join(data, "demo.json")).json()) as { keys: { sandbox: string } };
        const client = new Client(server.url, demo.keys.sandbox);
        const customer = (await client.call<Account[]>(api.customers)).data[0]?.id ?? "";
        await fill(client, customer, rows);
        return {
          ...server,
          pids: [...server.serverPids, ...(engine === "postgres" ? [surroundings.postgresPid] : [])],
          calls: await callsOf(client, customer),
          count: async (what) => (what === "accounts" ? (await client.call<number>(api.count)).data : Number.NaN),
        };
      } catch (error) {
        await server.stop();
        throw error;
      }
    },
  };
}

/** The same server with parts off, so that the price of each is visible. */
export const variants: readonly PonsOptions[] = [];

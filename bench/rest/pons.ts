/**
 * Our side: everything the benchmark knows of Pons's API is in this file. It starts the real server by its command with the demo tenant's
 * key, fills the bank through the API with as many rows as the peers have, and says how each case is called.
 */
import { type CallPlan, type Peer, type Running } from "../harness/peer.ts";
import { Client, keyOf, ponsOptions } from "../harness/pons-server.ts";
import { serve, type ServerOptions } from "../harness/server.ts";
import { accountCount, newCustomer, newCustomers } from "../peers/bank.ts";

/** The newest version: an older one is answered by conversion, which the peers do not do. */
const base = "/bank/v2";
const api = {
  accounts: `${base}/accounts`,
  customers: `${base}/customers`,
  /** What a start is timed to: a read of the database by a caller with a key. */
  first: `${base}/accounts?perPage=1`,
  /** 80 % of the accounts are active, as with the peers. */
  list: `${base}/accounts?status=active&sortBy=createdAt.desc&perPage=20`,
  owners: `${base}/customers?status=active&perPage=100`,
  freeze: (id: string) => `${base}/accounts/${id}/freeze`,
  pages: `${base}/customers?sortBy=createdAt.desc&perPage=20`,
  createStatus: 201,
  batchStatus: 200,
};

const itemsPerBatch = 1000;
const pagesWalked = 30;
const samples = 1000;
const freezesAtOnce = 50;
/** Where the numbers of filled-in customers start: below those of the load generator. */
const firstFilled = 10_000_000;

interface Row {
  readonly id: string;
}

/** Calls `make` with how many are there already and how many to add, until there are `wanted`. */
async function fill(client: Client, collection: string, wanted: number, make: (index: number) => string): Promise<void> {
  for (let made = await client.count(collection); made < wanted; made += itemsPerBatch) {
    const count = Math.min(itemsPerBatch, wanted - made);
    const items = Array.from({ length: count }, (_, index) => make(made + index));
    await client.call(collection, `[${items.join(",")}]`);
  }
}

/** As many accounts as the peers have, of several owners; of those opened here every fifth is frozen. */
async function fillAccounts(client: Client): Promise<void> {
  const owners = (await client.call<Row[]>(api.owners)).data;
  const before = await client.count(api.accounts);
  await fill(client, api.accounts, accountCount, (index) => {
    const number = String(index).padStart(9, "0");
    return JSON.stringify({ customer: owners[index % owners.length]?.id, name: `Account ${number}`, currency: "EUR" });
  });
  const opened = (await ids(client, accountCount - before)).filter((_, index) => index % 5 === 0);
  for (let at = 0; at < opened.length; at += freezesAtOnce)
    await Promise.all(opened.slice(at, at + freezesAtOnce).map((id) => client.call(api.freeze(id), `{"reason":"Benchmark"}`)));
}

/** Ids of the youngest accounts. */
async function ids(client: Client, wanted: number): Promise<string[]> {
  const found: string[] = [];
  for (let page = 1; found.length < wanted; page++) {
    const { data } = await client.call<Row[]>(`${api.accounts}?sortBy=createdAt.desc&perPage=100&page=${page}`);
    found.push(...data.map(({ id }) => id));
    if (data.length < 100) break;
  }
  return found.slice(0, wanted);
}

/** The addresses of pages by cursor, deep in the list of customers. */
async function walk(client: Client): Promise<string[]> {
  const paths: string[] = [];
  let cursor = (await client.call<Row[]>(`${api.pages}&cursor=`)).pagination?.nextCursor;
  while (cursor !== undefined && paths.length < pagesWalked) {
    const path = `${api.pages}&cursor=${encodeURIComponent(cursor)}`;
    const { data, pagination } = await client.call<Row[]>(path);
    if (data.length === 20) paths.push(path);
    cursor = pagination?.nextCursor;
  }
  return paths;
}

async function callsOf(client: Client): Promise<Record<string, CallPlan>> {
  const { headers } = client;
  const paths = (await ids(client, samples)).map((id) => `${api.accounts}/${id}`);
  const read = { method: "GET", headers, status: 200 } as const;
  const write = { method: "POST", paths: [api.customers], headers: { ...headers, "content-type": "application/json" } } as const;
  return {
    get: { ...read, paths, check: "item", rows: 1 },
    list: { ...read, paths: [api.list], check: "list", rows: 20 },
    create: { ...write, body: newCustomer, status: api.createStatus, check: "created", rows: 1 },
    batch: { ...write, body: newCustomers, status: api.batchStatus, check: "batch", rows: itemsPerBatch },
  };
}

async function pageCalls(client: Client): Promise<Record<string, CallPlan>> {
  return { page: { method: "GET", headers: client.headers, status: 200, paths: await walk(client), check: "page", rows: 20 } };
}

export interface PonsOptions {
  readonly engine: "sqlite" | "postgres";
  readonly name?: string;
  readonly what?: string;
  /** For the growth of pages: so many customers, pages as the only call, and no accounts added. */
  readonly customers?: number;
  /** Switches for parts of the server. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Fills the bank by a server that ends with it. */
async function filled(
  options: ServerOptions,
  { data, customers }: { readonly data: string; readonly customers: number | undefined },
): Promise<string> {
  const server = await serve(options);
  try {
    const key = await keyOf(data);
    const client = new Client(server.url, key);
    if (customers === undefined) await fillAccounts(client);
    else await fill(client, api.customers, customers, (index) => newCustomer.replaceAll("{n}", String(firstFilled + index)));
    return key;
  } finally {
    await server.stop();
  }
}

export function pons(options: PonsOptions): Peer {
  const { engine, customers } = options;
  return {
    name: options.name ?? `pons-${engine}`,
    what:
      options.what ??
      `Pons on ${engine === "sqlite" ? "SQLite" : "Postgres"}, started by its command with demo data, everything on`,
    async start(surroundings): Promise<Running> {
      const { options: serverOptions, data } = await ponsOptions(surroundings, options);
      const key = await filled(serverOptions, { data, customers });
      // The peers' tables are filled without their servers: ours too begins its measured life now.
      const { headers } = new Client("", key);
      const server = await serve({ ...serverOptions, path: api.first, headers });
      try {
        const client = new Client(server.url, key);
        return {
          ...server,
          pids: [...server.serverPids, ...(engine === "postgres" ? [surroundings.postgresPid] : [])],
          calls: customers === undefined ? await callsOf(client) : await pageCalls(client),
          // The number of audit rows is no business of callers.
          count: async (what) => (what === "audit" ? Number.NaN : client.count(api.customers)),
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

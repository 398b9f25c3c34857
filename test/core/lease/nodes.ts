/**
 * Several nodes over one fresh Postgres, in one process: each with a store, a writer and a listener of its own, and members of the leases.
 *
 *   await using nodes = await openNodes(3);
 *   await nodes.at(1).call("owners.create", { body: { name: "Ann" } })
 */
import { SQL } from "bun";
import { type App, type AppOptions, createApp } from "../../../src/host/app.ts";
import { createForwardReceiver } from "../../../src/host/forward-receiver.ts";
import type { Result } from "../../../src/pipeline/call.ts";
import type { Strategy } from "../../../src/pipeline/pipeline.ts";
import { openStore } from "../../../src/store/index.ts";
import { testDatabases } from "../../postgres/index.ts";
import definition from "../depot/index.ts";
import { type CallOptions, type Running, serve, type StepOptions } from "../harness.ts";

export const secret = "a secret for cursors, of tests only";

export interface Node extends AsyncDisposable {
  readonly app: App;
  readonly address: string;
  call(operation: string, options?: CallOptions): Promise<Result>;
  batch(steps: readonly StepOptions[], strategy: Strategy): Promise<readonly Result[]>;
  join(): Promise<void>;
  /** Ends the listener alone: whoever calls is refused the connection. */
  close(): Promise<void>;
}

export interface Lease {
  readonly partition: number;
  readonly epoch: number;
  readonly holder: string | null;
  readonly address: string | null;
}

export interface Nodes extends AsyncDisposable {
  /** What made the database: a guest, which looks without being a node. */
  readonly depot: Running;
  at(position: number): Node;
  /** A further node, which has not joined. */
  open(options?: { readonly secret?: string }): Promise<Node>;
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  /** The lease of the realm that calls are made in. */
  lease(): Promise<Lease>;
  /** Gives the realm's lease to somebody who is none of the nodes. */
  giveTo(address: string, options: { readonly forMs: number }): Promise<void>;
}

const partitions = 16;

/** Opens nodes, all of which have joined; the first has the leases. */
export const openNodes = async (count: number, options: Pick<AppOptions, "managed"> = {}): Promise<Nodes> => {
  const postgres = testDatabases().find(({ engine }) => engine === "postgres");
  if (postgres === undefined) throw new Error("no Postgres");
  const database = await postgres.create();
  const depot = await serve(database, { services: [definition], cursorSecret: secret });
  const direct = new SQL(database.url, { max: 1, connection: { "pons.all_realms": "on" } });
  const opened: Node[] = [];

  const open: Nodes["open"] = async ({ secret: own = secret } = {}) => {
    const store = await openStore(database.url);
    const app = createApp({ services: [definition], contracts: depot.app.contracts, store, cursorSecret: own, ...options });
    const receive = createForwardReceiver(app);
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        if (request.method === "GET") return new Response("ok");
        return (await receive(request)) ?? new Response(null, { status: 404 });
      },
    });
    const address = `http://127.0.0.1:${server.port}`;
    const callOf = (name: string, options?: CallOptions) => {
      const operation = app.contracts.get("depot")?.operations.get(name);
      if (operation === undefined) throw new Error(`no operation ${name}`);
      return { ...depot.callOf(name, options), operation };
    };
    const node: Node = {
      app,
      address,
      call: async (name, options) => app.pipeline.run(callOf(name, options)),
      batch: async (steps, strategy) =>
        app.pipeline.runBatch(
          steps.map(({ operation, dependsOn = [], options: given = {} }) => ({
            dependsOn,
            prepare: (earlier) => callOf(operation, typeof given === "function" ? given(earlier) : given),
          })),
          { strategy },
        ),
      join: async () => app.leases?.join({ address }),
      close: () => server.stop(true),
      [Symbol.asyncDispose]: async () => {
        await server.stop(true);
        await app.writer.drained();
        await app.managed?.stop();
        await app.audit.stop();
        await app.leases?.leave();
        await store.close();
      },
    };
    opened.push(node);
    return node;
  };

  for (let position = 0; position < count; position++) await (await open()).join();
  const partition = depot.realm % partitions;
  return {
    depot,
    at: (position) => {
      const node = opened[position];
      if (node === undefined) throw new Error(`there is no node ${position}`);
      return node;
    },
    open,
    sql: async (text) => (await direct.unsafe(text)) as Record<string, unknown>[],
    lease: async () => {
      const [row] = (await direct.unsafe(
        `SELECT partition::int, epoch::int, holder, address FROM pons_leases WHERE realm = 0 AND partition = ${partition}`,
      )) as Lease[];
      if (row === undefined) throw new Error("there are no leases");
      return { ...row };
    },
    giveTo: async (address, { forMs }) => {
      await direct.unsafe(
        `UPDATE pons_leases SET epoch = epoch + 1, holder = 'somebody', address = $1,
           until = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $2 WHERE realm = 0 AND partition = ${partition}`,
        [address, forMs],
      );
    },
    [Symbol.asyncDispose]: async () => {
      for (const node of opened) await node[Symbol.asyncDispose]();
      await direct.close();
      await depot[Symbol.asyncDispose]();
    },
  };
};

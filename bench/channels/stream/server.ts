/** The bank as it is started for this benchmark: the real command, limits and records on, and keys under a plan that limits nothing. */
import type { Surroundings } from "../../harness/peer.ts";
import { Client, keyOf, ponsOptions } from "../../harness/pons-server.ts";
import { serve } from "../../harness/server.ts";

interface Row {
  readonly id: string;
}

export interface StreamServer {
  readonly engine: "sqlite" | "postgres";
  readonly url: string;
  /** `ws://127.0.0.1:3000/bank/v2/stream` */
  readonly address: string;
  readonly client: Client;
  readonly keys: readonly string[];
  /** Ids of accounts. */
  readonly accounts: readonly string[];
  readonly customer: string;
  /** Whose CPU time counts, the database's included; and the server alone, whose memory is told. */
  readonly pids: readonly number[];
  readonly serverPids: readonly number[];
  stop(): Promise<void>;
}

/** One credential may have 2,500 connections. */
const keyCount = 8;

export const startStreamServer = async (surroundings: Surroundings, engine: StreamServer["engine"]): Promise<StreamServer> => {
  const { options, data } = await ponsOptions(surroundings, { engine });
  const server = await serve(options);
  try {
    const client = new Client(server.url, await keyOf(data));
    const make = async <T>(path: string, body: object): Promise<T> =>
      (await client.call<T>(`/platform/v1${path}`, JSON.stringify(body))).data;
    const services = [{ service: "bank", roles: ["teller"] }];
    const product = await make<Row>("/products", { name: "crowd", title: "Crowd", services, visibility: "public" });
    const plan = await make<Row>("/plans", { name: "crowd", title: "Crowd" });
    const keys: string[] = [];
    for (let at = 0; at < keyCount; at++) {
      const app = await make<Row>("/apps", { name: `Crowd ${at}` });
      await make("/subscriptions", { app: app.id, product: product.id, plan: plan.id, environment: "sandbox" });
      keys.push((await make<{ secret: string }>(`/apps/${app.id}/createKey`, { name: "Crowd", environment: "sandbox" })).secret);
    }
    const accounts = (await client.call<Row[]>("/bank/v2/accounts?perPage=100&fields=id")).data.map(({ id }) => id);
    const [customer] = (await client.call<Row[]>("/bank/v2/customers?status=active&perPage=1&fields=id")).data;
    return {
      engine,
      url: server.url,
      address: `${server.url.replace("http", "ws")}/bank/v2/stream`,
      client,
      keys,
      accounts,
      customer: customer?.id ?? "",
      pids: [...server.serverPids, ...(engine === "postgres" ? [surroundings.postgresPid] : [])],
      serverPids: server.serverPids,
      stop: server.stop,
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
};

/** Our side of the three-level query: the real server by its command, with a key, limits, policies and the record of usage on. */
import { join } from "node:path";
import type { Peer, Running } from "../../harness/peer.ts";
import { Client, keyOf, ponsOptions } from "../../harness/pons-server.ts";
import { serve } from "../../harness/server.ts";
import { creditOf, graphAccounts, sentPerAccount } from "../../peers/graph.ts";

const definition = join(import.meta.dir, "service.ts");
const base = "/graph/v1";
const itemsPerBatch = 1_000;
const query = `{ accounts(first: 20) { nodes { id name balance sent(first: 10) { nodes { id amount note createdAt credit { id name } } } } } }`;

const idOf = (prefix: string, number: number): string => `${prefix}_${String(number).padStart(26, "0")}`;

async function fill(client: Client): Promise<void> {
  const accounts = Array.from({ length: graphAccounts }, (_, at) => ({
    id: idOf("acc", at),
    name: `Account ${at}`,
    currency: "EUR",
  }));
  await client.call(`${base}/accounts`, JSON.stringify(accounts));
  const transfers = Array.from({ length: graphAccounts * sentPerAccount }, (_, at) => {
    const [account, sent] = [Math.floor(at / sentPerAccount), at % sentPerAccount];
    const [debit, credit] = [idOf("acc", account), idOf("acc", creditOf(account, sent))];
    return { id: idOf("tra", at), debit, credit, amount: 100 + sent, note: `Payment ${sent}` };
  });
  for (let at = 0; at < transfers.length; at += itemsPerBatch)
    await client.call(`${base}/transfers`, JSON.stringify(transfers.slice(at, at + itemsPerBatch)));
}

export const pons = (engine: "postgres" | "sqlite"): Peer => ({
  name: `pons-${engine}`,
  what: `Pons on ${engine === "sqlite" ? "SQLite" : "Postgres"}, started by its command, everything on; connections as Relay has them`,
  async start(surroundings): Promise<Running> {
    const { options, data } = await ponsOptions(surroundings, { engine });
    const server = await serve({ ...options, command: [...options.command, "--services", definition] });
    try {
      const client = new Client(server.url, await keyOf(data));
      await fill(client);
      const headers = { ...client.headers, "content-type": "application/json" };
      return {
        ...server,
        pids: [...server.serverPids, ...(engine === "postgres" ? [surroundings.postgresPid] : [])],
        calls: {
          graph: {
            method: "POST",
            paths: [`${base}/graphql`],
            headers,
            body: JSON.stringify({ query }),
            status: 200,
            check: "graph",
            rows: 420,
          },
        },
      };
    } catch (error) {
      await server.stop();
      throw error;
    }
  },
});

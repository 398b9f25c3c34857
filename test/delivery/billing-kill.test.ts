/**
 * kill -9 of the server while it posts what the demo house bills at the demo bank, several times: in the end each line is posted, each once, and the
 * accounts have moved by exactly the sum.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { checkBooksTwice } from "../faults/bank-check.ts";
import { openDirect } from "../faults/direct.ts";
import { root, startServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";

const kills = 2;
/** Orders on the manifest of the demo data. */
const ordersCount = 40;
const catchUpMsMax = 60_000;

for (const { engine, create } of testDatabases()) {
  test(`SECURITY 32, 39: ${engine}: ${kills} kills while bills are posted: each line once`, async () => {
    await using database = await create();
    using folder = new TemporaryFolder();
    const options = {
      data: folder.path,
      services: ["bank", "delivery"].map((name) => join(root, "services", name)),
      environment: { PONS_DATABASE_URL: database.url, PONS_LOG: "silent" },
    };
    let server = await startServer(options);
    await using direct = openDirect(database.url);
    const count = async (from: string): Promise<number> =>
      Number((await direct.query(`SELECT count(*) AS n FROM ${from}`))[0]?.["n"]);
    try {
      const [named] = await direct.query("SELECT debit, credit FROM delivery_billing_accounts");
      const [debit, credit] = [String(named?.["debit"]), String(named?.["credit"])];
      const balances = async (): Promise<readonly bigint[]> => {
        const rows = await direct.query(`SELECT id, balance FROM bank_accounts WHERE id IN ('${debit}', '${credit}')`);
        return [debit, credit].map((account) => BigInt(String(rows.find(({ id }) => id === account)?.["balance"])));
      };
      const [debitBefore = 0n, creditBefore = 0n] = await balances();
      const before = await count("bank_transfers");
      const [manifest] = await server.data<{ id: string }[]>("/delivery/v1/manifests");
      expect((await server.post(`/delivery/v1/manifests/${manifest?.id}/handOver`, {})).status).toBe(200);
      const until = performance.now() + catchUpMsMax;
      for (let kill = 1; kill <= kills; kill++) {
        const wanted = before + kill * 12;
        while ((await count("bank_transfers")) < wanted && performance.now() < until) await Bun.sleep(5);
        await server.stop("SIGKILL");
        server = await startServer(options);
      }
      const isDone = async (): Promise<boolean> =>
        (await count("(SELECT DISTINCT external_id FROM delivery_billing_entries) orders")) === ordersCount &&
        (await count("delivery_postings WHERE state <> 'posted'")) === 0;
      while (!(await isDone()) && performance.now() < until) await Bun.sleep(100);
      expect(await isDone()).toBe(true);
      const posted = await direct.query("SELECT transfer, amount FROM delivery_postings");
      expect(posted.length).toBeGreaterThan(ordersCount * 2);
      expect(new Set(posted.map(({ transfer }) => transfer)).size).toBe(posted.length);
      expect((await count("bank_transfers")) - before).toBe(posted.length);
      const sum = posted.reduce((total, { amount }) => total + BigInt(String(amount)), 0n);
      expect(await balances()).toEqual([debitBefore - sum, creditBefore + sum]);
      await checkBooksTwice(direct, database.url);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  }, 120_000);
}

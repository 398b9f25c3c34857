/** `pons audit` on what a real server has written: verified with what was exported, tampered with, verified where there is no secret, printed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openStore, type OpenStore } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { line } from "../host/command-line.ts";
import { type Ended, pons, startServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import type { TestDatabase } from "../postgres/index.ts";

const minute = 60_000;

forEachEngine((engine) => {
  describe("pons audit", () => {
    const folder = new TemporaryFolder();
    const checkpoints = folder.at("checkpoints.ndjson");
    let database: TestDatabase;
    let store: OpenStore;
    let rows: number;
    const environment = (): Record<string, string> => ({ PONS_DATA: folder.at("data"), PONS_DATABASE_URL: database.url });
    const run = (...args: readonly string[]): Promise<Ended> => line(["audit", ...args], environment());

    beforeAll(async () => {
      database = await engine.create();
      await using server = await startServer({
        data: folder.at("data"),
        environment: { PONS_DATABASE_URL: database.url, PONS_AUDIT_EXPORT: checkpoints },
      });
      const body = { name: "Ada Lovelace", email: "ada@audit.example", country: "MT" };
      expect((await server.post("/bank/v2/customers", body)).status).toBe(201);
      expect((await server.post("/bank/v2/customers", body, { authorization: "Bearer pons_live_0000" })).status).toBe(401);
      expect(await server.stop()).toBe(0);
      store = await openStore(database.url);
      const counted = await store.admin.query("SELECT count(*) AS rows FROM pons_journal");
      rows = Number(counted[0]?.["rows"]);
    }, minute);
    afterAll(async () => {
      await store.close();
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });

    test(
      "verify: what a server wrote, with what it exported",
      async () => {
        const ended = await pons(["audit", "verify", "--checkpoints", checkpoints, "--json"], environment());
        expect(ended).toMatchObject({ code: 0, err: "" });
        expect(JSON.parse(ended.out)).toMatchObject({
          ok: true,
          journal: { rows, unchained: 0 },
          refusals: { rows: 1 },
          problems: [],
        });
        expect((JSON.parse(ended.out) as { exported: { statements: number } }).exported.statements).toBeGreaterThan(0);
        expect((await run("verify", "--tenant", "demo")).out).toStartWith("The audit agrees: ");
      },
      minute,
    );

    test(
      "key and --key: verified on a machine that has no secret",
      async () => {
        const key = await run("key");
        expect(key.out).toStartWith("-----BEGIN PUBLIC KEY-----");
        await Bun.write(folder.at("key.pem"), key.out);
        const elsewhere = (...args: readonly string[]): Promise<Ended> =>
          line(["audit", ...args], { ...environment(), PONS_DATA: folder.at("elsewhere") });
        const { id, publicKey } = JSON.parse((await run("key", "--json")).out) as { id: string; publicKey: string };
        const without = await elsewhere("verify");
        expect(without).toMatchObject({ code: 1, out: expect.stringContaining(`a key that is not known: ${id}`) });
        expect(await elsewhere("verify", "--key", folder.at("key.pem"))).toMatchObject({ code: 0 });
        expect(await elsewhere("verify", "--key", publicKey)).toMatchObject({ code: 0 });
        expect(await elsewhere("verify", "--key", "nothing")).toMatchObject({
          code: 64,
          err: expect.stringContaining("Ed25519"),
        });
        expect(await elsewhere("key")).toMatchObject({ code: 69 });
      },
      minute,
    );

    test(
      "export: a line per row, in order, of one kind and of one tenant",
      async () => {
        const lines = async (...args: readonly string[]): Promise<Record<string, unknown>[]> => {
          const { code, out } = await run("export", ...args);
          expect(code).toBe(0);
          return out
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => JSON.parse(line) as Record<string, unknown>);
        };
        const journal = await lines();
        expect(journal).toHaveLength(rows);
        expect(journal.findLast(({ environment }) => environment === "sandbox")).toMatchObject({
          tenant: "demo",
          environment: "sandbox",
          operation: "bank.customers.create",
          changes: [{ table: "bank_customers", after: { email: "ada@audit.example" } }],
          hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        });
        const ofDemo = (await lines("--tenant", "demo")).map(({ tenant }) => tenant);
        expect(new Set(ofDemo)).toEqual(new Set(["demo"]));
        expect(await lines("--of", "refusals")).toMatchObject([
          { type: "invalid_credentials", status: 401, operation: "bank.customers.create" },
        ]);
        expect((await lines("--of", "checkpoints")).length).toBeGreaterThan(0);
        expect(await run("export", "--of", "everything")).toMatchObject({ code: 64 });
        expect(await run("export", "--tenant", "nobody")).toMatchObject({ code: 64 });
        expect(await run("verify", "--of", "journal")).toMatchObject({ code: 64 });
        expect(await run("verify", "--checkpoints", folder.at("none"))).toMatchObject({ code: 65 });
        expect(await run("verify", "--checkpoints", folder.at("key.pem"))).toMatchObject({ code: 65 });
      },
      minute,
    );

    // Last: the rows are not as they were afterwards.
    test(
      "SECURITY 64: verify ends with 1 and names the first row that was touched",
      async () => {
        for (const sql of store.admin.dialect.notAppendOnly("pons_journal")) await store.admin.query(sql);
        const [realm] = await store.admin.query(
          "SELECT realm FROM pons_realms WHERE tenant = 'demo' AND environment = 'sandbox'",
        );
        await store.admin.query(
          `UPDATE pons_journal SET status = 204 WHERE realm = ${String(realm?.["realm"])} AND seq IN (3, 5)`,
        );
        const told = "pons_journal demo/sandbox row 3: its hash is not that of its content and of the row before";
        expect(await run("verify")).toMatchObject({ code: 1, out: `✗ ${told}\n` });
        const { code, out } = await run("verify", "--json");
        expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
          code: 1,
          ok: false,
          problems: [{ table: "pons_journal", seq: 3 }],
        });
      },
      minute,
    );
  });
});

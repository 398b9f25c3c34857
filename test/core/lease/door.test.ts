/** The address where nodes meet, on real servers: to whoever has no signature it is not there, on either database. */
import { expect, test } from "bun:test";
import { encode, encodeItem, forwardPath, Signer } from "../../../src/host/forward.ts";
import type { Call } from "../../../src/pipeline/call.ts";
import { compileServices } from "../../../src/host/app.ts";
import bank from "../../../services/bank/index.ts";
import { startServer } from "../../host/server.ts";
import { openStore, realmOf } from "../../../src/store/index.ts";
import { TemporaryFolder } from "../../host/temporary-folder.ts";
import { testDatabases } from "../../postgres/index.ts";

const secret = "a secret of the installation that its nodes share";
const startMs = 40_000;

const without = (text: string): unknown => {
  const { requestId: _requestId, ...rest } = (JSON.parse(text) as { error: Record<string, unknown> }).error;
  return rest;
};

test.each([...testDatabases()])(
  "$engine: what is not signed is answered like an address that is not there; what is, on Postgres, is executed",
  async ({ engine, create }) => {
    await using database = await create();
    using folder = new TemporaryFolder();
    await using server = await startServer({
      data: folder.path,
      services: ["services/bank"],
      environment: { PONS_DATABASE_URL: database.url, PONS_SECRET: secret },
    });
    const operation = compileServices([bank]).get("bank")?.operations.get("customers.create");
    if (operation === undefined) throw new Error("the bank opens no accounts for customers");
    const store = await openStore(database.url);
    const realm = await realmOf(store, "demo", "sandbox");
    await store.close();
    const call: Call = {
      operation,
      input: { body: { name: "Handed Over", email: "handed@example.com", country: "MT" } },
      credentials: { kind: "none" },
      principal: { realm, tenant: "demo", environment: "sandbox", app: "a", user: "u", subject: null, roles: ["teller"] },
      locale: "en",
      requestId: "handed-over",
      channel: "rest",
    };
    const body = encode([encodeItem({ strategy: "independent", calls: [call] }, Date.now())]);
    const ask = async (path: string, authorization: string) => {
      const response = await fetch(`${server.facts.baseUrl}${path}`, { method: "POST", body, headers: { authorization } });
      return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
    };
    const signed = (by: string) => new Signer(by).request(body, { nonce: crypto.randomUUID(), nowMs: Date.now() });
    const nowhere = await ask("/_pons/nowhere", "Bearer none");
    expect(nowhere.status).toBe(404);
    const refusals = [
      await ask(forwardPath, "Bearer none"),
      await ask(forwardPath, `Bearer ${server.facts.demo?.keys.sandbox}`),
      await ask(forwardPath, signed(`${secret}, or not`)),
      ...(engine === "sqlite" ? [await ask(forwardPath, signed(secret))] : []),
    ];
    for (const { status, type, text } of refusals) {
      expect({ status, type }).toEqual({ status: nowhere.status, type: nowhere.type });
      expect(without(text)).toEqual(without(nowhere.text));
    }
    // An address that only ends like it is the channel's.
    const called = await server.post(`/bank/v2/customers?of=${forwardPath}`, { name: "x" });
    expect(called.status).toBe(422);
    if (engine === "postgres") expect(await ask(forwardPath, signed(secret))).toMatchObject({ status: 200 });
    const found = await server.data<unknown[]>("/bank/v2/customers?email=handed@example.com");
    expect(found).toHaveLength(engine === "postgres" ? 1 : 0);
  },
  startMs,
);

/** Two processes' worth of the app over one Postgres database at once: one journal without gaps, no lost update, one holder of a unique value. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createApp } from "../../../src/host/app.ts";
import type { Result } from "../../../src/pipeline/call.ts";
import { openStore, type OpenStore, realmOf } from "../../../src/store/index.ts";
import { testDatabases } from "../../postgres/index.ts";
import definition from "../depot/index.ts";
import { type CallOptions, dataOf, idOf, outcomeOf, type Running, serve } from "../harness.ts";

describe("two nodes over one Postgres", () => {
  let depot: Running;
  let second: OpenStore;
  let other: Pick<Running, "call">;
  let owner: string;

  beforeAll(async () => {
    const [, postgres] = testDatabases();
    if (postgres === undefined) throw new Error("no Postgres");
    const database = await postgres.create();
    depot = await serve(database, { services: [definition] });
    second = await openStore(database.url);
    const app = createApp({ services: [definition], store: second, cursorSecret: "a secret for cursors, of tests only" });
    other = {
      call: async (name: string, options?: CallOptions): Promise<Result> => {
        const call = depot.callOf(name, options);
        const operation = app.contracts.get("depot")?.operations.get(name);
        if (operation === undefined) throw new Error(`no operation ${name}`);
        return app.pipeline.run({ ...call, operation });
      },
    };
  });
  afterAll(async () => {
    await second.close();
    await depot[Symbol.asyncDispose]();
  });

  const node = (at: number): Pick<Running, "call"> => (at % 2 === 0 ? depot : other);

  test("the very first writes of a realm, on both at once", async () => {
    for (let round = 0; round < 6; round++) {
      const realm = await realmOf(depot.store, "tenant", `e${round}`);
      const as = depot.caller("clerk", { realm, tenant: "tenant", environment: `e${round}` });
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) => node(at).call("owners.create", { as, body: { name: `O${at}` } })),
      );
      expect(results.map(outcomeOf)).toEqual(results.map(() => "201"));
      expect((await depot.journal({ realm })).map(({ seq }) => seq)).toEqual(results.map((_, at) => at + 1));
      const first = idOf(results[0]);
      const boxes = await Promise.all(
        Array.from({ length: 10 }, (_, at) => node(at).call("boxes.create", { as, body: { owner: first, code: `B${at}` } })),
      );
      expect(boxes.map((result) => dataOf(result)["number"]).toSorted((a, b) => Number(a) - Number(b))).toEqual(
        boxes.map((_, at) => at + 1),
      );
    }
  });

  test("no update is lost, and the journal has no gaps", async () => {
    owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
    const [a, b] = await Promise.all(
      ["A", "B"].map(async (code) => idOf(await depot.call("boxes.create", { body: { owner, code, value: 1_000 } }))),
    );
    const pair = [String(a), String(b)] as const;
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, at) =>
        node(at).call("boxes.pour", {
          id: pair[(at >> 1) % 2] as string,
          body: { into: pair[((at >> 1) + 1) % 2], value: 1 + (at % 5) },
        }),
      ),
    );
    expect(results.every((result) => result.ok)).toBe(true);
    const [left, right] = await Promise.all(pair.map((id) => depot.call("boxes.get", { id })));
    expect(Number(dataOf(left)["value"]) + Number(dataOf(right)["value"])).toBe(2_000);
    expect(dataOf(left)["version"]).toBe(201);
    const moves = await depot.call("moves.list", {
      query: { perPage: 100, sortBy: ["seq"], filters: [{ path: "seq", op: "gt", values: [100], as: "seq" }] },
    });
    expect((dataOf(moves) as unknown as { seq: number }[]).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 101),
    );
    const journal = await depot.journal();
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
  });

  test("rows found by a condition are changed as they are, not as they were", async () => {
    const mine = idOf(await depot.call("owners.create", { body: { name: "Found" } }));
    const box = idOf(await depot.call("boxes.create", { body: { owner: mine, code: "found" } }));
    await Promise.all(Array.from({ length: 40 }, (_, at) => node(at).call("boxes.raiseAll", { body: { owner: mine, by: 1 } })));
    expect(dataOf(await depot.call("boxes.get", { id: box }))["value"]).toBe(40);
  });

  test("a unique value has one holder; the others are told 409 and which field", async () => {
    for (let round = 0; round < 10; round++) {
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, at) => node(at).call("boxes.create", { body: { owner, code: `race-${round}` } })),
      );
      expect(results.filter((result) => result.ok)).toHaveLength(1);
      for (const result of results) {
        if (!result.ok)
          expect(result.refusal).toMatchObject({
            status: 409,
            type: "already_exists",
            issues: { code: [{ code: "duplicate" }] },
          });
      }
    }
  });

  test("SECURITY 32: an idempotency key has one effect on both", async () => {
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, at) => node(at).call("restock", { idempotencyKey: "both", body: { names: ["both"] } })),
    );
    expect(results.map(outcomeOf)).toEqual(results.map(() => "200"));
    expect(results.filter((result) => result.replayed === undefined)).toHaveLength(1);
    const named = await depot.call("owners.count", {
      query: { filters: [{ path: "name", op: "eq", values: ["both"], as: "name" }] },
    });
    expect(dataOf(named)).toBe(1 as never);
  });

  test("deleting a row and referring to it at once: one of the two wins", async () => {
    for (let round = 0; round < 10; round++) {
      const mine = idOf(await depot.call("owners.create", { body: { name: `D${round}` } }));
      const [removed, made] = await Promise.all([
        node(round).call("owners.delete", { id: mine }),
        node(round + 1).call("boxes.create", { body: { owner: mine, code: `D${round}` } }),
      ]);
      expect([outcomeOf(removed), outcomeOf(made)].toSorted()).toEqual(
        made.ok ? ["201", "409 still_referenced"] : ["204", "422 invalid_reference"],
      );
    }
  });

  test("batches over several realms at once do not block each other for good", async () => {
    const realms = await Promise.all(["x", "y", "z"].map(async (environment) => realmOf(depot.store, "mixed", environment)));
    const calls = Array.from({ length: 120 }, (_, at) => {
      const realm = realms[(at * 7 + (at % 2)) % 3] as number;
      return node(at).call("owners.create", { as: depot.caller("clerk", { realm }), body: { name: `M${at}` } });
    });
    expect((await Promise.all(calls)).every((result) => result.ok)).toBe(true);
    for (const realm of realms) {
      const journal = await depot.journal({ realm });
      expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
    }
  });
});

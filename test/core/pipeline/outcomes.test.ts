/** The pipeline's outcomes: every refusal by its code, nothing thrown, whoever is told of calls and errors. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Call, Result } from "../../../src/pipeline/call.ts";
import { StoreError, type OpenStore } from "../../../src/store/index.ts";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf, type Running, serve } from "../harness.ts";

forEachEngine((engine) => {
  describe("outcomes", () => {
    let depot: Running;
    let owner: string;
    let box: string;
    let broken: StoreError | Error | undefined;
    let told: [string, string][] = [];
    let recorder: (call: Call, result: Result) => void = () => {};

    const failing = <T>(value: () => T): T => {
      if (broken !== undefined) throw broken;
      return value();
    };
    const around = (store: OpenStore): OpenStore => ({
      engine: store.engine,
      admin: store.admin,
      realms: store.realms,
      read: (shape, calls) => failing(() => store.read(shape, calls)),
      scan: (shape, call, options) => failing(() => store.scan(shape, call, options)),
      write: (work) => failing(() => store.write(work)),
      ping: () => store.ping(),
      close: () => store.close(),
    });

    beforeAll(async () => {
      depot = await serve(await engine.create(), {
        services: [definition],
        around,
        tolerant: true,
        onCall: (call, result) => {
          told.push([call.operation.name, outcomeOf(result)]);
          recorder(call, result);
        },
      });
      owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
      box = idOf(await depot.call("boxes.create", { body: { owner, code: "p", value: 10, label: "L" } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("each kind of refusal", async () => {
      const { principal: _, ...anonymous } = depot.callOf("boxes.get", { id: box });
      expect(outcomeOf(await depot.app.pipeline.run(anonymous))).toBe("401 unauthenticated");
      expect(
        outcomeOf(await depot.app.pipeline.run({ ...anonymous, credentials: { kind: "key", secret: "pons_live_nonsense" } })),
      ).toBe("401 invalid_credentials");
      expect(outcomeOf(await depot.call("boxes.get", { id: box, as: depot.caller("guest") }))).toBe("403 forbidden");
      expect(outcomeOf(await depot.call("boxes.get", { id: "box_0" }))).toBe("404 not_found");
      expect(outcomeOf(await depot.call("boxes.create", { body: {} }))).toBe("422 validation_failed");
      expect(outcomeOf(await depot.call("boxes.get", { id: box, deadline: Date.now() - 1 }))).toBe("504 deadline_exceeded");
      expect(outcomeOf(await depot.call("boxes.get", { id: box, signal: AbortSignal.abort() }))).toBe("504 deadline_exceeded");
      expect(outcomeOf(await depot.call("boxes.get", { id: box }))).toBe("200");
    });

    const errors: [StoreError | Error, string, string][] = [
      [new StoreError("unavailable", "secret of the database"), "503 unavailable", "503 unavailable"],
      [new StoreError("timeout", "secret of the database"), "504 deadline_exceeded", "503 unavailable"],
      [new StoreError("full", "secret of the database"), "500 internal", "507 storage_full"],
      [new StoreError("broken", "secret of the database"), "500 internal", "500 internal"],
      [new Error("secret of the database"), "500 internal", "500 internal"],
    ];
    test.each(errors)("%s is an outcome that tells nothing of the database", async (error, onRead, onWrite) => {
      broken = error;
      const results = [
        await depot.call("boxes.get", { id: box }),
        await depot.call("boxes.list"),
        await depot.call("boxes.update", { id: box, body: {} }),
        await depot.call("summary", { body: {} }),
      ];
      const batch = await depot.batch(
        [
          { operation: "boxes.update", options: { id: box, body: {} } },
          { operation: "boxes.get", options: { id: box } },
        ],
        "atomic",
      );
      const stream = await depot.app.pipeline.stream(depot.callOf("boxes.list"));
      broken = undefined;
      expect(results.map(outcomeOf)).toEqual([onRead, onRead, onWrite, onRead]);
      expect(batch.map(outcomeOf)).toEqual([onWrite, onWrite]);
      expect(JSON.stringify([results, batch])).not.toContain("secret");
      expect(stream.ok).toBe(false);
      for (const result of results)
        if (!result.ok && result.refusal.status === 503) expect(result.refusal.retryAfter).toBeGreaterThan(0);
      expect(outcomeOf(await depot.call("boxes.get", { id: box }))).toBe("200");
    });

    test("whoever is told of calls is told of each once, and may fail without harm", async () => {
      told = [];
      await depot.call("boxes.get", { id: box });
      await depot.call("boxes.get", { id: box, as: depot.caller("guest") });
      await depot.call("boxes.update", { id: box, body: {} });
      await depot.batch([{ operation: "idle" }, { operation: "boxes.get", options: { id: box } }], "atomic");
      expect(told).toEqual([
        ["boxes.get", "200"],
        ["boxes.get", "403 forbidden"],
        ["boxes.update", "200"],
        ["idle", "204"],
        ["boxes.get", "200"],
      ]);
      recorder = () => {
        throw new Error("the recorder is broken");
      };
      const results = await Promise.all([
        depot.call("boxes.get", { id: box }),
        depot.call("boxes.update", { id: box, body: { value: 11 } }),
        depot.call("boxes.get", { id: "x" }),
      ]);
      const batch = await depot.batch([{ operation: "idle" }, { operation: "idle" }], "atomic");
      recorder = () => {};
      expect(results.map(outcomeOf)).toEqual(["200", "200", "404 not_found"]);
      expect(batch.map(outcomeOf)).toEqual(["204", "204"]);
    });

    test("a version nobody declared is an error of ours, not a crash", async () => {
      expect(outcomeOf(await depot.call("boxes.get", { id: box, version: "v99" }))).toBe("500 internal");
      expect(outcomeOf(await depot.call("boxes.create", { body: { owner: 1 }, version: "v99" }))).toBe("500 internal");
    });

    test("an older version is understood and answered in its own words, issues included", async () => {
      const v1 = { version: "v1" } as const;
      const created = dataOf(await depot.call("boxes.create", { ...v1, body: { owner, sku: "old", value: "25" } }));
      expect(created).toMatchObject({ sku: "old", value: "25" });
      expect(created).not.toHaveProperty("code");
      expect(created).not.toHaveProperty("label");
      expect(dataOf(await depot.call("boxes.get", { id: String(created["id"]) }))).toMatchObject({
        code: "old",
        value: 25,
        label: null,
      });
      const query = {
        filters: [{ path: "sku", op: "eq" as const, values: ["old"], as: "sku" }],
        sortBy: ["sku.desc"],
        fields: ["sku", "value"],
      };
      expect(rowsOf(await depot.call("boxes.list", { ...v1, query }))).toEqual([{ sku: "old", value: "25" }]);
      expect(
        rowsOf(await depot.call("owners.list", { ...v1, query: { include: [{ name: "boxes", sortBy: ["sku"] }] } }))[0],
      ).toMatchObject({ boxes: [{ sku: "old" }, { sku: "p" }] });
      expect(
        refusalOf(await depot.call("boxes.create", { ...v1, body: { owner, sku: "", value: "x", label: "new" } })).issues,
      ).toMatchObject({ value: [{ code: "bad_format" }] });
      expect(refusalOf(await depot.call("boxes.create", { ...v1, body: { owner, sku: "", value: "1" } })).issues).toEqual({
        sku: [{ code: "required" }],
      });
      expect(refusalOf(await depot.call("boxes.create", { ...v1, body: { owner, sku: "old", value: "1" } })).issues).toEqual({
        sku: [{ code: "duplicate" }],
      });
      expect(
        refusalOf(
          await depot.call("boxes.list", { ...v1, query: { filters: [{ path: "code", op: "eq", values: ["p"], as: "code" }] } }),
        ).issues,
      ).toMatchObject({ code: [{ code: "unknown_field" }] });
      // A replace in the old words leaves alone what they have no word for.
      expect(dataOf(await depot.call("boxes.replace", { ...v1, id: box, body: { owner, sku: "p", value: "12" } }))).toMatchObject(
        { sku: "p", value: "12" },
      );
      expect(dataOf(await depot.call("boxes.get", { id: box }))).toMatchObject({ label: "L", value: 12 });
    });

    test("an independent batch: each stands alone, a step waits for those it depends on, also for a refused one", async () => {
      const results = await depot.batch(
        [
          { operation: "owners.create", options: { body: { name: "New" } } },
          { operation: "boxes.create", options: { body: {} } },
          {
            operation: "boxes.create",
            dependsOn: [0],
            options: (earlier) => ({ body: { owner: idOf(earlier[0]), code: "dep" } }),
          },
          { operation: "boxes.get", dependsOn: [2], options: (earlier) => ({ id: idOf(earlier[2]) }) },
          {
            operation: "boxes.list",
            dependsOn: [1],
            options: (earlier) => ({ query: { perPage: earlier[1]?.ok === false ? 1 : 2 } }),
          },
          { operation: "idle", options: { as: depot.caller("guest") } },
        ],
        "independent",
      );
      expect(results.map(outcomeOf)).toEqual(["201", "422 validation_failed", "201", "200", "200", "403 forbidden"]);
      expect(dataOf(results[3])).toMatchObject({ code: "dep" });
      expect(results[4]).toMatchObject({ page: { perPage: 1 } });
    });

    test("a stream gives every row once, in order, redacted, with relations, in the caller's version; refusals come before the first row", async () => {
      await Promise.all(
        Array.from({ length: 1_150 }, (_, at) => depot.call("tags.create", { body: { name: `t${at}`, rank: at % 7 } })),
      );
      const collect = async (call: Call): Promise<Record<string, unknown>[]> => {
        const stream = await depot.app.pipeline.stream(call);
        if (!stream.ok) throw new Error(JSON.stringify(stream.refusal));
        const rows: Record<string, unknown>[] = [];
        for await (const chunk of stream.rows) rows.push(...(chunk as Record<string, unknown>[]));
        return rows;
      };
      const tags = await collect(
        depot.callOf("tags.list", {
          query: {
            sortBy: ["rank.desc", "name"],
            filters: [{ path: "rank", op: "gt", values: [1], as: "rank" }],
            fields: ["name", "rank"],
          },
        }),
      );
      const expected = Array.from({ length: 1_150 }, (_, at) => ({ name: `t${at}`, rank: at % 7 })).filter(
        ({ rank }) => rank > 1,
      );
      expected.sort((a, b) => b.rank - a.rank || (a.name < b.name ? -1 : 1));
      expect(tags).toEqual(expected);
      const boxes = await collect(
        depot.callOf("boxes.list", {
          version: "v1",
          as: depot.caller("owner", { subject: owner }),
          query: { sortBy: ["owner.name"], include: [{ name: "owner" }] },
        }),
      );
      expect(new Set(boxes.map(({ sku }) => sku))).toEqual(new Set(["old", "p"]));
      for (const row of boxes) expect(row["owner"]).not.toHaveProperty("pin");
      expect(await collect(depot.callOf("tags.list", { query: { perPage: 3 } }))).toHaveLength(3);
      const related = await collect(depot.callOf("boxes.list", { parent: { resource: "owners", id: owner, relation: "boxes" } }));
      expect(related).toHaveLength(2);
      const refusals = await Promise.all([
        depot.app.pipeline.stream(depot.callOf("tags.list", { query: { sortBy: ["nothing"] } })),
        depot.app.pipeline.stream(depot.callOf("tags.list", { as: depot.caller("guest") })),
        depot.app.pipeline.stream(
          depot.callOf("boxes.list", { parent: { resource: "owners", id: "nobody", relation: "boxes" } }),
        ),
      ]);
      expect(refusals.map((stream) => (stream.ok ? "200" : stream.refusal.status))).toEqual([422, 403, 404]);
      const abort = new AbortController();
      const stream = await depot.app.pipeline.stream(depot.callOf("tags.list", { signal: abort.signal }));
      let chunks = 0;
      if (stream.ok)
        for await (const _ of stream.rows) {
          chunks++;
          abort.abort();
        }
      expect(chunks).toBe(1);
    });
  });
});

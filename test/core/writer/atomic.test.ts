/** Atomic batches: all or nothing, with reads and references to earlier results in between. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf, type Running, serve, type StepOptions } from "../harness.ts";

forEachEngine((engine) => {
  describe("atomic", () => {
    let depot: Running;
    let owner: string;

    const create = (code: string, more: object = {}): StepOptions => ({
      operation: "boxes.create",
      options: { body: { owner, code, ...more } },
    });
    const counted = async (prefix: string): Promise<unknown> =>
      dataOf(
        await depot.call("boxes.count", {
          query: { filters: [{ path: "code", op: "startsWith", values: [prefix], as: "code" }] },
        }),
      );

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("all commit together, each with a row of its own in the journal", async () => {
      const seq = await depot.lastSeq();
      const commits = depot.app.writer.counts.commits;
      const results = await depot.batch([create("all-1"), create("all-2"), { operation: "idle" }], "atomic");
      expect(results.map(outcomeOf)).toEqual(["201", "201", "204"]);
      expect(depot.app.writer.counts.commits - commits).toBe(1);
      expect((await depot.journal({ after: seq })).map(({ operation }) => operation)).toEqual([
        "depot.boxes.create",
        "depot.boxes.create",
      ]);
    });

    test("references to earlier results, over several steps", async () => {
      const results = await depot.batch(
        [
          { operation: "owners.create", options: { body: { name: "New" } } },
          {
            operation: "boxes.create",
            dependsOn: [0],
            options: (earlier) => ({ body: { owner: idOf(earlier[0]), code: "ref-1", value: 8 } }),
          },
          {
            operation: "boxes.create",
            dependsOn: [0],
            options: (earlier) => ({ body: { owner: idOf(earlier[0]), code: "ref-2" } }),
          },
          {
            operation: "boxes.pour",
            dependsOn: [1, 2],
            options: (earlier) => ({ id: idOf(earlier[1]), body: { into: idOf(earlier[2]), value: 3 } }),
          },
          { operation: "boxes.seal", dependsOn: [2], options: (earlier) => ({ id: idOf(earlier[2]), body: {} }) },
        ],
        "atomic",
      );
      expect(results.map(outcomeOf)).toEqual(["201", "201", "201", "200", "200"]);
      expect(dataOf(results[4])).toMatchObject({ value: 3, state: "sealed", version: 3 });
      expect(dataOf(await depot.call("boxes.get", { id: idOf(results[1]) }))).toMatchObject({ value: 5 });
    });

    const failing: [string, StepOptions, string][] = [
      ["a wrong value", { operation: "boxes.create", options: { body: { code: "" } } }, "422 validation_failed"],
      [
        "a missing row",
        { operation: "boxes.update", options: { id: "box_00000000000000000000000000", body: {} } },
        "404 not_found",
      ],
      [
        "a refusing command",
        { operation: "moves.create", options: { body: { source: "x", target: "x", value: 1 } } },
        "400 same_box",
      ],
      [
        "a missing right",
        {
          operation: "boxes.stats.overall",
          options: {
            as: { tenant: "demo", environment: "sandbox", realm: 1, app: null, user: null, subject: "s", roles: ["owner"] },
          },
        },
        "403 forbidden",
      ],
      ["a taken value", { operation: "boxes.create", options: { body: { owner: "?", code: "none-1" } } }, "409 already_exists"],
    ];
    test.each(failing)(
      "none is done because of %s; the one at fault says why, the others rolled_back",
      async (_, step, expected) => {
        const { options } = step;
        const fixed: StepOptions =
          typeof options === "object" && (options.body as { owner?: string } | undefined)?.owner === "?"
            ? { ...step, options: { body: { owner, code: "none-1" } } }
            : step;
        const seq = await depot.lastSeq();
        const results = await depot.batch([create("none-1"), create("none-2"), fixed, create("none-3")], "atomic");
        expect(results.map(outcomeOf)).toEqual(["422 rolled_back", "422 rolled_back", expected, "422 rolled_back"]);
        expect(await counted("none-")).toBe(0);
        expect(await depot.lastSeq()).toBe(seq);
      },
    );

    test("a group that fails leaves its neighbours in the same commit alone, sequences and events included", async () => {
      const box = idOf(await depot.call("boxes.create", { body: { owner, code: "near-0" } }));
      const seq = await depot.lastSeq();
      const commits = depot.app.writer.counts.commits;
      const earlier = depot.call("boxes.create", { body: { owner, code: "near-1" } });
      const together = depot.batch(
        [
          create("near-2"),
          { operation: "boxes.seal", options: { id: box, body: {} } },
          { operation: "boxes.seal", options: { id: box, body: {} } },
        ],
        "atomic",
      );
      // The group queues once its caller is known; the writer starts in a later turn of the loop.
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      const [before, group, after] = await Promise.all([
        earlier,
        together,
        depot.call("boxes.create", { body: { owner, code: "near-2" } }),
      ]);
      expect(depot.app.writer.counts.commits - commits).toBe(1);
      expect(group.map(outcomeOf)).toEqual(["422 rolled_back", "422 rolled_back", "409 already_sealed"]);
      expect(Number(dataOf(after)["number"])).toBe(Number(dataOf(before)["number"]) + 1);
      expect((await depot.journal({ after: seq })).map(({ operation, events }) => [operation, events])).toEqual([
        ["depot.boxes.create", null],
        ["depot.boxes.create", null],
      ] as never);
      expect(dataOf(await depot.call("boxes.get", { id: box }))).toMatchObject({ state: "open", version: 1 });
    });

    test("reads inside see the writes before them, by every kind of query, and not those taken back", async () => {
      const list = { filters: [{ path: "code", op: "startsWith", values: ["inside-"], as: "code" }], sortBy: ["code"] } as const;
      const results = await depot.batch(
        [
          { operation: "boxes.list", options: { query: list } },
          create("inside-1", { value: 6 }),
          create("inside-2", { value: 6 }),
          { operation: "boxes.list", options: { query: { ...list, include: [{ name: "owner" }], perPage: 1 } } },
          { operation: "boxes.count", options: { query: { filters: list.filters } } },
          { operation: "boxes.get", dependsOn: [1], options: (earlier) => ({ id: idOf(earlier[1]) }) },
          { operation: "boxes.twins", dependsOn: [1], options: (earlier) => ({ id: idOf(earlier[1]) }) },
          { operation: "boxes.worthOf", dependsOn: [1], options: (earlier) => ({ id: idOf(earlier[1]), body: { times: 2 } }) },
          { operation: "boxes.property.totalValue", options: { query: { filters: list.filters } } },
        ],
        "atomic",
      );
      expect(results.map(outcomeOf)).toEqual(["200", "201", "201", "200", "200", "200", "200", "200", "200"]);
      expect(rowsOf(results[0])).toEqual([]);
      expect(rowsOf(results[3])).toMatchObject([{ code: "inside-1", owner: { id: owner, name: "Ann" } }]);
      expect(results[3]).toMatchObject({ page: { totalRecords: 2, totalPages: 2, currentPage: 1, perPage: 1 } });
      expect(dataOf(results[4])).toBe(2 as never);
      expect(dataOf(results[5])).toMatchObject({ code: "inside-1" });
      expect(rowsOf(results[6])).toMatchObject([{ code: "inside-2" }]);
      expect(dataOf(results[7])).toEqual({ worth: 12, together: 1 });
      expect(dataOf(results[8])).toBe(12 as never);
    });

    test("deleting a row and giving its unique value to a new one", async () => {
      const old = idOf(await depot.call("boxes.create", { body: { owner, code: "reuse" } }));
      const results = await depot.batch(
        [{ operation: "boxes.delete", options: { id: old } }, create("reuse", { value: 2 })],
        "atomic",
      );
      expect(results.map(outcomeOf)).toEqual(["204", "201"]);
      expect(await counted("reuse")).toBe(1);
    });

    test("passing unique values around", async () => {
      const [a, b] = [
        idOf(await depot.call("boxes.create", { body: { owner, code: "swap-a" } })),
        idOf(await depot.call("boxes.create", { body: { owner, code: "swap-b" } })),
      ];
      const rename = (id: string, code: string): StepOptions => ({ operation: "boxes.update", options: { id, body: { code } } });
      const results = await depot.batch([rename(a, "swap-c"), rename(b, "swap-a"), rename(a, "swap-b")], "atomic");
      expect(results.map(outcomeOf)).toEqual(["200", "200", "200"]);
      const codes = await Promise.all([a, b].map(async (id) => dataOf(await depot.call("boxes.get", { id }))["code"]));
      expect(codes).toEqual(["swap-b", "swap-a"]);
    });

    test("what only the database notices is told of the step that did it", async () => {
      const box = idOf(await depot.call("boxes.create", { body: { owner, code: "db-0" } }));
      const results = await depot.batch(
        [create("db-1"), { operation: "boxes.break", options: { id: box, body: { how: "dangling" } } }, create("db-2")],
        "atomic",
      );
      expect(results.map(outcomeOf)).toEqual(["422 rolled_back", "422 invalid_reference", "422 rolled_back"]);
      expect(await counted("db-")).toBe(1);
    });

    test("keys within a batch: kept when it commits, forgotten when it does not", async () => {
      const steps = (fail: boolean): StepOptions[] => [
        { operation: "restock", options: { idempotencyKey: "batch:0", body: { names: ["once"] } } },
        {
          operation: "boxes.update",
          options: { idempotencyKey: "batch:1", id: fail ? "box_00000000000000000000000000" : box, body: { label: "keyed" } },
        },
      ];
      const box = idOf(await depot.call("boxes.create", { body: { owner, code: "keyed" } }));
      expect((await depot.batch(steps(true), "atomic")).map(outcomeOf)).toEqual(["422 rolled_back", "404 not_found"]);
      expect((await depot.batch(steps(false), "atomic")).map((result) => result.replayed)).toEqual([undefined, undefined]);
      const again = await depot.batch(steps(false), "atomic");
      expect(again.map((result) => [outcomeOf(result), result.replayed])).toEqual([
        ["200", true],
        ["200", true],
      ]);
    });

    test("a batch of none, of one, and of one that fails", async () => {
      expect(await depot.batch([], "atomic")).toEqual([]);
      expect((await depot.batch([create("one")], "atomic")).map(outcomeOf)).toEqual(["201"]);
      expect((await depot.batch([create("one")], "atomic")).map(outcomeOf)).toEqual(["409 already_exists"]);
      expect(refusalOf((await depot.batch([create("one")], "atomic"))[0]).issues).toEqual({ code: [{ code: "duplicate" }] });
    });

    test("1,000 steps are one commit", async () => {
      const commits = depot.app.writer.counts.commits;
      const results = await depot.batch(
        Array.from({ length: 1_000 }, (_, at) => create(`many-${at}`)),
        "atomic",
      );
      expect(results.every((result) => result.ok)).toBe(true);
      expect(depot.app.writer.counts.commits - commits).toBe(1);
    });
  });
});

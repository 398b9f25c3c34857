/** An order over a relation drops no row and tells nothing of rows one does not see: their values count as null. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ResourceContract } from "../../../src/contract/contract.ts";
import definition from "../depot/index.ts";
import { type Caller, dataOf, forEachEngine, idOf, rowsOf, type Running, serve } from "../harness.ts";

forEachEngine((engine) => {
  describe("orders over relations", () => {
    let depot: Running;
    let asAnn: Caller;
    let bobs: string;
    /** The move's value tells which it is: 1 of Bob's box, 2 of Ann's "m", 3 of Ann's "a". */
    const values = async (sortBy: string, as: Caller, more: object = {}) => {
      const result = await depot.call("moves.list", { as, query: { sortBy: [sortBy], ...more } });
      return { values: rowsOf(result).map(({ value }) => value), total: result.ok ? result.page?.totalRecords : undefined };
    };

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      const [ann, bob] = [
        idOf(await depot.call("owners.create", { body: { name: "Ann" } })),
        idOf(await depot.call("owners.create", { body: { name: "Bob" } })),
      ];
      asAnn = depot.caller("owner", { subject: ann });
      const box = async (owner: string, code: string) =>
        idOf(await depot.call("boxes.create", { body: { owner, code, value: 10 } }));
      const [m, a] = [await box(ann, "m"), await box(ann, "a")];
      bobs = await box(bob, "g");
      const move = (source: string, target: string, value: number) =>
        depot.call("moves.create", { body: { source, target, value } });
      for (const made of [await move(bobs, m, 1), await move(m, a, 2), await move(a, m, 3)]) dataOf(made);
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("whoever sees all is given the order of all", async () => {
      expect(await values("source.code", depot.caller("clerk"))).toEqual({ values: [3, 1, 2], total: 3 });
    });

    test("rows stay in the list and in its total; what is not seen is null: first ascending, last descending", async () => {
      for (const code of ["g", "zzz", "0"]) {
        dataOf(await depot.call("boxes.update", { id: bobs, body: { code } }));
        expect(await values("source.code", asAnn)).toEqual({ values: [1, 3, 2], total: 3 });
        expect(await values("source.code.desc", asAnn)).toEqual({ values: [2, 3, 1], total: 3 });
        expect(await values("source.owner.name", asAnn, { perPage: 2, page: 2 })).toMatchObject({ total: 3 });
      }
    });

    test("a filter over the same relation still finds only rows behind which one sees", async () => {
      const filters = [{ path: "source.code", op: "ne", values: ["a"], as: "source.code" }];
      expect(await values("source.code", asAnn, { filters })).toEqual({ values: [2], total: 1 });
    });

    test("streams too", async () => {
      const stream = await depot.app.pipeline.stream(
        depot.callOf("moves.list", { as: asAnn, query: { sortBy: ["source.code.desc", "seq"] } }),
      );
      if (!stream.ok) throw new Error(stream.refusal.type);
      const chunks = await Array.fromAsync(stream.rows);
      expect(chunks.flat().map((row) => (row as { value: number }).value)).toEqual([2, 3, 1]);
    });

    test("a keyset goes on behind values that count as null, in both directions", async () => {
      const table = (name: string) => (depot.contract.resources.get(name) as ResourceContract).table;
      for (const direction of ["asc", "desc"] as const) {
        const chunks = await Array.fromAsync(
          depot.store.scan(
            {
              kind: "rows",
              key: `test.orders.${direction}`,
              table: table("moves"),
              joins: [{ path: ["source"], table: table("boxes") }],
              links: [],
              params: [{ name: "hidden", type: "text" }],
              select: ["value"],
              order: [
                {
                  path: ["source", "code"],
                  direction,
                  when: { op: "ne", left: { field: ["source", "id"] }, right: { param: "hidden" } },
                },
              ],
            },
            { realm: depot.realm, params: [bobs] },
            { chunk: 1 },
          ),
        );
        expect(chunks.map((rows) => rows.map(({ value }) => value))).toEqual(
          direction === "asc" ? [[1n], [3n], [2n]] : [[2n], [3n], [1n]],
        );
      }
    });

    test("in related collections and includes", async () => {
      const [box] = rowsOf(
        await depot.call("boxes.list", {
          as: asAnn,
          query: {
            filters: [{ path: "code", op: "eq", values: ["m"], as: "code" }],
            include: [{ name: "moves", sortBy: ["source.code"] }],
          },
        }),
      );
      expect((box?.["moves"] as { value: number }[] | undefined)?.map(({ value }) => value)).toEqual([1, 3, 2]);
    });
  });
});

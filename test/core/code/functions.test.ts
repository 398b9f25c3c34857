/** Functions: what they are handed, what they may answer, who may call them. Commands in the writer, queries alone or many at once. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { compileServices } from "../../../src/host/app.ts";
import { all, own, roleless } from "./tools.ts";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf, type Running, serve } from "../harness.ts";

forEachEngine((engine) => {
  describe("functions", () => {
    let depot: Running;
    let owner: string;
    let box: string;
    const atMs = Date.parse("2026-05-01T00:00:00.000Z");

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition, all, own], clock: () => atMs, tolerant: true });
      owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
      box = idOf(await depot.call("boxes.create", { body: { owner, code: "f", value: 10 } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("an item's function is handed its row, its input with defaults, and answers the row it changed", async () => {
      const sealed = await depot.call("boxes.seal", { id: box, body: { reason: "full" } });
      expect(sealed).toMatchObject({ ok: true, status: 200, id: box, data: { id: box, state: "sealed", version: 2, value: 10 } });
      expect(refusalOf(await depot.call("boxes.seal", { id: box, body: {} }))).toEqual({
        type: "already_sealed",
        status: 409,
        message: "It is sealed already.",
        details: { code: "f" },
      });
      expect(refusalOf(await depot.call("boxes.seal", { id: box, body: { reason: 5, extra: 1 } })).issues).toEqual({
        reason: [{ code: "wrong_type", params: { expected: "string" } }],
        extra: [{ code: "unknown_field" }],
      });
    });

    test("rows named in load are there, once for all calls of a commit", async () => {
      const [from, to] = await Promise.all(
        ["l1", "l2"].map(async (code) => idOf(await depot.call("boxes.create", { body: { owner, code, value: 100 } }))),
      );
      const results = await Promise.all(
        Array.from({ length: 10 }, () => depot.call("boxes.pour", { id: from as string, body: { into: to, value: 9 } })),
      );
      expect(results.map((result) => dataOf(result)["left"])).toEqual([91, 82, 73, 64, 55, 46, 37, 28, 19, 10]);
      expect(refusalOf(await depot.call("boxes.pour", { id: from as string, body: { into: to, value: 11 } }))).toMatchObject({
        type: "too_little",
        details: { available: 10 },
      });
      expect(
        refusalOf(
          await depot.call("boxes.pour", { id: from as string, body: { into: "box_01JD3Q8Z5T7N9V1X3B5D7F9H1K", value: 1 } }),
        ),
      ).toMatchObject({ status: 404, type: "target_not_found" });
      expect(dataOf(await depot.call("boxes.get", { id: to as string }))["value"]).toBe(190);
    });

    test("a create by code answers 201, or 200 when it says it is an old answer, with its own refusals", async () => {
      const other = idOf(await depot.call("boxes.create", { body: { owner, code: "c2" } }));
      const made = await depot.call("moves.create", { body: { source: box, target: other, value: 1 } });
      expect(made).toMatchObject({
        ok: true,
        status: 201,
        id: dataOf(made)["id"],
        data: { source: box, target: other, at: new Date(atMs).toISOString() },
      });
      expect(made).not.toHaveProperty("replayed");
      expect(await depot.call("moves.create", { body: { source: box, target: other, value: 1, again: true } })).toMatchObject({
        ok: true,
        status: 200,
        replayed: true,
      });
      expect(refusalOf(await depot.call("moves.create", { body: { source: box, target: box, value: 1 } }))).toMatchObject({
        status: 400,
        type: "same_box",
        issues: { target: [{ code: "same_box" }] },
      });
    });

    test("a create by code answers 201 only where the row that it answers with has come to be by it", async () => {
      const put = (body: Record<string, unknown>) => depot.call("shelves.create", { body, as: depot.caller("all") });
      const together = await Promise.all(Array.from({ length: 12 }, (_, height) => put({ name: "A", height })));
      expect(together.map(outcomeOf).toSorted()).toEqual([...Array.from({ length: 11 }, () => "200"), "201"]);
      expect(new Set(together.map(idOf)).size).toBe(1);
      for (const [more, status] of [
        [{ name: "A", height: 5 }, 200],
        // Nothing is changed either.
        [{ name: "A", height: 5 }, 200],
        [{ name: "A", height: 6, beside: "B" }, 200],
        [{ name: "B" }, 200],
        [{ name: "A", again: true }, 200],
        [{ name: "C", beside: "D" }, 201],
      ] as const) {
        const heard = await put(more);
        expect([more, heard]).toMatchObject([more, { ok: true, status, data: { name: more.name } }]);
        expect(heard).not.toHaveProperty("replayed");
      }
    });

    test("every kind of answer: none, fields, one row, rows, and a refusal in its place", async () => {
      expect(await depot.call("idle")).toEqual({ ok: true, status: 204, data: undefined });
      expect(dataOf(await depot.call("summary", { body: { from: 5 } }))).toEqual({ boxes: expect.any(Number), user: "somebody" });
      expect(dataOf(await depot.call("boxes.dearest"))).toMatchObject({ code: "l2", value: 190 });
      const twin = idOf(await depot.call("boxes.create", { body: { owner, code: "twin", value: 10 } }));
      expect(rowsOf(await depot.call("boxes.twins", { id: box })).map(({ id }) => id)).toContain(twin);
      expect(
        refusalOf(
          await depot.call("boxes.worthOf", {
            id: idOf(await depot.call("boxes.create", { body: { owner, code: "zero" } })),
            body: {},
          }),
        ),
      ).toMatchObject({ status: 409, type: "worthless" });
    });

    test("queries of many calls are gathered, each answered for itself; by caller and language", async () => {
      const numbers = Array.from({ length: 25 }, (_, at) => at);
      const results = await Promise.all(numbers.map((number) => depot.call("square", { body: { number } })));
      expect(results.map((result) => dataOf(result)["square"])).toEqual(numbers.map((number) => number ** 2));
      expect(results.map((result) => dataOf(result)["together"])).toEqual(numbers.map(() => 25));
      const guest = depot.caller("guest");
      const mixed = await Promise.all([
        depot.call("square", { body: { number: 1 } }),
        depot.call("square", { body: { number: 2 }, as: guest }),
        depot.call("square", { body: { number: 3 }, as: guest }),
        depot.call("square", { body: { number: 4 }, locale: "de" }),
      ]);
      expect(mixed.map((result) => [dataOf(result)["together"], dataOf(result)["locale"]])).toEqual([
        [1, "en"],
        [2, "en"],
        [2, "en"],
        [1, "de"],
      ]);
    });

    test("one call that breaks a query of many fails alone, and so does one without a row", async () => {
      const errors = depot.errors.length;
      const mine = depot.caller("owner", { subject: owner });
      const results = await Promise.all([
        depot.call("boxes.worthOf", { id: box, body: { times: 2 } }),
        depot.call("boxes.worthOf", { id: box, body: { times: 666 } }),
        depot.call("boxes.worthOf", { id: "box_01JD3Q8Z5T7N9V1X3B5D7F9H1K", body: {} }),
        depot.call("boxes.worthOf", { id: box, body: { times: 3 }, as: mine }),
        depot.call("boxes.worthOf", { id: box, body: { times: 4 } }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["200", "500 internal", "404 not_found", "200", "200"]);
      expect(depot.errors.length).toBe(errors + 1);
    });

    test("roles open functions; a function on an item asks for the row's rule too", async () => {
      expect(
        outcomeOf(
          await depot.call("boxes.break", { as: depot.caller("owner", { subject: owner }), id: box, body: { how: "throw" } }),
        ),
      ).toBe("403 forbidden");
      expect(
        outcomeOf(await depot.call("boxes.seal", { as: depot.caller("owner", { subject: "own_x" }), id: box, body: {} })),
      ).toBe("404 not_found");
      expect(outcomeOf(await depot.call("restock", { as: depot.caller("owner"), body: { names: [] } }))).toBe("403 forbidden");
      // Of two roles only the one that opens the function counts for the rows it may touch.
      const both = depot.caller(["auditor", "owner"], { subject: "own_x" });
      expect(outcomeOf(await depot.call("boxes.get", { as: both, id: box }))).toBe("200");
      expect(outcomeOf(await depot.call("boxes.seal", { as: both, id: box, body: {} }))).toBe("404 not_found");
    });

    test("money and bytes within objects are bigint and bytes to code, and survive being read and changed", async () => {
      const object = { name: "n", inner: { money: "9007199254740993", bytes: "AAEC" } };
      const id = idOf(await depot.call("samples.create", { body: { object } }));
      expect(dataOf(await depot.call("samples.weigh", { id, body: {} }))).toEqual({ money: "9007199254740994", bytes: 3 });
      expect(dataOf(await depot.call("samples.double", { id, body: {} }))).toMatchObject({
        object: { name: "n", inner: { money: "18014398509481986", bytes: "AgEA" } },
      });
      expect(dataOf(await depot.call("samples.update", { id, body: { object: { inner: { money: 5 } } } }))).toMatchObject({
        object: { inner: { money: 5, bytes: "AgEA" } },
      });
      expect(dataOf(await depot.call("samples.double", { id, body: {} }))).toMatchObject({
        object: { inner: { money: 10, bytes: "AAEC" } },
      });
      expect(dataOf(await depot.call("samples.get", { id }))).toMatchObject({
        object: { name: "n", inner: { money: 10, bytes: "AAEC" } },
      });
    });

    test("two services side by side keep their rows and their refusals apart", async () => {
      expect(dataOf(await depot.call("notes.create", { as: depot.caller("all"), body: { text: "x" } }))).toMatchObject({
        text: "x",
        big: "9223372036854775807",
        bytes: "AAEC",
      });
      expect(rowsOf(await depot.call("cards.list", { as: depot.caller("own", { subject: "s" }) }))).toEqual([]);
    });

    test("a service that cannot work does not compile, and says where", () => {
      expect(() => compileServices([roleless])).toThrow(/nobody/);
    });
  });
});

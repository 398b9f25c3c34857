/** Create, update, replace, delete, get of a table's rows: values, defaults, unique values, references, If-Match, guards. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { entityTag } from "../../../src/pipeline/entity-tag.ts";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, type Running, serve } from "../harness.ts";

const nobody = "own_01JD3Q8Z5T7N9V1X3B5D7F9H1K";

forEachEngine((engine) => {
  describe("changes", () => {
    let depot: Running;
    let owner: string;
    let codes = 0;

    const box = async (more: object = {}): Promise<string> =>
      idOf(await depot.call("boxes.create", { body: { owner, code: `c-${++codes}`, ...more } }));
    const issuesOf = async (operation: string, options: Parameters<Running["call"]>[1]) => {
      const { status, type, issues } = refusalOf(await depot.call(operation, options));
      return { outcome: `${status} ${type}`, issues };
    };

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("a create answers the whole row with defaults and what the writer sets, and the same is read", async () => {
      const result = await depot.call("boxes.create", {
        body: { owner, code: "whole", weight: 1.5, seenAt: "2026-01-02T03:04:05+02:00" },
      });
      const row = dataOf(result);
      expect(row).toEqual({
        id: expect.stringMatching(/^box_[0-9A-HJKMNP-TV-Z]{26}$/),
        owner,
        code: "whole",
        label: null,
        value: 0,
        weight: "1.5",
        state: "open",
        size: null,
        meta: null,
        packedOn: null,
        seenAt: "2026-01-02T01:04:05.000Z",
        number: expect.any(Number),
        version: 1,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: row["createdAt"],
      });
      expect(result).toMatchObject({ status: 201, id: row["id"] });
      expect(dataOf(await depot.call("boxes.get", { id: idOf(result) }))).toEqual(row);
    });

    test("every kind of value comes back as it was given", async () => {
      const body = {
        line: "a 'quoted' \"line\" ü 𝒳",
        text: "two\nlines",
        whole: -9_007_199_254_740_991,
        money: "-9223372036854775808",
        decimal: "-123456789.123456",
        flag: false,
        choice: "green",
        day: "2024-02-29",
        moment: "0001-01-01T00:00:00.001Z",
        span: "P1DT2H",
        email: "a.b+c@example.com",
        url: "https://example.com/a?b=c#d",
        phone: "+493012345",
        currency: "EUR",
        country: "DE",
        language: "de-AT",
        json: { "": [], n: null, deep: [{ x: [1.5, "y", true] }] },
        object: { name: "n", inner: { money: "9007199254740993", bytes: "AAECAw==" } },
        list: [3, 1, 2],
        bytes: "/+8=",
        closed: "c",
      };
      const created = dataOf(await depot.call("samples.create", { body }));
      expect(created).toMatchObject(body);
      expect(dataOf(await depot.call("samples.get", { id: String(created["id"]) }))).toEqual(created);
      const empty = dataOf(await depot.call("samples.create", { body: {} }));
      expect(new Set(Object.entries(empty).flatMap(([name, value]) => (name === "id" ? [] : [value])))).toEqual(new Set([null]));
    });

    test("an update changes what it names, and a merge patch reaches into nested objects", async () => {
      const id = await box({ size: { width: 1, height: 2, note: "n" }, meta: { a: 1, b: { c: 2, d: [1, 2] } }, label: "L" });
      const updated = dataOf(
        await depot.call("boxes.update", {
          id,
          body: { value: 7, size: { height: 5 }, meta: { b: { c: null, e: 1, d: [3] }, f: null } },
        }),
      );
      expect(updated).toMatchObject({
        value: 7,
        label: "L",
        size: { width: 1, height: 5, note: "n" },
        meta: { a: 1, b: { e: 1, d: [3] } },
        version: 2,
      });
      expect((updated["meta"] as { b: object }).b).not.toHaveProperty("c");
      expect(updated["meta"]).not.toHaveProperty("f");
      const cleared = dataOf(await depot.call("boxes.update", { id, body: { size: { note: null }, meta: [1], label: null } }));
      expect(cleared).toMatchObject({ size: { width: 1, height: 5, note: null }, meta: [1], label: null });
      expect(dataOf(await depot.call("boxes.update", { id, body: { size: null } }))).toMatchObject({ size: null });
      expect(await issuesOf("boxes.update", { id, body: { size: { height: 5 } } })).toMatchObject({
        outcome: "422 validation_failed",
        issues: { "size.width": [{ code: "required" }] },
      });
      expect(dataOf(await depot.call("boxes.get", { id }))).toMatchObject({ size: null, version: 4 });
    });

    test("a replace puts what is absent back to its default and keeps what the caller cannot write", async () => {
      const id = idOf(
        await depot.call("owners.create", {
          body: { name: "R", country: "FR", credit: 500, email: "r@example.com", joinedOn: "2020-01-01", pin: "1" },
        }),
      );
      const as = depot.caller("owner", { subject: id });
      const replaced = dataOf(await depot.call("owners.replace", { as, id, body: { name: "R2" } }));
      expect(replaced).toMatchObject({ name: "R2", country: "DE", email: null, credit: 500, joinedOn: "2020-01-01", version: 2 });
      expect(dataOf(await depot.call("owners.replace", { id, body: { name: "R3" } }))).toMatchObject({
        credit: 0,
        joinedOn: "2020-01-01",
        pin: null,
      });
    });

    test("wrong bodies are refused by field", async () => {
      const id = await box();
      expect(
        await issuesOf("boxes.create", {
          body: { code: "", owner: 5, state: "sealed", number: 7, id: "box_1", createdAt: null, foo: 1, size: { width: 0 } },
        }),
      ).toEqual({
        outcome: "422 validation_failed",
        issues: {
          owner: [{ code: "wrong_type", params: { expected: "string" } }],
          code: [{ code: "required" }],
          state: [{ code: "read_only" }],
          number: [{ code: "read_only" }],
          id: [{ code: "read_only" }],
          createdAt: [{ code: "read_only" }],
          foo: [{ code: "unknown_field" }],
          "size.width": [{ code: "too_small", params: { min: 1 } }],
          "size.height": [{ code: "required" }],
        },
      });
      expect(await issuesOf("boxes.update", { id, body: { owner: null, version: 3 } })).toEqual({
        outcome: "422 validation_failed",
        issues: { owner: [{ code: "required" }], version: [{ code: "read_only" }] },
      });
      expect(
        await issuesOf("owners.update", {
          id: owner,
          as: depot.caller("owner", { subject: owner }),
          body: { credit: 5, joinedOn: "2020-01-01" },
        }),
      ).toEqual({
        outcome: "422 validation_failed",
        issues: { credit: [{ code: "read_only" }], joinedOn: [{ code: "read_only" }] },
      });
      for (const body of [undefined, null, 5, "x", [], true]) {
        expect(outcomeOf(await depot.call("boxes.create", body === undefined ? {} : { body }))).toBe("422 validation_failed");
      }
    });

    test("SECURITY 26: a body with keys of every object's prototype is refused, not followed", async () => {
      const body = JSON.parse('{"owner":"x","code":"y","__proto__":{"value":1},"constructor":1,"toString":2}') as object;
      expect(Object.keys((await issuesOf("boxes.create", { body })).issues ?? {})).toEqual(
        expect.arrayContaining(["__proto__", "constructor", "toString"]),
      );
    });

    test("unique values: of one field, of two together, null aside, the row itself aside", async () => {
      const id = await box({ code: "u-1", label: "same" });
      expect(await issuesOf("boxes.create", { body: { owner, code: "u-1" } })).toEqual({
        outcome: "409 already_exists",
        issues: { code: [{ code: "duplicate" }] },
      });
      expect(await issuesOf("boxes.create", { body: { owner, code: "u-2", label: "same" } })).toEqual({
        outcome: "409 already_exists",
        issues: { owner: [{ code: "duplicate" }], label: [{ code: "duplicate" }] },
      });
      const second = await box({ code: "u-3", label: null });
      await box({ code: "u-4", label: null });
      // Only one of the two fields is in the patch.
      expect(await issuesOf("boxes.update", { id: second, body: { label: "same" } })).toEqual({
        outcome: "409 already_exists",
        issues: { owner: [{ code: "duplicate" }], label: [{ code: "duplicate" }] },
      });
      expect(await issuesOf("boxes.replace", { id: second, body: { owner, code: "u-1" } })).toMatchObject({
        outcome: "409 already_exists",
        issues: { code: [{ code: "duplicate" }] },
      });
      expect(outcomeOf(await depot.call("boxes.update", { id, body: { code: "u-1", label: "same" } }))).toBe("200");
      const other = idOf(await depot.call("owners.create", { body: { name: "Other" } }));
      expect(outcomeOf(await depot.call("boxes.update", { id: second, body: { owner: other, label: "same" } }))).toBe("200");
      expect(await issuesOf("boxes.update", { id: second, body: { owner } })).toMatchObject({ outcome: "409 already_exists" });
    });

    test("a client's id is kept, and refused the second time", async () => {
      const id = "itm_01JD3Q8Z5T7N9V1X3B5D7F9H2K";
      const inside = await box();
      expect(dataOf(await depot.call("items.create", { body: { id, box: inside, name: "x" } }))).toMatchObject({ id });
      expect(await issuesOf("items.create", { body: { id, box: inside, name: "y" } })).toEqual({
        outcome: "409 already_exists",
        issues: { id: [{ code: "duplicate" }] },
      });
      expect(await issuesOf("items.create", { body: { id: "no id", box: inside, name: "y" } })).toMatchObject({
        outcome: "422 validation_failed",
      });
      expect(await issuesOf("items.update", { id, body: { id } })).toMatchObject({ issues: { id: [{ code: "read_only" }] } });
    });

    test("references: to a row that is not there, to one of another resource, to oneself", async () => {
      const id = await box();
      for (const wrong of [nobody, id]) {
        const outcome = await depot.call("boxes.create", { body: { owner: wrong, code: "dangling" } });
        expect(refusalOf(outcome).issues).toHaveProperty("owner");
        expect(refusalOf(outcome).status).toBe(422);
      }
      expect(await issuesOf("boxes.update", { id, body: { owner: nobody } })).toEqual({
        outcome: "422 invalid_reference",
        issues: { owner: [{ code: "bad_reference", params: { resource: "owners" } }] },
      });
      expect(dataOf(await depot.call("owners.update", { id: owner, body: { boss: owner } }))).toMatchObject({ boss: owner });
      expect(dataOf(await depot.call("owners.update", { id: owner, body: { boss: null } }))).toMatchObject({ boss: null });
    });

    test("a row that others refer to cannot be deleted: 409 still_referenced, also by a row of its own table", async () => {
      const mine = idOf(await depot.call("owners.create", { body: { name: "Kept" } }));
      const id = await box({ owner: mine });
      const boss = idOf(await depot.call("owners.create", { body: { name: "Boss" } }));
      await depot.call("owners.update", { id: mine, body: { boss } });
      const results = await Promise.all([
        depot.call("owners.delete", { id: mine }),
        depot.call("owners.delete", { id: boss }),
        depot.call("owners.update", { id: owner, body: { credit: 3 } }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["409 still_referenced", "409 still_referenced", "200"]);
      expect(outcomeOf(await depot.call("boxes.delete", { id }))).toBe("204");
      expect(
        (await Promise.all([depot.call("owners.delete", { id: mine }), depot.call("owners.delete", { id: boss })])).map(
          outcomeOf,
        ),
      ).toEqual(["204", "204"]);
      expect(outcomeOf(await depot.call("owners.get", { id: boss }))).toBe("404 not_found");
    });

    test("If-Match: the tag of the caller's own view, any, or 412", async () => {
      const id = await box({ value: 1 });
      const tag = entityTag(dataOf(await depot.call("boxes.get", { id })));
      expect(outcomeOf(await depot.call("boxes.update", { id, body: { value: 2 }, ifMatch: ['"0"', tag] }))).toBe("200");
      for (const operation of ["boxes.update", "boxes.replace", "boxes.delete"]) {
        expect(outcomeOf(await depot.call(operation, { id, body: { owner, code: "if", value: 3 }, ifMatch: [tag] }))).toBe(
          "412 precondition_failed",
        );
      }
      expect(outcomeOf(await depot.call("boxes.update", { id, body: { value: 3 }, ifMatch: ["*"] }))).toBe("200");
      const now = entityTag(dataOf(await depot.call("boxes.get", { id })));
      const results = await Promise.all(
        [1, 2, 3].map((value) => depot.call("boxes.update", { id, body: { value: 10 + value }, ifMatch: [now] })),
      );
      expect(results.map(outcomeOf)).toEqual(["200", "412 precondition_failed", "412 precondition_failed"]);
      expect(
        outcomeOf(await depot.call("boxes.update", { id: "box_01JD3Q8Z5T7N9V1X3B5D7F9H2K", body: {}, ifMatch: ["*"] })),
      ).toBe("404 not_found");
      // An owner does not see the pin: its change does not change the tag he holds.
      const mine = idOf(await depot.call("owners.create", { body: { name: "Tagged" } }));
      const as = depot.caller("owner", { subject: mine });
      const seen = entityTag(dataOf(await depot.call("owners.get", { as, id: mine })));
      expect(outcomeOf(await depot.call("owners.update", { as, id: mine, body: { name: "T2" }, ifMatch: [seen] }))).toBe("200");
    });

    test("guards stop what they refuse, with the declared status, details and fields", async () => {
      const id = await box({ code: "guarded" });
      await depot.call("boxes.seal", { id, body: {} });
      expect(refusalOf(await depot.call("boxes.delete", { id }))).toMatchObject({
        status: 409,
        type: "sealed",
        details: { code: "guarded" },
      });
      expect(refusalOf(await depot.call("boxes.update", { id, body: { value: "2000000000000000000" } }))).toMatchObject({
        status: 422,
        type: "too_dear",
        issues: { value: [{ code: "too_dear" }] },
      });
      expect(dataOf(await depot.call("boxes.get", { id }))).toMatchObject({ value: 0, version: 2 });
    });

    test("an append-only resource has no changes", () => {
      expect([...depot.contract.operations.keys()].filter((name) => name.startsWith("moves."))).toEqual([
        "moves.list",
        "moves.get",
        "moves.count",
        "moves.property.moved",
        "moves.create",
      ]);
    });

    test("ids that cannot be: 404, like rows that are not there", async () => {
      for (const id of ["", "x", "box_", "box_\0", "\ud800", "a".repeat(65), "__proto__", "' or 1=1 --", nobody]) {
        for (const [operation, body] of [
          ["boxes.get"],
          ["boxes.update", {}],
          ["boxes.replace", { owner, code: "z" }],
          ["boxes.delete"],
          ["boxes.seal", {}],
          ["boxes.twins", {}],
        ] as const) {
          expect(refusalOf(await depot.call(operation, { id, ...(body === undefined ? {} : { body }) }))).toEqual(
            refusalOf(await depot.call("boxes.get", { id: nobody })),
          );
        }
      }
    });
  });
});

/** Lists: any filter in any order, walked by pages or by cursor, is the model's list; cursors are signed, bound and stable. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type IssueCode, issueCodes } from "../../../src/contract/values/issue-codes.ts";
import type { RawFilter, RawQuery } from "../../../src/pipeline/call.ts";
import { realmOf } from "../../../src/store/index.ts";
import definition from "../depot/index.ts";
import { type Data, dataOf, forEachEngine, outcomeOf, refusalOf, rowsOf, type Running, serve } from "../harness.ts";
import { listed, type Sort } from "./model.ts";

const texts = ["", "a", "A", "ab", "aB", "b", "ü", "Ü", "\u{1d4b3}", "\uffee", "a%b", "a_b", "_", "%", "ß", "z'\"\\"];
const values: Readonly<Record<string, readonly unknown[]>> = {
  line: texts,
  whole: [-2, -1, 0, 1, 2, 9_007_199_254_740_991],
  money: [0, 5, "9223372036854775807", "-9223372036854775808", "9007199254740993"],
  decimal: ["0", "-1.25", "9", "10", "0.000001", "-0.5"],
  flag: [true, false],
  choice: ["red", "green", "blue"],
  day: ["2024-02-29", "1999-12-31", "2024-03-01"],
  moment: ["2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00.001Z", "1970-01-01T00:00:00.000Z"],
};
const fields = Object.keys(values);
const ordered = new Set(fields.filter((field) => field !== "flag"));

const sampleOf: fc.Arbitrary<Data> = fc.record(
  Object.fromEntries(Object.entries(values).map(([field, list]) => [field, fc.option(fc.constantFrom(...list), { nil: null })])),
);

const filterOf: fc.Arbitrary<RawFilter> = fc.constantFrom(...fields).chain((path) => {
  const list = values[path] ?? [];
  const one = fc.constantFrom(...list).map((value) => [value]);
  const set = fc.array(fc.constantFrom(...list), { minLength: 1, maxLength: 4 });
  const many = fc.record({ op: fc.constantFrom("eq" as const, "ne" as const), values: set });
  const range = fc.record({ op: fc.constantFrom("lt" as const, "lte" as const, "gt" as const, "gte" as const), values: one });
  const part = fc.record({
    op: fc.constantFrom("contains" as const, "startsWith" as const),
    values: fc.constantFrom(...texts.filter(Boolean)).map((text) => [text]),
  });
  const empty = fc.record({ op: fc.constant("null" as const), values: fc.boolean().map((wanted) => [wanted]) });
  const choices: fc.Arbitrary<{ op: RawFilter["op"]; values: unknown[] }>[] = [many, empty];
  if (ordered.has(path)) choices.push(range);
  if (path === "line" || path === "choice") choices.push(part);
  return fc.oneof(...choices).map((chosen) => ({ ...chosen, path, as: path }));
});

const sortOf: fc.Arbitrary<Sort> = fc.uniqueArray(
  fc.tuple(fc.constantFrom(...fields, "id"), fc.constantFrom("asc" as const, "desc" as const)),
  {
    selector: ([field]) => field,
    maxLength: 3,
  },
);

const walkMax = 200;

forEachEngine((engine) => {
  describe("lists", () => {
    let depot: Running;
    let rows: Data[];

    const list = (query: RawQuery) => depot.call("samples.list", { query });

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      const bodies = fc.sample(sampleOf, { seed: 20261122, numRuns: 60 });
      // Lines are unique enough without an empty one: an empty line is a value, not null.
      rows = (await Promise.all(bodies.map((body) => depot.call("samples.create", { body })))).map(dataOf);
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("any filters in any order, by page and by cursor, are the model's list", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(filterOf, { maxLength: 3 }),
          sortOf,
          fc.integer({ min: 1, max: 40 }),
          async (filters, sort, perPage) => {
            const expected = listed(rows, filters, sort).map(({ id }) => id);
            const query = { filters, sortBy: sort.map(([field, direction]) => `${field}.${direction}`), perPage };
            const byPage: unknown[] = [];
            for (let page = 1; page <= Math.max(1, Math.ceil(expected.length / perPage)); page++) {
              const result = await list({ ...query, page });
              byPage.push(...rowsOf(result).map(({ id }) => id));
              expect(result).toMatchObject({
                page: {
                  totalRecords: expected.length,
                  totalPages: Math.max(1, Math.ceil(expected.length / perPage)),
                  currentPage: page,
                  perPage,
                },
              });
            }
            expect(byPage).toEqual(expected);
            const byCursor: unknown[] = [];
            let cursor: string | undefined = "";
            for (let step = 0; cursor !== undefined && step < walkMax; step++) {
              const result = await list({ ...query, cursor, fields: ["id"] });
              byCursor.push(...rowsOf(result).map(({ id }) => id));
              cursor = result.ok ? result.page?.nextCursor : undefined;
            }
            expect(byCursor).toEqual(expected);
            expect(dataOf(await depot.call("samples.count", { query: { filters } }))).toBe(expected.length as never);
          },
        ),
        { numRuns: 60, seed: 7 },
      );
    });

    test("an order over a relation is walked by page; a cursor is refused with its reason", async () => {
      expect(refusalOf(await depot.call("boxes.list", { query: { sortBy: ["owner.name"], cursor: "" } })).issues).toEqual({
        cursor: [{ code: "not_with_related_order" }],
      });
      expect(outcomeOf(await depot.call("boxes.list", { query: { sortBy: ["owner.name"] } }))).toBe("200");
    });

    test("a page beyond the last is 404, the first of an empty list is not", async () => {
      expect(outcomeOf(await list({ page: 3, perPage: 30 }))).toBe("404 page_not_found");
      const none = await list({ filters: [{ path: "line", op: "eq", values: ["no such"], as: "line" }] });
      expect(none).toMatchObject({ ok: true, data: [], page: { totalRecords: 0, totalPages: 1, currentPage: 1 } });
    });

    test("the number of rows is asked for, or not", async () => {
      const counted = await list({ cursor: "", perPage: 10, count: true });
      expect(counted).toMatchObject({
        page: { totalRecords: 60, totalPages: 6, perPage: 10, maxPerPage: 100, nextCursor: expect.any(String) },
      });
      const plain = await list({ cursor: "", perPage: 10 });
      expect(plain.ok && plain.page).not.toHaveProperty("totalRecords");
      expect(plain.ok && plain.page).not.toHaveProperty("currentPage");
      const uncounted = await list({ perPage: 10, count: "false" });
      expect(uncounted.ok && uncounted.page).not.toHaveProperty("totalRecords");
      expect(refusalOf(await list({ count: "perhaps" })).issues).toEqual({
        count: [{ code: "wrong_type", params: { expected: "boolean" } }],
      });
    });

    const cursorOf = async (query: RawQuery): Promise<string> => {
      const result = await list({ cursor: "", perPage: 5, ...query });
      return (result.ok ? result.page?.nextCursor : undefined) ?? "none";
    };

    test("SECURITY 29: a cursor of another list, order, tenant or making is refused", async () => {
      const cursor = await cursorOf({});
      expect(outcomeOf(await list({ cursor, perPage: 5 }))).toBe("200");
      const [payload = "", mac = ""] = cursor.split(".");
      const forged = Buffer.from(JSON.stringify(["smp_0"])).toString("base64url");
      const wrong = [
        `${forged}.${mac}`,
        `${payload}.`,
        payload,
        `.${mac}`,
        `${payload}.${mac}.x`,
        `${payload}x.${mac}`,
        `${payload}.${mac.slice(0, -2)}AA`,
        "x",
        "\0",
        "é",
        " ",
        "a".repeat(10_000),
        `${forged}.${"A".repeat(22)}`,
      ];
      for (const given of wrong)
        expect([given, outcomeOf(await list({ cursor: given, perPage: 5 }))]).toEqual([given, "400 invalid_cursor"]);
      expect(outcomeOf(await list({ cursor, sortBy: ["whole"] }))).toBe("400 invalid_cursor");
      expect(outcomeOf(await list({ cursor, sortBy: ["id.desc"] }))).toBe("400 invalid_cursor");
      expect(outcomeOf(await depot.call("owners.list", { query: { cursor } }))).toBe("400 invalid_cursor");
      const as = depot.caller("clerk", {
        realm: await realmOf(depot.store, "other", "live"),
        tenant: "other",
        environment: "live",
      });
      expect(outcomeOf(await depot.call("samples.list", { as, query: { cursor, perPage: 5 } }))).toBe("400 invalid_cursor");
      expect(refusalOf(await list({ cursor, page: 2 })).issues).toEqual({ cursor: [{ code: "not_with_page" }] });
    });

    test("a walk by cursor misses and repeats nothing while rows come and go", async () => {
      const query: RawQuery = { sortBy: ["whole.desc", "line"], perPage: 7, fields: ["id"] };
      const before = rowsOf(await list({ ...query, perPage: 100 })).map(({ id }) => String(id));
      const seen: string[] = [];
      let cursor: string | undefined = "";
      const added: string[] = [];
      for (let step = 0; cursor !== undefined && step < walkMax; step++) {
        const result = await list({ ...query, cursor });
        seen.push(...rowsOf(result).map(({ id }) => String(id)));
        cursor = result.ok ? result.page?.nextCursor : undefined;
        // One before and one behind where the walk stands, and the row the cursor was made of goes.
        for (const whole of [3, -3])
          added.push(String(dataOf(await depot.call("samples.create", { body: { whole, line: `step ${step}` } }))["id"]));
        if (step === 2) await depot.call("samples.delete", { id: seen.at(-1) as string });
        if (step > 20) throw new Error("the walk does not end");
      }
      expect(new Set(seen).size).toBe(seen.length);
      const gone = await list({ fields: ["id"], perPage: 100 });
      expect(outcomeOf(gone)).toBe("200");
      expect(seen.filter((id) => !added.includes(id))).toEqual(before);
      for (const id of added) await depot.call("samples.delete", { id });
    });

    test("a cursor goes on from values of any length", async () => {
      const long = "\u{1d4b3}".repeat(250);
      const ids: string[] = [];
      for (const end of ["a", "b", "c"])
        ids.push(
          String(
            dataOf(
              await depot.call("samples.create", {
                body: { line: `\u{1d4b3}${long}${end}`, url: `https://example.com/${"x".repeat(1_900)}${end}` },
              }),
            )["id"],
          ),
        );
      const query: RawQuery = {
        sortBy: ["line", "url"],
        perPage: 1,
        filters: [
          { path: "choice", op: "null", values: [true], as: "choice" },
          { path: "line", op: "startsWith", values: ["\u{1d4b3}\u{1d4b3}"], as: "line" },
        ],
      };
      const first = await list({ ...query, cursor: "" });
      const second = await list({ ...query, cursor: (first.ok && first.page?.nextCursor) || "none" });
      expect([outcomeOf(first), outcomeOf(second)]).toEqual(["200", "200"]);
      expect(rowsOf(second)[0]?.["id"]).toBe(ids[1]);
      for (const id of ids) await depot.call("samples.delete", { id });
    });

    const refused: [string, RawQuery, string, string][] = [
      ["an unknown field", { filters: [{ path: "nothing", op: "eq", values: [1], as: "nothing" }] }, "nothing", "unknown_field"],
      [
        "a field of every object",
        { filters: [{ path: "constructor", op: "eq", values: [1], as: "constructor" }] },
        "constructor",
        "unknown_field",
      ],
      [
        "the prototype",
        { filters: [{ path: "__proto__", op: "eq", values: [1], as: "__proto__" }] },
        "__proto__",
        "unknown_field",
      ],
      [
        "a field within an object",
        { filters: [{ path: "object.name", op: "eq", values: ["x"], as: "object.name" }] },
        "object.name",
        "unknown_field",
      ],
      [
        "a field that is closed",
        { filters: [{ path: "closed", op: "eq", values: ["x"], as: "closed" }] },
        "closed",
        "not_filterable",
      ],
      ["a json field", { filters: [{ path: "json", op: "eq", values: ["x"], as: "json" }] }, "json", "not_filterable"],
      ["bytes", { filters: [{ path: "bytes", op: "eq", values: ["AA=="], as: "bytes" }] }, "bytes", "not_filterable"],
      [
        "a part of a number",
        { filters: [{ path: "whole", op: "contains", values: ["1"], as: "whole[contains]" }] },
        "whole[contains]",
        "unknown_operator",
      ],
      ["an order of booleans", { filters: [{ path: "flag", op: "gt", values: [true], as: "flag" }] }, "flag", "unknown_operator"],
      ["a word for a number", { filters: [{ path: "whole", op: "eq", values: ["x"], as: "whole" }] }, "whole", "wrong_type"],
      [
        "a number beyond the type",
        { filters: [{ path: "money", op: "gt", values: ["9223372036854775808"], as: "money" }] },
        "money",
        "too_large",
      ],
      [
        "another word than of the list",
        { filters: [{ path: "choice", op: "eq", values: ["pink"], as: "choice" }] },
        "choice",
        "not_in_list",
      ],
      ["no value", { filters: [{ path: "whole", op: "eq", values: [], as: "whole" }] }, "whole", "required"],
      ["201 values", { filters: [{ path: "whole", op: "eq", values: Array(201).fill(1), as: "whole" }] }, "whole", "too_many"],
      [
        "null that is neither",
        { filters: [{ path: "whole", op: "null", values: ["maybe"], as: "whole[null]" }] },
        "whole[null]",
        "wrong_type",
      ],
      ["NUL in a part", { filters: [{ path: "line", op: "contains", values: ["a\0"], as: "line" }] }, "line", "wrong_type"],
      [
        "51 conditions",
        { filters: Array.from({ length: 51 }, () => ({ path: "whole", op: "eq" as const, values: [1], as: "whole" })) },
        "filters",
        "too_many",
      ],
      ["an unknown named filter", { named: [{ name: "toString", params: {} }] }, "filters", "unknown_filter"],
      [
        "a named filter without its parameter",
        { named: [{ name: "between", params: { from: "1" } }] },
        "filters.between.to",
        "required",
      ],
      [
        "a named filter with one too many",
        { named: [{ name: "between", params: { from: 1, to: 2, __x: 3 } }] },
        "filters.between.__x",
        "unknown_field",
      ],
      [
        "a named filter with a wrong one",
        { named: [{ name: "between", params: { from: "x", to: 2 } }] },
        "filters.between.from",
        "wrong_type",
      ],
      ["an unknown order", { sortBy: ["nothing.desc"] }, "sortBy", "unknown_field"],
      ["an order by json", { sortBy: ["json"] }, "sortBy", "not_filterable"],
      ["an order by long text", { sortBy: ["text.desc"] }, "sortBy", "not_filterable"],
      ["nine orders", { sortBy: ["line,whole,money,decimal,flag,choice,day,moment,email"] }, "sortBy", "too_many"],
      ["page 0", { page: 0 }, "page", "not_in_range"],
      ["page 1.5", { page: 1.5 }, "page", "not_in_range"],
      ["a page far away", { page: 10_000_000 }, "page", "not_in_range"],
      ["perPage 101", { perPage: "101" }, "perPage", "not_in_range"],
      ["perPage in words", { perPage: "ten" }, "perPage", "not_in_range"],
      ["an unknown choice", { fields: ["line", "hasOwnProperty"] }, "fields", "unknown_field"],
      ["no choice", { fields: [] }, "fields", "required"],
    ];
    test.each(refused)("SECURITY 40: %s is refused by name", async (_, query, place, code) => {
      const refusal = refusalOf(await list(query));
      expect(refusal).toMatchObject({ status: 422, type: "validation_failed" });
      expect(refusal.issues?.[place]?.[0]?.code).toBe(code);
      // Its message can be filled.
      for (const { code: known, params } of Object.values(refusal.issues ?? {}).flat())
        expect(Object.keys(params ?? {})).toEqual(expect.arrayContaining([...issueCodes[known as IssueCode].params]));
    });

    test("named filters with parameters, defaults and text", async () => {
      const between = rowsOf(await list({ named: [{ name: "between", params: { from: "-1", to: "1" } }], perPage: 100 }));
      expect(new Set(between.map(({ id }) => id))).toEqual(
        new Set(rows.filter(({ whole }) => [-1, 0, 1].includes(Number(whole)) && whole !== null).map(({ id }) => id)),
      );
      const owners = await depot.call("owners.create", { body: { name: "T", credit: 600 } });
      const owner = dataOf(owners)["id"];
      for (const [code, value] of [
        ["n1", 50],
        ["n2", 100],
        ["n3", 150],
      ])
        await depot.call("boxes.create", { body: { owner, code, value, packedOn: value === 50 ? "2026-01-15" : null } });
      const codes = async (query: RawQuery) => rowsOf(await depot.call("boxes.list", { query })).map(({ code }) => code);
      expect(await codes({ named: [{ name: "worth", params: { to: 150 } }] })).toEqual(["n2"]);
      expect(await codes({ named: [{ name: "worth", params: { from: "50", to: "9223372036854775807" } }] })).toEqual([
        "n1",
        "n2",
        "n3",
      ]);
      expect(
        await codes({
          named: [
            { name: "packed", params: {} },
            { name: "worth", params: { from: 0, to: 100 } },
          ],
        }),
      ).toEqual(["n1"]);
      expect(rowsOf(await depot.call("owners.list", { query: { named: [{ name: "trusted", params: {} }] } }))).toHaveLength(1);
      expect(dataOf(await depot.call("boxes.count", { query: { named: [{ name: "packed", params: {} }] } }))).toBe(1 as never);
    });

    test("statistics and properties: exact, grouped, by parts of dates, filtered, and over nothing", async () => {
      expect(dataOf(await depot.call("boxes.stats.byState"))).toEqual([
        { state: "open", boxes: 3, value: 300, owners: 1 },
      ] as never);
      expect(dataOf(await depot.call("boxes.stats.packing", { query: { named: [{ name: "packed", params: {} }] } }))).toEqual([
        { month: "2026-01", boxes: 1 },
      ] as never);
      expect(
        dataOf(
          await depot.call("boxes.property.totalValue", {
            query: { filters: [{ path: "value", op: "gte", values: ["100"], as: "value" }] },
          }),
        ),
      ).toBe(250 as never);
      const nothing = { filters: [{ path: "code", op: "eq" as const, values: ["none"], as: "code" }] };
      expect(dataOf(await depot.call("boxes.property.heaviest", { query: nothing }))).toBeNull();
      expect(dataOf(await depot.call("boxes.stats.byState", { query: nothing }))).toEqual([] as never);
      expect(dataOf(await depot.call("boxes.stats.overall", { query: nothing }))).toEqual([
        { boxes: 0, mean: null, heaviest: null },
      ] as never);
      expect(refusalOf(await depot.call("boxes.stats.byState", { query: { sortBy: ["state"] } })).issues).toEqual({
        sortBy: [{ code: "unknown_field" }],
      });
    });
  });
});

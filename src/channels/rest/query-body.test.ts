/** WIRE.md, "HTTP QUERY": the parameters of a query string as a JSON body. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { restLimits } from "./limits.ts";
import { readQueryBody } from "./query-body.ts";

test.each([
  [{ status: "a" }, { filters: [{ path: "status", op: "eq", values: ["a"], as: "status" }] }],
  [{ status: ["a", "b"] }, { filters: [{ path: "status", op: "eq", values: ["a", "b"], as: "status" }] }],
  [
    { price: { gte: 500, lte: 1000 } },
    {
      filters: [
        { path: "price", op: "gte", values: [500], as: "price[gte]" },
        { path: "price", op: "lte", values: [1000], as: "price[lte]" },
      ],
    },
  ],
  [{ "price[gt]": 1 }, { filters: [{ path: "price", op: "gt", values: [1], as: "price[gt]" }] }],
  [{ status: { ne: ["a", "b"] } }, { filters: [{ path: "status", op: "ne", values: ["a", "b"], as: "status[ne]" }] }],
  [{ closedAt: null }, { filters: [{ path: "closedAt", op: "null", values: [true], as: "closedAt" }] }],
  [{ closedAt: { null: false } }, { filters: [{ path: "closedAt", op: "null", values: [false], as: "closedAt[null]" }] }],
  [
    { filters: "a;b(x:1)" },
    {
      named: [
        { name: "a", params: {} },
        { name: "b", params: { x: "1" } },
      ],
    },
  ],
  [
    { filters: ["a", { name: "b", params: { x: 1 } }] },
    {
      named: [
        { name: "a", params: {} },
        { name: "b", params: { x: 1 } },
      ],
    },
  ],
  [
    { sortBy: ["name.desc", "price"], fields: "id,name" },
    { sortBy: ["name.desc", "price"], fields: ["id", "name"] },
  ],
  [
    { page: 2, perPage: 5, count: true },
    { page: 2, perPage: 5, count: true },
  ],
  [{ include: ["a", "b(perPage:2)"] }, { include: [{ name: "a" }, { name: "b", perPage: "2" }] }],
])("%j", (body, query) => {
  expect(readQueryBody(body, restLimits)).toEqual({ query } as never);
});

test.each([
  [[], "body"],
  ["text", "body"],
  [null, "body"],
  [{ price: { foo: 1 } }, "price[foo]"],
  [{ "price[foo]": 1 }, "price[foo]"],
  [{ filters: [{ params: {} }] }, "filters.0.name"],
  [{ filters: [{ name: "a", params: 1 }] }, "filters.0.params"],
  [{ filters: [{ name: "a", more: 1 }] }, "filters.0.more"],
  [{ filters: 5 }, "filters"],
  [{ cursor: 5 }, "cursor"],
  [{ language: 5 }, "language"],
])("%j is refused at %s", (body, name) => {
  const { issues } = readQueryBody(body, restLimits) as { issues: object };
  expect(Object.keys(issues)).toEqual([name]);
});

test("property: no JSON makes it throw", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      readQueryBody(value, restLimits);
    }),
    { numRuns: 1000 },
  );
});

import { describe, expect, test } from "bun:test";
import { Negotiator } from "./accept.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { parseWeighted } from "./weighted.ts";

const negotiator = new Negotiator([
  { mediaTypes: ["application/json", "text/json"], value: "json" },
  { mediaTypes: ["application/xml"], value: "xml" },
  { mediaTypes: ["text/csv"], value: "csv" },
]);

test.each([
  [undefined, "json"],
  [null, "json"],
  ["", "json"],
  ["*/*", "json"],
  ["application/*", "json"],
  ["text/*", "json"],
  ["text/csv", "csv"],
  ["TEXT/CSV", "csv"],
  ["application/xml, application/json", "json"],
  ["application/xml, application/json;q=0.9", "xml"],
  ["application/json;q=0.1, */*;q=0.5", "json"],
  ["application/json;q=0, text/json;q=0, */*;q=0.5", "xml"],
  ["application/*;q=0.2, text/csv;q=0.3, text/json;q=0", "csv"],
  ["*/*;q=0", undefined],
  ["application/json;q=0, text/json;q=0, */*;q=0", undefined],
  ["image/png", undefined],
  ["application/json;charset=utf-8", "json"],
  ["application/json ; q=0.3 , application/xml;Q=0.4", "xml"],
  ['application/xml;title="a, b;q=0";q=0.5', "xml"],
  ["application/xml;q=2", undefined],
  ["application/xml;q=0.1234", undefined],
  ["application/xml;q=", undefined],
  [";;,,;q=1, text/csv", "csv"],
  ["*/xml", undefined],
  [`text/csv${", x/y".repeat(64)}`, undefined],
  ["x".repeat(3000), undefined],
])("Accept: case %# → %p", (header, value) => {
  expect(negotiator.choose(header)).toBe(value as never);
  // The second time from the cache.
  expect(negotiator.choose(header)).toBe(value as never);
});

describe("parseWeighted", () => {
  test("keeps order, lowers case, leaves out what is malformed", () => {
    expect(parseWeighted("A/B;q=0.5, c d, e;q=x, de-AT;q=0.125")).toEqual([
      { value: "a/b", q: 0.5, hasParameters: false },
      { value: "de-at", q: 0.125, hasParameters: false },
    ]);
  });
});

test("the cache stays within its bounds", () => {
  const cache = new BoundedCache<number>({ entriesMax: 3, keyLengthMax: 2 });
  for (let index = 0; index < 10; index++) cache.set(String(index), index);
  expect(cache.size).toBeLessThanOrEqual(3);
  expect(cache.get("9")).toBe(9);
  cache.set("long", 1);
  expect(cache.get("long")).toBeUndefined();
});

/** WIRE.md, "Lists", row by row. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { restLimits } from "./limits.ts";
import { parseQueryString } from "./query-string.ts";
import type { CollectedQuery } from "./query-collector.ts";

const collected = (raw: string): CollectedQuery => {
  const parsed = parseQueryString(raw, restLimits);
  if (!("query" in parsed)) throw new Error(JSON.stringify(parsed));
  return parsed;
};

describe("filters", () => {
  test.each([
    ["authorId=25", [["authorId", "eq", ["25"], "authorId"]]],
    ["status=1&status=2", [["status", "eq", ["1", "2"], "status"]]],
    ["status[]=1&status[]=2", [["status", "eq", ["1", "2"], "status"]]],
    ["status=1&status[]=2", [["status", "eq", ["1", "2"], "status"]]],
    ["status!=3", [["status", "ne", ["3"], "status!="]]],
    ["status!=3&status!=4", [["status", "ne", ["3", "4"], "status!="]]],
    ["status[ne]=3", [["status", "ne", ["3"], "status[ne]"]]],
    [
      "price>=500&price<=1000",
      [
        ["price", "gte", ["500"], "price>="],
        ["price", "lte", ["1000"], "price<="],
      ],
    ],
    ["price>500", [["price", "gt", ["500"], "price>"]]],
    ["price<1000", [["price", "lt", ["1000"], "price<"]]],
    ["price[gte]=500", [["price", "gte", ["500"], "price[gte]"]]],
    ["price%3E%3D500", [["price", "gte", ["500"], "price>="]]],
    ["price%3E=500", [["price", "gte", ["500"], "price>="]]],
    ["price%5Bgte%5D=500", [["price", "gte", ["500"], "price[gte]"]]],
    ["price%3C500", [["price", "lt", ["500"], "price<"]]],
    ["code>a=b", [["code", "gt", ["a=b"], "code>"]]],
    ["name~=John", [["name", "contains", ["John"], "name~="]]],
    ["name[contains]=John", [["name", "contains", ["John"], "name[contains]"]]],
    ["name^=Jo", [["name", "startsWith", ["Jo"], "name^="]]],
    ["name[startsWith]=Jo", [["name", "startsWith", ["Jo"], "name[startsWith]"]]],
    ["closedAt[null]=true", [["closedAt", "null", ["true"], "closedAt[null]"]]],
    ["customer.country=DE", [["customer.country", "eq", ["DE"], "customer.country"]]],
    ["customer.country[ne]=DE", [["customer.country", "ne", ["DE"], "customer.country[ne]"]]],
    ["name=a+b%26c%3Dd", [["name", "eq", ["a b&c=d"], "name"]]],
    ["name=", [["name", "eq", [""], "name"]]],
    ["name", [["name", "eq", [""], "name"]]],
    ["language[eq]=de", [["language", "eq", ["de"], "language[eq]"]]],
    ["__proto__=1", [["__proto__", "eq", ["1"], "__proto__"]]],
    ["&&a=1&", [["a", "eq", ["1"], "a"]]],
  ] as const)("%s", (raw, filters) => {
    const { query, issues } = collected(raw);
    expect(issues).toBeUndefined();
    expect(query.filters?.map(({ path, op, values, as }) => [path, op, values, as])).toEqual(
      filters.map((filter) => [...filter]) as never,
    );
  });
});

describe("parameters", () => {
  test.each([
    ["page=2&perPage=50", { page: "2", perPage: "50" }],
    ["cursor=abc&perPage=5&count=true", { cursor: "abc", perPage: "5", count: "true" }],
    ["sortBy=name.desc,price.asc", { sortBy: ["name.desc", "price.asc"] }],
    ["sortBy=name.desc&sortBy=price", { sortBy: ["name.desc", "price"] }],
    ["fields=id,name,customer.name", { fields: ["id", "name", "customer.name"] }],
    ["filters=recommended", { named: [{ name: "recommended", params: {} }] }],
    [
      "filters=recommended;kids(ageFrom:3,ageTo:7)",
      {
        named: [
          { name: "recommended", params: {} },
          { name: "kids", params: { ageFrom: "3", ageTo: "7" } },
        ],
      },
    ],
    ['filters=of(names:["a, b",c])', { named: [{ name: "of", params: { names: ["a, b", "c"] } }] }],
    [
      "include=customer,transfers(perPage:5,sortBy:createdAt.desc)",
      { include: [{ name: "customer" }, { name: "transfers", perPage: "5", sortBy: ["createdAt.desc"] }] },
    ],
    [
      "include=a(include:b(perPage:1),include:c,sortBy:[x,y.desc])",
      { include: [{ name: "a", include: [{ name: "b", perPage: "1" }, { name: "c" }], sortBy: ["x", "y.desc"] }] },
    ],
    ["page%3D3", { page: "3" }],
    ["page", { page: "" }],
  ])("%s", (raw, query) => {
    expect(collected(raw)).toEqual({ query } as never);
  });

  test("language and envelope are of the answer, not of the list", () => {
    expect(collected("language=de-AT&envelope=false")).toEqual({ query: {}, language: "de-AT", envelope: false });
    expect(collected("envelope=true")).toEqual({ query: {} });
  });
});

describe("what cannot be read is named", () => {
  test.each([
    ["page=1&page=2", { page: ["too_many"] }],
    ["cursor=a&cursor=b", { cursor: ["too_many"] }],
    ["price[foo]=1", { "price[foo]": ["unknown_operator"] }],
    ["=1", { "": ["wrong_type"] }],
    ["fields=a,,b", { fields: ["wrong_type"] }],
    ["sortBy=", { sortBy: ["wrong_type"] }],
    ["filters=a(", { filters: ["wrong_type"] }],
    ["filters=a(x:1,x:2)", { filters: ["too_many"] }],
    ["include=a(x:1)", { "include.a.x": ["unknown_field"] }],
    ["include=a(b:c(d:e(f:g(h:i(j:k)))))", { include: ["too_deep"] }],
    ["envelope=maybe", { envelope: ["wrong_type"] }],
    ["include=a(perPage:[1])", { include: ["wrong_type"] }],
  ])("%s", (raw, expected) => {
    const { issues = {} } = collected(raw);
    expect(Object.fromEntries(Object.entries(issues).map(([name, list]) => [name, list.map(({ code }) => code)]))).toEqual(
      expected,
    );
  });
});

describe("what refuses the request", () => {
  test.each([
    ["a=%", 400, "invalid_request"],
    ["%zz=1", 400, "invalid_request"],
    ["a=%C3%28", 400, "invalid_request"],
    [`a=${"x".repeat(9000)}`, 414, "uri_too_long"],
    [Array.from({ length: 101 }, (_, index) => `a${index}=1`).join("&"), 400, "invalid_request"],
    ["api_key=x", 400, "credential_in_address"],
    ["access_token=x", 400, "credential_in_address"],
    ["name=pons_live_0123456789", 400, "credential_in_address"],
    ["pons_live_0123456789", 400, "credential_in_address"],
    ["X-Api-Key=x", 400, "credential_in_address"],
    ["api_key[eq]=x", 400, "credential_in_address"],
    ["client%5Fsecret=x", 400, "credential_in_address"],
  ])("%.40s", (raw, status, type) => {
    expect(parseQueryString(raw, restLimits)).toMatchObject({ status, type });
  });

  test("a key in the address is not repeated in the refusal", () => {
    expect(JSON.stringify(parseQueryString("a=pons_live_0123456789", restLimits))).not.toContain("0123456789");
  });
});

test("property: no text makes it throw, and all that is not refused is kept or named", () => {
  const piece = fc.constantFrom(
    "a",
    "price",
    "=",
    "&",
    ">",
    "<",
    "!",
    "~",
    "^",
    "[",
    "]",
    "gte",
    "null",
    "filters",
    "include",
    "sortBy",
    "(",
    ")",
    ":",
    ",",
    ";",
    "%",
    "%3D",
    "+",
    ".",
    "page",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join("")),
        fc.string({ unit: "binary", maxLength: 60 }),
      ),
      (raw) => {
        const parsed = parseQueryString(raw, restLimits);
        if ("query" in parsed) expect(() => JSON.stringify(parsed)).not.toThrow();
        else expect([400, 414]).toContain(parsed.status);
      },
    ),
    { numRuns: 3000 },
  );
});

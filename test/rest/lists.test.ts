/** WIRE.md, "Lists": every row of its table, against rows in both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

/** Products by name, in the order they come. */
const named = (...names: string[]) => ({ success: true, data: names.map((name) => ({ name })) });

const found: readonly (readonly [what: string, query: string, ...names: string[]])[] = [
  ["equal", "name=Ink", "Ink"],
  ["set by repetition", "name=Ink&name=Pen&sortBy=name", "Ink", "Pen"],
  ["set with brackets", "name[]=Ink&name[]=Pen&sortBy=name", "Ink", "Pen"],
  ["not equal", "name!=Ink&sortBy=name", "Mug", "Pen"],
  ["none of a set", "name!=Ink&name!=Mug", "Pen"],
  ["range, both ends", "price>=250&price<=900&sortBy=price", "Pen", "Ink"],
  ["above", "price>900", "Mug"],
  ["below", "price<900", "Pen"],
  ["range in brackets", "price[gte]=900&price[lt]=1200", "Ink"],
  ["range with the operator encoded", "price%3E%3D900&sortBy=name", "Ink", "Mug"],
  ["text contains, whatever the case", "name~=EN", "Pen"],
  ["text contains in brackets", "name[contains]=u", "Mug"],
  ["text starts with", "name^=I", "Ink"],
  ["empty", "weight[null]=true&sortBy=name", "Ink", "Pen"],
  ["not empty", "weight[null]=false", "Mug"],
  ["decimal", "weight>0.3", "Mug"],
  ["named", "filters=listed&sortBy=name", "Ink", "Pen"],
  ["named with parameters", "filters=priced(from:800,to:1300)&sortBy=name", "Ink", "Mug"],
  ["several named", "filters=listed;priced(from:800,to:1300)", "Ink"],
  ["sort up", "sortBy=price", "Pen", "Ink", "Mug"],
  ["sort down", "sortBy=price.desc", "Mug", "Ink", "Pen"],
  ["sort by two in one", "sortBy=status.desc,price.desc", "Ink", "Pen", "Mug"],
  ["sort by two repeated", "sortBy=status.desc&sortBy=price", "Pen", "Ink", "Mug"],
  ["page", "sortBy=name&page=2&perPage=1", "Mug"],
];

const refused: readonly (readonly [what: string, query: string, name: string])[] = [
  ["an unknown parameter", "nothing=1", "nothing"],
  ["an unknown operator", "price[near]=1", "price[near]"],
  ["an operator the type does not have", "stock~=1", "stock~="],
  ["a value of the wrong type", "price=cheap", "price"],
  ["a date that is none", "createdAt>=2026-02-30", "createdAt>="],
  ["a value outside an enum", "status=lost", "status"],
  ["an unknown sort field", "sortBy=nothing", "sortBy"],
  ["an unknown field", "fields=nothing", "fields"],
  ["an unknown relation", "include=nothing", "include"],
  ["an unknown named filter", "filters=nothing", "filters"],
  ["a named filter without its parameter", "filters=priced(from:1)", "filters.priced.to"],
  ["an unknown parameter of a named filter", "filters=priced(from:1,to:2,x:3)", "filters.priced.x"],
  ["a page that is no number", "page=x", "page"],
  ["page zero", "page=0", "page"],
  ["perPage beyond the most", "perPage=101", "perPage"],
  ["perPage given twice", "perPage=1&perPage=2", "perPage"],
  ["a syntax error", "filters=priced(", "filters"],
  ["a filter on JSON", "extra=1", "extra"],
  ["a path over what is no relation", "name.first=x", "name.first"],
  ["a prototype as a field, which readers of MessagePack refuse as a key", "__proto__=1", "(proto)"],
  ["an inherited name as a field", "constructor=1", "constructor"],
];

const scenarios: readonly Scenario[] = [
  {
    name: "a refusal of a filter says the field in words, under the name as it was written",
    ask: "GET /products?createdAt>=soon&price[gte]=cheap&stock<few",
    status: 422,
    json: {
      data: {
        "createdAt>=": [expect.stringMatching(/^The created at must be a date and time/)],
        "price[gte]": [expect.stringMatching(/^The price must be/)],
        "stock<": [expect.stringMatching(/^The stock must be/)],
      },
    },
  },
  {
    name: "default page of a resource with its own",
    ask: "GET /orders",
    status: 200,
    json: { pagination: { perPage: 5, maxPerPage: 50 } },
  },
  { name: "default page else", ask: "GET /products", status: 200, json: { pagination: { perPage: 20, maxPerPage: 100 } } },
  { name: "a field of a to-one relation", ask: "GET /orders?user.country=DE", status: 200, json: { data: [{ id: "{order}" }] } },
  { name: "a field of a to-one relation that differs", ask: "GET /orders?user.country=FR", status: 200, json: { data: [] } },
  {
    name: "sorted by a field of a relation",
    ask: "GET /orders?sortBy=user.name.desc",
    status: 200,
    json: { data: [{ id: "{order}" }] },
  },
  {
    name: "chosen fields",
    ask: "GET /products?fields=id,name&name=Pen",
    status: 200,
    json: { data: [{ id: "{pen}", name: "Pen" }] },
    lacks: ["price"],
  },
  {
    name: "chosen fields of a relation",
    ask: "GET /orders?fields=id,user.name",
    status: 200,
    json: { data: [{ id: "{order}", user: { name: "Ann" } }] },
    lacks: ["ann@example.com"],
  },
  {
    name: "a to-one relation included",
    ask: "GET /orders?include=user,product",
    status: 200,
    json: { data: [{ user: { id: "{ann}", name: "Ann" }, product: { name: "Pen" } }] },
  },
  {
    name: "a to-many relation included",
    ask: "GET /users?include=orders(perPage:5,sortBy:quantity.desc)&name=Ann",
    status: 200,
    json: { data: [{ name: "Ann", orders: [{ id: "{order}" }] }] },
  },
  {
    name: "an include within an include",
    ask: "GET /users?include=orders(perPage:5,include:product)&name=Ann",
    status: 200,
    json: { data: [{ orders: [{ product: { name: "Pen" } }] }] },
  },
  {
    name: "an item with an include",
    ask: "GET /orders/{order}?include=user",
    status: 200,
    json: { data: { user: { name: "Ann" } } },
  },
  {
    name: "an item with chosen fields",
    ask: "GET /products/{pen}?fields=name",
    status: 200,
    json: { data: { name: "Pen" } },
    lacks: ["price"],
  },
  {
    name: "an item takes no filter",
    ask: "GET /products/{pen}?price=1",
    status: 422,
    json: { data: { price: [expect.any(String)] } },
  },
  {
    name: "an item takes no page",
    ask: "GET /products/{pen}?page=1",
    status: 422,
    json: { data: { page: [expect.any(String)] } },
  },
  {
    name: "a change takes no parameters",
    ask: "PATCH /products/{pen}?price=1",
    body: {},
    status: 422,
    json: { data: { price: [expect.any(String)] } },
  },
  {
    name: "a count takes no page",
    ask: "GET /products/count?page=1",
    status: 422,
    json: { data: { page: [expect.any(String)] } },
  },
  {
    name: "a field the caller may not read cannot be filtered by",
    as: "ann",
    ask: "GET /products?cost>=1",
    status: 422,
    json: { data: { "cost>=": [expect.any(String)] } },
  },
  {
    name: "nor sorted by",
    as: "ann",
    ask: "GET /products?sortBy=cost",
    status: 422,
    json: { data: { sortBy: [expect.any(String)] } },
  },
  { name: "nor chosen", as: "ann", ask: "GET /products?fields=cost", status: 422 },
  { name: "nor filtered by over a relation", as: "ann", ask: "GET /orders?user.note~=late", status: 422 },
  {
    name: "the same in a QUERY",
    as: "ann",
    ask: "QUERY /products",
    body: { cost: { gte: 1 } },
    status: 422,
    json: { data: { "cost[gte]": [expect.any(String)] } },
  },
  {
    name: "QUERY with typed values, a named filter and includes",
    ask: "QUERY /products",
    body: {
      filters: [{ name: "priced", params: { from: 800, to: 1300 } }],
      sortBy: ["price.desc"],
      fields: ["name"],
      perPage: 1,
      count: true,
    },
    status: 200,
    json: { data: [{ name: "Mug" }], pagination: { totalRecords: 2, perPage: 1 } },
  },
  ...(
    [
      ["is none", { eq: null }, ["Ink", "Pen"]],
      ["is not none", { ne: null }, ["Mug"]],
      ["is none or a value", { eq: [null, "99"] }, ["Ink", "Pen"]],
      ["is neither none nor a value", { ne: ["99", null] }, ["Mug"]],
    ] as const
  ).map(([what, weight, names]): Scenario => ({
    name: `null among values: ${what}`,
    ask: "QUERY /products",
    body: { weight, sortBy: ["name"], fields: ["name"] },
    status: 200,
    json: named(...names),
  })),
  {
    name: "null is in no order, and no value of a field that has to have one",
    ask: "QUERY /products",
    body: { weight: { gt: null }, name: { eq: null } },
    status: 422,
    json: { data: { "weight[gt]": [expect.any(String)], "name[eq]": [expect.any(String)] } },
  },
  {
    name: "QUERY names what is wrong",
    ask: "QUERY /products",
    body: { price: { gte: "cheap" }, nothing: 1 },
    status: 422,
    json: { data: { "price[gte]": [expect.any(String)], nothing: [expect.any(String)] } },
  },
  {
    name: "a forged cursor is 400",
    ask: "GET /products?cursor=forged",
    status: 400,
    json: { error: { type: "invalid_cursor" } },
  },
  {
    name: "SQL in a value is a value",
    ask: "GET /products?name=%27%3B+DROP+TABLE+products%3B--",
    status: 200,
    json: { data: [] },
  },
  { name: "SQL in a name is an unknown field", ask: "GET /products?sortBy=name%3B+DROP+TABLE", status: 422 },
];

describe.each(testDatabases())("$engine", ({ create }) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(await create());
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  test.each(found.map(([what, query, ...names]) => ({ what, query, names })))("$what: $query", async ({ query, names }) => {
    const answered = await play(shop, { name: query, ask: `GET /products?${query}`, status: 200, json: named(...names) });
    expect(answered.body.data).toHaveLength(names.length);
  });

  test.each(refused.map(([what, query, name]) => ({ what, query, name })))("422 for $what: $query", async ({ query, name }) => {
    const answered = await play(shop, {
      name: query,
      ask: `GET /products?${query}`,
      status: 422,
      json: { error: { type: "validation_failed" } },
    });
    expect(Object.keys(answered.body.data)).toContain(name);
  });

  test.each([...scenarios])("$name", async (scenario) => {
    await play(shop, scenario);
  });

  test("a cursor walks the whole list, stable under inserts, without a count unless asked", async () => {
    const seen: string[] = [];
    let path: string | undefined = "/products?sortBy=price&perPage=1&cursor=";
    for (let step = 0; path !== undefined && step < 10; step++) {
      const answered = await shop.ask("GET", path);
      expect(answered.status).toBe(200);
      seen.push(...(answered.body.data as { name: string }[]).map(({ name }) => name));
      expect(answered.body.pagination).not.toHaveProperty("totalRecords");
      const { nextCursor } = answered.body.pagination as { nextCursor?: string };
      expect(answered.headers.get("link")?.includes('rel="next"')).toBe(nextCursor !== undefined);
      if (step === 0) await shop.ask("POST", "/products", { body: { name: "Clip", price: 1 } });
      path = nextCursor === undefined ? undefined : `/products?sortBy=price&perPage=1&cursor=${encodeURIComponent(nextCursor)}`;
    }
    expect(seen).toEqual(["Pen", "Ink", "Mug"]);
    const counted = await shop.ask("GET", "/products?cursor=&count=true");
    expect(counted.body.pagination.totalRecords).toBe(4);
  });

  test("the next link of a cursor page leads on", async () => {
    const first = await shop.ask("GET", "/products?sortBy=price&perPage=2&cursor=");
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await shop.ask("GET", next);
    expect(second.status).toBe(200);
    expect(second.body.data[0].id).not.toBe(first.body.data[0].id);
  });
});

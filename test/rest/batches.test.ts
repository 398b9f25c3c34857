/** WIRE.md, "Batches": arrays, mixed batches, references, strategies, statuses. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

const good = (name: string) => ({ name, price: 100 });

const scenarios: readonly Scenario[] = [
  {
    name: "POST of an array creates each; all succeeded is 200",
    ask: "POST /products",
    body: [good("B1"), good("B2")],
    status: 200,
    json: {
      success: true,
      data: [
        { success: true, status: 201, data: { name: "B1" } },
        { success: true, status: 201, data: { name: "B2" } },
      ],
    },
  },
  {
    name: "some succeeded is 207, each with its own verdict in order",
    ask: "POST /products",
    body: [good("B3"), { name: "" }, good("B4")],
    status: 207,
    json: {
      success: true,
      data: [
        { status: 201 },
        {
          success: false,
          status: 422,
          error: { code: 422, type: "validation_failed" },
          data: { name: [expect.any(String)], price: [expect.any(String)] },
        },
        { status: 201 },
      ],
    },
  },
  {
    name: "none succeeded is 422",
    ask: "POST /products",
    body: [{}, 5],
    status: 422,
    json: { success: false, error: { code: 422, type: "batch_failed" }, data: [{ status: 422 }, { status: 422 }] },
  },
  {
    name: "a batch in which none succeeded keeps its envelope",
    ask: "POST /products?envelope=false",
    body: [{}],
    status: 422,
    json: { success: false, error: { type: "batch_failed" }, data: [{ status: 422 }] },
  },
  {
    name: "a bare batch is its verdicts",
    ask: "POST /products?envelope=false",
    body: [good("Bare")],
    status: 200,
    json: [{ success: true, status: 201 }],
  },
  { name: "an empty batch succeeds", ask: "POST /products", body: [], status: 200, json: { success: true, data: [] } },
  {
    name: "atomic by preference: one refusal rolls all back",
    ask: "POST /products",
    headers: { prefer: "atomic" },
    body: [good("A1"), { name: "" }, good("A2")],
    status: 422,
    answers: { "preference-applied": "atomic" },
    json: {
      data: [
        { success: false, error: { type: "rolled_back" } },
        { error: { type: "validation_failed" } },
        { error: { type: "rolled_back" } },
      ],
    },
  },
  { name: "and nothing of it is there", ask: "GET /products?name^=A", status: 200, json: { data: [] } },
  {
    name: "atomic where all succeed",
    ask: "POST /products",
    headers: { prefer: "atomic" },
    body: [good("A3"), good("A4")],
    status: 200,
    json: { data: [{ status: 201 }, { status: 201 }] },
  },
  {
    name: "PATCH of an array of objects with ids",
    ask: "PATCH /products",
    body: [{ id: "{pen}", stock: 5 }, { id: "{ink}", stock: -1 }, { stock: 1 }],
    status: 207,
    json: {
      data: [
        { status: 200, data: { stock: 5 } },
        { status: 422, data: { stock: [expect.any(String)] } },
        { status: 422, data: { id: [expect.any(String)] } },
      ],
    },
  },
  {
    name: "PUT of an array of objects with ids",
    ask: "PUT /products",
    body: [{ id: "{mug}", name: "Mug", price: 5 }],
    status: 200,
    json: { data: [{ status: 200, data: { price: 5, weight: null } }] },
  },
  {
    name: "PATCH of a collection takes an array only",
    ask: "PATCH /products",
    body: { stock: 1 },
    status: 422,
    json: { data: { body: [expect.any(String)] } },
  },
  {
    name: "DELETE of ids",
    ask: "DELETE /roles",
    body: { ids: ["{buyers}", "rol_01JD3Q8Z5T7N9V1X3B5D7F9H1K", 7] },
    status: 207,
    json: { data: [{ success: true, status: 204 }, { status: 404 }, { status: 422 }] },
  },
  { name: "DELETE of a collection without a body is 400", ask: "DELETE /roles", status: 400 },
  {
    name: "DELETE of a collection without ids is 422",
    ask: "DELETE /roles",
    body: {},
    status: 422,
    json: { data: { ids: [expect.any(String)] } },
  },
  {
    name: "DELETE of a collection takes nothing but ids",
    ask: "DELETE /roles",
    body: { ids: [], all: true },
    status: 422,
    json: { data: { all: [expect.any(String)] } },
  },
  {
    name: "more than 1,000 items are 413",
    ask: "POST /products",
    body: Array.from({ length: 1001 }, () => 1),
    status: 413,
    json: { error: { type: "too_large", details: { maxItems: 1000 } } },
  },
  {
    name: "If-Match is not about a batch",
    ask: "PATCH /products",
    headers: { "if-match": "*" },
    body: [{ id: "{pen}", stock: 5 }],
    status: 400,
    json: { error: { type: "invalid_header" } },
  },
  {
    name: "return=minimal leaves the ids",
    ask: "POST /products",
    headers: { prefer: "return=minimal" },
    body: [good("M1")],
    status: 200,
    json: { data: [{ status: 201, data: { id: expect.any(String) } }] },
    lacks: ["M1"],
  },
  {
    name: "a batch in XML, answered in XML",
    ask: "POST /products",
    headers: { "content-type": "application/xml", accept: "application/xml" },
    body: "<request><item><name>X1</name><price>7</price></item><item><name>X2</name><price>8</price></item></request>",
    status: 200,
    contains: ["<status>201</status>", "<name>X2</name>"],
  },
  {
    name: "a batch in CSV",
    ask: "POST /products",
    headers: { "content-type": "text/csv" },
    body: "name,price,stock\r\nC1,5,1\r\nC2,6,x\r\n",
    status: 207,
    json: { data: [{ data: { name: "C1", price: 5, stock: 1 } }, { status: 422, data: { stock: [expect.any(String)] } }] },
  },
  {
    name: "a batch in NDJSON",
    ask: "POST /products",
    headers: { "content-type": "application/x-ndjson" },
    body: '{"name":"N1","price":5}\n{"name":"N2","price":6}\n',
    status: 200,
    json: { data: [{ data: { name: "N1" } }, { data: { name: "N2" } }] },
  },

  {
    name: "a mixed batch with references, typed and in a path",
    ask: "POST /batch",
    body: {
      calls: [
        { id: "u", method: "POST", path: "/users", body: { name: "Cy", email: "cy@example.com", country: "IT" } },
        { id: "o", path: "/orders", body: { user: "{u.data.id}", product: "{pen}", quantity: 3 } },
        { path: "/users/{o.data.user}/orders" },
        { id: "c", path: "/quote", body: { price: "{o.data.quantity}", rate: "{o.status}" } },
        { path: "/orders/{o.data.id}", method: "PATCH", body: { comment: "for {u.data.name}, {{u.data.name}} {brace}" } },
      ],
    },
    status: 207,
    json: {
      data: [
        { status: 201, data: { name: "Cy" } },
        { status: 201, data: { quantity: 3 } },
        { status: 200, data: [{ quantity: 3 }] },
        // 201 is a number, and more than the rate may be.
        { status: 422, data: { rate: [expect.any(String)] } },
        { status: 200, data: { comment: "for Cy, {u.data.name} {brace}" } },
      ],
    },
  },
  {
    name: "a call that refers to a refused one is refused",
    ask: "POST /batch",
    body: {
      calls: [
        { id: "a", path: "/users", body: {} },
        { path: "/orders", body: { user: "{a.data.id}", product: "{pen}" } },
        { path: "/products/count" },
      ],
    },
    status: 207,
    json: {
      data: [
        { status: 422 },
        { status: 422, error: { type: "invalid_reference", details: { reference: "{a.data.id}" } } },
        { status: 200 },
      ],
    },
  },
  {
    name: "an atomic mixed batch is undone as a whole",
    ask: "POST /batch",
    body: {
      strategy: "atomic",
      calls: [
        { id: "u", path: "/users", body: { name: "Di", email: "di@example.com", country: "IT" } },
        { id: "o", path: "/orders", body: { user: "{u.data.id}", product: "{pen}", quantity: 1000 } },
      ],
    },
    status: 422,
    json: {
      success: false,
      error: { type: "batch_failed" },
      data: [
        { error: { type: "rolled_back" } },
        { error: { type: "validation_failed" }, data: { quantity: [expect.any(String)] } },
      ],
    },
  },
  { name: "nothing of it is there", ask: "GET /users?name=Di", status: 200, json: { data: [] } },
  {
    name: "an atomic mixed batch that succeeds, with a reference",
    ask: "POST /batch",
    body: {
      strategy: "atomic",
      calls: [
        { id: "u", path: "/users", body: { name: "Ed", email: "ed@example.com", country: "IT" } },
        { id: "o", path: "/users/{u.data.id}/orders", body: { product: "{pen}" } },
        { path: "/users/{u.data.id}/roles", body: { id: "{admins}" } },
      ],
    },
    status: 200,
    json: { data: [{ status: 201 }, { status: 201 }, { status: 201 }] },
  },
  {
    name: "properties, statistics and QUERY in a mixed batch",
    ask: "POST /batch",
    body: {
      calls: [
        { path: "/products/{pen}/name" },
        { path: "/products/stats/byStatus?name=Pen" },
        { method: "QUERY", path: "/products", body: { name: "Pen", fields: ["name"] } },
        { path: "/products?name=Pen&fields=name" },
      ],
    },
    status: 200,
    json: {
      data: [
        { data: "Pen" },
        { data: [{ status: "listed", products: 1 }] },
        { data: [{ name: "Pen" }] },
        { data: [{ name: "Pen" }] },
      ],
    },
  },
  {
    name: "each call's refusal is its own",
    ask: "POST /batch",
    body: {
      calls: [
        { path: "/nothing" },
        { path: "/products/count", method: "DELETE" },
        { path: "/products?nothing=1" },
        { path: "/products/%zz" },
      ],
    },
    status: 422,
    json: { data: [{ status: 404 }, { status: 405 }, { status: 422, data: { nothing: [expect.any(String)] } }, { status: 404 }] },
  },
  {
    name: "each call is authorized by itself",
    as: "ann",
    ask: "POST /batch",
    body: { calls: [{ path: "/users/{ann}" }, { path: "/users/{ben}" }, { path: "/ping", method: "POST" }] },
    status: 207,
    json: { data: [{ status: 200 }, { status: 404 }, { status: 403 }] },
  },
  {
    name: "what makes several calls cannot stand in one",
    ask: "POST /batch",
    body: {
      calls: [
        { path: "/batch", body: {} },
        { path: "/products", body: [] },
        { path: "/roles", method: "DELETE", body: { ids: [] } },
        { path: "/users/{ann}/roles/{admins}", method: "DELETE" },
        { path: "/products.xml" },
      ],
    },
    status: 422,
    json: { data: [{ status: 400 }, { status: 400 }, { status: 400 }, { status: 400 }, { status: 400 }] },
  },
  {
    name: "a reference to a later or unknown call is 422 before anything is done",
    ask: "POST /batch",
    body: {
      calls: [
        { path: "/users/{z.data.id}" },
        { path: "/orders", body: { user: ["{b.data.id}"] } },
        { id: "b", path: "/roles", body: { name: "never" } },
      ],
    },
    status: 422,
    json: { error: { type: "validation_failed" }, data: { "calls.0": [expect.any(String)], "calls.1": [expect.any(String)] } },
  },
  {
    name: "a malformed mixed batch names what is wrong",
    ask: "POST /batch",
    body: {
      strategy: "maybe",
      more: 1,
      calls: [{}, 5, { path: "x", id: "a b" }, { path: "/a", id: "q", verb: 1 }, { path: "/a", id: "q" }],
    },
    status: 422,
    json: {
      data: {
        strategy: [expect.any(String)],
        more: [expect.any(String)],
        "calls.0.path": [expect.any(String)],
        "calls.1": [expect.any(String)],
        "calls.2.id": [expect.any(String)],
        "calls.2.path": [expect.any(String)],
        "calls.3.verb": [expect.any(String)],
        "calls.4.id": [expect.any(String)],
      },
    },
  },
  {
    name: "a mixed batch without calls",
    ask: "POST /batch",
    body: {},
    status: 422,
    json: { data: { calls: [expect.any(String)] } },
  },
  { name: "a mixed batch is posted", ask: "GET /batch", status: 405, answers: { allow: "POST, OPTIONS" } },
  {
    name: "a mixed batch of too many",
    ask: "POST /batch",
    body: { calls: Array.from({ length: 1001 }, () => ({ path: "/a" })) },
    status: 413,
  },
  {
    name: "a batch needs a key as every call does",
    as: "nobody",
    ask: "POST /batch",
    body: { calls: [{ path: "/products" }] },
    status: 422,
    json: { data: [{ status: 401 }] },
  },
];

describe.each(testDatabases())("$engine", ({ create }) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(await create());
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  test.each([...scenarios])("$name", async (scenario) => {
    await play(shop, scenario);
  });

  test("a batch of 1,000 is created in order", async () => {
    const answered = await shop.ask("POST", "/roles", {
      body: Array.from({ length: 1000 }, (_, index) => ({ name: `role ${index}` })),
    });
    expect(answered.status).toBe(200);
    expect((answered.body.data as { data: { name: string } }[]).map(({ data }) => data.name)).toEqual(
      Array.from({ length: 1000 }, (_, index) => `role ${index}`),
    );
  });

  test("an idempotency key holds for every item by its position", async () => {
    const headers = { "idempotency-key": "batch-1" };
    const body = [{ name: "once 0" }, { name: "once 1" }];
    const first = await shop.ask("POST", "/roles", { headers, body });
    const second = await shop.ask("POST", "/roles", { headers, body });
    const idsOf = (answered: typeof first) => (answered.body.data as { data: { id: string } }[]).map(({ data }) => data.id);
    expect(idsOf(second)).toEqual(idsOf(first));
    expect(second.body.data).toMatchObject([{ replayed: true }, { replayed: true }]);
    const changed = await shop.ask("POST", "/roles", { headers, body: [{ name: "once 0" }, { name: "another" }] });
    expect(changed.body.data).toMatchObject([
      { status: 201, replayed: true },
      { status: 422, error: { type: "idempotency_key_reused" } },
    ]);
  });

  test("nothing of ours went wrong", () => expect(shop.failures).toEqual([]));
});

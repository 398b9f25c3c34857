/** WIRE.md, "Addresses": every address with every method, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

const reading: readonly Scenario[] = [
  {
    name: "GET of a collection lists it",
    ask: "GET /products",
    status: 200,
    json: { success: true, data: [{ name: "Pen" }, { name: "Ink" }, { name: "Mug" }], pagination: { totalRecords: 3 } },
  },
  {
    name: "GET of an item reads it",
    ask: "GET /products/{pen}",
    status: 200,
    json: { success: true, data: { id: "{pen}", name: "Pen", price: 250, tags: ["blue", "thin"] } },
  },
  {
    name: "an item that is not there is 404",
    ask: "GET /products/prd_01JD3Q8Z5T7N9V1X3B5D7F9H1K",
    status: 404,
    json: { success: false, error: { code: 404, type: "not_found" } },
  },
  {
    name: "an item of somebody else is the same 404",
    as: "ben",
    ask: "GET /users/{ann}",
    status: 404,
    json: { error: { type: "not_found" } },
  },
  { name: "GET of a property", ask: "GET /products/{pen}/name", status: 200, json: { success: true, data: "Pen" } },
  {
    name: "GET of a property that is empty",
    ask: "GET /products/{pen}/weight",
    status: 200,
    json: { success: true, data: null },
  },
  {
    name: "GET of a property that the caller may not read is 403",
    as: "ann",
    ask: "GET /products/{pen}/cost",
    status: 403,
    json: { error: { type: "forbidden" } },
    lacks: ["90"],
  },
  { name: "GET of a property of an item that is not there is 404", ask: "GET /products/nothing/name", status: 404 },
  { name: "GET of the count", ask: "GET /products/count", status: 200, json: { success: true } },
  { name: "GET of the count honours filters", ask: "GET /products/count?status=listed", status: 200, contains: ["2"] },
  { name: "GET of a collection property", ask: "GET /products/totalStock", status: 200, contains: ["13"] },
  {
    name: "GET of a collection property honours filters",
    ask: "GET /products/totalStock?price>=900",
    status: 200,
    contains: ["3"],
  },
  {
    name: "a related collection",
    ask: "GET /users/{ann}/orders",
    status: 200,
    json: { data: [{ id: "{order}", quantity: 2 }], pagination: { totalRecords: 1, perPage: 5, maxPerPage: 50 } },
  },
  {
    name: "a related collection that is empty",
    ask: "GET /users/{ben}/orders",
    status: 200,
    json: { data: [], pagination: { totalRecords: 0, currentPage: 1 } },
  },
  { name: "a related collection of nobody is 404", ask: "GET /users/usr_01JD3Q8Z5T7N9V1X3B5D7F9H1K/orders", status: 404 },
  { name: "a related collection of somebody else is 404", as: "ben", ask: "GET /users/{ann}/orders", status: 404 },
  { name: "a related collection with filters", ask: "GET /users/{ann}/orders?quantity>2", status: 200, json: { data: [] } },
  { name: "a many-to-many collection", ask: "GET /users/{ann}/roles", status: 200, json: { data: [] } },
  {
    name: "the singleton is the caller's",
    as: "ann",
    ask: "GET /profile",
    status: 200,
    json: { data: { id: "{ann}", name: "Ann" } },
    lacks: ["Pays late"],
  },
  { name: "a caller without the singleton's role is 403", ask: "GET /profile", status: 403 },
  {
    name: "statistics",
    ask: "GET /products/stats/byStatus",
    status: 200,
    json: {
      data: [
        { status: "draft", products: 1 },
        { status: "listed", products: 2 },
      ],
    },
  },
  {
    name: "statistics honour filters",
    ask: "GET /products/stats/byStatus?status=draft",
    status: 200,
    json: { data: [{ status: "draft", products: 1 }] },
  },
  { name: "statistics that do not exist are 404", ask: "GET /products/stats/nothing", status: 404 },
  {
    name: "QUERY of a collection",
    ask: "QUERY /products",
    body: { price: { gte: 500 }, sortBy: "price.desc" },
    status: 200,
    json: { data: [{ name: "Mug" }, { name: "Ink" }] },
  },
  {
    name: "QUERY of a related collection",
    ask: "QUERY /users/{ann}/orders",
    body: { quantity: 2 },
    status: 200,
    json: { data: [{ id: "{order}" }] },
  },
  { name: "QUERY without a body is 400", ask: "QUERY /products", status: 400, json: { error: { type: "invalid_body" } } },
  {
    name: "QUERY without a type is 415 and says which",
    ask: "QUERY /products",
    body: "{}",
    status: 415,
    headers: { "content-type": "text/plain" },
    answers: { "accept-query": /application\/json/ },
  },
  {
    name: "QUERY takes its parameters from the body",
    ask: "QUERY /products?status=listed",
    body: {},
    status: 422,
    json: { data: { status: [expect.any(String)] } },
  },
];

const functions: readonly Scenario[] = [
  {
    name: "POST of a function on an item",
    ask: "POST /products/{pen}/retire",
    body: { reason: "old" },
    status: 200,
    json: { success: true, data: { id: "{pen}", status: "retired" } },
  },
  {
    name: "its own refusal has its own type and status",
    ask: "POST /products/{pen}/retire",
    body: { reason: "old" },
    status: 409,
    json: { error: { code: 409, type: "already_retired", message: "The product is retired already." } },
  },
  {
    name: "its input is checked",
    ask: "POST /products/{ink}/retire",
    body: {},
    status: 422,
    json: { error: { type: "validation_failed" }, data: { reason: [expect.any(String)] } },
  },
  {
    name: "a function that only reads, without a body",
    as: "ann",
    ask: "POST /products/{ink}/label",
    status: 200,
    json: { data: { text: "Ink: 900" } },
  },
  {
    name: "POST of a function on a collection",
    ask: "POST /products/countCheap",
    body: { below: 1000 },
    status: 200,
    json: { data: { products: 2 } },
  },
  { name: "POST of a free function", ask: "POST /quote", body: { price: 1000 }, status: 200, json: { data: { total: 1200 } } },
  { name: "a function that answers nothing is 204", ask: "POST /ping", status: 204 },
  { name: "a function that the role may not call is 403", as: "ann", ask: "POST /ping", status: 403 },
  { name: "a function is not read", ask: "GET /quote", status: 405, answers: { allow: "POST, OPTIONS" } },
  {
    name: "a function that throws is 500 and shows nothing",
    ask: "POST /fail",
    status: 500,
    json: { error: { code: 500, type: "internal" } },
  },
];

const writing: readonly Scenario[] = [
  {
    name: "POST creates one",
    ask: "POST /roles",
    body: { name: "guests" },
    status: 201,
    json: { success: true, data: { name: "guests" } },
    answers: { location: /\/shop\/v2\/roles\/rol_\w+$/ },
  },
  {
    name: "PATCH merges",
    ask: "PATCH /products/{ink}",
    body: { stock: 7, size: { note: null } },
    status: 200,
    json: { data: { stock: 7, size: { width: 3, height: 5, note: null }, name: "Ink" } },
  },
  {
    name: "PATCH with the media type of RFC 7396",
    ask: "PATCH /products/{ink}",
    body: '{"stock":8}',
    headers: { "content-type": "application/merge-patch+json" },
    status: 200,
    json: { data: { stock: 8 } },
  },
  {
    name: "PUT replaces",
    ask: "PUT /products/{mug}",
    body: { name: "Cup", price: 1100 },
    status: 200,
    json: { data: { name: "Cup", price: 1100, weight: null, extra: null, status: "draft" } },
  },
  {
    name: "PUT of a part is 422",
    ask: "PUT /products/{mug}",
    body: { name: "Cup" },
    status: 422,
    json: { data: { price: [expect.any(String)] } },
  },
  {
    name: "PUT of a property",
    ask: "PUT /products/{mug}/name",
    body: '"Bowl"',
    headers: { "content-type": "application/json" },
    status: 200,
    json: { success: true, data: "Bowl" },
  },
  {
    name: "PATCH of a property",
    ask: "PATCH /products/{mug}/stock",
    body: "4",
    headers: { "content-type": "application/json" },
    status: 200,
    json: { data: 4 },
  },
  {
    name: "PUT of an object property replaces it whole",
    ask: "PUT /products/{ink}/size",
    body: { width: 9, height: 8 },
    status: 200,
    json: { data: { width: 9, height: 8, note: null } },
  },
  {
    name: "PATCH of an object property merges",
    ask: "PATCH /products/{ink}/size",
    body: { note: "new" },
    status: 200,
    json: { data: { width: 9, height: 8, note: "new" } },
  },
  {
    name: "DELETE of a property is 405",
    ask: "DELETE /products/{mug}/name",
    status: 405,
    answers: { allow: "GET, HEAD, PUT, PATCH, OPTIONS" },
  },
  {
    name: "a property that is never written is 422",
    ask: "PUT /products/{mug}/createdAt",
    body: '"2026-01-01T00:00:00Z"',
    headers: { "content-type": "application/json" },
    status: 422,
    json: { data: { createdAt: [expect.any(String)] } },
  },
  {
    name: "PATCH removes what is null from JSON, too (RFC 7396)",
    ask: "PATCH /products/{pen}",
    body: { extra: { a: { b: 1, c: 2 }, d: 3 } },
    status: 200,
    json: { data: { extra: { a: { b: 1, c: 2 }, d: 3 } } },
  },
  {
    name: "and leaves the rest of it",
    ask: "PATCH /products/{pen}",
    body: { extra: { a: { b: null }, d: null } },
    status: 200,
    contains: ['"extra":{"a":{"c":2}}'],
  },
  {
    name: "PATCH of a part of an object in a batch",
    ask: "PATCH /products",
    body: [{ id: "{ink}", size: { note: "batch" } }],
    status: 200,
    json: { data: [{ data: { size: { width: 9, height: 8, note: "batch" } } }] },
  },
  {
    name: "a part of an object that is not there yet has to be whole",
    ask: "PATCH /products/{pen}",
    body: { size: { note: "x" } },
    status: 422,
  },
  {
    name: "PATCH of the singleton",
    as: "ann",
    ask: "PATCH /profile",
    body: { language: "de" },
    status: 200,
    json: { data: { id: "{ann}", language: "de" } },
  },
  {
    name: "a field that the role may not write is 422",
    as: "ann",
    ask: "PATCH /profile",
    body: { note: "x" },
    status: 422,
    json: { data: { note: [expect.any(String)] } },
  },
  {
    name: "POST to a related collection creates with the reference filled in",
    ask: "POST /users/{ben}/orders",
    body: { product: "{ink}" },
    status: 201,
    json: { data: { user: "{ben}", product: "{ink}", quantity: 1 } },
    answers: { location: /\/shop\/v2\/orders\/ord_\w+$/ },
  },
  {
    name: "another reference than the address has is 422",
    ask: "POST /users/{ben}/orders",
    body: { product: "{ink}", user: "{ann}" },
    status: 422,
    json: { data: { user: [expect.any(String)] } },
  },
  {
    name: "POST to a many-to-many collection relates",
    ask: "POST /users/{ann}/roles",
    body: { id: "{admins}", since: "2026-02-01" },
    status: 201,
    json: { data: { user: "{ann}", role: "{admins}", since: "2026-02-01" } },
  },
  {
    name: "related once more is 409",
    ask: "POST /users/{ann}/roles",
    body: { id: "{admins}" },
    status: 409,
    json: { error: { type: "already_exists" } },
  },
  {
    name: "relating needs an id",
    ask: "POST /users/{ann}/roles",
    body: {},
    status: 422,
    json: { data: { id: [expect.any(String)] } },
  },
  {
    name: "relating several at once",
    ask: "POST /users/{ben}/roles",
    body: [{ id: "{admins}" }, "{buyers}"],
    status: 200,
    json: { data: [{ status: 201 }, { status: 201 }] },
  },
  {
    name: "what is related is listed",
    ask: "GET /users/{ann}/roles",
    status: 200,
    json: { data: [{ id: "{admins}", name: "admins" }] },
  },
  {
    name: "and from the other side",
    ask: "GET /roles/{admins}/users?sortBy=name",
    status: 200,
    json: { data: [{ name: "Ann" }, { name: "Ben" }] },
  },
  { name: "DELETE of a related id unrelates", ask: "DELETE /users/{ann}/roles/{admins}", status: 204 },
  { name: "what is not related is 404", ask: "DELETE /users/{ann}/roles/{admins}", status: 404 },
  { name: "it is no longer related, and still there", ask: "GET /users/{ann}/roles", status: 200, json: { data: [] } },
  {
    name: "a related id can only be deleted",
    ask: "GET /users/{ann}/roles/{admins}",
    status: 405,
    answers: { allow: "DELETE, OPTIONS" },
  },
  {
    name: "DELETE of an item that others refer to is 409",
    ask: "DELETE /users/{ann}",
    status: 409,
    json: { error: { type: "still_referenced" } },
  },
  { name: "DELETE of an item", ask: "DELETE /orders/{order}", status: 204 },
  { name: "it is gone", ask: "GET /orders/{order}", status: 404 },
  {
    name: "what is append-only is neither changed nor deleted",
    ask: "DELETE /notes/nte_01JD3Q8Z5T7N9V1X3B5D7F9H1K",
    status: 405,
    answers: { allow: "GET, HEAD, OPTIONS" },
  },
];

const methods: readonly Scenario[] = [
  {
    name: "OPTIONS of a collection",
    ask: "OPTIONS /products",
    as: "nobody",
    status: 204,
    answers: {
      allow: "GET, HEAD, QUERY, POST, PUT, PATCH, DELETE, OPTIONS",
      "accept-patch": /merge-patch\+json/,
      "accept-query": /application\/json/,
      "accept-post": /application\/json/,
    },
  },
  {
    name: "OPTIONS of an item",
    ask: "OPTIONS /products/{pen}",
    status: 204,
    answers: { allow: "GET, HEAD, PUT, PATCH, DELETE, OPTIONS", "accept-query": null },
  },
  {
    name: "HEAD is GET without the body",
    ask: "HEAD /products/{ink}",
    status: 200,
    answers: { etag: /"\w+"/, "content-type": "application/json", "content-length": /: \d+$/ },
  },
  { name: "HEAD of what is not there", ask: "HEAD /products/nothing", status: 404 },
  {
    name: "a known path with a wrong method is 405 with Allow",
    ask: "POST /products/{pen}",
    body: {},
    status: 405,
    json: { error: { type: "method_not_allowed" } },
    answers: { allow: "GET, HEAD, PUT, PATCH, DELETE, OPTIONS" },
  },
  { name: "an unknown path is 404", ask: "GET /nothing", status: 404, json: { error: { type: "not_found" } } },
  { name: "an unknown service is 404", ask: "GET /shop/v9/products", status: 404 },
  { name: "an unknown path is 404 for every method", ask: "POST /nothing", body: {}, status: 404 },
  { name: "a trailing slash is another address", ask: "GET /products/", status: 404 },
  { name: "another case is another address", ask: "GET /Products", status: 404 },
  { name: "a double slash is another address", ask: "GET //products", status: 404 },
  { name: "a path parameter is part of its segment", ask: "GET /products;x=1", status: 404 },
  { name: "an encoded slash does not split", ask: "GET /products%2F{pen}", status: 404 },
  { name: "an encoded name is that name", ask: "GET /%70roducts/count", status: 200 },
  { name: "a bad escape is 400", ask: "GET /products/%zz", status: 400, json: { error: { type: "invalid_request" } } },
  {
    name: "a path that is too long is 414",
    ask: `GET /products/${"x".repeat(3000)}`,
    status: 414,
    json: { error: { type: "uri_too_long" } },
  },
  { name: "a path that is too deep is 404", ask: "GET /products/a/b/c/d/e", status: 404 },
  {
    name: "an override of the method is ignored",
    ask: "GET /products/{ink}",
    headers: { "x-http-method-override": "DELETE" },
    status: 200,
  },
  {
    name: "a problem type is explained",
    as: "nobody",
    ask: "GET /problems/validation_failed",
    status: 200,
    json: { data: { type: "validation_failed", status: 422 } },
  },
];

describe.each(testDatabases())("$engine", ({ create }) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(await create());
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  test.each([...reading, ...functions, ...writing, ...methods])("$name", async (scenario) => {
    await play(shop, scenario);
  });

  test("only the function that throws was told to the hook", () => {
    expect(shop.failures.map(String)).toEqual(["Error: secret detail of the code"]);
  });
});

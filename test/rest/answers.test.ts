/** WIRE.md, "Answers": envelope, refusals, problem documents, pages, entity tags. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

const scenarios: readonly Scenario[] = [
  {
    name: "a refusal has code, type, message, request id, and what is wrong by field",
    ask: "POST /users",
    body: { name: "", email: "nobody", country: "XX", extra: 1 },
    headers: { "x-request-id": "mine-1" },
    status: 422,
    answers: { "x-request-id": "mine-1", "content-type": "application/json", "cache-control": "no-store" },
    json: {
      success: false,
      error: { code: 422, type: "validation_failed", message: "Validation failed", requestId: "mine-1" },
      data: {
        name: [expect.any(String)],
        email: [expect.any(String)],
        country: [expect.any(String)],
        extra: [expect.any(String)],
      },
    },
  },
  {
    name: "the same refusal as a problem document",
    ask: "POST /users",
    body: { name: "A" },
    headers: { accept: "application/problem+json", "x-request-id": "mine-2" },
    status: 422,
    answers: { "content-type": "application/problem+json" },
    json: {
      type: "/problems/validation_failed",
      title: "Validation failed",
      status: 422,
      requestId: "mine-2",
      errors: { email: [expect.any(String)] },
    },
    lacks: ["success"],
  },
  {
    name: "a problem document in XML",
    ask: "GET /products/nothing",
    headers: { accept: "application/problem+xml" },
    status: 404,
    answers: { "content-type": "application/problem+xml" },
    contains: ['<problem xmlns="urn:ietf:rfc:7807">', "<status>404</status>", "</problem>"],
  },
  {
    name: "who accepts both gets data as JSON and refusals as problems",
    ask: "GET /products/nothing",
    headers: { accept: "application/json, application/problem+json" },
    status: 404,
    answers: { "content-type": "application/problem+json" },
  },
  {
    name: "who accepts problems only gets data as JSON",
    ask: "GET /products/{pen}",
    headers: { accept: "application/problem+json" },
    status: 200,
    answers: { "content-type": "application/json" },
    json: { success: true },
  },
  {
    name: "bare data by parameter",
    ask: "GET /products/{pen}?envelope=false",
    status: 200,
    json: { id: "{pen}", name: "Pen" },
    lacks: ["success"],
  },
  {
    name: "bare data by preference",
    ask: "GET /products/{pen}",
    headers: { prefer: "envelope=none" },
    status: 200,
    answers: { "preference-applied": "envelope=none" },
    json: { id: "{pen}" },
    lacks: ["success"],
  },
  {
    name: "a bare page has its numbers in headers",
    ask: "GET /products?envelope=false&perPage=2",
    status: 200,
    json: [{ name: "Pen" }, { name: "Ink" }],
    answers: { "x-total-count": "3", "x-total-pages": "2", "x-page": "1", "x-per-page": "2", "x-max-per-page": "100" },
  },
  { name: "a refusal keeps its envelope", ask: "GET /products/nothing?envelope=false", status: 404, json: { success: false } },
  {
    name: "the first of two pages links to first, next and last",
    ask: "GET /products?perPage=2&sortBy=name",
    status: 200,
    json: { success: true, pagination: { totalRecords: 3, totalPages: 2, currentPage: 1, perPage: 2, maxPerPage: 100 } },
    answers: {
      link: '</shop/v2/products?perPage=2&sortBy=name&page=1>; rel="first", </shop/v2/products?perPage=2&sortBy=name&page=2>; rel="next", </shop/v2/products?perPage=2&sortBy=name&page=2>; rel="last"',
    },
  },
  {
    name: "the last page links to first, prev and last",
    ask: "GET /products?page=2&perPage=2",
    status: 200,
    answers: {
      link: '</shop/v2/products?perPage=2&page=1>; rel="first", </shop/v2/products?perPage=2&page=1>; rel="prev", </shop/v2/products?perPage=2&page=2>; rel="last"',
    },
  },
  {
    name: "a page beyond the last is 404",
    ask: "GET /products?page=9",
    status: 404,
    json: { error: { type: "page_not_found" } },
  },
  {
    name: "the first page of an empty list is 200",
    ask: "GET /notes",
    status: 200,
    json: { data: [], pagination: { totalRecords: 0, currentPage: 1 } },
  },
  {
    name: "a parameter in a link cannot end it",
    ask: "GET /products?name~=%3E%22%3B,<>&perPage=1",
    status: 200,
    answers: { link: /^link: <\/shop\/v2\/products\?[^<>"]*>; rel="first"/ },
  },
  {
    name: "a failed commit of a unique value is 409 and names the field",
    ask: "POST /users",
    body: { name: "Ann", email: "ann@example.com", country: "DE" },
    status: 409,
    json: { error: { type: "already_exists" }, data: { email: [expect.any(String)] } },
  },
  {
    name: "a reference to nothing is 422 and names the field",
    ask: "POST /orders",
    body: { user: "usr_01JD3Q8Z5T7N9V1X3B5D7F9H1K", product: "{pen}" },
    status: 422,
    json: { error: { type: "invalid_reference" }, data: { user: [expect.any(String)] } },
  },
  {
    name: "a service's own refusal tells its facts",
    ask: "POST /refuseLater",
    status: 422,
    json: { error: { type: "out_of_stock", message: "There is none left.", details: { left: 0 } } },
  },
  {
    name: "every answer says what it varies by and is not sniffed",
    ask: "GET /products/{pen}",
    status: 200,
    answers: {
      vary: /Accept, Accept-Language, Accept-Encoding, Prefer, Authorization/,
      "x-content-type-options": "nosniff",
      "cache-control": "private, no-cache",
    },
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

  test("the whole shape of an answer is exactly the documented one", async () => {
    const { body } = await shop.ask("GET", "/roles?perPage=1&sortBy=name");
    expect(body).toEqual({
      success: true,
      data: [{ id: shop.ids.admins, name: "admins" }],
      pagination: { totalRecords: 2, totalPages: 2, currentPage: 1, perPage: 1, maxPerPage: 100, nextCursor: expect.any(String) },
    });
    expect((await shop.ask("GET", `/roles/${shop.ids.admins}`)).body).toEqual({
      success: true,
      data: { id: shop.ids.admins, name: "admins" },
    });
    const refused = (await shop.ask("GET", "/roles/none")).body;
    expect(refused).toEqual({
      success: false,
      error: { code: 404, type: "not_found", message: expect.any(String), requestId: expect.any(String) },
    });
  });

  describe("entity tags", () => {
    const path = () => `/products/${shop.ids.ink}`;
    const tagOf = async (headers: Record<string, string> = {}, query = "") =>
      (await shop.ask("GET", path() + query, { headers })).headers.get("etag") ?? "";

    test("an unchanged row is 304 without a body, with the same tag", async () => {
      const tag = await tagOf();
      expect(tag).toMatch(/^"[0-9a-f]+"$/);
      const again = await shop.ask("GET", path(), { headers: { "if-none-match": `"other", ${tag}` } });
      expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", tag]);
      expect((await shop.ask("GET", path(), { headers: { "if-none-match": `W/${tag}` } })).status).toBe(304);
      expect((await shop.ask("GET", path(), { headers: { "if-none-match": '"other"' } })).status).toBe(200);
      expect((await shop.ask("GET", path(), { headers: { "if-none-match": "*" } })).status).toBe(304);
      expect((await shop.ask("HEAD", path(), { headers: { "if-none-match": tag } })).status).toBe(304);
    });

    test("a list has a tag too", async () => {
      const tag = (await shop.ask("GET", "/products?perPage=2")).headers.get("etag") ?? "";
      expect((await shop.ask("GET", "/products?perPage=2", { headers: { "if-none-match": tag } })).status).toBe(304);
    });

    test("each representation has its own", async () => {
      const tags = [
        await tagOf(),
        await tagOf({ accept: "application/xml" }),
        await tagOf({ accept: "application/yaml" }),
        await tagOf({}, "?envelope=false"),
      ];
      expect(new Set(tags).size).toBe(tags.length);
      expect(
        (await shop.ask("GET", path(), { headers: { accept: "application/xml", "if-none-match": tags[0] as string } })).status,
      ).toBe(200);
      expect(
        (await shop.ask("GET", path(), { headers: { accept: "application/xml", "if-none-match": tags[1] as string } })).status,
      ).toBe(304);
    });

    test("SECURITY 37: If-Match lets one of two changes through, whatever format its tag is of", async () => {
      for (const accept of ["application/json", "application/xml"]) {
        const tag = await tagOf({ accept });
        const change = (stock: number) => shop.ask("PATCH", path(), { headers: { "if-match": tag }, body: { stock } });
        expect((await change(20)).status).toBe(200);
        const late = await change(21);
        expect([late.status, late.body.error.type]).toEqual([412, "precondition_failed"]);
        expect((await shop.ask("GET", `${path()}/stock`)).body.data).toBe(20);
        await shop.ask("PATCH", path(), { body: { stock: 3 } });
      }
    });

    test("the tag of a property is asked of that property", async () => {
      const tag = (await shop.ask("GET", `${path()}/name`)).headers.get("etag") ?? "";
      expect((await shop.ask("GET", `${path()}/name`, { headers: { "if-none-match": tag } })).status).toBe(304);
    });

    test("a create and a change answer with the tag that the next change may ask for", async () => {
      const made = await shop.ask("POST", "/products", { body: { name: "Tagged", price: 1 } });
      const path = `/products/${made.body.data.id}`;
      expect(made.headers.get("etag")).toBe((await shop.ask("GET", path)).headers.get("etag"));
      const change = (price: number, tag: string | null, headers: Record<string, string> = {}) =>
        shop.ask("PATCH", path, { headers: { ...headers, "if-match": tag ?? "" }, body: { price } });
      const second = await change(2, made.headers.get("etag"));
      const third = await change(3, second.headers.get("etag"), { prefer: "return=minimal" });
      const fourth = await change(4, third.headers.get("etag"), { accept: "application/xml" });
      const fifth = await change(5, fourth.headers.get("etag"));
      expect([second, third, fourth, fifth].map(({ status }) => status)).toEqual([200, 204, 200, 200]);
      expect((await change(6, fourth.headers.get("etag"))).status).toBe(412);
      // The answer of a function is no row, and a batch is none.
      expect((await shop.ask("POST", `${path}/retire`, { body: { reason: "x" } })).headers.get("etag")).toBeNull();
      expect((await shop.ask("POST", "/products", { body: [{ name: "Many", price: 1 }] })).headers.get("etag")).toBeNull();
    });

    test("* matches any row, weak tags none, a malformed header is refused", async () => {
      const patch = (ifMatch: string) => shop.ask("PATCH", path(), { headers: { "if-match": ifMatch }, body: { stock: 3 } });
      expect((await patch("*")).status).toBe(200);
      expect((await patch(`W/${await tagOf()}`)).status).toBe(412);
      expect((await patch("not quoted")).body.error).toMatchObject({
        code: 400,
        type: "invalid_header",
        details: { header: "If-Match" },
      });
      expect((await shop.ask("PATCH", "/products/nothing", { headers: { "if-match": "*" }, body: { stock: 3 } })).status).toBe(
        404,
      );
      expect((await shop.ask("DELETE", path(), { headers: { "if-match": '"other"' } })).status).toBe(412);
    });

    test("SECURITY 25: a change of what a caller may not read does not show in his tag", async () => {
      const tagFor = async (as: "ann" | "clerk") => (await shop.ask("GET", `/users/${shop.ids.ann}`, { as })).headers.get("etag");
      const [ann, clerk] = [await tagFor("ann"), await tagFor("clerk")];
      expect((await shop.ask("PATCH", `/users/${shop.ids.ann}`, { body: { note: "Pays in time." } })).status).toBe(200);
      expect(await tagFor("ann")).toBe(ann);
      expect(await tagFor("clerk")).not.toBe(clerk);
    });
  });

  describe("JSON Patch", () => {
    const patch = (operations: unknown, headers: Record<string, string> = {}) =>
      shop.ask("PATCH", `/products/${shop.ids.pen}`, {
        body: JSON.stringify(operations),
        headers: { "content-type": "application/json-patch+json", ...headers },
      });

    test("is applied as a whole", async () => {
      const answered = await patch([
        { op: "test", path: "/name", value: "Pen" },
        { op: "add", path: "/tags/-", value: "new" },
        { op: "replace", path: "/price", value: 300 },
        { op: "add", path: "/extra", value: { a: { b: 1 } } },
      ]);
      expect([answered.status, answered.body.data]).toMatchObject([
        200,
        { price: 300, tags: ["blue", "thin", "new"], extra: { a: { b: 1 } } },
      ]);
    });

    test("changes nothing when one operation does not hold", async () => {
      const answered = await patch([
        { op: "replace", path: "/price", value: 1 },
        { op: "test", path: "/name", value: "Other" },
      ]);
      expect(answered.body.error).toMatchObject({ code: 409, type: "conflict", details: { reason: "test", operation: 1 } });
      expect((await shop.ask("GET", `/products/${shop.ids.pen}/price`)).body.data).toBe(300);
    });

    test("SECURITY 26: cannot write what an update cannot", async () => {
      for (const path of ["/id", "/version", "/createdAt", "/tenant", "/role"]) {
        const answered = await patch([{ op: "add", path, value: "x" }]);
        expect([path, answered.status]).toEqual([path, 422]);
      }
    });

    test("is refused when it is no patch, or not for this address", async () => {
      expect((await patch({ name: "x" })).body.error).toMatchObject({ code: 400, type: "invalid_body" });
      expect((await patch([{ op: "spam", path: "/a" }])).status).toBe(400);
      const post = await shop.ask("POST", "/products", {
        body: "[]",
        headers: { "content-type": "application/json-patch+json" },
      });
      expect(post.status).toBe(415);
    });

    test("honours If-Match", async () => {
      const tag = (await shop.ask("GET", `/products/${shop.ids.pen}`)).headers.get("etag") ?? "";
      const change = [{ op: "replace", path: "/stock", value: 11 }];
      expect((await patch(change, { "if-match": '"other"' })).status).toBe(412);
      expect((await patch(change, { "if-match": tag })).status).toBe(200);
      expect((await patch(change, { "if-match": tag })).status).toBe(412);
    });

    test("ten at once each count", async () => {
      const id = shop.ids.mug;
      const add = async () => {
        // A conflict after three attempts is told, not lost: the client repeats.
        for (;;) {
          const answered = await shop.ask("PATCH", `/products/${id}`, {
            body: JSON.stringify([
              {
                op: "add",
                path: "/tags",
                value: [...((await shop.ask("GET", `/products/${id}`)).body.data.tags ?? []), "x"].slice(0, 5),
              },
            ]),
            headers: { "content-type": "application/json-patch+json" },
          });
          if (answered.status === 200) return;
          expect(answered.status).toBe(409);
        }
      };
      await Promise.all(Array.from({ length: 10 }, add));
      expect((await shop.ask("GET", `/products/${id}/tags`)).body.data.length).toBeGreaterThan(0);
    });
  });
});

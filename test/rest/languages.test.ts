/** WIRE.md, "Languages" and "Versions": which one answers, and what it says. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createRest } from "../../src/channels/rest/index.ts";
import type { Rest } from "../../src/channels/rest/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

const refusal = { body: {} };

const languages: readonly Scenario[] = [
  {
    name: "English unless asked for another",
    ask: "POST /refuseLater",
    status: 422,
    answers: { "content-language": "en" },
    json: { error: { message: "There is none left." } },
  },
  {
    name: "by Accept-Language",
    ask: "POST /refuseLater",
    headers: { "accept-language": "de" },
    status: 422,
    answers: { "content-language": "de" },
    json: { error: { message: "Es ist nichts mehr da." } },
  },
  {
    name: "by lookup: de-AT finds de",
    ask: "POST /refuseLater",
    headers: { "accept-language": "xx, de-AT;q=0.8, en;q=0.5" },
    status: 422,
    answers: { "content-language": "de" },
  },
  {
    name: "the path is stronger than the header",
    ask: "POST /de/shop/v2/refuseLater",
    headers: { "accept-language": "fr" },
    status: 422,
    answers: { "content-language": "de" },
  },
  {
    name: "the parameter is stronger than the path",
    ask: "GET /de/shop/v2/products/nothing?language=fr",
    headers: { "accept-language": "es" },
    status: 404,
    answers: { "content-language": "fr" },
  },
  {
    name: "a language only the service has",
    ask: "POST /refuseLater",
    headers: { "accept-language": "pt-BR" },
    status: 422,
    answers: { "content-language": "pt" },
    json: { error: { message: "Esgotado." } },
  },
  {
    name: "a missing message falls back",
    ask: "GET /products/nothing?language=pt",
    status: 404,
    answers: { "content-language": "pt" },
    json: { error: { message: expect.stringMatching(/[a-z]/) } },
  },
  {
    name: "names of fields by the service",
    ask: "POST /products?language=de",
    status: 422,
    body: { name: "", price: 1 },
    json: { data: { name: [expect.stringContaining("Name")] } },
  },
  {
    name: "data have the language too",
    ask: "GET /products/{pen}?language=bg",
    status: 200,
    answers: { "content-language": "bg" },
  },
  {
    name: "a language that is not there is 422",
    ask: "GET /products/{pen}?language=tlh",
    status: 422,
    json: { data: { language: [expect.any(String)] } },
  },
  { name: "a path prefix that is no language is 404", ask: "GET /xx/shop/v2/products", status: 404 },
  {
    name: "links keep the prefix",
    ask: "GET /de/shop/v2/products?perPage=2",
    status: 200,
    answers: { link: /^link: <\/de\/shop\/v2\/products\?perPage=2&page=1>/ },
  },
  {
    name: "addresses of what was created keep the prefix",
    ask: "POST /de/shop/v2/roles",
    body: { name: "Leser" },
    status: 201,
    answers: { location: /^location: \/de\/shop\/v2\/roles\// },
  },
  ...(["en", "de", "fr", "es", "bg", "ru", "hu"] as const).map((language): Scenario => ({
    name: `the platform speaks ${language}`,
    ask: "POST /products",
    ...refusal,
    headers: { "accept-language": language },
    status: 422,
    answers: { "content-language": language },
    json: { data: { name: [expect.any(String)] } },
  })),
];

const versions: readonly Scenario[] = [
  {
    name: "the newest has no age",
    ask: "GET /products/{pen}",
    status: 200,
    answers: { deprecation: null, sunset: null, link: null },
  },
  {
    name: "an older one says when it was deprecated and when it goes",
    ask: "GET /shop/v1/products/{pen}",
    status: 200,
    answers: {
      deprecation: "@1767225600",
      sunset: "Thu, 01 Jan 2099 00:00:00 GMT",
      link: /<https:\/\/shop.example\/guides\/v2>; rel="deprecation sunset"/,
    },
  },
  {
    name: "and speaks its own words",
    ask: "GET /shop/v1/products/{pen}",
    status: 200,
    json: { data: { title: "Pen" } },
    lacks: ['"name"', '"tags"'],
  },
  { name: "its properties have its names", ask: "GET /shop/v1/products/{pen}/title", status: 200, json: { data: "Pen" } },
  { name: "the newer name is unknown to it", ask: "GET /shop/v1/products/{pen}/name", status: 404 },
  {
    name: "a property is set by its name",
    ask: "PUT /shop/v1/products/{pen}/title",
    body: '"Quill"',
    headers: { "content-type": "application/json" },
    status: 200,
    json: { data: "Quill" },
  },
  {
    name: "lists are filtered and sorted by its names",
    ask: "GET /shop/v1/products?title^=Q&sortBy=title&fields=title",
    status: 200,
    json: { data: [{ title: "Quill" }] },
  },
  {
    name: "not by the newer ones",
    ask: "GET /shop/v1/products?name=Q",
    status: 422,
    json: { data: { name: [expect.any(String)] } },
  },
  {
    name: "it creates",
    ask: "POST /shop/v1/products",
    body: { title: "Old", price: 5 },
    status: 201,
    json: { data: { title: "Old" } },
    answers: { location: /\/shop\/v1\/products\// },
  },
  {
    name: "its refusals name its fields",
    ask: "POST /shop/v1/products",
    body: { title: "", price: 5 },
    status: 422,
    json: { data: { title: [expect.any(String)] } },
  },
  {
    name: "a page links to the guide too",
    ask: "GET /shop/v1/products?perPage=1",
    status: 200,
    answers: { link: /rel="next".*rel="deprecation sunset".*rel="successor-version"/ },
  },
  {
    name: "its refusals have its age as well",
    ask: "GET /shop/v1/products/nothing",
    status: 404,
    answers: { deprecation: "@1767225600" },
  },
  {
    name: "after its sunset it is gone",
    ask: "GET /shop/v0/products/{pen}",
    status: 410,
    json: { error: { code: 410, type: "gone" } },
    answers: { sunset: "Wed, 01 Jan 2020 00:00:00 GMT", link: /guides\/v1/ },
  },
  { name: "for every method", ask: "POST /shop/v0/products", body: {}, status: 410 },
  { name: "a version that never was is 404", ask: "GET /shop/v3/products", status: 404 },
];

describe.each(testDatabases())("$engine", ({ create }) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(await create());
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  test.each([...languages, ...versions])("$name", async (scenario) => {
    await play(shop, scenario);
  });

  test("a change by an older version under the tag it read", async () => {
    const path = `/shop/v1/products/${shop.ids.ink}`;
    const tag = (await shop.ask("GET", path)).headers.get("etag") ?? "";
    expect((await shop.ask("PATCH", path, { headers: { "if-match": tag }, body: { title: "Black ink" } })).status).toBe(200);
    expect((await shop.ask("PATCH", path, { headers: { "if-match": tag }, body: { title: "Late" } })).status).toBe(412);
  });

  test("an older version goes when its day comes", async () => {
    shop.shiftClock(Date.parse("2099-01-02") - Date.now());
    try {
      expect((await shop.ask("GET", `/shop/v1/products/${shop.ids.pen}`)).status).toBe(410);
      expect((await shop.ask("GET", `/shop/v2/products/${shop.ids.pen}`)).status).toBe(200);
    } finally {
      shop.shiftClock(0);
    }
  });

  describe("under a base domain", () => {
    let rest: Rest;
    beforeAll(() => {
      rest = createRest({ contracts: [...shop.app.contracts.values()], pipeline: shop.app.pipeline, baseDomain: "Example.com" });
    });
    const ask = (host: string, path: string, init: RequestInit = {}) => {
      const headers = { host, authorization: `Bearer ${shop.keys.clerk}`, ...init.headers };
      return rest.handle(new Request(`http://${host}${path}`, { ...init, headers }), { address: "127.0.0.1" });
    };

    test.each([
      ["v2.shop.example.com", "/products/count", 200, "en"],
      ["V2.Shop.Example.com:8443", "/products/count", 200, "en"],
      ["de.v2.shop.example.com", "/products/count", 200, "de"],
      ["v2.shop.example.com", "/de/products/count", 200, "de"],
      ["de.v2.shop.example.com", "/fr/products/count", 200, "fr"],
      ["de.example.com", "/shop/v2/products/count", 200, "de"],
      ["example.com", "/shop/v2/products/count", 200, "en"],
      ["127.0.0.1", "/shop/v2/products/count", 200, "en"],
      ["v2.shop.example.com", "/shop/v2/products/count", 404, "en"],
      ["v9.shop.example.com", "/products/count", 404, "en"],
      ["v9.shop.example.com", "/shop/v2/products/count", 404, "en"],
      ["x.v2.shop.example.com", "/products/count", 404, "en"],
      ["a.de.v2.shop.example.com", "/products/count", 404, "en"],
      ["evilexample.com", "/products/count", 404, "en"],
    ])("%s%s is %i in %s", async (host, path, status, language) => {
      const response = await ask(host, path);
      expect([response.status, response.headers.get("content-language")]).toEqual([status, language]);
    });

    test("addresses in answers fit the host", async () => {
      const page = await ask("v2.shop.example.com", "/products?perPage=1");
      expect(page.headers.get("link")).toStartWith("</products?perPage=1&page=1>");
      const created = await ask("v2.shop.example.com", "/roles", {
        method: "POST",
        body: '{"name":"host"}',
        headers: { "content-type": "application/json" },
      });
      expect(created.headers.get("location")).toMatch(/^\/roles\/rol_/);
    });
  });

  test("nothing of ours went wrong", () => expect(shop.failures).toEqual([]));
});

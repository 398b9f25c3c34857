/** Documents of a service version stand among its addresses, wherever the version is reached. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createRest } from "../../src/channels/rest/index.ts";
import type { Rest } from "../../src/channels/rest/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

describe.each(testDatabases().slice(0, 1))("$engine", ({ create }) => {
  let shop: Shop;
  let rest: Rest;
  beforeAll(async () => {
    shop = await openShop(await create());
    const document = (text: string) => () => new Response(text, { headers: { "content-type": "text/plain" } });
    rest = createRest({
      contracts: [...shop.app.contracts.values()],
      pipeline: shop.app.pipeline,
      baseDomain: "example.com",
      documents: new Map([
        ["/shop/v2/openapi.json", document("v2")],
        ["/shop/v1/openapi.json", document("v1")],
        ["/shop/v2/docs", document("docs")],
        ["/shop/v2/docs/assets/page.js", document("asset")],
        ["/health", document("healthy")],
        ["/shop/v2/products", document("never")],
      ]),
    });
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  const ask = async (method: string, url: string): Promise<string> => {
    const { host } = new URL(url);
    const response = await rest.handle(new Request(url, { method, headers: { host } }), { address: "" });
    return `${response.status} ${response.status === 200 ? await response.text() : (response.headers.get("allow") ?? "")}`.trim();
  };

  test.each([
    ["GET", "http://localhost/shop/v2/openapi.json", "200 v2"],
    ["GET", "http://localhost/shop/v1/openapi.json", "200 v1"],
    ["GET", "http://localhost/de/shop/v2/openapi.json", "200 v2"],
    ["GET", "http://v2.shop.example.com/openapi.json", "200 v2"],
    ["GET", "http://localhost/shop/v2/docs", "200 docs"],
    ["GET", "http://localhost/shop/v2/docs/assets/page.js", "200 asset"],
    ["GET", "http://localhost/health", "200 healthy"],
    ["HEAD", "http://localhost/health", "200 healthy"],
    ["OPTIONS", "http://localhost/health", "204 GET, HEAD, OPTIONS"],
    ["OPTIONS", "http://localhost/shop/v2/openapi.json", "204 GET, HEAD, OPTIONS"],
    ["OPTIONS", "http://localhost/shop/v2/docs/", "404"],
    ["POST", "http://localhost/health", "405 GET, HEAD, OPTIONS"],
    ["DELETE", "http://localhost/shop/v2/docs", "405 GET, HEAD, OPTIONS"],
    ["GET", "http://localhost/shop/v2/docs/", "404"],
    ["GET", "http://localhost/shop/v2/docs%2Fassets%2Fpage.js", "404"],
    ["GET", "http://localhost/shop/v0/openapi.json", "410"],
    ["GET", "http://localhost/shop/v2/products", "401"],
  ])("%s %s: %s", async (method, url, answer) => {
    expect(await ask(method, url)).toBe(answer);
  });
});

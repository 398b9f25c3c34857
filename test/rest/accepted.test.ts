/** What waits answers 202 with its data, alone and in a batch, and is told apart from a job in the document. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { compile } from "../../src/contract/compile.ts";
import { openapi } from "../../src/contract/openapi/index.ts";
import definition from "../fixtures/shop.ts";
import { testDatabases } from "../postgres/index.ts";
import { play, type Scenario } from "./scenario.ts";
import { openShop, type Shop } from "./shop.ts";

setDefaultTimeout(60_000);

const scenarios: readonly Scenario[] = [
  {
    name: "what is done at once answers 200",
    ask: "POST /products/{pen}/reprice",
    body: { price: 251 },
    status: 200,
    json: { success: true, data: { id: "{pen}", price: 251 } },
  },
  {
    name: "what waits answers 202, with what there is to know",
    ask: "POST /products/{pen}/reprice",
    body: { price: 100_001 },
    status: 202,
    answers: { location: null },
    json: { success: true, data: { id: "{pen}", price: 251 } },
  },
  {
    name: "even to those who want no more than necessary",
    ask: "POST /products/{pen}/reprice",
    headers: { prefer: "return=minimal" },
    body: { price: 100_001 },
    status: 202,
    answers: { "preference-applied": null },
    json: { data: { id: "{pen}" } },
  },
  {
    name: "in a batch each says for itself",
    ask: "POST /batch",
    body: {
      calls: [
        { id: "a", method: "POST", path: "/products/{ink}/reprice", body: { price: 901 } },
        { id: "b", method: "POST", path: "/products/{ink}/reprice", body: { price: 100_001 } },
      ],
    },
    status: 200,
    json: {
      data: [
        { success: true, status: 200 },
        { success: true, status: 202 },
      ],
    },
  },
];

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let shop: Shop;
    beforeAll(async () => (shop = await openShop(await create())));
    afterAll(() => shop[Symbol.asyncDispose]());

    for (const scenario of scenarios) test(scenario.name, async () => void (await play(shop, scenario)));
  });
}

test("the document of the service tells of it, and of jobs where nothing waits", () => {
  const document = openapi(compile(definition), { version: "v2" }) as unknown as {
    readonly paths: Readonly<Record<string, { readonly post: { readonly responses: Readonly<Record<string, object>> } }>>;
  };
  const answer = (path: string) => document.paths[path]?.post.responses["202"];
  expect(answer("/products/{id}/reprice")).toMatchObject({ description: expect.stringContaining("waits for the owner") });
  expect(answer("/products/{id}/retire")).toMatchObject({ $ref: expect.stringContaining("JobStarted") });
});

test("a command that answers nothing cannot say that something waits", () => {
  const operations = { ...definition.operations, ping: { ...definition.operations["ping"], accepted: "It waits." } };
  expect(() => compile({ ...definition, operations } as typeof definition)).toThrow("may answer 202");
});

/** Documents over REST: sent as the files they are, refused as everything else is, data in a batch and a job, and described. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { compile } from "../../src/contract/compile.ts";
import { openapi } from "../../src/contract/openapi/index.ts";
import definition from "../fixtures/shop.ts";
import { testDatabases } from "../postgres/index.ts";
import { play, type Scenario } from "./scenario.ts";
import { openShop, type Shop } from "./shop.ts";

setDefaultTimeout(60_000);

const csv = "Ink,900\r\nMug,1200\r\nPen,250\r\n";
const attached = "attachment; filename=\"prices _.csv\"; filename*=UTF-8''prices%20%E2%82%AC.csv";
const list = { mediaType: "text/csv", filename: "prices €.csv", encoding: "text", content: csv };

const scenarios: readonly Scenario[] = [
  {
    name: "text is sent as UTF-8, to be saved, not to be guessed at, not to be kept",
    ask: "POST /products/priceList",
    status: 200,
    answers: {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": attached,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    },
    contains: [csv],
  },
  {
    name: "whatever Accept says",
    ask: "POST /products/priceList",
    headers: { accept: "application/pdf" },
    status: 200,
    answers: { "content-type": "text/csv; charset=utf-8" },
  },
  {
    name: "a refusal is none: it comes in the form asked for",
    ask: "POST /products/priceList",
    headers: { accept: "application/problem+json" },
    body: { as: "scroll" },
    status: 422,
    answers: { "content-type": "application/problem+json", "content-disposition": null },
    contains: ['"errors":{"as":'],
  },
  {
    name: "and in JSON where the form asked for cannot hold it",
    ask: "POST /products/priceList",
    headers: { accept: "text/csv" },
    body: { as: "scroll" },
    status: 422,
    answers: { "content-type": /^content-type: application\/json/ },
    json: { success: false },
  },
  {
    name: "in a batch it is data",
    ask: "POST /batch",
    body: { calls: [{ id: "a", method: "POST", path: "/products/priceList", body: {} }] },
    status: 200,
    json: { data: [{ success: true, data: list }] },
  },
  {
    name: "what is not logged in gets nothing",
    ask: "POST /products/priceList",
    as: "nobody",
    status: 401,
    lacks: ["Ink"],
    answers: { "content-disposition": null },
  },
];

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let shop: Shop;
    beforeAll(async () => (shop = await openShop(await create())));
    afterAll(() => shop[Symbol.asyncDispose]());

    for (const scenario of scenarios) test(scenario.name, async () => void (await play(shop, scenario)));

    test("bytes are sent as they are", async () => {
      const { status, headers, bytes } = await shop.ask("POST", "/products/priceList", { body: { as: "stamp" } });
      expect({ status, type: headers.get("content-type"), name: headers.get("content-disposition"), bytes: [...bytes] }).toEqual({
        status: 200,
        type: "application/octet-stream",
        name: 'attachment; filename="stamp.bin"',
        bytes: [0, 255],
      });
    });

    test("an older version answers it too", async () => {
      expect((await shop.ask("POST", "/shop/v1/products/priceList")).text).toBe(csv);
    });

    test("in a job it is data", async () => {
      const started = await shop.ask("POST", "/products/priceList", { headers: { prefer: "respond-async" } });
      expect(started.status).toBe(202);
      const address = started.headers.get("location") ?? "";
      for (let tries = 0; tries < 100; tries++) {
        const { data } = (await shop.ask("GET", address)).body;
        if (data.status === "done") return expect(data.outcome).toMatchObject({ success: true, data: list });
        await Bun.sleep(20);
      }
      throw new Error("the job did not end");
    });
  });
}

test("the document of the service describes it", () => {
  const document = openapi(compile(definition), { version: "v2" }) as unknown as {
    readonly paths: Readonly<Record<string, { readonly post: { readonly responses: Readonly<Record<string, object>> } }>>;
  };
  const answer = document.paths["/products/priceList"]?.post.responses["200"];
  expect(answer).toMatchObject({
    headers: { "Content-Disposition": {} },
    content: { "text/csv": { schema: { type: "string" } }, "application/octet-stream": { schema: {} } },
  });
});

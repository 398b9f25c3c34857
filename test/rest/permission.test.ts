/** SECURITY.md, rights by role: what may not be changed is refused before it is looked for, what may not be read has no column. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

const missing = "prd_00000000000000000000000000";
const patched = {
  headers: { "content-type": "application/json-patch+json" },
  body: '[{"op":"test","path":"/name","value":"Pen"}]',
};

const forbidden: readonly Scenario[] = [
  `PUT /products/${missing}/size`,
  "PUT /products/{pen}/size",
  `PUT /products/${missing}/extra`,
  `PUT /shop/v1/products/${missing}/size`,
  "DELETE /users/{ann}/gifts/{order}",
  `DELETE /users/${missing}/gifts/${missing}`,
  "DELETE /users/{ann}/roles/{admins}",
].map((ask) => ({ name: ask, ask, as: "ann", ...(ask.startsWith("PUT") ? { body: {} } : {}), status: 403 }));

const scenarios: readonly Scenario[] = [
  ...forbidden,
  { name: "JSON Patch of a row that is there", ask: "PATCH /products/{pen}", as: "ann", ...patched, status: 403 },
  { name: "JSON Patch of a row that is not there", ask: `PATCH /products/${missing}`, as: "ann", ...patched, status: 403 },
  { name: "nobody", ask: `PUT /products/${missing}/size`, as: "nobody", body: {}, status: 401 },
  { name: "who may change is told what is missing", ask: `PUT /products/${missing}/size`, body: {}, status: 404 },
  { name: "and of a relation", ask: `DELETE /users/{ann}/gifts/ord_00000000000000000000000000`, status: 404 },
];

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let shop: Shop;
    beforeAll(async () => {
      shop = await openShop(await create());
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    for (const scenario of scenarios) test(scenario.name, async () => void (await play(shop, scenario)));

    test("SECURITY 25: a streamed CSV has the columns of the caller", async () => {
      const columnsOf = async (path: string, as: "clerk" | "ann") =>
        (await shop.ask("GET", path, { as })).text.split("\r\n")[0]?.split(",") ?? [];
      const ofClerk = await columnsOf("/products.csv", "clerk");
      const ofAnn = await columnsOf("/products.csv", "ann");
      expect(ofClerk).toContain("cost");
      expect(ofAnn).toEqual(ofClerk.filter((name) => name !== "cost"));
      expect(ofAnn).toContain("size.width");
      // Of an older version and of a selection the first row decides, and it has no more.
      expect(await columnsOf("/shop/v1/products.csv", "ann")).not.toContain("cost");
      expect(await columnsOf("/users.csv", "ann")).toEqual(["id", "name", "email", "country", "language"]);
    });

    test("nothing of ours went wrong", () => expect(shop.failures).toEqual([]));
  });
}

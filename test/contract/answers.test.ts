/**
 * What the document says is what the server answers: every GET of the shop and a choice of commands and refusals are really sent, and status and
 * body are checked against the schema the document has for them. On both engines, as clients of the newest and of an older version.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { compile } from "../../src/contract/compile.ts";
import { addressesOf, openapi } from "../../src/contract/openapi/index.ts";
import { versionView } from "../../src/contract/versions.ts";
import shopDefinition from "../fixtures/shop.ts";
import { testDatabases } from "../postgres/index.ts";
import { openShop, type Shop } from "../rest/shop.ts";
import { resolvePart, schemaChecker } from "./schema-check.ts";

setDefaultTimeout(60_000);

const contract = compile(shopDefinition);
interface Json {
  readonly [name: string]: Json;
}

/** Sends a request and tells what of the answer is not as documented; empty when all is. */
const conforms = (shop: Shop, version: string) => {
  const document = openapi(contract, { version }) as unknown as Json;
  const check = schemaChecker(document);
  return async (method: string, path: string, address: string, asking: Parameters<Shop["ask"]>[2] = {}): Promise<string> => {
    const answered = await shop.ask(method, `/shop/${version}${address}`, asking);
    const operation = document["paths"]?.[path]?.[method.toLowerCase()];
    if (operation === undefined) return `${method} ${path} is not documented`;
    const response = operation["responses"]?.[String(answered.status)];
    if (response === undefined)
      return `${method} ${address} answers ${answered.status}, which is not documented: ${answered.text}`;
    const { content } = resolvePart(document, response) as Readonly<Record<string, Json>>;
    if (content === undefined) return answered.text === "" ? "" : `${method} ${address} has a body, which is not documented`;
    const type = (answered.headers.get("content-type") ?? "").split(";")[0] ?? "";
    const media = content[type];
    if (media === undefined) return `${method} ${address} answers ${type}, which is not documented`;
    const wrong = check(media["schema"], answered.body);
    return wrong === "" ? "" : `${method} ${address} ${answered.status}: ${wrong}\n${answered.text.slice(0, 500)}`;
  };
};

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    for (const version of ["v2", "v1"]) {
      test(`every GET of ${version} answers as documented`, async () => {
        await using shop = await openShop(await create());
        const sent = conforms(shop, version);
        const ids: Readonly<Record<string, string>> = {
          products: shop.ids.pen,
          users: shop.ids.ann,
          orders: shop.ids.order,
          roles: shop.ids.admins,
        };
        let count = 0;
        for (const { method, path, use } of addressesOf(versionView(contract, version).contract)) {
          if (method !== "GET" || use === "job") continue;
          const collection = path.split("/")[1] ?? "";
          const address = path.replace("{id}", ids[collection] ?? "none");
          expect(await sent(method, path, address)).toBe("");
          expect(await sent(method, path, address, { as: "ann" })).toBe("");
          expect(await sent(method, path, address, { as: "nobody" })).toBe("");
          expect(await sent(method, path, `${address}?nonsense=1`)).toBe("");
          count++;
        }
        expect(count).toBeGreaterThan(30);
      });
    }

    test("commands, batches, problems and relations answer as documented", async () => {
      await using shop = await openShop(await create());
      const sent = conforms(shop, "v2");
      const { pen, ann, order, admins } = shop.ids;
      const problem = { accept: "application/problem+json" };
      const cases: readonly [string, string, string, Parameters<Shop["ask"]>[2]?][] = [
        ["POST", "/products", "/products", { body: { name: "Cup", price: 5 } }],
        ["POST", "/products", "/products", { body: [{ name: "Cup", price: 5 }, { name: "" }] }],
        ["POST", "/products", "/products", { body: [{ name: "Cup", price: 5 }] }],
        ["POST", "/products", "/products", { body: [{ name: "" }] }],
        ["POST", "/products", "/products", { body: { name: "" } }],
        ["POST", "/products", "/products", { body: { name: "" }, headers: problem }],
        ["POST", "/products", "/products", { body: "{", headers: { "content-type": "application/json" } }],
        ["POST", "/products", "/products", { body: "x", headers: { "content-type": "text/plain" } }],
        ["POST", "/products", "/products", { body: { name: "Cup", price: 5 }, as: "ann" }],
        ["POST", "/products", "/products", { body: { name: "Cup", price: 5 }, headers: { prefer: "respond-async" } }],
        ["PATCH", "/products/{id}", `/products/${pen}`, { body: { name: "Quill" } }],
        ["PATCH", "/products/{id}", `/products/${pen}`, { body: { name: "Quill" }, headers: { prefer: "return=minimal" } }],
        ["PATCH", "/products/{id}", `/products/${pen}`, { body: { name: "Quill" }, headers: { "if-match": '"0"' } }],
        [
          "PUT",
          "/products/{id}/name",
          `/products/${pen}/name`,
          { body: '"Pen"', headers: { "content-type": "application/json" } },
        ],
        ["GET", "/products/{id}", "/products/prd_none"],
        ["GET", "/products", "/products?page=999"],
        ["GET", "/products", "/products?include=orders&fields=id,name"],
        ["GET", "/orders", "/orders?include=user,product"],
        ["GET", "/orders/{id}", `/orders/${order}?include=user`],
        ["POST", "/users/{id}/roles", `/users/${ann}/roles`, { body: { id: admins } }],
        ["GET", "/users/{id}/roles", `/users/${ann}/roles`],
        ["DELETE", "/users/{id}/roles/{relatedId}", `/users/${ann}/roles/${admins}`],
        ["DELETE", "/users/{id}/roles/{relatedId}", `/users/${ann}/roles/${admins}`],
        ["POST", "/batch", "/batch", { body: { calls: [{ path: "/products" }, { path: "/nothing" }] } }],
        ["DELETE", "/products", "/products", { body: { ids: ["prd_none"] } }],
      ];
      for (const [method, path, address, asking] of cases) expect(await sent(method, path, address, asking)).toBe("");
    });
  });
}

/** Routing as a table: what an address leads to, and that the short way for items leads where the long one does. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import shop from "../../../test/fixtures/shop.ts";
import { compile } from "../../contract/index.ts";
import { LanguageChooser } from "../http/index.ts";
import { ItemAddresses } from "./item-addresses.ts";
import { placeOf } from "./place.ts";
import type { Places } from "./place.ts";
import { segmentsOf } from "./request-target.ts";
import { route } from "./route.ts";
import { serve } from "./served.ts";

const languages = new LanguageChooser({ available: ["en", "de", "pt-BR"], fallback: "en" });
const places: Places = { served: serve([compile(shop)]), languages, baseDomain: undefined };

const find = (path: string) => {
  const segments = segmentsOf(path);
  const place = segments === undefined ? undefined : placeOf(places, "localhost", segments);
  const match = place === undefined ? undefined : route(place.version.table, segments as string[], place.from);
  return place === undefined || match === undefined ? undefined : { place, match };
};

/** `GET products.get id=x` for each method of an address. */
const show = (path: string): string => {
  const found = find(path);
  if (found === undefined) return "nothing";
  const { match, place } = found;
  const endpoints = [...match.address.endpoints].map(
    ([method, endpoint]) =>
      `${method} ${"operation" in endpoint ? `${endpoint.kind} ${endpoint.operation.name}` : endpoint.kind}`,
  );
  const rest = [
    match.id === undefined ? "" : `id=${match.id}`,
    match.relatedId === undefined ? "" : `related=${match.relatedId}`,
    match.format === undefined ? "" : `as ${match.format.name}`,
    place.language ?? "",
    place.version.older ?? "",
  ];
  return [endpoints.join(", "), ...rest.filter((part) => part !== "")].join(" | ");
};

describe("an address leads to", () => {
  const products =
    "GET list products.list, QUERY list products.list, POST create products.create, PUT changeMany products.replace, PATCH changeMany products.update, DELETE deleteMany products.delete";
  const product =
    "GET get products.get, PUT change products.replace, PATCH change products.update, DELETE delete products.delete";
  test.each([
    ["/shop/v2/products", products],
    ["/shop/v1/products", `${products} | v1`],
    ["/de/shop/v2/products", `${products} | de`],
    ["/de-AT/shop/v2/products", `${products} | de`],
    ["/pt-br/shop/v2/products", `${products} | pt-BR`],
    ["/shop/v2/products.xml", `${products} | as xml`],
    ["/shop/v2/products.yml", `${products} | as yaml`],
    ["/shop/v2/products/a", `${product} | id=a`],
    ["/shop/v2/products/a.json", `${product} | id=a | as json`],
    ["/shop/v2/products/a.b.json", `${product} | id=a.b | as json`],
    ["/shop/v2/products/a.exe", `${product} | id=a.exe`],
    ["/shop/v2/products/.json", `${product} | id=.json`],
    ["/shop/v2/products/a%2Fb", `${product} | id=a/b`],
    ["/shop/v2/products/count", "GET value products.count"],
    ["/shop/v2/products/totalStock.xml", "GET value products.property.totalStock | as xml"],
    ["/shop/v2/products/countCheap", "POST function products.countCheap"],
    ["/shop/v2/products/stats/byStatus", "GET value products.stats.byStatus"],
    ["/shop/v2/products/stats", `${product} | id=stats`],
    ["/shop/v2/products/stats/nothing", "nothing"],
    [
      "/shop/v2/products/a/name",
      "GET property products.get, PUT setProperty products.update, PATCH setProperty products.update | id=a",
    ],
    [
      "/shop/v1/products/a/title",
      "GET property products.get, PUT setProperty products.update, PATCH setProperty products.update | id=a | v1",
    ],
    ["/shop/v1/products/a/name", "nothing"],
    ["/shop/v1/products/a/tags", "nothing"],
    ["/shop/v2/products/a/retire", "POST function products.retire | id=a"],
    ["/shop/v2/users/a/orders", "GET list orders.list, QUERY list orders.list, POST create orders.create | id=a"],
    ["/shop/v2/users/a/gifts/b", "DELETE unrelate orders.list | id=a | related=b"],
    ["/shop/v2/users/a/roles", "GET list roles.list, QUERY list roles.list, POST relate userRoles.create | id=a"],
    ["/shop/v2/users/a/roles/b.xml", "DELETE unrelate userRoles.list | id=a | related=b | as xml"],
    ["/shop/v2/users/a/orders/b", "nothing"],
    ["/shop/v2/users/a/name/b", "nothing"],
    ["/shop/v2/profile", "GET get profile.get, PATCH change profile.update"],
    ["/shop/v2/profile/name", "nothing"],
    ["/shop/v2/quote", "POST function quote"],
    ["/shop/v2/batch", "POST batch"],
    ["/shop/v2/jobs/job_1", "GET job | id=job_1"],
    ["/shop/v2/jobs", "nothing"],
    ["/shop/v2/jobs/", "nothing"],
    ["/shop/v2", "nothing"],
    ["/shop/v2/", "nothing"],
    ["/shop", "nothing"],
    ["/", "nothing"],
    ["/shop/v2/products/", "nothing"],
    ["/shop/v2//products", "nothing"],
    ["/shop/v2/products/a/", "nothing"],
    ["/shop/v2/products/a/name/b/c", "nothing"],
    ["/shop/v2/Products", "nothing"],
    ["/Shop/v2/products", "nothing"],
    ["/fr/shop/v2/products", "nothing"],
    ["/de/de/shop/v2/products", "nothing"],
    ["/shop/v2/de/products", "nothing"],
    ["/shop/v2/constructor", "nothing"],
    ["/shop/v2/__proto__/toString", "nothing"],
    ["/constructor/v2/products", "nothing"],
    ["/shop/v2/products/%zz", "nothing"],
  ])("%s: %s", (path, leadsTo) => {
    expect(show(path)).toBe(leadsTo);
  });
});

test("property: the short way for items leads where the long way does", () => {
  const items = new ItemAddresses();
  const segment = fc.constantFrom(
    "shop",
    "v1",
    "v2",
    "de",
    "products",
    "users",
    "roles",
    "count",
    "stats",
    "byStatus",
    "countCheap",
    "retire",
    "name",
    "jobs",
    "batch",
    "a",
    "prd_01",
    "a.json",
    "a.exe",
    "%61",
    "a%2Fb",
    "",
    "x".repeat(70),
    "é",
  );
  const collection = fc.constantFrom("products", "users", "roles", "profile", "nothing");
  const path = fc
    .tuple(
      fc.constantFrom("/shop/v2", "/shop/v1", "/de/shop/v2", ""),
      fc.oneof(fc.array(segment, { maxLength: 4 }), fc.tuple(collection, segment)),
    )
    .map(([head, rest]) => `${head}/${rest.join("/")}`);
  let short = 0;
  fc.assert(
    fc.property(path, (given) => {
      const long = find(given);
      const known = items.find(given);
      if (known !== undefined) {
        short++;
        expect(known).toEqual(long as NonNullable<typeof long>);
      }
      if (long !== undefined) items.keep(given, long.place, long.match);
    }),
    { numRuns: 4000 },
  );
  expect(short).toBeGreaterThan(50);
});

/** Every kind of field by SOAP and by REST: the same values both ways, and answers that are valid against the schema. All operations of the shipped services. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import bank from "../../services/bank/index.ts";
import delivery from "../../services/delivery/index.ts";
import platform from "../../services/platform/index.ts";
import { compile, type Contract } from "../../src/contract/index.ts";
import { makeInterface, methodNames, wsdlText } from "../../src/contract/soap/index.ts";
import { versionViews } from "../../src/contract/versions.ts";
import type { Target } from "../channels/driver.ts";
import { soapDriver } from "../channels/drivers/soap.ts";
import shop from "../fixtures/shop.ts";
import kinds from "../fuzz/kinds.ts";
import { testDatabases } from "../postgres/index.ts";
import { Description } from "./description.ts";
import { serve, type Served } from "./served.ts";

const [sqlite] = testDatabases();

let served: Served;
let target: Target;
let key: string;
beforeAll(async () => {
  served = await serve(await (sqlite as NonNullable<typeof sqlite>).create(), [kinds, shop]);
  key = await served.key("clerk");
  const { contracts } = served.app;
  target = {
    baseUrl: "in process",
    contract: (name) => contracts.get(name) as Contract,
    numbersOf: () => ({}),
    fetch: (path, init) => served.ask(path, init),
  };
});
afterAll(async () => {
  await soapDriver.close?.();
  expect(served.errors).toEqual([]);
  await served[Symbol.asyncDispose]();
});

const soap = async (operation: string, input: object): Promise<unknown> => {
  const heard = await soapDriver.ask(target, {
    service: operation.split(":")[0] ?? "",
    operation: operation.split(":")[1] ?? "",
    input,
    key,
  });
  if (heard.outcome !== "done") throw new Error(`${heard.outcome} ${JSON.stringify(heard.issues)}`);
  return heard.data;
};
const rest = async (method: string, path: string, body?: unknown): Promise<unknown> => {
  const response = await served.ask(path, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return ((await response.json()) as { data: unknown }).data;
};

const full = {
  line: 'A <&> "line" \' é ✒ 😀  ',
  lines: "one\n two\ttabs \r\n  and spaces  ",
  code: "AB-12",
  whole: -9_007_199_254_740_991,
  small: 5,
  cents: "9223372036854775807",
  exact: "-12345678901234567.8901",
  flag: true,
  choice: "constructor",
  day: "2024-02-29",
  moment: "2024-02-29T23:59:59.999Z",
  span: "P1Y2M3DT4H5M6.7S",
  mail: "a@example.com",
  link: "https://example.com/a?b=c&d=%20",
  phone: "+35621234567",
  currency: "JPY",
  country: "MT",
  tongue: "de-AT",
  free: { a: [1, 2.5, "x", null, { b: true }], "": "<", c: "\u2028" },
  box: { width: 3, label: null },
  list: [1, -2, 3],
  boxes: [
    { name: "x", at: null },
    { name: "", at: "2024-01-01T00:00:00.000Z" },
  ],
  bytes: "AAECAwT/",
  first: "once",
};

describe("every kind of field", () => {
  test("what SOAP creates, REST reads; what REST creates, SOAP reads", async () => {
    const made = (await soap("kinds:things.create", { body: full })) as Record<string, unknown>;
    expect(made).toMatchObject(full);
    expect(await rest("GET", `/kinds/v1/things/${String(made["id"])}`)).toEqual(made);
    const other = (await rest("POST", "/kinds/v1/things", { ...full, line: "another" })) as Record<string, unknown>;
    expect(await soap("kinds:things.get", { id: other["id"] })).toEqual(other);
    expect(
      await soap("kinds:echo", { body: { line: full.line, free: full.free, list: [], exact: "0.1000", cents: "-5" } }),
    ).toMatchObject({
      line: full.line,
      free: full.free,
      list: [],
      exact: "0.1",
      cents: -5,
    });
  });

  test("nothing, null, empty: each is what it is over REST", async () => {
    const made = (await soap("kinds:things.create", {
      body: { line: "few", lines: "", list: [], boxes: null, free: 0 },
    })) as Record<string, unknown>;
    expect(made).toMatchObject({ lines: "", list: [], boxes: null, box: null, free: 0, whole: null, flag: false });
    expect(await rest("GET", `/kinds/v1/things/${String(made["id"])}`)).toEqual(made);
    const changed = await soap("kinds:things.update", { id: made["id"], body: { list: null, lines: null, whole: 4 } });
    expect(changed).toMatchObject({ list: null, lines: null, whole: 4, line: "few" });
    expect(await soap("kinds:take", { body: { line: "x" } })).toBeUndefined();
  });

  test("a week is seven days", async () => {
    const { id } = (await rest("POST", "/kinds/v1/things", { line: "weeks", span: "P1Y2W3DT1H" })) as { id: string };
    expect(((await soap("kinds:things.get", { id })) as { span: string }).span).toBe("P1Y17DT1H");
  });

  test("relations, statistics, properties, counts, files, related lists", async () => {
    const user = (await rest("POST", "/shop/v2/users", { name: "Ann", email: "ann@example.com", country: "DE" })) as {
      id: string;
    };
    const product = (await rest("POST", "/shop/v2/products", { name: "Pen", price: 100, stock: 3 })) as { id: string };
    const order = (await rest("POST", "/shop/v2/orders", { user: user.id, product: product.id, giftFor: null })) as {
      id: string;
    };
    const get = (query: string): Promise<unknown> => rest("GET", `/shop/v2/${query}`);
    expect(
      await soap("shop:orders.get", { id: order.id, query: { include: [{ name: "product" }, { name: "giftFor" }] } }),
    ).toEqual(await get(`orders/${order.id}?include=product,giftFor`));
    expect(
      await soap("shop:users.list", {
        query: { include: [{ name: "orders", perPage: 1, sortBy: ["number.desc"], include: [{ name: "product" }] }] },
      }),
    ).toEqual(await get("users?include=orders(perPage:1,sortBy:number.desc,include:product)"));
    expect(await soap("shop:orders.list", { query: { fields: ["id", "product.name"] } })).toEqual(
      await get("orders?fields=id,product.name"),
    );
    expect(await soap("shop:orders.list", { query: {}, parent: { resource: "users", id: user.id, relation: "orders" } })).toEqual(
      await get(`users/${user.id}/orders`),
    );
    expect(await soap("shop:products.stats.byStatus", { query: {} })).toEqual(await get("products/stats/byStatus"));
    expect(await soap("shop:products.property.totalStock", { query: {} })).toEqual(await get("products/totalStock"));
    expect(
      await soap("shop:products.count", { query: { filters: [{ path: "price", op: "gt", values: [99], as: "price>" }] } }),
    ).toEqual(await get("products/count?price>99"));
    expect(
      await soap("shop:products.list", {
        query: {
          named: [
            { name: "priced", params: { from: 1, to: 200 } },
            { name: "listed", params: {} },
          ],
        },
      }),
    ).toEqual([]);
    expect(await soap("shop:products.priceList", { body: {} })).toEqual({
      mediaType: "text/csv",
      filename: "prices €.csv",
      encoding: "text",
      content: "Pen,100\r\n",
    });
    expect(await soap("shop:products.priceList", { body: { as: "stamp" } })).toMatchObject({
      encoding: "base64",
      content: "AP8=",
    });
  });
});

describe("shipped services", () => {
  for (const definition of [bank, delivery, platform, shop, kinds]) {
    test(`SECURITY 65: ${definition.name}: every operation of every version is described, by a schema that is one`, () => {
      const contract = compile(definition);
      const { offer, operations: given = {} } = contract.definition.soap ?? {};
      for (const { contract: version } of versionViews(contract).values()) {
        const made = makeInterface(version, contract);
        using description = new Description(
          wsdlText(made, { address: "http://127.0.0.1/soap", methods: [...made.methods.values()] }),
        );
        const offered = [...version.operations.keys()].filter((name) => offer !== "listed" || Object.hasOwn(given, name));
        expect(offered.length).toBeGreaterThan(1);
        expect([...methodNames(version).keys()].toSorted()).toEqual(offered.toSorted());
        expect([...description.methods.keys()].toSorted()).toEqual([...methodNames(version).values()].toSorted());
        const elements = [...description.methods.keys()].flatMap((name) => [name, `${name}Response`]);
        expect(new Set(elements).size).toBe(elements.length);
        expect([...description.elements.keys()].toSorted()).toEqual([...elements, "CallRefusal"].toSorted());
      }
    });
  }
});

/** The catalogue of goods, and lines of goods that leave to it what they do not say: in baskets, quotes and orders. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import delivery from "../../services/delivery/index.ts";
import { sampleTariff } from "../../services/delivery/sample/index.ts";
import { counting, outcomeOf, serve } from "../core/harness.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Data, type House, ids, openHouse, order, soapOrder, xml } from "./house.ts";

const { id: _, number: __, ...content } = sampleTariff;

const mug = {
  sku: "MUG",
  name: "Stoneware mug",
  length: 1200,
  width: 900,
  height: 1000,
  weight: 340,
  price: 1290,
  vatRate: "20%",
  isFragile: true,
  isUpright: true,
};
const { sku: ___, ...saidOfMug } = mug;
const address = { index: "10100", city: "Alderburg" };
const named = (sku: string, quantity = 2, more: Data = {}): Data => ({ goods: [{ sku, quantity, ...more }] });

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(await create());
    const made = await house.rest("POST", "/tariffs", { content }, "manager");
    if (made.status !== 201) throw new Error(made.text);
  });
  afterAll(() => house[Symbol.asyncDispose]());

  /** Adds an article; its address. */
  const add = async (sku: string, more: Data = {}): Promise<string> => {
    const { status, data, text } = await house.rest("POST", "/goods", { ...mug, sku, ...more });
    if (status !== 201) throw new Error(text);
    return `/goods/${String(data["id"])}`;
  };
  const push = (externalId: string, more: Data) => house.rest("POST", "/orders", order(externalId, more));
  const list = async (externalId: string): Promise<void> => {
    const manifest = { externalId, number: "1", madeAt: "2026-02-01T00:00:00Z", shipAt: "2026-02-02T00:00:00Z" };
    const made = await house.rest("POST", "/manifests", { ...manifest, orderIds: [externalId] });
    if (made.status !== 201) throw new Error(made.text);
  };
  const rowOf = async (externalId: string): Promise<Data> =>
    (await house.rest("GET", `/orders?externalId=${encodeURIComponent(externalId)}`)).rows[0] ?? {};
  const eventsOf = async (id: unknown): Promise<string[]> => {
    const told: string[] = [];
    for (const { type, data } of await house.events()) if (data["order"] === id) told.push(type);
    return told;
  };

  describe("the catalogue", () => {
    test("an article is added, changed and removed; each is told", async () => {
      const made = await house.rest("POST", "/goods", mug);
      expect([made.status, made.data]).toEqual([201, expect.objectContaining(mug) as never]);
      const path = `/goods/${String(made.data["id"])}`;
      expect((await house.rest("PATCH", path, { weight: 360 })).data).toMatchObject({ sku: "MUG", weight: 360 });
      expect((await house.rest("PATCH", path, { sku: "CUP" })).status).toBe(422);
      expect((await house.rest("DELETE", path)).status).toBe(204);
      expect((await house.rest("GET", path)).status).toBe(404);
      const told: unknown[] = [];
      for (const { type, data } of await house.events()) if (type.startsWith("goods.")) told.push([type, data]);
      const data = { good: made.data["id"], sku: "MUG" };
      expect(told).toEqual([
        ["goods.created", data],
        ["goods.updated", data],
        ["goods.deleted", data],
      ]);
    });

    test("a number is there once: again is a conflict, also within a batch; after its end it is free", async () => {
      const path = await add("ONCE");
      const again = await house.rest("POST", "/goods", { ...mug, sku: "ONCE", name: "Another" });
      expect([again.status, again.error["type"]]).toEqual([409, "already_exists"]);
      expect(again.text).toContain('"sku"');
      expect((await house.rest("GET", path)).data["name"]).toBe(mug.name);
      const batch = await house.rest("POST", "/goods", [
        { ...mug, sku: "B-1" },
        { ...mug, sku: "B-2" },
        { ...mug, sku: "B-1", name: "Another" },
      ]);
      const types = batch.rows.map(({ success, error }) => [success, (error as Data | undefined)?.["type"]]);
      expect(types).toEqual([
        [true, undefined],
        [true, undefined],
        [false, "already_exists"],
      ]);
      expect((await house.rest("GET", "/goods?sku=B-1")).rows).toEqual([expect.objectContaining({ name: mug.name }) as never]);
      await house.rest("DELETE", path);
      await add("ONCE");
    });

    test("found by number and by the beginning of a name; everybody reads, only the shop writes", async () => {
      const path = await add("FIND-1", { name: "Zither" });
      await add("FIND-2", { name: "Zigzag" });
      const skus = async (query: string, role: "shop" | "warehouse" | "manager") =>
        (await house.rest("GET", `/goods?${query}`, undefined, role)).rows.map(({ sku }) => sku);
      expect(await skus("sku=FIND-2", "warehouse")).toEqual(["FIND-2"]);
      expect(await skus("name[startsWith]=Zi&sortBy=name", "manager")).toEqual(["FIND-2", "FIND-1"]);
      for (const role of ["warehouse", "manager"] as const) {
        expect((await house.rest("POST", "/goods", { ...mug, sku: role }, role)).status).toBe(403);
        expect((await house.rest("PATCH", path, { weight: 1 }, role)).status).toBe(403);
        expect((await house.rest("DELETE", path, undefined, role)).status).toBe(403);
      }
    });

    test.each([{ sku: "" }, { name: "" }, { length: 0 }, { weight: -1 }, { price: -1 }, { height: 100_001 }])(
      "refused: %j",
      async (more) => {
        const { status, error } = await house.rest("POST", "/goods", { ...mug, sku: "WRONG", ...more });
        expect([status, error["type"]]).toEqual([422, "validation_failed"]);
      },
    );
  });

  describe("lines that name an article", () => {
    beforeAll(async () => {
      await add("CUP");
      await add("FLAT", { isFragile: false, isUpright: false });
    });

    test("a basket, a packing and a quote are what they are with all that the catalogue says", async () => {
      const full = { goods: [{ length: 1200, width: 900, height: 1000, weight: 340, quantity: 2 }] };
      const checked = await house.rest("POST", "/packings/check", named("FLAT"));
      expect(checked.data).toMatchObject({ fits: true, weight: 680 });
      expect(checked.data).toEqual((await house.rest("POST", "/packings/check", full)).data);
      // What stands upright is packed so.
      expect((await house.rest("POST", "/packings/check", named("CUP"))).data).toMatchObject({ weight: 680, height: 1000 });
      const kept = await house.rest("POST", "/packings", named("CUP"));
      expect([kept.status, kept.data["goods"]]).toEqual([
        201,
        [{ length: 1200, width: 900, height: 1000, weight: 340, quantity: 2 }],
      ]);
      const quote = (goods: Data) => house.rest("POST", "/rates", { declaredCost: 2580, address, seal: 2, ...goods });
      const quoted = await quote(named("CUP"));
      expect([quoted.status, quoted.data["goods"]]).toEqual([201, [{ sku: "CUP", quantity: 2, ...saidOfMug }]]);
      expect((quoted.data["offers"] as Data[]).length).toBeGreaterThan(0);
      const inFull = await quote({ goods: [{ sku: "CUP", quantity: 2, ...saidOfMug }] });
      expect(quoted.data["offers"]).toEqual(inFull.data["offers"]);
    });

    test("what a line says counts; what it leaves out is the catalogue's; a line that says it all is taken as it is", async () => {
      const lines = [
        { sku: "CUP", quantity: 1, weight: 400, isFragile: false },
        { sku: "CUP", quantity: 1, name: "Mug", length: 1, width: 2, height: 3, weight: 4, price: 5 },
      ];
      const { data } = await push("partly", { goods: lines });
      expect(data["goods"]).toEqual([
        { sku: "CUP", quantity: 1, ...saidOfMug, weight: 400, isFragile: false },
        { ...lines[1], vatRate: null, isFragile: null, isUpright: null },
      ]);
    });

    const goods = ["A-1", "CUP", "A-2", "A-1"].map((sku) => ({ sku, quantity: 1 }));
    test.each([
      ["packings/check", { goods }],
      ["packings", { goods }],
      ["rates", { goods, declaredCost: 1, address, seal: 1 }],
      ["orders", order("unknown", { goods })],
    ])("%s: what the catalogue does not have is refused, all of it listed, and nothing is kept", async (path, body) => {
      const { status, error } = await house.rest("POST", `/${path}`, body);
      expect([status, error["type"], error["details"]]).toEqual([
        422,
        "goods_unknown",
        { goods: ["A-1", "A-2"], skus: "A-1, A-2" },
      ]);
      expect(String(error["message"])).toEndWith("the catalogue does not have these articles: A-1, A-2.");
      expect(await rowOf("unknown")).toEqual({});
    });

    test("a line without number and measures lacks the measures; an order's line without name lacks the name", async () => {
      const bare = await house.rest("POST", "/packings/check", { goods: [{ quantity: 1, weight: 1, length: 1 }] });
      expect([bare.status, bare.error["type"]]).toEqual([422, "validation_failed"]);
      expect(bare.text).toContain("goods.0.width");
      expect(bare.text).not.toContain("goods.0.length");
      const size = { length: 1, width: 1, height: 1, weight: 1 };
      expect((await push("nameless", named("A-1", 1, size))).error["type"]).toBe("goods_unnamed");
      expect((await push("named", named("CUP", 1, size))).data["goods"]).toEqual([
        { sku: "CUP", quantity: 1, ...saidOfMug, ...size },
      ]);
    });
  });

  describe("an order keeps its copy", () => {
    test("a change of the catalogue changes no order; the same again changes nothing until the catalogue has", async () => {
      const path = await add("COPY");
      const first = await push("copy", named("COPY"));
      expect([first.status, first.data["goods"]]).toEqual([201, [{ sku: "COPY", quantity: 2, ...saidOfMug }]]);
      const again = await push("copy", named("COPY"));
      expect([again.status, again.data]).toEqual([200, first.data]);
      await house.rest("PATCH", path, { weight: 500, name: "Mug, new" });
      expect(await rowOf("copy")).toEqual(first.data);
      const filled = [{ sku: "COPY", quantity: 2, ...saidOfMug, weight: 500, name: "Mug, new" }];
      expect((await push("copy", named("COPY"))).data["goods"]).toEqual(filled);
      expect((await push("copy", named("COPY"))).data["goods"]).toEqual(filled);
      expect(await eventsOf(first.data["id"])).toEqual(["orders.created", "orders.updated"]);
      // In full the same content is the same order.
      expect((await push("copy", { goods: filled })).data["updatedAt"]).toBe((await rowOf("copy"))["updatedAt"]);
      expect(await eventsOf(first.data["id"])).toEqual(["orders.created", "orders.updated"]);
    });

    test("on a manifest the same message changes nothing, whatever became of the catalogue; another is refused", async () => {
      const path = await add("LOCK");
      const { data } = await push("locked", named("LOCK"));
      await list("locked");
      const before = await rowOf("locked");
      await house.rest("PATCH", path, { weight: 500, isFragile: false });
      const again = await push("locked", named("LOCK"));
      expect([again.status, again.data]).toEqual([200, before]);
      await house.rest("DELETE", path);
      const gone = await push("locked", named("LOCK"));
      expect([gone.status, gone.data]).toEqual([200, before]);
      await add("LOCK", { price: 1 });
      for (const other of [
        named("LOCK", 3),
        named("LOCK", 2, { weight: 500 }),
        { ...named("LOCK"), marker: "x" },
        { goods: [{ sku: "LOCK", quantity: 2, ...saidOfMug, isFragile: null }] },
      ])
        expect((await push("locked", other)).error["type"]).toBe("order_locked");
      expect(await rowOf("locked")).toEqual(before);
      expect(await eventsOf(data["id"])).toEqual(["orders.created", "orders.manifested"]);
    });

    test("an article that has gone stays in orders as they have it: they are changed and cancelled, but it is in no other", async () => {
      const path = await add("GONE");
      const { data } = await push("gone", named("GONE"));
      await house.rest("DELETE", path);
      expect((await push("gone", named("GONE"))).data).toEqual(data);
      const marked = await push("gone", { ...named("GONE"), marker: "red" });
      expect(marked.data).toMatchObject({ marker: "red", goods: data["goods"] });
      expect((await push("gone", { ...named("GONE"), isActive: false })).data["state"]).toBe("cancelled");
      expect((await push("gone", named("GONE", 5))).error["type"]).toBe("goods_unknown");
      expect((await push("gone too", named("GONE"))).error["type"]).toBe("goods_unknown");
    });
  });

  test("over SOAP measures are always there: a length of zero is refused as before, a weight of zero is one", async () => {
    await add("WIRE");
    const line = (length: string, weight: string) =>
      `<SKU>WIRE</SKU><Name>Leaf</Name><Length>${length}</Length><Width>0.1</Width><Height>0.1</Height><Weight>${weight}</Weight><Qty>1</Qty><Price>1</Price>`;
    const way = { DeliveryTypeId: "1" };
    const told = await house.soap("PushOrder", xml(soapOrder("zero", { ...way, Goods: line("0", "0.1") })));
    expect(told).toMatchObject({ type: "validation_failed", fault: "soap:Client" });
    expect((told["issue"] as { field: string }[]).map(({ field }) => field)).toEqual(["Goods.0.Length"]);
    expect(await house.soap("PushOrder", xml(soapOrder("zero", { ...way, Goods: line("0.1", "0") })))).toEqual({
      return: expect.any(Number) as number,
    });
    expect((await rowOf("zero"))["goods"]).toEqual([expect.objectContaining({ weight: 0, isFragile: null }) as never]);
    expect(
      await house.soap(
        "PushReestr",
        `${xml({ ID: "Z", Number: "1", Date: "2026-02-01T00:00:00Z", DateOfShipment: "2026-02-02T00:00:00Z" })}${ids("zero")}`,
      ),
    ).toEqual({ return: expect.any(Number) as number });
  });
});

test.each(testDatabases())(
  "$engine: the articles of a hundred orders are read in one statement of their batch",
  async ({ create }) => {
    const counts = { reads: 0, loads: 0, finds: 0, applies: 0, writes: 0 };
    await using depot = await serve(await create(), { services: [delivery], role: "shop", around: counting(counts) });
    const articles = Array.from({ length: 20 }, (_, at) => ({ ...mug, sku: `G-${at}` }));
    for (const result of await Promise.all(articles.map((body) => depot.call("goods.create", { body }))))
      expect(outcomeOf(result)).toBe("201");
    const lines = (at: number) => [0, 1, 2].map((step) => ({ sku: `G-${(at + step) % 20}`, quantity: 1 }));
    const placed = async (prefix: string, goods: (at: number) => unknown) => {
      const before = { loads: counts.loads, commits: depot.app.writer.counts.commits };
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          depot.call("orders.create", { body: order(`${prefix}-${at}`, { goods: goods(at) }) }),
        ),
      );
      expect(results.map(outcomeOf)).toEqual(results.map(() => "201"));
      return (counts.loads - before.loads) / (depot.app.writer.counts.commits - before.commits);
    };
    const inFull = await placed("full", () => order("x")["goods"]);
    expect(await placed("named", lines)).toBeLessThanOrEqual(inFull + 1);
  },
);

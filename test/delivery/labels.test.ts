/** Paper of orders: planned parcels with their pictures, labels as PDF and ZPL, packing slips, hand-over acts. Over REST, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sampleTariff } from "../../services/delivery/sample/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Data, type House, openHouse, order, soapOrder, xml } from "./house.ts";

const { id: _, number: __, ...content } = sampleTariff;
const address = { index: "10105", city: "Alderburg", street: "Bridge Street", home: "12", flat: "4" };
const customer = { id: "C-1", name: "Дарья Эльмин", phone: "+12025550107", address };
const goods = [
  {
    sku: "MUG-01",
    name: "Stoneware mug",
    length: 1200,
    width: 900,
    height: 1000,
    weight: 340,
    quantity: 3,
    price: 1290,
    isFragile: true,
  },
  { sku: "BOOK-02", name: "Atlas, hardcover", length: 3400, width: 2500, height: 350, weight: 2150, quantity: 1, price: 4990 },
  {
    sku: "TEA-02",
    name: "Teapot",
    length: 2300,
    width: 1500,
    height: 1600,
    weight: 920,
    quantity: 2,
    price: 3490,
    isUpright: true,
  },
];
const more = { customer, goods, deliveryType: 1, amountToBePaid: 4990, declaredCost: 15_840 };
const hasPdftotext = Bun.which("pdftotext") !== null;
const textOf = async (pdf: Uint8Array): Promise<string> => {
  const reader = Bun.spawn(["pdftotext", "-layout", "-", "-"], { stdin: pdf, stdout: "pipe", stderr: "ignore" });
  return (await new Response(reader.stdout).text()).replaceAll(/[ \t]+/g, " ");
};
const pagesOf = (pdf: Uint8Array): number => new TextDecoder("latin1").decode(pdf).match(/\/Type \/Page\b/g)?.length ?? 0;

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  let key: string;
  let aheadMs = 0;
  /** Papers made so far: what has to be read in each. */
  const papers: { readonly pdf: Uint8Array; readonly parts: readonly string[] }[] = [];
  beforeAll(async () => {
    house = await openHouse(await create(), () => aheadMs);
    key = await house.served.key("warehouse", "shop");
  });
  afterAll(() => house[Symbol.asyncDispose]());

  /** A document as it is sent. */
  const file = async (path: string, body: Data = {}, language = "en") => {
    const answer = await house.served.ask(`/delivery/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "accept-language": language },
      body: JSON.stringify(body),
    });
    return {
      status: answer.status,
      type: answer.headers.get("content-type") ?? "",
      name: answer.headers.get("content-disposition") ?? "",
      bytes: new Uint8Array(await answer.arrayBuffer()),
    };
  };
  const refusal = async (path: string, body: Data = {}) => (await house.rest("POST", path, body, "warehouse")).error;
  const parcelsOf = async (id: string) => (await house.rest("GET", `/orders/${id}/parcels`)).rows;
  const ready = async (externalId: string, number: string, changes: Data = {}): Promise<string> => {
    const id = await house.place(externalId, { ...more, ...changes });
    for (const [work, body] of [
      ["plan", {}],
      ["bindNumber", { number }],
    ] as const) {
      const { status, text } = await house.rest("POST", `/orders/${id}/${work}`, body, "warehouse");
      if (status !== 200) throw new Error(text);
    }
    return id;
  };

  test("without a tariff any way of delivery is taken, and nothing is planned or printed", async () => {
    const id = await house.place("early", { deliveryType: 4711 });
    expect((await refusal(`/orders/${id}/plan`))["type"]).toBe("no_tariff");
    expect((await refusal(`/orders/${id}/labels`))["type"]).toBe("no_tariff");
    expect((await house.rest("POST", "/tariffs", { content }, "manager")).status).toBe(201);
  });

  test("an order's way of delivery is one of the tariff in force, and takes its goods", async () => {
    const place = async (externalId: string, changes: Data) =>
      (await house.rest("POST", "/orders", order(externalId, changes))).error;
    const unknown = {
      type: "delivery_type_unknown",
      message: "The tariff in force has no such way of delivery; it has 1, 2, 3, 4, 5, 6, 7, 8.",
    };
    expect(await place("way", { deliveryType: 9 })).toMatchObject({
      ...unknown,
      details: { deliveryType: 9, allowed: "1, 2, 3, 4, 5, 6, 7, 8" },
    });
    expect(await house.soap("PushOrder", xml(soapOrder("way", { DeliveryTypeId: "9" })))).toMatchObject({
      ...unknown,
      fault: "soap:Client",
    });
    const [mug] = goods;
    const heavy = { ...mug, sku: "SAFE", weight: 30_001 };
    expect(await place("way", { deliveryType: 1, goods: [mug, heavy] })).toMatchObject({
      type: "goods_not_taken",
      details: { sku: "SAFE", reason: "weight", limit: 30_000, actual: 30_001, service: "Courier" },
    });
    expect(await place("way", { deliveryType: 2, goods: [{ ...mug, length: 8001 }] })).toMatchObject({
      details: { reason: "longest_side" },
    });
    expect((await place("way", { goods: [{ ...mug, quantity: 201 }] }))["type"]).toBe("too_many_pieces");
    expect((await house.rest("GET", "/orders?externalId=way")).rows).toEqual([]);
    // What was placed before stays, may be said again and may be cancelled; it may not be changed to another way that does not exist.
    expect((await house.rest("POST", "/orders", order("early", { deliveryType: 4711 }))).status).toBe(200);
    expect((await place("early", { deliveryType: 4712 }))["type"]).toBe("delivery_type_unknown");
    const cancelled = await house.rest("POST", "/orders", order("early", { deliveryType: 4711, isActive: false }));
    expect(cancelled.data["state"]).toBe("cancelled");
  });

  test("a plan notes the parcels with every piece in its place; its picture has a step for each", async () => {
    const id = await house.place("planned", more);
    expect((await house.rest("POST", `/orders/${id}/plan`, {})).status).toBe(403);
    const planned = await house.rest("POST", `/orders/${id}/plan`, {}, "warehouse");
    expect([planned.status, planned.data["id"]]).toEqual([200, id]);
    const rows = await parcelsOf(id);
    expect(rows.length).toBeGreaterThan(0);
    const pieces = rows.flatMap((row) => (row["contents"] as { placements: Data[] }).placements);
    expect(pieces.map(({ item }) => Number(item)).toSorted((one, other) => one - other)).toEqual([1, 1, 1, 2, 3, 3]);
    // The teapot stands upright, and nothing leaves its box.
    for (const piece of pieces.filter(({ item }) => item === 3)) expect(piece["height"]).toBe(1600);
    for (const row of rows) {
      const box = row["contents"] as Record<"length" | "width" | "height", number> & { placements: Record<string, number>[] };
      for (const side of ["length", "width", "height"] as const) {
        expect(Number(row[side])).toBeGreaterThan(box[side]);
        const axis = { length: "x", width: "y", height: "z" }[side];
        for (const piece of box.placements) expect((piece[axis] ?? 0) + (piece[side] ?? 0)).toBeLessThanOrEqual(box[side]);
      }
    }
    const [first = {}] = rows;
    const drawn = await file(`/parcels/${String(first["id"])}/picture`, {}, "de");
    const svg = new TextDecoder().decode(drawn.bytes);
    expect([drawn.status, drawn.type]).toEqual([200, "image/svg+xml; charset=utf-8"]);
    const steps = (first["contents"] as { placements: unknown[] }).placements.length;
    for (let step = 1; step <= steps; step++) expect(svg).toContain(`>Schritt ${step}</text>`);
    // By hand: it is not known what lies where.
    const size = { length: 5000, width: 4000, height: 3000, weight: 9000 };
    await house.rest("POST", `/orders/${id}/pack`, { parcels: [size] }, "warehouse");
    const [byHand = {}] = await parcelsOf(id);
    expect(byHand).toMatchObject({ ...size, contents: null });
    expect((await refusal(`/parcels/${String(byHand["id"])}/picture`))["type"]).toBe("contents_unknown");
  });

  test("parcels that were noted for other goods or another way are forgotten; what else changes leaves them", async () => {
    const id = await house.place("repacked", more);
    const push = async (changes: Data): Promise<readonly Data[]> => {
      await house.place("repacked", { ...more, ...changes });
      return (await house.rest("GET", `/orders/${id}/parcels`, undefined, "warehouse")).rows;
    };
    const plan = () => house.rest("POST", `/orders/${id}/plan`, {}, "warehouse");
    await plan();
    expect(await push({ comment: "Ring twice." })).not.toEqual([]);
    expect(await push({ isActive: false })).not.toEqual([]);
    const changes = [{ goods: goods.slice(0, 1) }, { deliveryType: 3 }, { seal: 3 }, { isSturdy: true }];
    for (const change of changes) {
      await push({});
      await plan();
      expect([change, await push(change)]).toEqual([change, []]);
    }
  });

  test("labels need a sender, parcels and a number; what lacks is told", async () => {
    const id = await house.place("bare", more);
    expect(await refusal(`/orders/${id}/labels`)).toMatchObject({ type: "sender_unknown", details: { shippers: [""] } });
    expect((await house.rest("POST", "/senders", { name: "Lantern & Co.", address: { street: "Dock 7" } })).error["type"]).toBe(
      "address_incomplete",
    );
    const sender = { name: "Lantern", address: { index: "10100", city: "Alderburg", street: "Dock", home: "7" } };
    expect((await house.rest("POST", "/senders", sender)).status).toBe(201);
    const renamed = await house.rest("POST", "/senders", { ...sender, name: "Lantern & Co." });
    expect([renamed.status, renamed.data["name"]]).toEqual([200, "Lantern & Co."]);
    expect((await house.rest("GET", "/senders")).rows).toHaveLength(1);
    const other = await house.place("bare 2", { ...more, isActive: false });
    expect(await refusal("/labels", { orders: [id, other] })).toMatchObject({
      type: "labels_not_ready",
      details: { cancelled: ["bare 2"], unpacked: ["bare"], unnumbered: ["bare"], ids: "bare 2, bare" },
    });
    for (const none of [{}, { orders: [] }]) expect((await refusal("/labels", none))["type"]).toBe("validation_failed");
    const nobody = "ord_00000000000000000000000001";
    const missing = await refusal("/labels", { orders: [id, nobody] });
    expect(JSON.stringify(missing)).toContain(nobody);
    const many = Array.from({ length: 501 }, (_, index) => `ord_${String(index).padStart(26, "0")}`);
    expect((await refusal("/labels", { orders: many }))["type"]).toBe("validation_failed");
  });

  test("the labels of an order, as PDF and as ZPL, in the language of who asks", async () => {
    const id = await ready("label", "RR000000101XX");
    const rows = await parcelsOf(id);
    const pdf = await file(`/orders/${id}/labels`);
    expect([pdf.status, pdf.type, pdf.name]).toEqual([200, "application/pdf", 'attachment; filename="labels-N-label.pdf"']);
    expect(pagesOf(pdf.bytes)).toBe(rows.length);
    papers.push({
      pdf: pdf.bytes,
      parts: [
        "Courier",
        "z1",
        "Lantern & Co.",
        "Дарья Эльмин",
        "Bridge Street 12, 4",
        "10105 Alderburg",
        "COLLECT 49.90 EUR",
        "FRAGILE",
        "RR000000101XX",
      ],
    });
    const zpl = await file(`/orders/${id}/labels`, { format: "zpl" }, "hu");
    const commands = new TextDecoder().decode(zpl.bytes);
    expect([zpl.status, zpl.type]).toEqual([200, "application/x-zpl; charset=utf-8"]);
    expect(commands.match(/\^XA/g)).toHaveLength(rows.length);
    expect(commands).toContain("^FDTÖRÉKENY^FS");
    const one = await file(`/parcels/${String(rows.at(-1)?.["id"])}/label`, { format: "zpl" });
    expect(new TextDecoder().decode(one.bytes).match(/\^XA/g)).toHaveLength(1);
    expect((await refusal(`/orders/${id}/labels`, { format: "png" }))["type"]).toBe("validation_failed");
  });

  test("a long street is cut before the house is, and a long number never", async () => {
    const number = `RR${"0".repeat(58)}`;
    const far = {
      ...address,
      region: "Aldermark",
      district: "Riverside",
      settlement: "Old Harbour",
      street: `Улица ${"Красного Курсанта ".repeat(8).trim()}`,
      home: "12/34",
      housing: "корпус Б",
    };
    const name = "Константин Константинопольский-Задунайский";
    const id = await ready("long", number, { customer: { ...customer, name, address: far } });
    const parts = ["12/34, корпус Б, 4", "Old Harbour, Riverside", "10105 Alderburg, Aldermark", name, "+12025550107", number];
    const zpl = new TextDecoder().decode((await file(`/orders/${id}/labels`, { format: "zpl" })).bytes);
    for (const part of parts) expect(zpl).toContain(`^FD${part}^FS`);
    papers.push({ pdf: (await file(`/orders/${id}/labels`)).bytes, parts });
  });

  test("dates on paper are those of the house: half an hour before midnight in UTC it is the next day there", async () => {
    const id = await ready("night", "RR000000401XX");
    const night = new Date(Date.now() + 86_400_000);
    night.setUTCHours(23, 30, 0, 0);
    try {
      aheadMs = night.getTime() - Date.now();
      const zpl = new TextDecoder().decode((await file(`/orders/${id}/labels`, { format: "zpl" })).bytes);
      expect(zpl).toContain(`Order: N night   ${new Date(night.getTime() + 3_600_000).toISOString().slice(0, 10)}^FS`);
    } finally {
      aheadMs = 0;
    }
  });

  test("the labels of many orders and of a manifest are one document; the act lists them", async () => {
    const orders = [await ready("many 1", "RR000000201XX"), await ready("many 2", "RR000000202XX", { amountToBePaid: 0 })];
    const labels = await file("/labels", { orders });
    const sheets = (await Promise.all(orders.map(parcelsOf))).flat().length;
    expect([labels.status, pagesOf(labels.bytes)]).toEqual([200, sheets]);
    const paper = { externalId: "M paper", number: "17/a", madeAt: "2026-02-01T00:00:00Z", shipAt: "2026-02-01T23:30:00Z" };
    const made = await house.rest("POST", "/manifests", { ...paper, orderIds: ["many 1", "many 2"] });
    const manifest = String(made.data["id"]);
    expect(pagesOf((await file(`/manifests/${manifest}/labels`)).bytes)).toBe(sheets);
    const act = await file(`/manifests/${manifest}/act`, { takenOverBy: "Harbour Couriers" }, "ru");
    expect([act.status, act.type, act.name]).toEqual([200, "application/pdf", 'attachment; filename="act-17-a.pdf"']);
    papers.push({
      pdf: act.bytes,
      parts: [
        "Акт приёма-передачи 17/a",
        "Дата: 2026-02-02",
        "Harbour Couriers",
        "RR000000201XX",
        "RR000000202XX",
        "49.90 EUR",
        "316.80 EUR",
      ],
    });
    await house.rest("POST", `/manifests/${manifest}/withdraw`, {}, "warehouse");
    expect((await refusal(`/manifests/${manifest}/act`))["type"]).toBe("nothing_to_hand_over");
    expect((await refusal(`/manifests/${manifest}/labels`))["type"]).toBe("nothing_to_hand_over");
  });

  test("the packing slip: the goods, then a sheet for each parcel with its steps", async () => {
    const id = await ready("slip", "RR000000301XX", { comment: "Ring twice", placedAt: "2026-01-31T23:30:00Z" });
    const slip = await file(`/orders/${id}/packingSlip`, {}, "fr");
    expect([slip.status, slip.type, pagesOf(slip.bytes)]).toEqual([200, "application/pdf", 1 + (await parcelsOf(id)).length]);
    papers.push({
      pdf: slip.bytes,
      parts: [
        "Bon de colisage N slip",
        "2026-02-01",
        "MUG-01 Stoneware mug 3 1.020 kg",
        "Remarque: Ring twice",
        "Étape 1",
        "Total 6",
      ],
    });
  });

  // Only where poppler-utils are installed, which read a PDF as text.
  test.skipIf(!hasPdftotext)("the papers say all of it; money is collected once", async () => {
    expect(papers).toHaveLength(4);
    for (const { pdf, parts } of papers) {
      const text = await textOf(pdf);
      for (const part of parts) expect(text).toContain(part);
      if (parts.includes("FRAGILE")) expect(text.match(/COLLECT/g)).toHaveLength(1);
    }
  });
});

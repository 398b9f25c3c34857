/** Packings, quotes and the tariff they are worked out by. Over REST and over SOAP, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { nextSampleTariff, sampleTariff, servicePoints } from "../../services/delivery/sample/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Data, type House, openHouse, order, xml } from "./house.ts";

const piece = (length: string, width: string, height: string, weight: string, quantity: string): string =>
  xml({ Length: length, Width: width, Height: height, Weight: weight, Qty: quantity });
const dimensions = (...pieces: readonly string[]): string =>
  pieces.map((one) => `<DimensionsList>${one}</DimensionsList>`).join("");
const golden = dimensions(piece("0.130", "0.100", "0.001", "0.1", "2"), piece("0.1331", "0.0998", "0.0788", "0.575", "1"));
const [point] = servicePoints;
if (point === undefined) throw new Error("no sample point");
const { id: _, number: __, ...content } = sampleTariff;

/** What a quote asks for the order of `house.ts`. */
const billed = { declaredCost: 1250, goods: order("x")["goods"], seal: 1 };

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  let tariff: Data;
  let aheadMs = 0;
  beforeAll(async () => {
    house = await openHouse(await create(), () => aheadMs);
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const costs = (more: Readonly<Record<string, string>> = {}): string =>
    xml({
      DeclaredCost: "12.5",
      Goods: `<SKU>S-1</SKU>${xml({ Length: "0.1", Width: "0.1", Height: "0.1", Weight: "0.4", Qty: "2", Price: "0" })}`,
      Address: `<Index>${String(point.address.index)}</Index><City>${String(point.address.city)}</City>`,
      TypeOfSeal: "1",
      SturdyPackaging: "false",
      CashOnDelivery: "false",
      ...more,
    });

  test("without a tariff nothing is priced: a conflict, not an answer", async () => {
    expect(await house.soap("CheckDimensions", golden)).toMatchObject({ type: "no_tariff", status: 409, fault: "soap:Client" });
    expect(await house.soap("CalculateShippingCost", costs())).toMatchObject({ type: "no_tariff" });
  });

  test("versions are added by managers, numbered by the server, checked, and never changed", async () => {
    expect((await house.rest("POST", "/tariffs", { content })).status).toBe(403);
    const made = await house.rest("POST", "/tariffs", { content }, "manager");
    expect([made.status, made.data]).toEqual([
      201,
      expect.objectContaining({ number: 1, currency: "EUR", effectiveFrom: "2026-01-01T00:00:00.000Z" }) as never,
    ]);
    tariff = made.data;
    const wrong = await house.rest("POST", "/tariffs", { content: { ...content, zones: [] } }, "manager");
    expect([wrong.status, wrong.error["type"]]).toEqual([422, "invalid_tariff"]);
    expect((wrong.error["details"] as { problems: Data[] }).problems[0]).toHaveProperty("path");
    for (const odd of [null, 7, "x", []]) {
      const { status } = await house.rest("POST", "/tariffs", { content: odd }, "manager");
      expect([odd, status]).toEqual([odd, 422]);
    }
    // A limit that is misspelt would count for nothing.
    const [courier, ...others] = content.services;
    const misspelt = { ...courier, limits: { ...courier?.limits, girthmax: 30_000 } };
    const slip = await house.rest("POST", "/tariffs", { content: { ...content, services: [misspelt, ...others] } }, "manager");
    expect((slip.error["details"] as { problems: Data[] }).problems).toEqual([
      { path: "services[0].limits.girthmax", code: "unknown_field", text: 'there is no field "girthmax"' },
    ]);
    // Amounts have two decimals over SOAP, and a version never changes: what would tell wrong amounts, or none, is not added.
    const odds = { currency: ["ZZZ", "JPY", "KWD", 7], effectiveFrom: ["0000-01-01T00:00:00Z", "9999-12-31T24:00:00Z"] };
    for (const [field, values] of Object.entries(odds)) {
      for (const value of values) {
        const odd = await house.rest("POST", "/tariffs", { content: { ...content, [field]: value } }, "manager");
        const { problems = [] } = (odd.error["details"] ?? {}) as { problems?: Data[] };
        expect([value, odd.status, problems[0]?.["path"]]).toEqual([value, 422, field]);
      }
    }
    expect((await house.rest("PATCH", `/tariffs/${String(tariff["id"])}`, { name: "x" }, "manager")).status).toBe(405);
  });

  test("the price grid goes out and comes in as CSV; the difference says what changed", async () => {
    const csv = (await house.rest("POST", `/tariffs/${String(tariff["id"])}/grid`, {}, "manager")).text;
    const [head, first = "", ...others] = csv.trim().split(/\r?\n/);
    const dearer = [head, first.replace(/\d+$/, (cents) => String(Number(cents) + 1)), ...others].join("\n");
    const post = (body: Data) => house.rest("POST", `/tariffs/${String(tariff["id"])}/importGrid`, body, "manager");
    const effectiveFrom = "2099-01-01T00:00:00.000Z";
    const made = await post({ csv: dearer, effectiveFrom, name: "Dearer" });
    expect([made.status, made.data["number"], made.data["effectiveFrom"]]).toEqual([201, 2, effectiveFrom]);
    const { data } = await house.rest("POST", `/tariffs/${String(tariff["id"])}/difference`, { to: made.data["id"] });
    const changes = (data["changes"] as { path: string }[]).map(({ path }) => path.replace(/\[.*/, ""));
    expect([data["total"], [...new Set(changes)].toSorted()]).toEqual([3, ["effectiveFrom", "grid", "name"]]);
    // What is not added yet is compared too, and stays so.
    const compare = (body: Data) => house.rest("POST", `/tariffs/${String(tariff["id"])}/difference`, body);
    const tried = await compare({ csv: dearer });
    expect([tried.data["total"], (tried.data["changes"] as Data[])[0]]).toEqual([
      1,
      expect.objectContaining({ path: expect.stringContaining("grid[") as never, kind: "changed" }) as never,
    ]);
    const renamed = await compare({ content: { ...content, name: "Other" } });
    expect(renamed.data["changes"]).toEqual([{ path: "name", kind: "changed", before: content.name, after: "Other" }]);
    const refusals = await Promise.all(
      [{ csv: `${head}\n${first}\n${first}` }, { content: { ...content, zones: [] } }, {}, { csv: dearer, content }].map(compare),
    );
    expect(refusals.map(({ status, error }) => [status, error["type"]])).toEqual([
      [422, "invalid_grid"],
      [422, "invalid_tariff"],
      [422, "nothing_to_compare"],
      [422, "nothing_to_compare"],
    ]);
    expect((await house.rest("GET", "/tariffs")).rows).toHaveLength(2);
    const bad = await post({ csv: `${head}\n${first}\n${first}`, effectiveFrom });
    expect([bad.status, bad.error["type"]]).toEqual([422, "invalid_grid"]);
    expect((bad.error["details"] as { problems: Data[] }).problems[0]).toMatchObject({ line: 3 });
  });

  test("the golden case", async () => {
    expect(await house.soap("CheckDimensions", golden)).toEqual({
      return: true,
      Length: "0.1331",
      Width: "0.1",
      Height: "0.0808",
      Weight: "0.775",
      Comment: "",
    });
    const goods = [
      { length: 1300, width: 1000, height: 10, weight: 100, quantity: 2 },
      { length: 1331, width: 998, height: 788, weight: 575, quantity: 1 },
    ];
    const size = { length: 1331, width: 1000, height: 808, weight: 775 };
    expect((await house.rest("POST", "/packings/check", { goods })).data).toEqual({ fits: true, ...size, comment: "" });
    expect((await house.rest("GET", "/packings")).rows).toEqual([]);
    const kept = await house.rest("POST", "/packings", { goods });
    expect([kept.status, kept.data]).toEqual([201, expect.objectContaining(size) as never]);
    expect(kept.data["placements"]).toHaveLength(3);
    expect((await house.rest("POST", `/packings/${String(kept.data["id"])}/picture`, {})).text).toStartWith("<svg");
  });

  test("the smallest box is not the answer where only a larger one is taken: two rods lie side by side, not in a row", async () => {
    const longest = Math.max(...sampleTariff.services.map(({ limits }) => limits.sidesMax?.[0] ?? 0));
    const rod = (length: number) => ({ length, width: 300, height: 300, weight: 500, quantity: 1 });
    const goods = [rod(longest / 2 + 1000), rod(longest / 2 + 2000)];
    const box = await house.rest("POST", "/packings", { goods });
    expect(box.data).toMatchObject({ length: longest + 3000, width: 300, height: 300 });
    expect((await house.rest("POST", "/packings/check", { goods })).data).toEqual({
      fits: true,
      length: longest / 2 + 2000,
      width: 600,
      height: 300,
      weight: 1000,
      comment: "",
    });
    const shelves = [{ length: 12_400, width: 3200, height: 1400, weight: 14_600, quantity: 5 }];
    expect((await house.rest("POST", "/packings/check", { goods: shelves })).data).toMatchObject({
      fits: true,
      length: 12_400,
      width: 7000,
      height: 3200,
    });
    const none = await house.rest("POST", "/packings/check", { goods: [rod(longest + 10)] });
    expect([none.status, none.error["type"], (none.error["details"] as Data)["over"]]).toEqual([422, "too_long", 1]);
  });

  test("a check and a quote agree: on boxes of other sides than the smallest, on several parcels, on what packaging adds", async () => {
    const line = (sides: readonly [number, number, number], weight: number, quantity: number): Data => {
      const [length, width, height] = sides;
      return { sku: "S-1", length, width, height, weight, quantity };
    };
    const [longest = 0] = sampleTariff.services.map(({ limits }) => limits.sidesMax?.[0] ?? 0).toSorted((a, b) => b - a);
    const weightMax = Math.max(...sampleTariff.services.map(({ limits }) => limits.weightMax));
    const { wall, weight } = sampleTariff.packaging.custom;
    const address = { index: String(point.address.index), city: String(point.address.city) };
    const cases: readonly (readonly [what: string, goods: readonly Data[], ways: readonly number[]])[] = [
      ["in a row they are too long", [line([13_000, 4000, 4000], 10_000, 3), line([9000, 4000, 4000], 10_000, 2)], [8]],
      ["too heavy for one parcel", [line([3000, 3000, 2000], 20_000, 50)], [4, 8]],
      ["as long as can be", [line([longest - 2 * wall, 100, 100], 1000, 1)], [8]],
      ["too long with its packaging", [line([longest - 2 * wall + 10, 100, 100], 1000, 1)], []],
      ["as heavy as can be", [line([2000, 100, 100], weightMax - weight, 1)], [8]],
      ["too heavy with its packaging", [line([2000, 100, 100], weightMax - weight + 1, 1)], []],
    ];
    for (const [what, goods, ways] of cases) {
      const quoted = await house.rest("POST", "/rates", { declaredCost: 1000, seal: 1, goods, address });
      const offered = (quoted.data["offers"] as Data[]).map((offer) => Number(offer["deliveryType"])).toSorted((a, b) => a - b);
      const checked = await house.rest("POST", "/packings/check", { goods });
      expect([what, offered, checked.status]).toEqual([what, [...ways], ways.length > 0 ? 200 : 422]);
    }
  });

  test("what no way of delivery admits: false, with the limit and by how much; over REST a refusal", async () => {
    const weightMax = Math.max(...sampleTariff.services.map(({ limits }) => limits.weightMax));
    const heavy = dimensions(piece("0.3", "0.3", "0.3", String((weightMax + 1_500) / 1_000), "1"));
    const told = await house.soap("CheckDimensions", heavy);
    expect(told).toMatchObject({ return: false, Length: "0.3", Comment: "The weight is exceeded by 1,500 g." });
    const long = await house.soap("CheckDimensions", dimensions(piece("9.5", "0.1", "0.1", "1", "1")));
    expect([long["return"], String(long["Comment"])]).toEqual([
      false,
      expect.stringMatching(/exceeded by [\d,.]+ mm\.$/) as never,
    ]);
    const goods = [{ length: 3000, width: 3000, height: 3000, weight: weightMax + 1, quantity: 1 }];
    const { status, error } = await house.rest("POST", "/packings/check", { goods });
    expect([status, error["type"], (error["details"] as Data)["over"]]).toEqual([422, "too_heavy", 1]);
    const many = dimensions(piece("0.1", "0.1", "0.1", "1", "201"));
    expect(await house.soap("CheckDimensions", many)).toMatchObject({ type: "too_many_pieces", fault: "soap:Client" });
  });

  test("a quote: offers with their parts, what is not offered with its reason; charges of one of them", async () => {
    const told = await house.soap("CalculateShippingCost", costs());
    const offers = told["Types"] as Data[];
    expect(offers.length).toBeGreaterThan(2);
    const { rows } = await house.rest("GET", "/rates");
    const [row = {}] = rows;
    expect(row).toMatchObject({ serial: told["return"], tariff: tariff["id"] });
    expect(Date.parse(String(row["expiresAt"])) - Date.parse(String(row["createdAt"]))).toBeGreaterThanOrEqual(86_400_000 - 1);
    for (const offer of row["offers"] as (Data & { lines: { amount: number; group: string }[] })[]) {
      const sum = offer.lines.reduce((total, { amount }) => total + amount, 0);
      expect(offer["total"]).toBe(sum);
      const wire = offers.find((one) => one["TypeId"] === offer["deliveryType"]);
      expect(Number(wire?.["Cost"])).toBeCloseTo(sum / 100, 2);
      const charges = await house.soap(
        "GetDetailsOfCost",
        xml({ ID: String(told["return"]), TypeId: String(offer["deliveryType"]) }),
      );
      const lines = charges["return"] as Data[];
      const packing = offer.lines.filter(({ group }) => group === "packaging").reduce((total, { amount }) => total + amount, 0);
      expect(Math.round(lines.reduce((total, line) => total + Number(line["Cost"]) * 100, 0))).toBe(packing);
    }
    expect((row["offers"] as Data[]).map((offer) => offer["deliveryType"])).toContain(3);
  });

  test("a quote is told of for a day, then it is unknown", async () => {
    const ID = String((await house.soap("CalculateShippingCost", costs()))["return"]);
    const charges = () => house.soap("GetDetailsOfCost", xml({ ID, TypeId: "3" }));
    try {
      aheadMs = 86_400_000 - 60_000;
      expect(await charges()).not.toHaveProperty("fault");
      aheadMs = 86_400_000;
      expect(await charges()).toMatchObject({ type: "rate_not_found", fault: "soap:Client" });
    } finally {
      aheadMs = 0;
    }
  });

  test("limits exclude: in the list of REST, in the comments of SOAP", async () => {
    const goods = `<SKU>S-1</SKU>${xml({ Length: "0.3", Width: "0.3", Height: "0.3", Weight: "24", Qty: "1", Price: "0" })}`;
    const told = await house.soap("CalculateShippingCost", costs({ Goods: goods }));
    expect(String(told["Comments"])).toMatch(/: a parcel weighs [\d,]+ g; [\d,]+ g at most\./);
    const { rows } = await house.rest("GET", `/rates?serial=${String(told["return"])}`);
    const excluded = rows[0]?.["excluded"] as Data[];
    expect(excluded.find(({ reason }) => reason === "weight")).toMatchObject({ unit: "g", limit: expect.any(Number) as number });
    const offered = new Set((told["Types"] as Data[]).map((offer) => offer["TypeId"]));
    expect(excluded.filter(({ deliveryType }) => offered.has(deliveryType))).toEqual([]);
  });

  test.each([
    ["bg", "Courier: пратка тежи 32 300 g; най-много 30 000 g.", "Теглото е превишено с 1500 g."],
    ["de", "Courier: Ein Paket wiegt 32.300 g; höchstens 30.000 g.", "Das Gewicht ist um 1.500 g überschritten."],
    ["es", "Courier: un bulto pesa 32.300 g; 30.000 g como máximo.", "El peso se excede en 1500 g."],
    ["fr", "Courier : un colis pèse 32 300 g ; 30 000 g au plus.", "Le poids est dépassé de 1 500 g."],
    ["hu", "Courier: egy csomag súlya 32 300 g; legfeljebb 30 000 g lehet.", "A súly 1500 g-mal több a megengedettnél."],
    ["ru", "Courier: посылка весит 32 300 г; не больше 30 000 г.", "Вес превышен на 1 500 г."],
  ])("comments in the caller's language: %s", async (language, comment, checked) => {
    const spaced = (text: unknown): string => String(text).replaceAll(/[\u00A0\u202F]/g, " ");
    const goods = `<SKU>S-1</SKU>${xml({ Length: "0.3", Width: "0.3", Height: "0.3", Weight: "32", Qty: "1", Price: "0" })}`;
    const headers = { "accept-language": language };
    const told = await house.soap("CalculateShippingCost", costs({ Goods: goods }), headers);
    expect(spaced(told["Comments"]).split("\n")).toContain(comment);
    const weightMax = Math.max(...sampleTariff.services.map(({ limits }) => limits.weightMax));
    const heavy = dimensions(piece("0.3", "0.3", "0.3", String((weightMax + 1_500) / 1_000), "1"));
    expect(spaced((await house.soap("CheckDimensions", heavy, headers))["Comment"])).toBe(checked);
  });

  test("quotes that are not there, ways that are not offered, an address of nowhere", async () => {
    expect(await house.soap("GetDetailsOfCost", xml({ ID: "999999", TypeId: "3" }))).toMatchObject({
      type: "rate_not_found",
      status: 404,
    });
    const { rows } = await house.rest("GET", "/rates");
    expect(await house.soap("GetDetailsOfCost", xml({ ID: String(rows[0]?.["serial"]), TypeId: "4711" }))).toMatchObject({
      type: "not_offered",
    });
    const nowhere = await house.soap("CalculateShippingCost", costs({ Address: "<Index>ZZ-1</Index><City>Nowhere</City>" }));
    expect([nowhere["Types"] ?? [], String(nowhere["Comments"])]).toEqual([
      [],
      expect.stringContaining("in no zone of the tariff") as never,
    ]);
    expect(await house.soap("CalculateShippingCost", costs({ Address: "<Street>Main</Street>" }))).toMatchObject({
      type: "address_incomplete",
    });
  });

  test("what was handed over is billed once, by the parts of its price; what the tariff does not offer is told as unpriced", async () => {
    await house.served.app.jobs.start();
    const address = { index: String(point.address.index), city: String(point.address.city) };
    const customer = { ...(order("x")["customer"] as object), address };
    await house.place("bill 1", { customer });
    // Express does not go to the north.
    const north = { ...customer, address: { index: "30100", city: "Norrvik" } };
    await house.place("bill 2", { customer: north, deliveryType: 2 });
    const paper = { externalId: "M bill", number: "1", madeAt: "2026-02-01T00:00:00Z", shipAt: "2026-02-02T00:00:00Z" };
    const made = await house.rest("POST", "/manifests", { ...paper, orderIds: ["bill 1", "bill 2"] });
    await house.rest("POST", `/manifests/${String(made.data["id"])}/handOver`, {}, "warehouse");
    await house.served.app.jobs.look();
    await house.served.app.jobs.settled();
    await house.served.app.jobs.stop();
    const told = await house.soap("GetBillingData", xml({ BeginDate: "2020-01-01T00:00:00", EndDate: "2199-01-01T00:00:00" }));
    const items = told["return"] as Data[];
    const of = (id: string) =>
      items.filter((item) => item["ExtNumber"] === id).map((item) => [item["Service"], Number(item["Amount"])]);
    expect(of("bill 2")).toEqual([["unpriced", 0]]);
    const quoted = await house.rest("POST", "/rates", { ...billed, address });
    const offer = (quoted.data["offers"] as Data[]).find(({ deliveryType }) => deliveryType === 3) ?? {};
    const total = of("bill 1").reduce((sum, [, amount]) => sum + Math.round(Number(amount) * 100), 0);
    expect([
      of("bill 1")
        .map(([service]) => String(service))
        .toSorted(),
      total,
    ]).toEqual([["carriage", "insurance", "preparing", "tax"], Number(offer["total"])]);
    const turned = xml({ BeginDate: "2026-01-02T00:00:00", EndDate: "2026-01-01T00:00:00" });
    expect(await house.soap("GetBillingData", turned)).toMatchObject({ type: "invalid_period", fault: "soap:Client" });
  });

  test("service points: kept with their hours; offers of a city name one", async () => {
    const { id: code, address, zone: ___, hours, kind, name, timeZone, weightMax, sidesMax, hasCashOnDelivery } = point;
    const { weekly, exceptions } = hours;
    const more = { address, kind, name, timeZone, weightMax, sidesMax, hasCashOnDelivery, city: address.city };
    const body = { code, weekly, exceptions, ...more };
    const made = await house.rest("POST", "/servicePoints", body, "manager");
    expect(made.status).toBe(201);
    expect(
      (await house.rest("POST", "/servicePoints", { ...body, code: "x", timeZone: "Mars/Base" }, "manager")).error["type"],
    ).toBe("invalid_hours");
    const patch = (changes: Data) => house.rest("PATCH", `/servicePoints/${String(made.data["id"])}`, changes, "manager");
    const holiday = { date: "2026-12-24", intervals: [] };
    for (const odd of [
      { weekly: [{ weekday: 1, from: 600, to: 540 }] },
      // At ten o'clock it would be open twice.
      {
        weekly: [
          { weekday: 1, from: 590, to: 800 },
          { weekday: 1, from: 540, to: 600 },
        ],
      },
      // Closed and open on one day.
      { exceptions: [holiday, { ...holiday, intervals: [{ from: 540, to: 600 }] }] },
    ])
      expect((await patch(odd)).error["type"]).toBe("invalid_hours");
    const joined = {
      weekly: [
        { weekday: 1, from: 600, to: 800 },
        { weekday: 1, from: 540, to: 600 },
        { weekday: 2, from: 540, to: 800 },
      ],
    };
    expect([(await patch(joined)).status, (await patch({ weekly })).status]).toEqual([200, 200]);
    const asked = { at: "2026-12-25T11:00:00.000Z" };
    const { data } = await house.rest("POST", `/servicePoints/${String(made.data["id"])}/hours`, asked);
    expect([data["isOpen"], String(data["workTime"])]).toEqual([false, expect.stringContaining("2026-12-25 closed") as never]);
    const told = await house.soap("CalculateShippingCost", costs());
    const offers = (told["Types"] as Data[]).filter((offer) => offer["Worktime"] !== undefined && offer["Worktime"] !== "");
    expect(offers.map((offer) => String(offer["Address"]))).toEqual([expect.stringContaining(String(address.city)) as never]);
    const german = await house.soap("CalculateShippingCost", costs(), { "accept-language": "de-AT" });
    expect((german["Types"] as Data[]).map((offer) => offer["Worktime"])).toContainEqual(
      expect.stringMatching(/^Mo–Sa 10:00–21:00; So 11:00–17:00/) as never,
    );
    // A day that is over is told no more.
    const later = await house.rest("POST", `/servicePoints/${String(made.data["id"])}/hours`, { at: "2027-06-01T00:00:00.000Z" });
    expect(later.data["workTime"]).toBe("Mon–Sat 10:00–21:00; Sun 11:00–17:00");
    // Where cash is collected, a point that takes none is not named.
    await house.rest("PATCH", `/servicePoints/${String(made.data["id"])}`, { hasCashOnDelivery: false }, "manager");
    const named = async (cash: string): Promise<readonly unknown[]> =>
      ((await house.soap("CalculateShippingCost", costs({ CashOnDelivery: cash })))["Types"] as Data[])
        .map((offer) => offer["Address"])
        .filter((text) => text !== undefined && text !== "");
    expect([(await named("false")).length, await named("true")]).toEqual([1, []]);
  });

  test("a version that came into force later counts from its moment", async () => {
    const { id: ____, number: _____, ...later } = nextSampleTariff;
    const made = await house.rest(
      "POST",
      "/tariffs",
      { content: { ...later, effectiveFrom: "2026-01-02T00:00:00Z" } },
      "manager",
    );
    expect([made.status, made.data["number"]]).toEqual([201, 3]);
    await house.soap("CalculateShippingCost", costs());
    const { rows } = await house.rest("GET", "/rates?perPage=1");
    expect(rows[0]?.["tariff"]).toBe(made.data["id"]);
  });
});

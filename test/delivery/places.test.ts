/** Places by postal code and by name; what of a tariff is read apart. Over REST, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sampleTariff } from "../../services/delivery/sample/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Data, type House, openHouse } from "./house.ts";

const { id: _, number: __, ...content } = sampleTariff;

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(await create());
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const add = (place: Data, role: "manager" | "shop" = "manager") => house.rest("POST", "/places", place, role);
  const lookup = async (asked: Data) => {
    const { data } = await house.rest("POST", "/places/lookup", asked);
    return (data["places"] as Data[]).map(({ prefix, city, settlement, region, zone }) => [
      prefix,
      settlement ?? city,
      region,
      zone,
    ]);
  };

  test("a place is added once; its prefix is kept without space and hyphens", async () => {
    const first = await add({ prefix: "10 1-", region: "Aldermark", city: "Alderburg" });
    expect([first.status, first.data["prefix"]]).toEqual([201, "101"]);
    const again = await add({ prefix: "101", region: "aldermark", city: "ALDERBURG" });
    expect([again.status, again.data["id"]]).toEqual([200, first.data["id"]]);
    expect((await add({ prefix: "- -", region: "Aldermark" })).error["type"]).toBe("invalid_prefix");
    expect((await add({ prefix: "1", region: "Aldermark" }, "shop")).status).toBe(403);
    expect((await add({ prefix: "10100", region: "Aldermark", city: "Alderburg", settlement: "Old Harbour" })).status).toBe(201);
    expect((await add({ prefix: "399", region: "Far Isles", settlement: "Gannet Rock" })).status).toBe(201);
    expect((await add({ prefix: "38", region: "Norrfell", city: "Frosthamn" })).status).toBe(201);
    expect((await add({ prefix: "98", region: "Дальние острова", settlement: "Алёшкино" })).status).toBe(201);
  });

  test("by postal code the longest prefix comes first; without a tariff there is no zone", async () => {
    expect(await lookup({ index: "10 100" })).toEqual([
      ["10100", "Old Harbour", "Aldermark", null],
      ["101", "Alderburg", "Aldermark", null],
    ]);
    expect((await house.rest("POST", "/tariffs", { content }, "manager")).status).toBe(201);
    expect(await lookup({ index: "10115" })).toEqual([["101", "Alderburg", "Aldermark", "z1"]]);
    expect(await lookup({ index: "39911" })).toEqual([["399", "Gannet Rock", "Far Isles", "z6"]]);
    expect(await lookup({ index: "77777" })).toEqual([]);
  });

  test("by the beginning of a postal code, while it is typed: the places of longer ones come after its own", async () => {
    const names = async (asked: Data) => (await lookup(asked)).map(([prefix]) => prefix);
    expect(await names({ index: "1" })).toEqual(["101", "10100"]);
    expect(await names({ index: "101" })).toEqual(["101", "10100"]);
    expect(await names({ index: "3" })).toEqual(["38", "399"]);
    expect(await names({ index: "1", name: "old" })).toEqual(["10100"]);
    expect(await names({ index: "9", name: "old" })).toEqual([]);
  });

  test("by the beginning of a name, without regard to case and ё; by both; a percent sign is no wildcard", async () => {
    expect(await lookup({ name: "GANN" })).toEqual([["399", "Gannet Rock", "Far Isles", "z6"]]);
    expect((await lookup({ name: "алеш" })).map(([, name]) => name)).toEqual(["Алёшкино"]);
    expect(await lookup({ name: "Old", index: "10100" })).toEqual([["10100", "Old Harbour", "Aldermark", "z1"]]);
    expect(await lookup({ name: "Old", index: "38500" })).toEqual([]);
    for (const name of ["%%", "__", "a%"]) expect(await lookup({ name })).toEqual([]);
    for (const asked of [{}, { name: "   " }, { index: "-" }])
      expect((await house.rest("POST", "/places/lookup", asked)).error["type"]).toBe("nothing_to_look_up");
  });

  test("the version in force, its ways of delivery and its cartons", async () => {
    const { data } = await house.rest("POST", "/tariffs/inForce", {});
    expect(data).toMatchObject({ number: 1, currency: "EUR" });
    expect((await house.rest("POST", "/tariffs/inForce", { at: "2020-01-01T00:00:00Z" })).error["type"]).toBe("no_tariff");
    const path = `/tariffs/${String(data["id"])}`;
    const ways = (await house.rest("POST", `${path}/ways`, {})).data["ways"] as Data[];
    expect(ways.map(({ deliveryType }) => deliveryType)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(ways[1]).toMatchObject({
      name: "Express with a window",
      weightMax: 15_000,
      sidesMax: [8000, 6000, 5000],
      zones: ["z1", "z2", "z3", "z5"],
    });
    const cartons = (await house.rest("POST", `${path}/cartons`, {})).data["cartons"] as Data[];
    expect(cartons).toHaveLength(15);
    expect(cartons[0]).toEqual({
      carton: "envelope-s",
      kind: "envelope",
      name: "Envelope S",
      length: 2200,
      width: 1500,
      height: 200,
      wall: 5,
      weight: 15,
      maxWeight: 1000,
      price: 15,
    });
  });
});

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { isOpenAt, rate, validateVersion, zoneOf } from "../tariffs/index.ts";
import { cartons, envelopes, goods, sampleOrders, sampleTariff, sampleTariffs, servicePoints, services, zones } from "./index.ts";

const digest = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
const areDistinct = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

describe("the sample pack", () => {
  test("holds what it says", () => {
    expect([zones, services, servicePoints, cartons, envelopes, goods].map(({ length }) => length)).toEqual([
      6, 8, 60, 12, 3, 40,
    ]);
    expect(services.map(({ id, typeId }) => [id, typeId])).toContainEqual(["post-parcel", 3]);
    expect(services.map(({ id, typeId }) => [id, typeId])).toContainEqual(["express-post", 4]);
    expect(services.find(({ kind }) => kind === "express")?.windows).toHaveLength(4);
    for (const list of [servicePoints, cartons, envelopes]) expect(areDistinct(list.map(({ id }) => id))).toBeTrue();
    expect(areDistinct(goods.map(({ sku }) => sku))).toBeTrue();
    for (const version of sampleTariffs) expect(validateVersion(version)).toEqual([]);
  });

  test("is the same each time, on every machine", () => {
    expect(digest(sampleOrders())).toBe(digest(sampleOrders(200, 1)));
    expect(sampleOrders(50)).toEqual(sampleOrders(200).slice(0, 50));
    expect(digest(sampleOrders(200, 2))).not.toBe(digest(sampleOrders(200, 1)));
    expect(digest(sampleOrders()).slice(0, 16)).toBe("e35ee36cc33eb4ce");
    expect(digest([sampleTariffs, servicePoints, goods]).slice(0, 16)).toBe("0c3639d9eb163f1d");
  });

  test("every order has an address of a zone, and at least one way of delivery to it", () => {
    const orders = sampleOrders();
    expect(new Set(orders.map(({ customer }) => zoneOf(sampleTariff, customer.address)?.id))).toEqual(
      new Set(zones.map(({ id }) => id)),
    );
    expect(areDistinct(orders.map(({ id }) => id)) && areDistinct(orders.map(({ customer }) => customer.email))).toBeTrue();
    for (const { customer, goods, declaredValue, cashOnDelivery, seal, sturdy } of orders) {
      expect(customer.email).toMatch(/^[a-z]+\.[a-z]+\.\d{4}@example\.(?:com|net|org)$/);
      expect(customer.phone).toMatch(/^\+120255501\d\d$/);
      const parcels = goods.flatMap(({ length, width, height, weight, quantity }) =>
        Array.from({ length: quantity }, () => ({ length, width, height, weight, items: 1 })),
      );
      const { address } = customer;
      const { rates } = rate(sampleTariff, {
        address,
        parcels,
        declaredValue,
        cashOnDelivery,
        seal,
        sturdy,
        at: "2026-05-04T08:00:00Z",
      });
      expect(rates.length).toBeGreaterThan(0);
    }
  });

  test("a service point lies in the zone that its postal code has, and is open some time and closed some time, unless it is a locker", () => {
    for (const { address, zone, timeZone, hours, kind } of servicePoints) {
      expect(zoneOf(sampleTariff, address)?.id).toBe(zone);
      const states = Array.from({ length: 24 }, (_, hour) =>
        isOpenAt(hours, { timeZone, at: `2026-05-05T${String(hour).padStart(2, "0")}:00:00Z` }),
      );
      expect(new Set(states)).toEqual(new Set(kind === "locker" ? [true] : [true, false]));
    }
  });
});

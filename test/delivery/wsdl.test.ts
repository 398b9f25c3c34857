/** The description over SOAP: operations, names, types and order of arguments as contractors' clients know them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import type { Part } from "../soap/description.ts";
import { type House, openHouse } from "./house.ts";

let house: House;
beforeAll(async () => {
  const [sqlite] = testDatabases();
  if (sqlite === undefined) throw new Error("no engine");
  house = await openHouse(await sqlite.create());
});
afterAll(() => house[Symbol.asyncDispose]());

const shown = (parts: readonly Part[] | undefined): string =>
  (parts ?? [])
    .map(
      ({ name, type, isRepeated, isNillable }) =>
        `${name}: ${(type ?? "?").replace(/^\w+:/, "")}${isRepeated ? "[]" : ""}${isNillable ? " nil" : ""}`,
    )
    .join(", ");

const size = "Length: float, Width: float, Height: float, Weight: float";

const operations: readonly (readonly [name: string, input: string, output: string])[] = [
  ["CheckDimensions", "DimensionsList: Dimensions[]", `return: boolean, ${size}, Comment: string`],
  [
    "CalculateShippingCost",
    "OrderNumber: string, DeclaredCost: float, Goods: Goods[], Address: Address, TypeOfSeal: byte, SturdyPackaging: boolean, CashOnDelivery: boolean",
    "return: long, Types: DeliveryType[], Comments: string",
  ],
  ["GetDetailsOfCost", "ID: long, TypeId: int", "return: DetailsOfCost[]"],
  [
    "PushOrder",
    "ID: string, Number: string, Date: dateTime, Customer: Customer, DeclaredCost: float, AmountToBePaid: float, DeliveryTypeId: int, TypeOfSeal: byte, " +
      "SturdyPackaging: boolean, Activity: boolean, Goods: Goods[], DeliveryDate: dateTime, StartTimeDelivery: int, EndTimeDelivery: int, Comment: string, " +
      "ShipperId: string, Marker: string",
    "return: long",
  ],
  ["PushReestr", "ID: string, Number: string, Date: dateTime, DateOfShipment: dateTime, IDs: string[]", "return: long"],
  ["GetTrackNumbers", "DateOfLastGetting: dateTime", "return: dateTime, TrackNumbers: TrackNumber[]"],
  ["GetStatusesOrders", "DateOfLastGetting: dateTime, OnlyCompleted: boolean", "return: dateTime, StatusesOrders: StatusOrder[]"],
  ["GetBillingData", "BeginDate: dateTime, EndDate: dateTime", "return: BillingItem[]"],
];

test("there are these operations and no others", () => {
  expect([...house.description.methods.keys()]).toEqual(operations.map(([name]) => name));
});

test.each(operations)("%s", (name, input, output) => {
  expect(shown(house.description.elements.get(name))).toBe(input);
  expect(shown(house.description.elements.get(`${name}Response`))).toBe(output);
});

test.each([
  ["Dimensions", `${size}, Qty: int`],
  ["Goods", `SKU: string, Name: string, ${size}, Qty: int, Price: float, VATRate: string`],
  [
    "Address",
    "Index: string, Region: string, District: string, City: string, Settlement: string, Street: string, Home: string, Housing: string, Flat: string",
  ],
  ["Customer", "ID: string, Name: string, Email: string, Phone: string, Address: Address"],
  [
    "DeliveryType",
    "TypeId: int, TypeName: string, TypeDescription: string, Cost: float, Insurance: float, PostalRate: float, PreparingCost: float, " +
      "Address: string, Worktime: string, MinPeriod: int, MaxPeriod: int, AdditionalInfo: string",
  ],
  ["DetailsOfCost", "Description: string, Price: float, Qty: int, Cost: float"],
  ["TrackNumber", "OrderID: string, Number: string, Activity: boolean"],
  ["BillingItem", "ExtNumber: string, Service: string, Amount: float"],
])("type %s", (name, parts) => {
  expect(shown(house.description.types.get(`tns:${name}`))).toBe(parts);
});

test("no value type may be absent; one file without imports", () => {
  const values = new Set(["xs:float", "xs:int", "xs:long", "xs:byte", "xs:boolean", "xs:dateTime"]);
  const all = [...house.description.types.values(), ...house.description.elements.values()].flat();
  const absent = all.filter(({ type, isOptional, isRepeated }) => values.has(type ?? "") && isOptional && !isRepeated);
  expect(absent.map(({ name }) => name).filter((name) => !faultParts.has(name))).toEqual([]);
  expect(house.description.text).not.toMatch(/<xs:import|<xs:include|schemaLocation|<wsdl:import/);
});

/** Of the detail of faults, which no operation returns. */
const faultParts = new Set(["retryAfter"]);

/** The description over SOAP: operations, names, types and order of arguments as contractors' clients know them. */
import { XML } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
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

test("no value type may be absent or nil; lists are one repeating element each; one file without imports", () => {
  const values = new Set(["xs:float", "xs:int", "xs:long", "xs:byte", "xs:boolean", "xs:dateTime"]);
  const all = [...house.description.types.values(), ...house.description.elements.values()].flat();
  const absent = all.filter(({ type, isOptional, isRepeated }) => values.has(type ?? "") && isOptional && !isRepeated);
  expect(absent.map(({ name }) => name).filter((name) => !faultParts.has(name))).toEqual([]);
  expect(all.filter(({ type, isNillable }) => values.has(type ?? "") && isNillable)).toEqual([]);
  // An element without a type of its own would be a wrapper around the list.
  expect(all.filter(({ inner }) => inner.length > 0)).toEqual([]);
  expect(house.description.text).not.toMatch(/<xs:import|<xs:include|schemaLocation|<wsdl:import/);
});

/** Of the detail of faults, which no operation returns. */
const faultParts = new Set(["retryAfter"]);

type Node = Bun.XML.Node;
const childrenOf = (node: Node | undefined, name: string): readonly Node[] =>
  (node?.children ?? []).filter((child): child is Node => typeof child === "object" && "name" in child && child.name === name);
const partOf = (node: Node | undefined, name: string): Node | undefined => childrenOf(node, name)[0];

describe("document/literal, wrapped", () => {
  let root: Node;
  beforeAll(() => {
    root = XML.parse(house.description.text, { compact: false });
  });

  test("elements are qualified; a message has one part, whose element is named as the operation, or as its response", () => {
    const schema = partOf(partOf(root, "wsdl:types"), "xs:schema");
    expect(childrenOf(partOf(root, "wsdl:types"), "xs:schema")).toHaveLength(1);
    expect(schema?.attributes).toMatchObject({ elementFormDefault: "qualified", targetNamespace: "urn:pons:delivery" });
    const elementOf = new Map(
      childrenOf(root, "wsdl:message").map((message) => {
        const parts = childrenOf(message, "wsdl:part");
        expect([message.attributes["name"], parts.length]).toEqual([message.attributes["name"], 1]);
        return [`tns:${message.attributes["name"]}`, [parts[0]?.attributes["name"], parts[0]?.attributes["element"]]];
      }),
    );
    const [portType, ...others] = childrenOf(root, "wsdl:portType");
    expect(others).toEqual([]);
    for (const operation of childrenOf(portType, "wsdl:operation")) {
      const { name } = operation.attributes;
      const of = (direction: string) => elementOf.get(partOf(operation, direction)?.attributes["message"] ?? "");
      expect(of("wsdl:input")).toEqual(["parameters", `tns:${name}`]);
      expect(of("wsdl:output")).toEqual(["parameters", `tns:${name}Response`]);
      expect(of("wsdl:fault")?.[1]).toBe("tns:CallRefusal");
    }
  });

  test("a response begins with the value that is returned", () => {
    for (const [name] of operations) expect(house.description.elements.get(`${name}Response`)?.[0]?.name).toBe("return");
  });

  test("one service with a port of SOAP 1.1 and one of 1.2, at one address", () => {
    const [service, ...others] = childrenOf(root, "wsdl:service");
    expect([service?.attributes["name"], others]).toEqual(["Delivery", []]);
    const ports = childrenOf(service, "wsdl:port").map((port) => {
      const { name, binding } = port.attributes;
      const [version, address] = (["soap", "soap12"] as const)
        .map((prefix) => [prefix, partOf(port, `${prefix}:address`)?.attributes["location"]] as const)
        .find(([, location]) => location !== undefined) ?? ["none"];
      return { name, binding, version, address };
    });
    const address = house.description.address;
    expect(address).toEndWith("/delivery/v1/soap");
    expect(ports).toEqual([
      { name: "DeliverySoap", binding: "tns:DeliverySoap", version: "soap", address },
      { name: "DeliverySoap12", binding: "tns:DeliverySoap12", version: "soap12", address },
    ]);
  });

  test.each(["soap", "soap12"])("%s: every operation is bound as a document, literally, under its own action", (prefix) => {
    const binding = childrenOf(root, "wsdl:binding").find((one) => partOf(one, `${prefix}:binding`) !== undefined);
    expect(partOf(binding, `${prefix}:binding`)?.attributes).toMatchObject({
      style: "document",
      transport: "http://schemas.xmlsoap.org/soap/http",
    });
    const bound = childrenOf(binding, "wsdl:operation").map((operation) => {
      const { name } = operation.attributes;
      const uses = ["wsdl:input", "wsdl:output"].map(
        (way) => partOf(partOf(operation, way), `${prefix}:body`)?.attributes["use"],
      );
      return [name, partOf(operation, `${prefix}:operation`)?.attributes["soapAction"], ...uses];
    });
    expect(bound).toEqual(operations.map(([name]) => [name, `urn:pons:delivery/${name}`, "literal", "literal"]));
  });
});

test("words: units of every measure, and nothing that is true over other channels alone", () => {
  const text = house.description.text;
  const said = [
    ...text.matchAll(/<xs:element name="(\w+)" type="xs:float"[^>]*?(\/>|>(?:<xs:annotation><xs:documentation>([^<]*))?)/g),
  ];
  expect(said.length).toBeGreaterThan(20);
  for (const [, name = "", , doc = ""] of said) expect([name, /metres|kilograms|major units/i.test(doc)]).toEqual([name, true]);
  expect(text).not.toMatch(/Always true|Its number where|without it everything/);
});

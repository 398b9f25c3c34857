/** Manifests: what may be on one, what is refused, hand-over and withdrawal. Over REST and over SOAP, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Data, type House, ids, openHouse, soapOrder, xml } from "./house.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(await create());
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const paper = (externalId: string) => ({
    externalId,
    number: "17",
    madeAt: "2026-02-01T00:00:00.000Z",
    shipAt: "2026-02-02T00:00:00.000Z",
  });
  const compose = (externalId: string, orderIds: readonly string[], more: Data = {}) =>
    house.rest("POST", "/manifests", { ...paper(externalId), orderIds, ...more });
  const push = (externalId: string, ...orders: readonly string[]) =>
    house.soap(
      "PushReestr",
      xml({ ID: externalId, Number: "17", Date: "2026-02-01T00:00:00", DateOfShipment: "2026-02-02T00:00:00" }) + ids(...orders),
    );
  const stateOf = async (externalId: string) => (await house.rest("GET", `/orders?externalId=${externalId}`)).rows[0]?.["state"];
  const item = (id: unknown, work: string) => house.rest("POST", `/manifests/${String(id)}/${work}`, {}, "warehouse");

  test("the same id again is the same manifest, over either channel; with other orders it is a conflict", async () => {
    await Promise.all(["a1", "a2", "a3"].map((id) => house.place(id)));
    const made = await compose("A", ["a2", "a1", "a2"]);
    expect([made.status, made.data["orderIds"], made.data["orderCount"]]).toEqual([201, ["a1", "a2"], 2]);
    expect(await push("A", "a1", "a2")).toEqual({ return: made.data["serial"] });
    expect([(await compose("A", ["a1", "a2"])).status, (await compose("A", ["a1", "a2"])).data]).toEqual([200, made.data]);
    expect(await push("A", "a1", "a2", "a3")).toMatchObject({ type: "manifest_differs", fault: "soap:Client" });
    expect([await stateOf("a1"), await stateOf("a3")]).toEqual(["manifested", "created"]);
    expect((await house.rest("GET", `/manifests/${String(made.data["id"])}/orders`)).rows).toHaveLength(2);
  });

  test("unknown, cancelled and listed orders are all named, and nothing is changed", async () => {
    await Promise.all(["b1", "b2", "b3", "b4"].map((id) => house.place(id)));
    await house.soap("PushOrder", xml(soapOrder("b2", { Activity: "false" })));
    await compose("B", ["b3"]);
    const { status, error } = await compose("B2", ["b1", "b2", "b3", "nobody", "no one"]);
    expect([status, error["type"], error["details"]]).toEqual([
      409,
      "orders_not_accepted",
      {
        unknown: ["no one", "nobody"],
        cancelled: ["b2"],
        listed: ["b3"],
        ambiguous: [],
        ids: "no one, nobody, b2, b3",
      },
    ]);
    const fault = await push("B2", "b1", "nobody", "b2", "b3");
    expect(fault).toMatchObject({ type: "orders_not_accepted", status: 409, fault: "soap:Client" });
    for (const id of ["nobody", "b2", "b3"]) expect(String(fault["message"])).toContain(id);
    expect((await house.rest("GET", "/manifests?externalId=B2")).rows).toEqual([]);
    expect(await stateOf("b1")).toBe("created");
  });

  test("an order is on one open manifest at most, also when many ask at once", async () => {
    await house.place("c1");
    const asked = await Promise.all(Array.from({ length: 12 }, (_, index) => compose(`C${index}`, ["c1"])));
    expect(asked.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      201,
      ...Array.from({ length: 11 }, () => 409),
    ]);
  });

  test("orders of the same id of two shippers have to be told apart", async () => {
    for (const ShipperId of ["north", "south"]) await house.soap("PushOrder", xml(soapOrder("d1", { ShipperId })));
    expect((await compose("D", ["d1"])).error).toMatchObject({ type: "orders_not_accepted", details: { ambiguous: ["d1"] } });
    const made = await compose("D", ["d1"], { shipperId: "south" });
    expect(made.status).toBe(201);
    const { rows } = await house.rest("GET", "/orders?externalId=d1&sortBy=shipperId");
    expect(rows.map(({ state }) => state)).toEqual(["created", "manifested"]);
  });

  test("hand-over: once; its orders with it", async () => {
    await Promise.all(["e1", "e2"].map((id) => house.place(id)));
    const { data } = await compose("E", ["e1", "e2"]);
    expect((await house.rest("POST", `/manifests/${String(data["id"])}/handOver`, {})).status).toBe(403);
    const handed = await item(data["id"], "handOver");
    expect(handed.data).toMatchObject({ state: "handed_over", handedOverAt: expect.any(String) as string });
    expect([await stateOf("e1"), await stateOf("e2")]).toEqual(["handed_over", "handed_over"]);
    expect((await item(data["id"], "handOver")).error["type"]).toBe("manifest_not_open");
    expect((await item(data["id"], "withdraw")).error["type"]).toBe("manifest_not_open");
    expect(await push("E", "e1", "e2")).toEqual({ return: data["serial"] });
    const told = (await house.events())
      .filter(({ type }) => type === "orders.handedOver")
      .map((event) => String(event.data["externalId"]));
    expect(told.toSorted()).toEqual(["e1", "e2"]);
  });

  test("withdrawal: its orders may be changed and listed again; the id is spent", async () => {
    await house.place("f1");
    const { data } = await compose("F", ["f1"]);
    expect((await item(data["id"], "withdraw")).data["state"]).toBe("withdrawn");
    expect(await stateOf("f1")).toBe("created");
    expect((await compose("F", ["f1"])).error["type"]).toBe("manifest_withdrawn");
    expect(await house.soap("PushOrder", xml(soapOrder("f1", { Comment: "ring" })))).not.toHaveProperty("fault");
    expect((await compose("F2", ["f1"])).status).toBe(201);
  });

  test("no orders, or more than a manifest holds", async () => {
    expect((await compose("G", [])).error["type"]).toBe("validation_failed");
    const many = Array.from({ length: 501 }, (_, index) => `g${index}`);
    expect((await compose("G", many)).error["type"]).toBe("validation_failed");
    expect(await push("G")).toMatchObject({ type: "validation_failed", fault: "soap:Client" });
  });
});

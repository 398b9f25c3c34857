/** Orders: placed, changed, cancelled, followed; what is refused of them. Over REST and over SOAP, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type House, ids, openHouse, order, soapOrder, xml } from "./house.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse(await create());
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const history = async (id: string): Promise<unknown[]> =>
    (await house.rest("GET", `/orders/${id}/statuses?sortBy=at`)).rows.map(({ state }) => state);
  const row = async (id: string) => (await house.rest("GET", `/orders/${id}`)).data;

  test("the same again changes nothing, over either channel; the number is the same", async () => {
    const first = await house.rest("POST", "/orders", order("same"));
    expect([first.status, first.data["state"]]).toEqual([201, "created"]);
    const again = await house.rest("POST", "/orders", order("same"));
    expect([again.status, again.data]).toEqual([200, first.data]);
    expect(await house.soap("PushOrder", xml(soapOrder("same")))).toEqual({ return: first.data["serial"] });
    expect(await row(String(first.data["id"]))).toEqual(first.data);
    expect(await history(String(first.data["id"]))).toEqual(["created"]);
    expect((await house.rest("GET", "/orders?externalId=same")).rows).toHaveLength(1);
  });

  test("other content changes it until it is on a manifest; then it is locked, and the same again is still no conflict", async () => {
    const number = await house.soap("PushOrder", xml(soapOrder("edited")));
    expect(await house.soap("PushOrder", xml(soapOrder("edited", { AmountToBePaid: "7.05" })))).toEqual(number);
    const [edited] = (await house.rest("GET", "/orders?externalId=edited")).rows;
    expect(edited).toMatchObject({ amountToBePaid: 705, state: "created", serial: number["return"], deliverOn: null });
    const manifest = { ID: "M edited", Number: "1", Date: "2026-02-01T00:00:00Z", DateOfShipment: "2026-02-02T00:00:00Z" };
    expect(await house.soap("PushReestr", xml(manifest) + ids("edited"))).toEqual({ return: expect.any(Number) as number });
    expect(await house.soap("PushOrder", xml(soapOrder("edited", { AmountToBePaid: "7.05" })))).toEqual(number);
    const locked = { type: "order_locked", status: 409, fault: "soap:Client" };
    expect(await house.soap("PushOrder", xml(soapOrder("edited")))).toMatchObject(locked);
    const cancelled = soapOrder("edited", { AmountToBePaid: "7.05", Activity: "false" });
    expect(await house.soap("PushOrder", xml(cancelled))).toMatchObject(locked);
    const byRest = await house.rest("POST", "/orders", order("edited", { marker: "x" }));
    expect([byRest.status, byRest.error["type"]]).toEqual([409, "order_locked"]);
    expect((await house.rest("POST", `/orders/${String(edited?.["id"])}/cancel`, {})).error["type"]).toBe("order_locked");
    expect(await row(String(edited?.["id"]))).toMatchObject({ amountToBePaid: 705, state: "manifested", marker: null });
  });

  test("orders of the same id of two shippers are two", async () => {
    const one = await house.soap("PushOrder", xml(soapOrder("twin", { ShipperId: "north" })));
    const two = await house.soap("PushOrder", xml(soapOrder("twin", { ShipperId: "south" })));
    expect(one["return"]).not.toBe(two["return"]);
    expect(await house.soap("PushOrder", xml(soapOrder("twin", { ShipperId: "north" })))).toEqual(one);
  });

  test("inactive cancels; unknown and inactive is kept as cancelled; active again restores", async () => {
    const id = await house.place("undone");
    const push = async (externalId: string, more: Record<string, unknown>): Promise<unknown> => {
      const { status, data } = await house.rest("POST", "/orders", order(externalId, more));
      return [status, data["state"]];
    };
    // Nothing new comes to be: 200, and 201 where it does, though it is cancelled.
    expect(await push("undone", { isActive: false })).toEqual([200, "cancelled"]);
    expect(await push("undone", { isActive: false })).toEqual([200, "cancelled"]);
    expect(await push("undone", {})).toEqual([200, "created"]);
    expect(await push("undone", { marker: "x" })).toEqual([200, "created"]);
    expect(await push("undone of old", { isActive: false })).toEqual([201, "cancelled"]);
    expect((await house.rest("POST", `/orders/${id}/cancel`, {})).data).toMatchObject({ state: "cancelled", isActive: false });
    expect(await history(id)).toEqual(["created", "cancelled", "created", "cancelled"]);
    const late = await house.soap("PushOrder", xml(soapOrder("never seen", { Activity: "false" })));
    const [kept] = (await house.rest("GET", "/orders?externalId=never%20seen")).rows;
    expect(kept).toMatchObject({ serial: late["return"], state: "cancelled", isActive: false });
  });

  test("what the journal tells: one event for each change, none where nothing changed", async () => {
    const id = await house.place("told");
    await house.place("told");
    await house.place("told", { marker: "red" });
    await house.rest("POST", `/orders/${id}/cancel`, {});
    const types: string[] = [];
    for (const { type, data } of await house.events()) if (data["order"] === id) types.push(type);
    expect(types).toEqual(["orders.created", "orders.updated", "orders.cancelled"]);
  });

  test("after the hand-over each state has those that may follow", async () => {
    const id = await house.place("travels");
    const advance = (state: string, more: object = {}) =>
      house.rest("POST", `/orders/${id}/advance`, { state, ...more }, "warehouse");
    expect((await advance("in_transit")).error).toMatchObject({ type: "invalid_transition", details: { from: "created" } });
    const manifest = { externalId: "M travels", number: "1", madeAt: "2026-02-01T00:00:00Z", shipAt: "2026-02-02T00:00:00Z" };
    const made = await house.rest("POST", "/manifests", { ...manifest, orderIds: ["travels"] });
    await house.rest("POST", `/manifests/${String(made.data["id"])}/handOver`, {}, "warehouse");
    expect((await advance("returned")).error["type"]).toBe("invalid_transition");
    expect((await advance("in_transit", { happenedAt: "2026-02-02T10:00:00Z", comment: "Sorted" })).status).toBe(200);
    expect((await advance("in_transit")).status).toBe(200);
    expect((await advance("delivered")).data["state"]).toBe("delivered");
    expect((await advance("lost")).error["type"]).toBe("invalid_transition");
    expect(await history(id)).toEqual(["created", "manifested", "handed_over", "in_transit", "delivered"]);
    expect((await house.rest("POST", `/orders/${id}/advance`, { state: "lost" })).status).toBe(403);
  });

  test("parcels take the place of those noted before, while the order is in the house", async () => {
    const id = await house.place("packed");
    const size = { length: 1200, width: 1100, height: 1000, weight: 900 };
    const pack = (...parcels: object[]) => house.rest("POST", `/orders/${id}/pack`, { parcels }, "warehouse");
    expect((await pack(size, { ...size, carton: "M" })).status).toBe(200);
    expect((await pack({ ...size, weight: 950 })).status).toBe(200);
    const { rows } = await house.rest("GET", `/orders/${id}/parcels`);
    expect(rows).toEqual([expect.objectContaining({ ...size, weight: 950, position: 1, carton: null }) as never]);
    await house.rest("POST", `/orders/${id}/cancel`, {});
    expect((await pack(size)).error["type"]).toBe("not_in_the_house");
  });

  const address = (more: object) => ({ customer: { ...(order("x")["customer"] as object), address: more } });
  test.each([
    ["address_incomplete", address({ street: "Somewhere" })],
    ["address_incomplete", address({ index: " " })],
    ["goods_unnamed", { goods: [{ sku: "S", length: 1, width: 1, height: 1, weight: 1, quantity: 1, price: 1 }] }],
    ["goods_unnamed", { goods: [{ sku: "S", name: "Mug", length: 1, width: 1, height: 1, weight: 1, quantity: 1 }] }],
    ["invalid_window", { deliverFrom: 12, deliverTo: 9 }],
    ["invalid_window", { deliverFrom: 12, deliverTo: 12 }],
    ["validation_failed", { seal: 4 }],
    ["validation_failed", { goods: [] }],
    ["validation_failed", { declaredCost: -1 }],
    ["validation_failed", { state: "delivered" }],
    ["validation_failed", { externalId: "" }],
  ])("%s: %j", async (type, more) => {
    const { status, error } = await house.rest("POST", "/orders", order("wrong", more));
    expect([status, error["type"]]).toEqual([422, type]);
    expect((await house.rest("GET", "/orders?externalId=wrong")).rows).toEqual([]);
  });

  test("malformed input is a fault that names the element", async () => {
    const told = await house.soap("PushOrder", xml(soapOrder("wrong", { TypeOfSeal: "9", DeclaredCost: "NaN" })));
    expect(told).toMatchObject({ type: "validation_failed", fault: "soap:Client" });
    expect((told["issue"] as { field: string }[]).map(({ field }) => field).toSorted()).toEqual(["DeclaredCost", "TypeOfSeal"]);
  });
});

/** An app hears of numbers and states by webhook: signed, and those of an order in their order. */
import { expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import delivery from "../../services/delivery/index.ts";
import { dataOf, forEachEngine, idOf } from "../core/harness.ts";
import { openOffice } from "../webhooks/office.ts";
import { order } from "./house.ts";

forEachEngine((engine) => {
  test("trackingNumbers.* and orders.* come signed, once, in order", async () => {
    await using office = await openOffice(await engine.create(), {}, [delivery]);
    const app = await office.app({ roles: ["delivery:shop"] });
    const types = ["trackingNumbers.*", "orders.*"];
    const hook = await office.webhook("/in", { app, service: "delivery", types, concurrency: 1 });
    const as = office.clerk({ roles: ["warehouse", "shop"] });
    const call = (operation: string, more: object) => office.running.call(operation, { as, ...more });
    const id = idOf(await call("orders.create", { body: order("A-1") }));
    for (const number of ["RR000000011XX", "RR000000028XX"]) dataOf(await call("orders.bindNumber", { id, body: { number } }));
    const manifest = {
      externalId: "M",
      number: "1",
      madeAt: "2026-02-01T10:00:00.000Z",
      shipAt: "2026-02-01T10:00:00.000Z",
      orderIds: ["A-1"],
    };
    const listed = idOf(await call("manifests.create", { body: manifest }));
    dataOf(await call("manifests.handOver", { id: listed }));
    dataOf(await call("orders.advance", { id, body: { state: "delivered" } }));
    const received = await office.receiver.wait("/in", 9);
    const types9 = received.map(({ event }) => event.type.replace("delivery.", ""));
    expect(types9).toEqual([
      "orders.created",
      "trackingNumbers.bound",
      "orders.numbered",
      "trackingNumbers.superseded",
      "trackingNumbers.bound",
      "orders.numbered",
      "orders.manifested",
      "orders.handedOver",
      "orders.delivered",
    ]);
    for (const { body, headers, event } of received) {
      expect(new Webhook(hook.secret).verify(body, { ...headers })).toEqual(event);
      expect(event.data?.["order"]).toBe(id);
    }
    expect(received[4]?.event.data).toMatchObject({ number: "RR000000028XX", externalId: "A-1" });
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(9);
  });
});

/** The demo data go through the operations, and can be priced. */
import { describe, expect, test } from "bun:test";
import definition from "../../services/delivery/index.ts";
import { orders } from "../../services/delivery/orders/order-fields.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import { realmOf } from "../../src/store/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { openHouse } from "./house.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  test("200 orders, 40 goods, 60 service points, a tariff that is in force, a manifest", async () => {
    await using house = await openHouse(await create());
    const { app } = house.served;
    const contract = app.contracts.get("delivery");
    if (contract === undefined || definition.seed === undefined) throw new Error("there is nothing to seed");
    const realm = await realmOf(app.store, "demo", "sandbox");
    const roles = ["warehouse", "manager", "shop"];
    const staff = { tenant: "demo", environment: "sandbox", realm, app: "tests", user: null, subject: null, roles };
    let last = { done: 0, total: 1 };
    for await (const step of definition.seed(createSeeder(app, contract, staff))) last = step;
    expect(last.done).toBe(last.total);
    const counts: number[] = [];
    for (const name of ["orders", "goods", "servicePoints", "tariffs", "manifests"])
      counts.push(Number((await house.rest("GET", `/${name}/count`)).text.match(/\d+/)?.[0]));
    expect(counts).toEqual([200, 40, 60, 1, 1]);
    const [order] = (await house.rest("GET", "/orders?perPage=1&sortBy=serial")).rows;
    const { declaredCost, goods, seal, customer } = order ?? {};
    const { address } = customer as { address: object };
    const quoted = await house.rest("POST", "/rates", { declaredCost, goods, seal, address });
    expect(quoted.status).toBe(201);
    expect((quoted.data["offers"] as unknown[]).length).toBeGreaterThan(0);
  });

  test("rows that are inserted as they are keep money within lists", async () => {
    await using house = await openHouse(await create());
    const { app } = house.served;
    const contract = app.contracts.get("delivery");
    if (contract === undefined) throw new Error("there is no contract");
    const realm = await realmOf(app.store, "demo", "sandbox");
    const staff = { tenant: "demo", environment: "sandbox", realm, app: "tests", user: null, subject: null, roles: [] };
    const line = { sku: "S", name: "Gold", length: 1, width: 1, height: 1, weight: 1, quantity: 1, vatRate: null };
    const address = { index: "1", region: null, district: null, city: null, settlement: null, street: null, home: null };
    await createSeeder(app, contract, staff).insert(orders, [
      {
        id: "ord_00000000000000000000000001",
        serial: 1,
        externalId: "old",
        number: "1",
        placedAt: "2020-01-01T00:00:00.000Z",
        customer: { id: "C", name: "Ada", email: null, phone: null, address: { ...address, housing: null, flat: null } },
        declaredCost: 1n,
        amountToBePaid: 0n,
        deliveryType: 1,
        seal: 1,
        goods: [{ ...line, price: 9_007_199_254_740_993n }],
        state: "delivered",
        createdAt: "2020-01-01T00:00:00.000Z",
        updatedAt: "2020-01-01T00:00:00.000Z",
      },
    ]);
    const [row] = (await house.rest("GET", "/orders?externalId=old")).rows;
    expect((row?.["goods"] as { price: unknown }[] | undefined)?.[0]?.price).toBe("9007199254740993");
  });
});

/** The demo data go through the operations, and can be priced. */
import { expect, test } from "bun:test";
import definition from "../../services/delivery/index.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import { realmOf } from "../../src/store/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { openHouse } from "./house.ts";

test("200 orders, 60 service points, a tariff that is in force, a manifest", async () => {
  const [sqlite] = testDatabases();
  if (sqlite === undefined) throw new Error("no engine");
  await using house = await openHouse(await sqlite.create());
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
  for (const name of ["orders", "servicePoints", "tariffs", "manifests"])
    counts.push(Number((await house.rest("GET", `/${name}/count`)).text.match(/\d+/)?.[0]));
  expect(counts).toEqual([200, 60, 1, 1]);
  const [order] = (await house.rest("GET", "/orders?perPage=1&sortBy=serial")).rows;
  const { declaredCost, goods, seal, customer } = order ?? {};
  const { address } = customer as { address: object };
  const quoted = await house.rest("POST", "/rates", { declaredCost, goods, seal, address });
  expect(quoted.status).toBe(201);
  expect((quoted.data["offers"] as unknown[]).length).toBeGreaterThan(0);
});

/**
 * A shop's day on every channel: a basket is checked and priced, an order placed and placed again, handed over, followed and billed; REST tells it first,
 * and what the others tell is the same.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import definition from "../../services/delivery/index.ts";
import { sampleTariff } from "../../services/delivery/sample/index.ts";
import { type Asked, type Heard, numbering, type Target } from "../channels/driver.ts";
import { drivers } from "../channels/drivers/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import { type Data, order } from "./house.ts";

const { id: _, number: __, ...content } = sampleTariff;
/** SOAP has names, units and refusals of its own; what it answers is told in the tests beside this one. */
const byName = drivers.filter(({ name }) => !name.startsWith("SOAP"));
const beginning = "0001-01-01T00:00:00.000Z";
const line = { sku: "S-1", length: 1000, width: 1000, height: 1000, weight: 400, quantity: 2, price: 625 };
const address = { index: "10105", city: "Alderburg" };
const sizes = ({ length, width, height, weight, quantity }: typeof line) => ({ length, width, height, weight, quantity });

/** Without what differs between two days: the name and moments; null and absent are the same to channels that have no null. */
const neutral = (told: Data, name: string): unknown =>
  JSON.parse(
    JSON.stringify(told, (_key, value: unknown) =>
      value === null ? undefined : typeof value === "bigint" ? Number(value) : value,
    )
      .replaceAll(name, "(name)")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(at)"),
  ) as unknown;

forEachEngine((engine) => {
  let plane: Plane;
  let target: Target;
  let shop: string;
  let warehouse: string;

  beforeAll(async () => {
    plane = await openPlane(await engine.create(), { service: definition });
    const [node] = plane.nodes;
    if (node === undefined) throw new Error("there is no node");
    const { contracts } = node.app;
    const { grpcPort, linePort } = await node.listeners();
    if (grpcPort === undefined || linePort === undefined) throw new Error("there is no port");
    const contract = contracts.get("delivery");
    if (contract === undefined) throw new Error("there is no contract");
    target = {
      baseUrl: node.origin,
      grpcPort,
      linePort,
      contract: () => contract,
      numbersOf: numbering(),
      fetch: (path, init) => fetch(`${node.origin}${path}`, init),
    };
    const manager = (await plane.app({}, ["manager"])).key;
    shop = (await plane.app({}, ["shop"])).key;
    warehouse = (await plane.app({}, ["warehouse"])).key;
    const made = await plane.ask("/delivery/v1/tariffs", { key: manager, method: "POST", body: { content } });
    expect([made.status, made.text]).toEqual([201, made.text]);
  });
  afterAll(async () => {
    for (const driver of drivers) await driver.close?.();
    expect(plane.errors).toEqual([]);
    await plane[Symbol.asyncDispose]();
  });

  const today = async (ask: (operation: string, body: Data) => Promise<Heard>, name: string): Promise<Data> => {
    const done = async (operation: string, body: Data): Promise<Data> => {
      const heard = await ask(operation, body);
      expect([operation, heard.outcome, heard.message]).toEqual([operation, "done", undefined]);
      return heard.data as Data;
    };
    const packing = await done("packings.check", { goods: [sizes(line)] });
    const many = await ask("packings.check", { goods: [{ ...sizes(line), quantity: 201 }] });
    const rate = await done("rates.create", { declaredCost: 1250, goods: [line], address, seal: 1 });
    const offers = rate["offers"] as Data[];
    const charges = await done("rates.charges", { serial: rate["serial"], deliveryType: offers[0]?.["deliveryType"] });
    const unknown = await ask("rates.charges", { serial: 999_999, deliveryType: 1 });
    const placed = await done("orders.create", order(name));
    const again = await done("orders.create", order(name));
    expect(again["serial"]).toBe(placed["serial"]);
    const paper = {
      externalId: `M ${name}`,
      number: name,
      madeAt: "2026-02-01T00:00:00.000Z",
      shipAt: "2026-02-02T00:00:00.000Z",
    };
    const manifest = await done("manifests.create", { ...paper, orderIds: [name] });
    const locked = await ask("orders.create", order(name, { amountToBePaid: 100 }));
    const numberOf = `RR${name}`;
    const [row] = (await plane.ask(`/delivery/v1/orders?externalId=${name}`, { key: shop })).data as Data[];
    const bound = { key: warehouse, method: "POST", body: { number: numberOf } };
    expect((await plane.ask(`/delivery/v1/orders/${String(row?.["id"])}/bindNumber`, bound)).status).toBe(200);
    const numbers = await done("trackingNumbers.changes", { since: beginning });
    const statuses = await done("statuses.changes", { since: beginning, onlyCompleted: false });
    const billed = await done("billingEntries.between", { begin: "2026-01-01T00:00:00.000Z", end: "2026-01-31T00:00:00.000Z" });
    const mine = (rows: unknown) => (rows as Data[]).filter(({ externalId }) => externalId === name);
    return {
      packing,
      many: many.outcome,
      offers,
      charges: charges["charges"],
      unknown: unknown.outcome,
      serials: [rate, placed, manifest].map(({ serial }) => Number.isSafeInteger(Number(serial))),
      locked: locked.outcome,
      numbers: mine(numbers["numbers"]),
      statuses: mine(statuses["statuses"]),
      billed: billed["items"],
    };
  };

  let first: unknown;
  for (const [at, driver] of byName.entries()) {
    test(driver.name, async () => {
      const ask = (operation: string, body: Data): Promise<Heard> => {
        const asked: Asked = { service: "delivery", operation, input: { body }, key: shop };
        if (!driver.can(asked, target)) throw new Error(`no form for ${operation}`);
        return driver.ask(target, asked);
      };
      const told = neutral(await today(ask, `d${at}`), `d${at}`);
      first ??= told;
      expect(told).toEqual(first);
      expect(told).toMatchObject({
        packing: { fits: true, length: 2000, width: 1000, height: 1000, weight: 800 },
        many: "too_many_pieces",
        unknown: "rate_not_found",
        serials: [true, true, true],
        locked: "order_locked",
        numbers: [{ number: "RR(name)", isActive: true }],
        statuses: [
          { stateNumber: 10, state: "created" },
          { stateNumber: 30, state: "manifested" },
        ],
        billed: [],
      });
    });
  }
});

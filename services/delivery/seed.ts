/** Demo data: the sample pack through the operations of the house: its tariff, goods, service points, orders, and a manifest of some. */
import type { Seeder } from "pons";
import { demoOrigin } from "./carriers/simulator/origin.ts";
import {
  goods as sampleGoods,
  type SampleGoods,
  type SampleOrder,
  sampleOrders,
  sampleTariff,
  servicePoints,
  towns,
} from "./sample/index.ts";
import { excesses } from "./tariffs/index.ts";

const ordersCount = 200;
/** The first so many are on a manifest. */
const listedCount = 40;
const minute = 60_000;
const start = Date.UTC(2026, 0, 12, 8);

/** To the door or by post in turn; what these do not take goes by freight. */
const wayOf = (goods: SampleOrder["goods"], index: number): number => {
  const way = 1 + (index % 4);
  const limits = sampleTariff.services.find(({ typeId }) => typeId === way)?.limits;
  const takes = limits !== undefined && goods.every((one) => excesses({ ...one, grossWeight: one.weight }, limits).length === 0);
  return takes ? way : 8;
};

const articleOf = ({ fragile, isUpright, ...good }: SampleGoods) => ({
  ...good,
  isFragile: fragile ?? false,
  isUpright: isUpright ?? false,
});

/** Makes it. Yields the number of rows done. */
export async function* seed(seeder: Seeder): AsyncGenerator<{ readonly done: number; readonly total: number }> {
  const total = 1 + sampleGoods.length + servicePoints.length + ordersCount + 1;
  const { id: _, number: __, ...content } = sampleTariff;
  await seeder.call("tariffs.create", [{ content }]);
  const address = { index: "10100", city: "Alderburg", region: "Aldermark", street: "Dock", home: "7" };
  await seeder.call("senders.create", [{ name: "Lantern & Co.", phone: "+12025550100", address }]);
  await seeder.call(
    "places.create",
    towns.map(({ index, region, city }) => ({ prefix: String(index).slice(0, 3), region, city })),
  );
  const deliveryTypes = sampleTariff.services.map(({ typeId }) => typeId);
  const carrier = { code: "parcel-post", name: "Parcel post (simulated)", connector: "simulated", address: demoOrigin };
  await seeder.call("carriers.create", [{ ...carrier, deliveryTypes }]);
  yield { done: 1, total };
  await seeder.call("goods.create", sampleGoods.map(articleOf));
  yield { done: 1 + sampleGoods.length, total };
  await seeder.call(
    "servicePoints.create",
    servicePoints.map(({ id: code, zone: ___, hours, ...point }) => ({
      ...point,
      code,
      city: point.address.city,
      weekly: hours.weekly,
      exceptions: hours.exceptions,
    })),
  );
  yield { done: 1 + sampleGoods.length + servicePoints.length, total };
  const placed = await seeder.call(
    "orders.create",
    sampleOrders(ordersCount).map(({ id, number, customer, goods, declaredValue, cashOnDelivery, seal, sturdy }, index) => ({
      externalId: id,
      number,
      placedAt: new Date(start + index * minute).toISOString(),
      customer,
      declaredCost: declaredValue,
      amountToBePaid: cashOnDelivery,
      deliveryType: wayOf(goods, index),
      seal,
      isSturdy: sturdy,
      goods: goods.map(({ sku, name, length, width, height, weight, price, quantity, fragile, isUpright }) => ({
        sku,
        name,
        length,
        width,
        height,
        weight,
        quantity,
        price,
        isFragile: fragile ?? false,
        isUpright: isUpright ?? false,
      })),
    })),
  );
  yield { done: total - 1, total };
  const listed = placed.slice(0, listedCount);
  const at = new Date(start + ordersCount * minute).toISOString();
  await seeder.call("manifests.create", [
    {
      externalId: "manifest-1",
      number: "1",
      madeAt: at,
      shipAt: at,
      orderIds: listed.map(({ externalId }) => externalId),
    },
  ]);
  await nameAccounts(seeder, sampleTariff.currency);
  yield { done: total, total };
}

/** Lets it be billed between two accounts of the demo bank, where there is one: those of customers that have most. */
const nameAccounts = async (seeder: Seeder, currency: string): Promise<void> => {
  const accounts = await seeder.list("bank.accounts.list", {
    filters: { currency, kind: "customer", status: "active" },
    sortBy: ["balance.desc"],
    perPage: 2,
  });
  const [debit, credit] = accounts.map(({ id }) => id);
  if (debit === undefined || credit === undefined) return;
  await seeder.call("billingAccounts.create", [{ currency, debit, credit }]);
};

/** The sample pack: a made-up country, its tariff, service points, goods and orders. Plain data, the same each time. */
export { cartons, envelopes } from "./containers.ts";
export { goods, type SampleGoods } from "./goods.ts";
export { sampleOrders, type SampleOrder } from "./orders.ts";
export { type ServicePoint, servicePoints } from "./service-points.ts";
export { services } from "./services.ts";
export { nextSampleTariff, sampleTariff, sampleTariffs } from "./tariff.ts";
export { type Town, towns, zones } from "./towns.ts";

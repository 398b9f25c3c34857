/** Delivers events to webhooks. */
export { Deliverer, type DelivererOptions } from "./deliverer.ts";

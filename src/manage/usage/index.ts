export { loadUsedFrom, usedByOf } from "./quota.ts";
export type { Retention } from "./roll-up.ts";
export { trafficTable } from "./tables.ts";
export { Usage, type UsageOptions } from "./usage.ts";
export type { Used, UsedBy } from "./used.ts";

/** The tariff engine. No I/O, no clock, no randomness: the same version and request give the same answer. */
export { nameKey, postalKey } from "./address-index.ts";
export * from "./tariff.ts";
export * from "./rating.ts";
export * from "./problem.ts";
export type { Change } from "./difference.ts";
export { localDate } from "./days.ts";
export { fromCsv, toCsv, withGrid } from "./csv.ts";
export { difference } from "./difference.ts";
export { inForceAt } from "./in-force.ts";
export { isOpenAt, type OpeningHours, type WorktimeWords, worktimeOf } from "./opening-hours.ts";
export { excesses, grossParcel, packerTask } from "./parcels.ts";
export { packerTasks, periodOf, rate, sumOf, takes, zoneOf } from "./rate.ts";
export { unknownFields } from "./unknown-fields.ts";
export { validateVersion, versionOf } from "./validate.ts";

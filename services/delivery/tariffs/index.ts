/** The tariff engine. No I/O, no clock, no randomness: the same version and request give the same answer. */
export * from "./tariff.ts";
export * from "./rating.ts";
export * from "./problem.ts";
export type { Change } from "./difference.ts";

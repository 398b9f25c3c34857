/** The REST channel's public face. */
export type { DocumentHandler, RestHooks, RestOptions } from "./config.ts";
export { languagesOf } from "./rest.ts";
export type { CallerInfo } from "./exchange.ts";
export { restLimits } from "./limits.ts";
export type { RestLimits } from "./limits.ts";
export { createRest } from "./rest.ts";
export type { Rest } from "./rest.ts";

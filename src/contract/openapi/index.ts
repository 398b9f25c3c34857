export { type Address, addressesOf, type Method, type Use } from "./addresses.ts";
export { openapi, type OpenApiOptions } from "./document.ts";
export type { SpecVersion } from "./media.ts";

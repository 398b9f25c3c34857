/** Typed clients generated from a contract. */
export { sdkOf, type SdkOptions } from "./generate.ts";

export { createConnect } from "./connect.ts";
export { connectLimits } from "./limits.ts";
export { connectVersionOf } from "./version-of.ts";

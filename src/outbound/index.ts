/** Requests to addresses that others have given. */
export { isPublicAddress } from "./address.ts";
export { flawOfAddress, leadsInside } from "./check.ts";
export { createGuardedFetch, type GuardedFetch, type GuardedInit, type GuardOptions, outboundLimits } from "./guarded-fetch.ts";
export { OutboundError, type OutboundFault } from "./outbound-error.ts";
export { Outside, type OutsideInit, type OutsideOptions, outsideLimits, type OutsideSecret, type Understudy } from "./outside.ts";
export type { Lookup } from "./resolve.ts";
export { type Target, targetOf, type TargetPolicy } from "./target.ts";

/** Carriers: who they are, what they were given and what they told. */
export { carriers } from "./carriers.ts";
export { carrierChanges, consignments } from "./consignments.ts";
export { consign } from "./consign.ts";
export { follow } from "./follow.ts";

/** Fields of carriers, of what they were given, and of what they told. */
import { declare, type RowOf, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { orderStates } from "../orders/states.ts";
import { connectorNames } from "./connectors.ts";

export const carrierInput = {
  code: t.string({ unique: true, pattern: "[a-z][a-z0-9-]{1,39}", maxLength: 40, example: "parcel-post" }),
  name: t.string({ minLength: 1, maxLength: 100, example: "Parcel post" }),
  connector: t.enum(connectorNames, { doc: "How it is spoken to." }),
  address: t.url({ maxLength: 300, doc: "Where its API begins.", example: "https://carrier.example" }),
  secret: t.string({
    optional: true,
    maxLength: 60,
    doc: "Name of the secret that it is shown, as the installation has it.",
    example: "post",
  }),
  deliveryTypes: t.array(t.integer({ min: 1, max: 100_000 }), {
    minItems: 1,
    maxItems: 50,
    filter: false,
    doc: "Ways of delivery that it serves.",
  }),
  enabled: t.boolean({ default: true, doc: "False: it is given nothing, and not asked." }),
};

export const carrierFields = {
  id: t.id("car"),
  ...carrierInput,
  cursor: t.string({
    optional: true,
    write: "never",
    maxLength: 200,
    doc: "Up to where its changes are known, in its own terms.",
  }),
  askAt: t.dateTime({
    optional: true,
    write: "never",
    doc: "When it is asked for changes next; absent: it was given nothing yet.",
  }),
  askedAt: t.dateTime({ optional: true, write: "never", doc: "When it last gave an answer that could be used." }),
  failures: t.integer({ default: 0, write: "never", doc: "Questions in a row without such an answer." }),
  problem: t.string({
    optional: true,
    write: "never",
    maxLength: 60,
    doc: "What the last question failed for, such as `timed_out`.",
  }),
  createdAt: t.dateTime({ set: "created" }),
};
export type CarrierRow = RowOf<typeof carrierFields>;
export const carriers = declare("carriers", { doc: "Who carries parcels, by which ways of delivery.", fields: carrierFields });

export const consignmentFields = {
  id: t.id("cns"),
  order: t.ref("orders"),
  carrier: t.ref("carriers"),
  state: t.enum(["booked", "refused"], { index: true, doc: "`refused`: the carrier does not take it as it is." }),
  number: t.string({ optional: true, maxLength: 60, doc: "The carrier's newest number for it." }),
  numberNo: t.integer({ default: 0, doc: "The carrier's change that gave the number; 0: the booking." }),
  statusNo: t.integer({ default: 0, doc: "The carrier's newest change of state; 0: none yet." }),
  problem: t.string({ optional: true, maxLength: 60, doc: "Why it was refused." }),
  createdAt: t.dateTime({ set: "created" }),
};
export type Consignment = RowOf<typeof consignmentFields>;
export const consignments = declare("consignments", { doc: "Orders as carriers were given them.", fields: consignmentFields });

/** A carrier may serve several tenants and environments: what it knows a consignment by is the same in none of them. */
export const consignmentIdOf = (place: { readonly tenant: string; readonly environment: string }, order: string): string =>
  derivedId("cns", `consignment ${place.tenant} ${place.environment} ${order}`);

export const outcomes = [
  "applied",
  "unchanged",
  "late",
  "unknown_status",
  "unknown_consignment",
  "impossible",
  "number_taken",
] as const;
export type Outcome = (typeof outcomes)[number];

export const changeFields = {
  id: t.id("cch"),
  carrier: t.ref("carriers"),
  no: t.integer({ doc: "The carrier's number of the change." }),
  reference: t.string({ maxLength: 60, index: true, doc: "Of the consignment, as the carrier names it." }),
  number: t.string({ optional: true, maxLength: 60, doc: "The consignment's number from then on." }),
  status: t.string({ optional: true, maxLength: 60, doc: "What became of it, in the carrier's word." }),
  state: t.enum(orderStates, { optional: true, doc: "What the word means; absent where it is unknown or means no state." }),
  happenedAt: t.dateTime(),
  place: t.string({ optional: true, maxLength: 200 }),
  outcome: t.enum(outcomes, {
    index: true,
    doc: "`late`: a newer change was there before. `unknown_consignment`: applied once the consignment is there. `impossible`: the order cannot come to this state any more.",
  }),
  heardAt: t.dateTime({ set: "created", index: true }),
};
export type CarrierChange = RowOf<typeof changeFields>;
export const carrierChanges = declare("carrierChanges", { doc: "What carriers told: each change once.", fields: changeFields });

export const changeIdOf = (carrier: string, no: number): string => derivedId("cch", `change ${carrier} ${no}`);

/** What the installation keeps of the calls of an environment: usage, which is billed, and traffic, which is looked at. */
import { declare, latencyBuckets, type LatencyBucket, resource, t } from "pons";

const buckets = Object.fromEntries(latencyBuckets.map((name) => [name, t.integer()])) as Readonly<
  Record<LatencyBucket, ReturnType<typeof t.integer>>
>;

/** Whose a call is, and which one. */
const shared = {
  grain: t.string(),
  at: t.dateTime(),
  app: t.string({ optional: true }),
  service: t.string(),
  operation: t.string(),
  version: t.string(),
  statusClass: t.integer(),
  calls: t.integer(),
};

export const usageRecords = declare("usageRecords", {
  doc: "Calls and units, by whose they are and what was called.",
  fields: {
    id: t.id("usg"),
    ...shared,
    environment: t.string(),
    user: t.string({ optional: true }),
    key: t.string({ optional: true }),
    plan: t.string({ optional: true }),
    units: t.integer(),
  },
});

export const trafficRecords = declare("trafficRecords", {
  doc: "Calls, errors and how long they took.",
  fields: {
    id: t.id("tra"),
    ...shared,
    environment: t.string({ optional: true }),
    channel: t.string(),
    country: t.string({ optional: true }),
    errors: t.integer(),
    ...buckets,
  },
});

export const records = [
  resource(usageRecords, () => ({ rows: {}, records: "pons_usage" })),
  resource(trafficRecords, () => ({ rows: {}, records: "pons_traffic" })),
];

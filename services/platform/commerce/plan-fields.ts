/** Fields of a plan. */
import { declare, type RowOf, t } from "pons";
import { offeredIn, operationField, slug } from "./words.ts";

/** One limit, as plans have them. */
export const limitFields = {
  name: t.string({
    minLength: 1,
    maxLength: 32,
    pattern: "[a-z][a-zA-Z0-9]*",
    doc: "Told in the headers of answers.",
    example: "burst",
  }),
  kind: t.enum(["burst", "rate", "concurrency", "quota", "spend", "payload"], {
    doc: "burst: units that may come at once, refilled within the window. rate: units within any window. concurrency: calls at the same time. quota: units of a day or month. spend: minor units of a day or month. payload: bytes of a body.",
  }),
  limit: t.integer({ min: 1, max: 1_000_000_000_000, doc: "How many.", example: 50 }),
  windowSeconds: t.integer({ default: 0, min: 0, max: 86_400, doc: "burst and rate: the window; 0 for the others." }),
  period: t.enum(["day", "month"], { optional: true, doc: "quota and spend: the period, in UTC." }),
  per: t.enum(["app", "key", "user", "tenant", "plan"], { default: "app", doc: "What it counts by." }),
  operations: t.array(operationField("Operations it is for."), {
    optional: true,
    minItems: 1,
    maxItems: 100,
    doc: "Operations it is for; absent: all.",
  }),
  each: t.boolean({ default: false, doc: "Whether each operation is counted by itself." }),
};

export type Limit = RowOf<typeof limitFields>;

const costFields = {
  operation: t.string({
    maxLength: 160,
    pattern: "[a-z][a-z0-9]*\\.[a-zA-Z][a-zA-Z0-9]*(\\.[a-zA-Z][a-zA-Z0-9]*)?",
    doc: "Its full name.",
    example: "bank.transfers.create",
  }),
  units: t.integer({ min: 0, max: 1_000_000, doc: "Units that a call counts.", example: 5 }),
};

/** What is set. */
export const planTerms = {
  title: t.string({ minLength: 1, maxLength: 120, doc: "What it is called.", example: "Free" }),
  doc: t.text({ optional: true, maxLength: 10_000, doc: "For whom it is." }),
  products: t.array(t.ref("products"), { default: [], maxItems: 100, doc: "Products it is for; none named: all." }),
  environments: offeredIn,
  monthlyFee: t.money({ default: 0n, min: 0n, max: 1_000_000_000_000n, currency: "currency", doc: "Minor units." }),
  unitPrice: t.integer({ default: 0, min: 0, max: 1_000_000_000, doc: "Minor units of the currency per unit." }),
  currency: t.currency({ default: "EUR", doc: "Of fee and price." }),
  spendCap: t.integer({
    optional: true,
    min: 1,
    max: 1_000_000_000_000,
    doc: "Most that units may cost an app in a month, minor units; calls beyond are refused.",
  }),
  approval: t.enum(["auto", "manual"], { default: "auto", doc: "Whether a subscription begins at once or once it is approved." }),
  priority: t.integer({ default: 3, min: 0, max: 9, doc: "What has the lowest is shed first when there is too much to do." }),
  limits: t.array(t.object(limitFields), { default: [], maxItems: 30, doc: "Limits; all of them count." }),
  costs: t.array(t.object(costFields), { default: [], maxItems: 500, doc: "Units of operations, in place of the usual ones." }),
};

export const planFields = {
  id: t.id("plan"),
  name: slug("Unique within the tenant; it stays.", "free"),
  ...planTerms,
  status: t.enum(["active", "retired"], {
    default: "active",
    doc: "A retired one takes no new subscriptions; those there are go on.",
  }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Plan = RowOf<typeof planFields>;

export const plans = declare("plans", {
  doc: "Terms of use: limits, priority, price. Changes are in force everywhere within a second.",
  fields: planFields,
});

/** Fields of limit rules and of what they have counted. */
import { declare, type RowOf, t } from "pons";
import { amountMax } from "../assets.ts";
import { windowKinds } from "./window.ts";

/** Levels to which a customer's identity is known. */
export const tiers = ["none", "basic", "full"] as const;

export type Tier = (typeof tiers)[number];

/** What a rule says; all of it may be set. */
export const limitTerms = {
  name: t.string({ minLength: 1, maxLength: 100, write: "never", doc: "What staff call it.", example: "Daily spending" }),
  scope: t.enum(["account", "customer", "merchant"], {
    write: "never",
    doc: "Whose movements are added up: those of one account, of all accounts of a customer, or what is paid to a merchant.",
  }),
  subject: t.string({
    optional: true,
    minLength: 1,
    maxLength: 64,
    write: "never",
    index: true,
    doc: "Id of the account or customer it is for, for a merchant that of its receivable account; absent: each of them, but not the bank's own accounts.",
  }),
  tier: t.enum(tiers, {
    optional: true,
    write: "never",
    doc: "Holds for customers of this tier only. What a limit of none or basic stops, a better known customer may do.",
  }),
  currency: t.currency({
    optional: true,
    write: "never",
    doc: "Absent: every currency, each added up for itself.",
    example: "EUR",
  }),
  window: t.enum(windowKinds, { write: "never", doc: "Calendar hour, day, week (from Monday) or month, in UTC." }),
  maxAmount: t.money({
    optional: true,
    min: 0n,
    max: amountMax,
    write: "never",
    currency: "currency",
    doc: "Most that may move within a window, in minor units; exactly so much is allowed.",
    example: 100000,
  }),
  maxCount: t.integer({ optional: true, min: 0, max: 1_000_000_000, write: "never", doc: "Most movements within a window." }),
  direction: t.enum(["debit", "credit"], {
    default: "debit",
    write: "never",
    doc: "Whether money that leaves or that arrives is counted; always what arrives, for a merchant.",
  }),
  enabled: t.boolean({ default: true, write: "never", doc: "Whether it holds." }),
};

export const limitRuleFields = {
  id: t.id("lir"),
  ...limitTerms,
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created" }),
};

export type LimitRule = RowOf<typeof limitRuleFields>;

export const limitRules = declare("limitRules", {
  doc: "How much, or how often, money may move within a window.",
  fields: limitRuleFields,
});

/**
 * What one rule has counted for one subject and currency. Only the current window is kept: nobody asks about an earlier one. What is given back of an
 * earlier one has no effect.
 */
export const limitUsageFields = {
  id: t.id("liu"),
  rule: t.ref("limitRules"),
  subject: t.string({ maxLength: 64, doc: "Account or customer." }),
  currency: t.currency(),
  windowStart: t.dateTime({ doc: "First moment of the window that is counted." }),
  amount: t.money({ currency: "currency", doc: "Minor units." }),
  count: t.integer(),
};

export type LimitUsage = RowOf<typeof limitUsageFields>;

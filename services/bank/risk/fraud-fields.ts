/** Fields of fraud rules, of the lists they look into, of what they have decided, and of how often accounts did what they watch for. */
import { type RowOf, t } from "pons";
import { amountMax } from "../assets.ts";
import { kinds } from "../outcomes.ts";

export const ruleActions = ["allow", "review", "decline"] as const;
export const ruleModes = ["live", "shadow", "off"] as const;
export const listNames = ["block", "allow", "watch"] as const;

/** Most movements a velocity counts: so many moments are kept per rule and account. */
export const velocityCountMax = 100;
/** A week. */
export const velocityMinutesMax = 10_080;

/** What a rule looks for: all that is given must hold. */
export const conditionFields = {
  minAmount: t.money({
    optional: true,
    min: 1n,
    max: amountMax,
    currency: "currency",
    doc: "At least so many minor units move.",
    example: 500000,
  }),
  currency: t.currency({ optional: true, doc: "In this currency.", example: "EUR" }),
  kinds: t.array(t.enum(kinds), {
    optional: true,
    minItems: 1,
    maxItems: kinds.length,
    filter: false,
    doc: "Of one of these kinds.",
  }),
  debitCountries: t.array(t.country(), {
    optional: true,
    minItems: 1,
    maxItems: 250,
    filter: false,
    doc: "The owner of the debited account lives in one of these.",
  }),
  creditCountries: t.array(t.country(), {
    optional: true,
    minItems: 1,
    maxItems: 250,
    filter: false,
    doc: "The owner of the credited account lives in one of these.",
  }),
  newAccountDays: t.integer({
    optional: true,
    min: 1,
    max: 3_650,
    doc: "A customer's account on either side was opened less than so many days ago.",
  }),
  list: t.enum(listNames, { optional: true, doc: "An account of either side, or its owner, is on this list." }),
  velocityCount: t.integer({
    optional: true,
    min: 1,
    max: velocityCountMax,
    doc: "The debited account did the same so many times already, within `velocityMinutes`.",
  }),
  velocityMinutes: t.integer({ optional: true, min: 1, max: velocityMinutesMax, doc: "How far back `velocityCount` looks." }),
};

export const fraudRuleFields = {
  id: t.id("frr"),
  name: t.string({ minLength: 1, maxLength: 100, doc: "What staff call it.", example: "Large payments of new accounts" }),
  order: t.integer({
    min: 0,
    max: 1_000_000,
    index: true,
    doc: "Rules are asked in this order; the first live one that matches decides.",
  }),
  mode: t.enum(ruleModes, { default: "shadow", doc: "`live` decides, `shadow` only notes what it would have decided." }),
  action: t.enum(ruleActions, { doc: "`allow` asks no further rule, `review` waits for a supervisor, `decline` refuses." }),
  ...conditionFields,
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created" }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type FraudRule = RowOf<typeof fraudRuleFields>;

export type Conditions = RowOf<typeof conditionFields>;

export const fraudListFields = {
  id: t.id("fle"),
  list: t.enum(listNames, { write: "create", index: true, doc: "The list it is on." }),
  subject: t.string({ minLength: 1, maxLength: 64, write: "create", index: true, doc: "Id of an account or a customer." }),
  note: t.string({ optional: true, maxLength: 200, doc: "Why.", example: "Reported by the police" }),
  createdAt: t.dateTime({ set: "created" }),
};

export type FraudListEntry = RowOf<typeof fraudListFields>;

export const fraudDecisionFields = {
  id: t.id("frd"),
  rule: t.ref("fraudRules", { doc: "The rule that matched." }),
  mode: t.enum(["live", "shadow"], { index: true, doc: "Of the rule, at that time: only a live one decides." }),
  action: t.enum(ruleActions, { index: true, doc: "What it decided, or would have." }),
  movement: t.string({
    optional: true,
    maxLength: 64,
    index: true,
    doc: "The transfer or hold that was made; absent when none was.",
  }),
  approval: t.string({ optional: true, maxLength: 64, doc: "The approval that the movement waits for." }),
  debit: t.ref("accounts"),
  credit: t.ref("accounts"),
  amount: t.money({ currency: "currency", doc: "Minor units." }),
  currency: t.currency(),
  kind: t.enum(kinds),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type FraudDecision = RowOf<typeof fraudDecisionFields>;

/** When an account last did what a rule with a velocity watches for: as many moments as the rule counts, oldest first. */
export const fraudVelocityFields = {
  id: t.id("frv"),
  rule: t.ref("fraudRules"),
  account: t.ref("accounts"),
  moments: t.array(t.integer(), { maxItems: velocityCountMax, doc: "Milliseconds since 1970." }),
};

export type FraudVelocity = RowOf<typeof fraudVelocityFields>;

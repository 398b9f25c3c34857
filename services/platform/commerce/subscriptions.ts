/**
 * Subscriptions. A plan that asks for no approval is in force at once; one that does waits for an administrator who is not the one who asked.
 *
 *   requested ─► active ─► cancelled
 *       └─► rejected, cancelled
 */
import { and, eq, notNull, or, related, resource, rowOf, t } from "pons";
import { apps } from "../identity/app-fields.ts";
import { plans } from "./plan-fields.ts";
import { products } from "./product-fields.ts";
import { approve, cancel, changePlan, reject, subscribe, subscribeRefusals } from "./subscribe.ts";
import { subscriptions as declared } from "./subscription-fields.ts";
import { overseers } from "../roles.ts";
import { environmentNames } from "./words.ts";

const about = { subscription: t.ref("subscriptions"), app: t.ref("apps") };

const offerRefusals = {
  not_on_offer: subscribeRefusals.not_on_offer,
  subscription_over: { status: 409, doc: "The subscription is not active." },
} as const;

const decisionRefusals = {
  nothing_to_decide: { status: 409, doc: "Nothing waits for a decision." },
  own_request: { status: 403, doc: "Nobody decides what they asked for themselves." },
} as const;

const waitsForApproval = "An administrator who is not the one that asked approves or rejects it.";

export const subscriptions = resource(declared, ({ all, rows, filter, count, command }) => ({
  rows: {
    ...Object.fromEntries(overseers.map((role) => [role, all])),
    developer: rows(({ app }, { user }) => eq(related(app, "owner"), user)),
  },
  sortBy: "requestedAt.desc",
  indexes: [["app", "product", "environment", "status"]],
  filters: {
    waiting: filter(({ status, wantedPlan }) => or(eq(status, "requested"), and(eq(status, "active"), notNull(wantedPlan)))),
    active: filter(({ status }) => eq(status, "active")),
  },
  stats: {
    byPlan: {
      doc: "Subscriptions per product, plan and status.",
      group: ["product", "plan", "status"],
      measures: { subscriptions: count() },
      roles: [...overseers],
    },
  },
  events: {
    requested: { doc: "Somebody asked for a subscription that needs an approval.", data: about },
    activated: { doc: "A subscription, or another plan of it, came into force.", data: about },
    rejected: { doc: "What was asked for was not approved.", data: about },
    cancelled: { doc: "A subscription ended.", data: about },
    planChanged: { doc: "Another plan is in force.", data: about },
  },
  create: command({
    on: "collection",
    doc: "Subscribes an app to a product. It begins at once, unless the plan wants an approval.",
    roles: ["developer", "admin"],
    input: {
      app: t.ref("apps", { doc: "App that uses the product." }),
      product: t.ref("products"),
      plan: t.ref("plans", { doc: "Terms it is used under." }),
      environment: t.enum(environmentNames, { default: "sandbox" }),
    },
    output: "row",
    accepted: waitsForApproval,
    refusals: subscribeRefusals,
    load: ({ input }) => ({
      app: rowOf(apps, input.app),
      product: rowOf(products, input.product),
      plan: rowOf(plans, input.plan),
    }),
    run: async (ctx, { input, loaded }) => {
      const answer = await subscribe(ctx, { ...loaded, environment: input.environment });
      return "refused" in answer ? answer : answer.status === "requested" ? ctx.accepted(answer) : ctx.created(answer);
    },
  }),
  functions: {
    approve: command({
      on: "item",
      doc: "Approves what waits: the subscription, or its other plan.",
      roles: ["admin"],
      input: { reason: t.text({ optional: true, maxLength: 1_000, doc: "For the record." }) },
      output: "row",
      refusals: decisionRefusals,
      run: (ctx, { row, input }) => approve(ctx, row, input.reason),
    }),
    reject: command({
      on: "item",
      doc: "Declines what waits. Where it is another plan, the present one goes on.",
      roles: ["admin"],
      input: { reason: t.text({ minLength: 1, maxLength: 1_000, doc: "Why.", example: "The contract is not signed" }) },
      output: "row",
      refusals: decisionRefusals,
      run: (ctx, { row, input }) => reject(ctx, row, input.reason),
    }),
    cancel: command({
      on: "item",
      doc: "Ends the subscription; the app's keys lose its roles within a second.",
      roles: ["developer", "admin"],
      input: { reason: t.text({ optional: true, maxLength: 1_000, doc: "Why." }) },
      output: "row",
      refusals: { subscription_over: offerRefusals.subscription_over },
      run: (ctx, { row, input }) => cancel(ctx, row, input.reason),
    }),
    changePlan: command({
      on: "item",
      doc: "Puts another plan in place of the present one, at once or once it is approved.",
      roles: ["developer", "admin"],
      input: { plan: t.ref("plans", { doc: "The other plan." }) },
      output: "row",
      accepted: waitsForApproval,
      refusals: { ...offerRefusals, plan_unchanged: { status: 409, doc: "It has this plan already." } },
      load: ({ input, row }) => ({ plan: rowOf(plans, input.plan), app: rowOf(apps, row.app) }),
      run: async (ctx, { row, loaded }) => {
        const answer = await changePlan(ctx, row, loaded.plan);
        return !("refused" in answer) && answer.wantedPlan !== null ? ctx.accepted(answer) : answer;
      },
    }),
  },
}));

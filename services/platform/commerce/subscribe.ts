/** The steps of a subscription: asking, deciding, changing the plan, ending. */
import { and, type CommandContext, eq, type FunctionRefusal, oneOf } from "pons";
import { type App, apps } from "../identity/app-fields.ts";
import { keepAccess } from "./app-access.ts";
import { environmentsOf } from "./environments.ts";
import { notify } from "./notify.ts";
import type { Plan } from "./plan-fields.ts";
import type { Product } from "./product-fields.ts";
import { type Subscription, subscriptions } from "./subscription-fields.ts";
import { isShown } from "./visibility.ts";
import { identityOf } from "./who.ts";
import type { EnvironmentName } from "./words.ts";

/** Why an app may not be subscribed. */
export const subscribeRefusals = {
  not_on_offer: { status: 422, doc: "The product or the plan is not on offer there." },
  already_subscribed: { status: 409, doc: "The app has the product in this environment, or has asked for it." },
  app_suspended: { status: 409, doc: "The app is suspended." },
  environment_closed: { status: 409, doc: "The environment takes no new subscriptions." },
} as const;

/** What somebody asks for. The rows are as the command found them. */
export interface Wish {
  readonly app: App | undefined;
  readonly product: Product | undefined;
  readonly plan: Plan | undefined;
  readonly environment: EnvironmentName;
}

const isStaff = ({ principal }: CommandContext): boolean => principal.roles.includes("admin");

/** An app that somebody may subscribe for: an admin any of the tenant, others their own. */
const isOwnApp = ({ principal }: Pick<CommandContext, "principal">, app: App): boolean =>
  principal.roles.includes("admin") || (app.owner !== null && app.owner === principal.user);

const badReference = (ctx: CommandContext, field: string): FunctionRefusal =>
  ctx.refuse("invalid_reference", undefined, { fields: { [field]: ["bad_reference"] } });

/** Whether a plan is there to be chosen for a product in an environment. */
const isOffered = (plan: Plan, product: string, environment: EnvironmentName): boolean =>
  plan.status === "active" &&
  plan.environments.includes(environment) &&
  (plan.products.length === 0 || plan.products.includes(product));

/** Begins a subscription, or asks for its approval where the plan wants one. */
export const subscribe = async (ctx: CommandContext, wish: Wish): Promise<Subscription | FunctionRefusal> => {
  const { app, product, plan, environment } = wish;
  if (app === undefined || !isOwnApp(ctx, app)) return badReference(ctx, "app");
  if (product === undefined || (!isStaff(ctx) && !(await isShown(ctx, product)))) return badReference(ctx, "product");
  if (plan === undefined) return badReference(ctx, "plan");
  if (app.status !== "active") return ctx.refuse("app_suspended");
  if ((await environmentsOf(ctx)).get(environment)?.status === "closed") return ctx.refuse("environment_closed", { environment });
  if (product.status !== "active" || !product.environments.includes(environment))
    return ctx.refuse("not_on_offer", { product: product.name, environment });
  if (!isOffered(plan, product.id, environment)) return ctx.refuse("not_on_offer", { plan: plan.name, environment });
  const table = ctx.table(subscriptions);
  const open = await table.find(
    (row) =>
      and(
        eq(row.app, app.id),
        eq(row.product, product.id),
        eq(row.environment, environment),
        oneOf(row.status, ["requested", "active"]),
      ),
    { limit: 1 },
  );
  if (open[0] !== undefined) return ctx.refuse("already_subscribed", { subscription: open[0].id });
  const isAtOnce = plan.approval === "auto";
  const row = table.insert({
    app: app.id,
    product: product.id,
    plan: plan.id,
    environment,
    status: isAtOnce ? "active" : "requested",
    requestedBy: identityOf(ctx.principal),
    activeAt: isAtOnce ? ctx.now : null,
  });
  if (isAtOnce) await keepAccess(ctx, row);
  ctx.emit(isAtOnce ? "activated" : "requested", { subscription: row.id, app: app.id }, subscriptions);
  return row;
};

const told = async (ctx: CommandContext, row: Subscription, kind: string, text: string): Promise<void> => {
  const app = await ctx.table(apps).get(row.app);
  if (app !== undefined) notify(ctx, { app, kind, text, data: { subscription: row.id } });
};

const waits = ({ status, wantedPlan }: Subscription): boolean =>
  status === "requested" || (status === "active" && wantedPlan !== null);

const undecidable = (ctx: CommandContext, row: Subscription): FunctionRefusal | undefined => {
  if (!waits(row)) return ctx.refuse("nothing_to_decide", { status: row.status });
  return identityOf(ctx.principal) === row.requestedBy ? ctx.refuse("own_request") : undefined;
};

/** Approves what waits: the subscription, or its other plan. */
export const approve = async (
  ctx: CommandContext,
  row: Subscription,
  reason: string | null,
): Promise<Subscription | FunctionRefusal> => {
  const flaw = undecidable(ctx, row);
  if (flaw !== undefined) return flaw;
  const decided = ctx.table(subscriptions).update(row.id, {
    status: "active",
    plan: row.wantedPlan ?? row.plan,
    wantedPlan: null,
    decidedBy: identityOf(ctx.principal),
    reason,
    activeAt: row.activeAt ?? ctx.now,
  });
  await keepAccess(ctx, decided);
  ctx.emit("activated", { subscription: row.id, app: row.app }, subscriptions);
  await told(ctx, decided, "subscriptionApproved", "Your subscription was approved.");
  return decided;
};

/** Rejects what waits; a present plan goes on. */
export const reject = async (ctx: CommandContext, row: Subscription, reason: string): Promise<Subscription | FunctionRefusal> => {
  const flaw = undecidable(ctx, row);
  if (flaw !== undefined) return flaw;
  const isNew = row.status === "requested";
  const decided = ctx.table(subscriptions).update(row.id, {
    status: isNew ? "rejected" : "active",
    wantedPlan: null,
    decidedBy: identityOf(ctx.principal),
    reason,
    ...(isNew ? { endedAt: ctx.now } : {}),
  });
  ctx.emit("rejected", { subscription: row.id, app: row.app }, subscriptions);
  await told(ctx, decided, "subscriptionRejected", `Your subscription was not approved: ${reason}`);
  return decided;
};

/** Ends a subscription; the app's keys lose its roles within a second. */
export const cancel = async (
  ctx: CommandContext,
  row: Subscription,
  reason: string | null,
): Promise<Subscription | FunctionRefusal> => {
  if (row.status !== "active" && row.status !== "requested") return ctx.refuse("subscription_over", { status: row.status });
  const ended = ctx
    .table(subscriptions)
    .update(row.id, { status: "cancelled", wantedPlan: null, reason: reason ?? row.reason, endedAt: ctx.now });
  await keepAccess(ctx, ended);
  ctx.emit("cancelled", { subscription: row.id, app: row.app }, subscriptions);
  if (isStaff(ctx)) await told(ctx, ended, "subscriptionCancelled", "Your subscription was ended.");
  return ended;
};

/** Ends all subscriptions of an app, which is gone or about to be. */
export const endSubscriptions = async (ctx: CommandContext, app: string, reason: string): Promise<void> => {
  const open = await ctx.table(subscriptions).find((row) => and(eq(row.app, app), oneOf(row.status, ["requested", "active"])));
  for (const row of open) await cancel(ctx, row, reason);
};

/** Puts another plan in place of the present one, at once or once it is approved. */
export const changePlan = async (
  ctx: CommandContext,
  row: Subscription,
  plan: Plan | undefined,
): Promise<Subscription | FunctionRefusal> => {
  if (row.status !== "active") return ctx.refuse("subscription_over", { status: row.status });
  if (plan === undefined) return badReference(ctx, "plan");
  if (plan.id === row.plan) return ctx.refuse("plan_unchanged");
  if (!isOffered(plan, row.product, row.environment))
    return ctx.refuse("not_on_offer", { plan: plan.name, environment: row.environment });
  const requestedBy = identityOf(ctx.principal);
  if (plan.approval === "manual") return ctx.table(subscriptions).update(row.id, { wantedPlan: plan.id, requestedBy });
  const changed = ctx.table(subscriptions).update(row.id, { plan: plan.id, wantedPlan: null, requestedBy });
  await keepAccess(ctx, changed);
  ctx.emit("planChanged", { subscription: row.id, app: row.app }, subscriptions);
  return changed;
};

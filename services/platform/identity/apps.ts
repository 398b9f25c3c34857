/**
 * Apps: programs that call the services. A developer registers the own ones; the tenant's own have no owner. What every node has to know of an app stands in
 * the directory, so that suspending it is felt at once.
 */
import { type CommandContext, entry, eq, type FunctionRefusal, isNull, resource, rowOf, t, type Value } from "pons";
import { plans } from "../commerce/plan-fields.ts";
import { products } from "../commerce/product-fields.ts";
import { endSubscriptions, subscribe, subscribeRefusals } from "../commerce/subscribe.ts";
import { environmentNames } from "../commerce/words.ts";
import { lookedUp, makeWebhook, webhookInput, webhookOutput, webhookRefusals } from "../webhooks/create.ts";
import { disableWebhooks } from "../webhooks/end.ts";
import { type App, apps as declared, appsMax, appTerms } from "./app-fields.ts";
import { communities } from "./community-fields.ts";
import { endKeys, keyInput, keyOutput, keyRefusals, makeKey, shownKey, tellOfKey } from "./key-changes.ts";
import { members } from "./member-fields.ts";
import { isRedirectUri, originFlaw, originRefusal } from "./origin.ts";
import { users } from "./user-fields.ts";

/** Products to which an app is subscribed as it is made. */
const subscribeMax = 10;

const termRefusals = {
  ...originRefusal,
  redirect_uri_invalid: {
    status: 422,
    doc: "A person cannot be sent there: https, http on the own machine, or an app's own scheme; no fragment.",
  },
  app_name_taken: { status: 409, doc: "The owner has an app of this name." },
} as const;

const termFlaw = (ctx: CommandContext, { origins = [], redirectUris = [] }: Partial<App>): FunctionRefusal | undefined => {
  const uri = redirectUris.find((one) => !isRedirectUri(one));
  return uri === undefined ? originFlaw(ctx, ...origins) : ctx.refuse("redirect_uri_invalid", { redirectUri: uri });
};

const othersOf = (ctx: CommandContext, owner: string | null): Promise<readonly App[]> =>
  Promise.resolve(
    ctx
      .table(declared)
      .find((row) => (owner === null ? isNull(row.owner) : eq(row.owner, owner)), { limit: 10_000, sortBy: "createdAt" }),
  );

const nameFlaw = async (
  ctx: CommandContext,
  app: Pick<App, "owner" | "id">,
  name: string,
): Promise<FunctionRefusal | undefined> =>
  (await othersOf(ctx, app.owner)).some((other) => other.id !== app.id && other.name === name && other.status !== "closed")
    ? ctx.refuse("app_name_taken")
    : undefined;

export const appResource = resource(declared, ({ self, rows, all, filter, many, command, directory, guard }) => ({
  rows: { developer: rows((row, caller) => eq(row.owner, caller.user)), admin: all, staff: all, auditor: all },
  access: { update: ["developer", "admin"], replace: [] },
  relations: { keys: many("keys"), webhooks: many("webhooks") },
  sortBy: "name",
  filters: { ofTenant: filter(({ owner }) => isNull(owner)), active: filter(({ status }) => eq(status, "active")) },
  refusals: termRefusals,
  guard: {
    update: guard(
      async (ctx, { row, changes }) =>
        termFlaw(ctx, changes) ?? (changes.name === undefined ? undefined : await nameFlaw(ctx, row, changes.name)),
    ),
  },
  create: command({
    on: "collection",
    doc: "Registers an app. A developer's is the own one; an administrator's is the tenant's, or whose it is said to be.",
    roles: ["developer", "admin"],
    input: {
      ...appTerms,
      owner: t.ref("users", {
        optional: true,
        write: ["admin"],
        doc: "Whose it is; absent: the caller's, or the tenant's own for an administrator.",
      }),
      community: t.ref("communities", { optional: true, doc: "The community in which it is registered." }),
      subscribe: t.array(
        t.object({
          product: t.string({ maxLength: 64, doc: "Name of the product.", example: "bank-sandbox" }),
          plan: t.string({ maxLength: 64, doc: "Name of the plan.", example: "free" }),
          environment: t.enum(environmentNames, { default: "sandbox" }),
        }),
        { default: [], maxItems: subscribeMax, doc: "What it is subscribed to at once, as `catalogue` names it." },
      ),
    },
    refusals: {
      ...subscribeRefusals,
      too_many_apps: { status: 409, doc: `There are at most ${appsMax} apps of one owner.` },
      not_member: { status: 422, doc: "The owner is no member of this community." },
      owner_not_found: { status: 422, doc: "There is no such person." },
    },
    load: ({ input }) => ({ owner: rowOf(users, input.owner ?? null), community: rowOf(communities, input.community) }),
    run: async (ctx, { input, loaded }) => {
      const isAdmin = ctx.principal.roles.includes("admin");
      const owner = isAdmin ? (input.owner ?? null) : ctx.principal.user;
      if (!isAdmin && owner === null) return ctx.refuse("forbidden");
      if (isAdmin && owner !== null && loaded.owner === undefined) return ctx.refuse("owner_not_found");
      const flaw = termFlaw(ctx, input);
      if (flaw !== undefined) return flaw;
      if (input.community !== null) {
        const own = owner === null ? [] : await ctx.table(members).find((row) => eq(row.user, owner));
        const isMember = own.some(({ community }) => community === input.community);
        if (loaded.community === undefined || (!isMember && !isAdmin)) return ctx.refuse("not_member");
      }
      const others = await othersOf(ctx, owner);
      if (others.filter(({ status }) => status !== "closed").length >= appsMax) return ctx.refuse("too_many_apps");
      if (others.some(({ name, status }) => name === input.name && status !== "closed")) return ctx.refuse("app_name_taken");
      const { subscribe: wishes, ...terms } = input;
      const row = ctx.table(self).insert({ ...terms, owner });
      for (const { product: productName, plan: planName, environment } of wishes) {
        const [product] = await ctx.table(products).find(({ name }) => eq(name, productName), { limit: 1 });
        const [plan] = await ctx.table(plans).find(({ name }) => eq(name, planName), { limit: 1 });
        const made = await subscribe(ctx, { app: row, product, plan, environment });
        if ("refused" in made) return made;
      }
      return (await ctx.table(self).get(row.id)) ?? row;
    },
  }),
  directory: directory((row) =>
    row.status === "closed"
      ? []
      : [
          entry("app", row.id, {
            name: row.name,
            owner: row.owner,
            status: row.status,
            subscriptions: row.subscriptions as Value,
            signers: row.signers as Value,
            secrets: row.secrets as Value,
            roles: row.roles,
            redirectUris: row.redirectUris,
            grantTypes: row.grantTypes,
            origins: row.origins,
            scopes: row.scopes,
            isConfidential: row.isConfidential,
          }),
        ],
  ),
  functions: {
    createKey: command({
      on: "item",
      doc: "Makes a key. Its secret is shown in this answer and never again. For real data (`live`) a person has to have shown a second factor lately.",
      roles: ["developer", "admin"],
      input: keyInput,
      output: keyOutput,
      refusals: keyRefusals,
      run: async (ctx, { row, input }) => {
        const made = makeKey(ctx, row, input);
        if (!("row" in made)) return made;
        await tellOfKey(ctx, row, made.row);
        return ctx.created(shownKey(made));
      },
    }),
    createWebhook: command({
      on: "item",
      doc: "Delivers events that the app may see to an address, from now on. Its secret is shown in this answer and never again. For real data (`live`) a person has to have shown a second factor lately.",
      roles: ["developer", "admin"],
      input: webhookInput,
      output: webhookOutput,
      refusals: webhookRefusals,
      prepare: (_, { input }) => lookedUp(input),
      run: async (ctx, { row, input, prepared }) => {
        const made = await makeWebhook(ctx, row, input, prepared);
        return "refused" in made ? made : ctx.created(made);
      },
    }),
    suspend: command({
      on: "item",
      doc: "Stops an app: none of its credentials counts, from now on and on every node.",
      roles: ["admin"],
      input: { reason: t.string({ minLength: 1, maxLength: 500, doc: "Why; its owner is told.", example: "Unusual calls" }) },
      refusals: { app_closed: keyRefusals.app_closed },
      run: (ctx, { row, input }) =>
        row.status === "closed"
          ? ctx.refuse("app_closed")
          : ctx.table(self).update(row.id, { status: "suspended", reason: input.reason }),
    }),
    activate: command({
      on: "item",
      doc: "Lets a suspended app go on.",
      roles: ["admin"],
      refusals: { app_closed: keyRefusals.app_closed },
      run: (ctx, { row }) =>
        row.status === "closed" ? ctx.refuse("app_closed") : ctx.table(self).update(row.id, { status: "active", reason: null }),
    }),
    close: command({
      on: "item",
      doc: "Ends an app for good, with all its keys, subscriptions and webhooks.",
      roles: ["developer", "admin"],
      run: async (ctx, { row }) => {
        if (row.status === "closed") return row;
        await endKeys(ctx, row);
        await endSubscriptions(ctx, row.id, "The app was closed.");
        await disableWebhooks(ctx, row.id, "The app was closed.");
        return ctx.table(self).update(row.id, { status: "closed", subscriptions: [] });
      },
    }),
  },
}));

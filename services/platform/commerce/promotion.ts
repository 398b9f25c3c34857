/**
 * Promotion: what is configured for one environment, brought to the other. Policies of the one are created or changed in the other by their names; products
 * and plans on offer in the one are on offer in the other. Nothing is taken away there, and neither rows nor keys are touched.
 */
import { type CommandContext, eq, type FunctionRefusal, notNull } from "pons";
import { addPolicy, changePolicy } from "./policies.ts";
import { policies, type PolicyRow } from "./policy-fields.ts";
import { plans } from "./plan-fields.ts";
import { products } from "./product-fields.ts";
import type { EnvironmentName } from "./words.ts";

/** One difference: `{ kind: "policies", name: "office-only", change: "changed", fields: [{ field: "order", before: 0, after: 5 }] }`. */
export interface Difference {
  readonly kind: "policies" | "products" | "plans";
  readonly name: string;
  readonly change: "created" | "changed";
  readonly fields: readonly { readonly field: string; readonly before: unknown; readonly after: unknown }[];
}

const comparedFields = ["doc", "scope", "settings", "order", "enabled"] as const;

type Terms = Pick<PolicyRow, (typeof comparedFields)[number]>;

/** What differs, field by field; empty when nothing does. */
export const differences = (before: Terms | undefined, after: Terms): Difference["fields"] =>
  comparedFields.flatMap((field) =>
    before !== undefined && Bun.deepEquals(before[field], after[field])
      ? []
      : [{ field, before: before?.[field] ?? null, after: after[field] }],
  );

interface Promotion {
  readonly from: EnvironmentName;
  readonly to: EnvironmentName;
  readonly dryRun: boolean;
}

const isRefusal = (answer: object): answer is FunctionRefusal => "refused" in answer;

const promotePolicies = async (ctx: CommandContext, { from, to, dryRun }: Promotion): Promise<Difference[] | FunctionRefusal> => {
  const table = ctx.table(policies);
  const own = await table.find(({ environment }) => eq(environment, from), { sortBy: "name" });
  const there = new Map((await table.find(({ environment }) => eq(environment, to))).map((row) => [row.name, row]));
  const found: Difference[] = [];
  for (const { name, kind, doc, scope, settings, order, enabled } of own) {
    const known = there.get(name);
    const terms = { doc, scope: { ...scope, environment: to }, settings, order, enabled };
    if (known !== undefined && known.kind !== kind) return ctx.refuse("kind_differs", { policy: name });
    const fields = differences(known, terms);
    if (fields.length === 0) continue;
    found.push({ kind: "policies", name, change: known === undefined ? "created" : "changed", fields });
    if (dryRun) continue;
    const done = known === undefined ? await addPolicy(ctx, { name, kind, ...terms }) : await changePolicy(ctx, known, terms);
    if (isRefusal(done)) return done;
  }
  return found;
};

const promoteOffers = async (ctx: CommandContext, { from, to, dryRun }: Promotion): Promise<Difference[]> => {
  const found: Difference[] = [];
  for (const kind of ["products", "plans"] as const) {
    const table = kind === "products" ? ctx.table(products) : ctx.table(plans);
    const rows = await table.find(({ id }) => notNull(id), { sortBy: "name" });
    for (const { id, name, environments } of rows) {
      if (!environments.includes(from) || environments.includes(to)) continue;
      const after = [...environments, to];
      found.push({ kind, name, change: "changed", fields: [{ field: "environments", before: environments, after }] });
      if (!dryRun) table.update(id, { environments: after });
    }
  }
  return found;
};

/** Brings over what differs, and says what that is; with `dryRun` it only says. */
export const promote = async (ctx: CommandContext, promotion: Promotion): Promise<readonly Difference[] | FunctionRefusal> => {
  if (promotion.from === promotion.to)
    return ctx.refuse("validation_failed", undefined, {
      fields: { to: [{ code: "not_in_list", params: { values: promotion.from === "live" ? "sandbox" : "live" } }] },
    });
  const ofPolicies = await promotePolicies(ctx, promotion);
  return isRefusal(ofPolicies) ? ofPolicies : [...ofPolicies, ...(await promoteOffers(ctx, promotion))];
};

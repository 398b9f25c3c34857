/** Carries out the setting of an approval policy. */
import type { CommandContext } from "pons";
import type { ActionOutcome } from "./action.ts";
import type { Approval } from "./fields.ts";
import type { ActionName } from "./names.ts";
import { amountIn, partsOf, textIn } from "./payload.ts";
import { approvalPolicies } from "./policy-fields.ts";

/** The writer keeps them in memory. */
const policiesMax = 500;

/** The policy takes the place of the one with the same action and currency. */
export const setPolicy = async (ctx: CommandContext, payload: unknown, { maker }: Approval): Promise<ActionOutcome> => {
  const action = textIn(payload, "action") as ActionName;
  const parts = partsOf(payload);
  const currency = (parts["currency"] ?? null) as string | null;
  const terms = { required: parts["required"] === true, above: amountIn(payload, "above"), setBy: maker };
  const table = ctx.table(approvalPolicies);
  const known = table.all();
  const present = known.find((policy) => policy.action === action && policy.currency === currency);
  if (present === undefined && known.length >= policiesMax)
    return { ok: false, type: "too_many_policies", details: { max: policiesMax } };
  if (present !== undefined) await table.get(present.id);
  const policy = present === undefined ? table.insert({ action, currency, ...terms }) : table.update(present.id, terms);
  return { ok: true, result: { policy: policy.id } };
};

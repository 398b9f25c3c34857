/** What was used of a quota before the limiter counted, by the limiter's key: a process that starts anew begins where the last one ended. */
import type { LoadUsed } from "../../limits/index.ts";
import type { Directory } from "../../pipeline/identity/directory.ts";
import type { PlanEntry } from "../../pipeline/identity/entries.ts";
import type { UsedBy } from "./used.ts";
import type { Usage } from "./usage.ts";

const scopes = ["app", "key", "user", "plan"] as const;

/** `acme/live/app:app_01J…`, `acme/live/tenant/bank.transfers.create` → whose usage it is. Throws for what is no such key. */
export const usedByOf = (key: string): UsedBy => {
  const [tenant, environment, whose, operation] = key.split("/");
  if (tenant === undefined || environment === undefined || whose === undefined) throw new TypeError(`no key of a limit: ${key}`);
  const shared = { tenant, environment, ...(operation === undefined ? {} : { operation }) };
  if (whose === "tenant") return { ...shared, by: "tenant" };
  const colon = whose.indexOf(":");
  const by = scopes.find((scope) => scope === whose.slice(0, colon));
  if (by === undefined) throw new TypeError(`no key of a limit: ${key}`);
  return { ...shared, by, value: whose.slice(colon + 1) };
};

/** For the limiter: units of the rule's period, in money where the rule is of money. Rejects where the database is away. */
export const loadUsedFrom =
  (usage: Pick<Usage, "used">, directory: Pick<Directory, "get">): LoadUsed =>
  async (key, _label, { kind, period }) => {
    const used = await usage.used(usedByOf(key), period ?? "day");
    if (kind !== "spend") return used.units;
    let spent = 0;
    for (const [plan, units] of used.byPlan) {
      const entry = plan === "" ? undefined : await directory.get("plan", plan);
      spent += units * ((entry?.value as unknown as PlanEntry | undefined)?.unitPrice ?? 0);
    }
    return spent;
  };

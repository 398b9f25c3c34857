/** What newer versions did to the fields of an older one, as the reason of `@deprecated`: "Called `name` from v2 on." */
import type { Contract } from "../../../contract/contract.ts";

export interface Deprecations {
  reasonOf(resource: string, field: string): string | undefined;
}

/** Of a version, by its name; `newest` is the contract with all versions. */
export const deprecationsOf = (newest: Contract, version: string): Deprecations => {
  const reasons = new Map<string, string>();
  /** `accounts.name`, as the version that is looked at calls it → as this one does. */
  const here = new Map<string, string>();
  const first = newest.older.findIndex(({ name }) => name === version);
  for (let at = first; at >= 0; at--) {
    const from = at === 0 ? newest.version : newest.older[at - 1]?.name;
    for (const change of newest.older[at]?.changes ?? []) {
      if (change.change === "added") continue;
      const then = `${change.resource}.${change.change === "renamed" ? change.from : change.field}`;
      const name = here.get(then) ?? then;
      if (change.change === "renamed") here.set(`${change.resource}.${change.to}`, name);
      const reason =
        change.change === "renamed"
          ? `Called ${change.to} from ${from} on.`
          : change.change === "removed"
            ? `Not there any more from ${from} on.`
            : `Of another type from ${from} on.`;
      if (!reasons.has(name)) reasons.set(name, reason);
    }
  }
  return { reasonOf: (resource, field) => reasons.get(`${resource}.${field}`) };
};

/** Whether what products give access to is served: a role that a service does not have would open nothing. */
import type { Contract } from "../../contract/index.ts";
import type { ServiceDefinition } from "../../define/service.ts";
import { CommandError } from "../exit-code.ts";
import { didYouMean } from "../nearest.ts";
import type { Item, Place } from "./wanted.ts";

interface Part {
  readonly service: string;
  readonly version: string | null;
  readonly roles: readonly string[];
}

/** Throws `CommandError` "usage" at the first service, version or role that is not served. */
export const checkServed = (
  items: readonly Item[],
  served: { readonly services: readonly ServiceDefinition[]; readonly contracts: ReadonlyMap<string, Contract> },
  { where }: Place,
): void => {
  for (const { kind, values, path } of items) {
    if (kind.name !== "products") continue;
    for (const [index, { service, version, roles }] of ((values["services"] ?? []) as readonly Part[]).entries()) {
      const at = [...path, "services", index];
      const refuse = (field: string, what: string, word: string, known: readonly string[]): CommandError =>
        new CommandError("usage", `${where([...at, field])}: there is no ${what}`, {
          advice: didYouMean(word, known) ?? `There are: ${known.join(", ")}`,
        });
      const definition = served.services.find(({ name }) => name === service);
      const contract = served.contracts.get(service);
      if (definition === undefined || contract === undefined)
        throw refuse("service", `service ${service}`, service, [...served.contracts.keys()]);
      const versions = [contract.version, ...contract.older.map(({ name }) => name)];
      if (version !== null && !versions.includes(version))
        throw refuse("version", `version ${version} of ${service}`, version, versions);
      const known = Object.keys(definition.roles);
      for (const role of roles) if (!known.includes(role)) throw refuse("roles", `role ${role} in ${service}`, role, known);
    }
  }
};

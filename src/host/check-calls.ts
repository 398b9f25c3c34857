/** Services that call one another: what each says of the others has to fit those that are served beside it. */
import type { Contract } from "../contract/index.ts";
import { tenantEnvironment } from "../pipeline/identity/realm.ts";

const flawOf = (contract: Contract, service: string, contracts: ReadonlyMap<string, Contract>): string | undefined => {
  const { roles = [], optional } = contract.definition.calls?.[service] ?? {};
  const called = contracts.get(service);
  if (called === undefined)
    return optional === true ? undefined : `${service} is not served beside it, and it is not \`optional\``;
  const unknown = roles.find((role) => !Object.hasOwn(called.roles, role));
  if (unknown !== undefined) return `${service} has no role "${unknown}" (roles: ${Object.keys(called.roles).join(", ")})`;
  const isOfTenant = contract.definition.rowsOf === tenantEnvironment;
  if (isOfTenant && called.definition.rowsOf !== tenantEnvironment)
    return `its rows are the tenant's, so there is no environment of ${service} to call`;
  return undefined;
};

/** Throws `TypeError` for the first that does not fit. */
export const checkCalls = (contracts: ReadonlyMap<string, Contract>): void => {
  for (const contract of contracts.values())
    for (const service of Object.keys(contract.definition.calls ?? {})) {
      const flaw = flawOf(contract, service, contracts);
      if (flaw !== undefined) throw new TypeError(`${contract.service}: calls.${service}: ${flaw}`);
    }
};

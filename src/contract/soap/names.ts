/**
 * Names over SOAP, where the definition gives none. Unique in a service, and the same as long as the definition's own names are.
 *
 *   accounts.list → ListAccounts     accounts.freeze → FreezeAccount        accounts.stats.byCurrency → GetAccountsStatsByCurrency
 *   accounts.get  → GetAccount       users.deactivate → DeactivateUsers     accounts.property.total   → GetAccountsTotal
 *   profile.get   → GetProfile       quoteFee → QuoteFee
 */
import type { Contract, Operation } from "../contract.ts";
import { memberName, pascal } from "../openapi/names.ts";

export { pascal };

const verbs: Partial<Record<Operation["action"], string>> = {
  list: "List",
  get: "Get",
  create: "Create",
  update: "Update",
  replace: "Replace",
  delete: "Delete",
  count: "Count",
};

const plainName = (operation: Operation): string => {
  const { action, target, resource, member = "", singleton } = operation;
  const one = pascal(singleton ?? resource?.singular ?? "");
  const many = pascal(resource?.name ?? "");
  if (action === "function") return pascal(member) + (target === "free" ? "" : target === "collection" ? many : one);
  if (action === "property") return `Get${many}${pascal(member)}`;
  if (action === "stats") return `Get${many}Stats${pascal(member)}`;
  return (verbs[action] ?? "") + (action === "list" || action === "count" ? many : one);
};

/** Name of each operation that is offered. Names that the definition gives go before; of two alike the later is called as its operation in full. */
export const methodNames = (contract: Contract): ReadonlyMap<string, string> => {
  const given = contract.definition.soap?.operations ?? {};
  const isListed = contract.definition.soap?.offer === "listed";
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const take = (operation: string, name: string): void => {
    names.set(operation, name);
    // The answer's element is a name as well.
    taken.add(name).add(`${name}Response`);
  };
  for (const [operation, { name }] of Object.entries(given))
    if (name !== undefined && contract.operations.has(operation)) take(operation, name);
  for (const operation of contract.operations.values()) {
    if (names.has(operation.name) || (isListed && !Object.hasOwn(given, operation.name))) continue;
    let name = plainName(operation);
    const isTaken = (): boolean => taken.has(name) || taken.has(`${name}Response`);
    if (isTaken()) name = memberName(operation.name);
    while (isTaken()) name += "_";
    take(operation.name, name);
  }
  return names;
};

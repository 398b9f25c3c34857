/** Names of a package: of methods, messages, enum values. Each is given once; where two would be the same, the later one is numbered. */
import type { Operation } from "../contract.ts";
import { snakeCase } from "./well-known.ts";

/** `accounts` → `Accounts`. */
export const pascalCase = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);

/** `customer.lowerRisk` → `CUSTOMER_LOWER_RISK`. */
export const upperSnakeCase = (text: string): string =>
  text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toUpperCase();

/** Names of one scope. */
export class Names {
  readonly #taken = new Set<string>();

  constructor(taken: Iterable<string> = []) {
    for (const name of taken) this.#taken.add(name);
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  claim(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count++) name = `${wanted}${/[0-9]$/.test(wanted) ? "_" : ""}${count}`;
    this.#taken.add(name);
    return name;
  }
}

/** `setLimits` → `["set", "Limits"]`. */
const splitVerb = (member: string): readonly [verb: string, rest: string] => {
  const at = member.search(/[A-Z]/);
  return at === -1 ? [member, ""] : [member.slice(0, at), member.slice(at)];
};

/**
 * What the method of an operation is called:
 *
 *   ListAccounts, GetAccount, CountAccounts, CreateAccount, UpdateAccount, ReplaceAccount, DeleteAccount
 *   GetTransfersLastSeq, GetAccountStatsByCurrency      a property, a statistic
 *   FreezeAccount, SetAccountLimits                     a command of a row: its verb, the row, the rest
 *   GetAccountBalanceAt                                 a query of a row
 *   ArchiveInactiveCustomers, QuoteFee                  a function of the collection, of nothing
 *   GetProfile, UpdateProfile                           the caller's own row
 */
export const methodName = (operation: Operation): string => {
  const { action, target, kind, resource, member = "", singleton } = operation;
  const one = pascalCase(singleton ?? resource?.singular ?? "");
  const all = pascalCase(resource?.name ?? "");
  switch (action) {
    case "list":
      return `List${all}`;
    case "count":
      return `Count${all}`;
    case "property":
      return `Get${all}${pascalCase(member)}`;
    case "stats":
      return `Get${one}Stats${pascalCase(member)}`;
    case "function": {
      if (target !== "item") return `${pascalCase(member)}${all}`;
      if (kind === "query") return `Get${one}${pascalCase(member)}`;
      const [verb, rest] = splitVerb(member);
      return `${pascalCase(verb)}${one}${rest}`;
    }
    default:
      return `${pascalCase(action)}${one}`;
  }
};

export { snakeCase };

/** The policies of a tenant that are for one caller and one operation, put together: what is asked at the gate, and what is changed of an answer. */
import type { Contract, Operation } from "../../contract/contract.ts";
import type { Mask } from "../../define/field.ts";
import type { Policy, PolicyKind, PolicyScope, PolicySettings } from "../../define/policy.ts";
import type { Redaction } from "../../pipeline/identity/caller.ts";
import type { Caller } from "../../pipeline/context.ts";
import { coversOperation } from "../../pipeline/identity/match.ts";
import type { Names } from "../../pipeline/words.ts";

export interface Applied {
  /** All of them must let the address pass. */
  readonly ipAllow: readonly PolicySettings["ipAllow"][];
  readonly ipDeny: readonly PolicySettings["ipDeny"][];
  readonly strength: readonly PolicySettings["authenticationStrength"][];
  readonly isOn: boolean;
  readonly maintenance: PolicySettings["maintenance"] | undefined;
  readonly validation: PolicySettings["validation"] | undefined;
  /** The last one that names the page's origin counts. */
  readonly cors: readonly PolicySettings["cors"][];
  readonly requestBytesMax: number | undefined;
  readonly cache: PolicySettings["cache"] | undefined;
  readonly deprecation: PolicySettings["deprecation"] | undefined;
  readonly graphql: PolicySettings["graphql"] | undefined;
  readonly redaction: Redaction | undefined;
  /** Names that fields have outside. */
  readonly names: Names | undefined;
  /** Nothing of all this. */
  readonly isEmpty: boolean;
}

const includes = (list: readonly string[] | null | undefined, value: string | null | undefined): boolean =>
  list === null || list === undefined || (typeof value === "string" && list.includes(value));

/** Whether a policy is for an operation, whoever calls it. */
export const isForOperation = ({ operations }: PolicyScope, operation: Pick<Operation, "service" | "name">): boolean =>
  operations === null ||
  operations === undefined ||
  operations.some((one) => coversOperation(one, `${operation.service}.${operation.name}`));

const isFor = (scope: PolicyScope, caller: Caller, operation: Operation): boolean =>
  includes(scope.environment === null || scope.environment === undefined ? null : [scope.environment], caller.environment) &&
  includes(scope.plans, caller.plan) &&
  includes(scope.apps, caller.app) &&
  (scope.roles === null || scope.roles === undefined || scope.roles.some((role) => caller.roles.includes(role))) &&
  isForOperation(scope, operation);

/** `bank.accounts.iban` → `bank_accounts.iban`, the name it has in a redaction; `undefined` when there is no such field. */
const columnOf = (path: string, contracts: ReadonlyMap<string, Contract>): string | undefined => {
  const [service = "", resource = "", field = ""] = path.split(".");
  const found = contracts.get(service)?.resources.get(resource);
  return found?.fields[field] === undefined ? undefined : `${found.table.name}.${field}`;
};

const redactionOf = (
  policies: readonly PolicySettings["redaction"][],
  contracts: ReadonlyMap<string, Contract>,
): Redaction | undefined => {
  if (policies.length === 0) return undefined;
  const fields = new Map<string, "removed" | Mask>();
  for (const { fields: paths, mask } of policies) {
    for (const path of paths) {
      const column = columnOf(path, contracts);
      // Of two masks the stricter one counts.
      if (column !== undefined && fields.get(column) !== "removed") fields.set(column, mask);
    }
  }
  if (fields.size === 0) return undefined;
  const text = JSON.stringify([...fields].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { key: `~${Bun.hash(text).toString(36)}`, fields };
};

/** Names of fields of a service. One that would take the name of another field, or of related rows, is left out. */
const namesOf = (policies: readonly PolicySettings["transformation"][], contract: Contract | undefined): Names | undefined => {
  if (policies.length === 0 || contract === undefined) return undefined;
  const names = new Map<string, Map<string, string>>();
  for (const { rename } of policies) {
    for (const [path, name] of Object.entries(rename)) {
      const [service, resource = "", field = ""] = path.split(".");
      if (service !== contract.service || contract.resources.get(resource)?.fields[field] === undefined) continue;
      names.set(resource, (names.get(resource) ?? new Map<string, string>()).set(field, name));
    }
  }
  for (const [resource, renamed] of names) {
    const taken = (name: string): boolean => {
      const found = contract.resources.get(resource);
      return (found?.fields[name] !== undefined || found?.many.has(name) === true) && !renamed.has(name);
    };
    const seen = new Set<string>();
    for (const [field, name] of renamed) {
      if (taken(name) || seen.has(name)) renamed.delete(field);
      seen.add(name);
    }
    if (renamed.size === 0) names.delete(resource);
  }
  return names.size === 0 ? undefined : names;
};

/** Puts together what is for a caller and an operation; `policies` are in their order. */
export const appliedOf = (
  policies: readonly Policy[],
  caller: Caller,
  operation: Operation,
  contracts: ReadonlyMap<string, Contract>,
): Applied => {
  const found = policies.filter(({ scope }) => isFor(scope, caller, operation));
  const all = <K extends PolicyKind>(kind: K): PolicySettings[K][] =>
    found.filter((policy) => policy.kind === kind).map(({ settings }) => settings as PolicySettings[K]);
  // Redaction follows the rows, wherever they are shown: as included ones too.
  const redactions = policies
    .filter(({ kind, scope }) => kind === "redaction" && isFor({ ...scope, operations: null }, caller, operation))
    .map(({ settings }) => settings as PolicySettings["redaction"]);
  const sizes = all("size").map(({ requestBytesMax }) => requestBytesMax);
  return {
    ipAllow: all("ipAllow"),
    ipDeny: all("ipDeny"),
    strength: all("authenticationStrength"),
    isOn: all("operationSwitch").at(-1)?.isOn ?? true,
    maintenance: all("maintenance").at(-1),
    validation: all("validation").at(-1),
    cors: all("cors"),
    requestBytesMax: sizes.length === 0 ? undefined : Math.min(...sizes),
    cache: all("cache").at(-1),
    deprecation: all("deprecation").at(-1),
    graphql: all("graphql").at(-1),
    redaction: redactionOf(redactions, contracts),
    names: namesOf(all("transformation"), contracts.get(operation.service)),
    isEmpty: found.length === 0 && redactions.length === 0,
  };
};

/**
 * What a policy would have done to calls that came before it: for a trial of a draft. Only what is remembered of a call is asked: a policy about what a
 * body or an answer holds counts as a change of every call it covers.
 */
import type { Policy, PolicyKind, PolicyScope, PolicySettings } from "../define/policy.ts";
import type { RecentCall } from "../define/recent-call.ts";
import { coversOperation, isWithin } from "./identity/match.ts";

/** What a policy does to a call: it is not for it, lets it be, refuses it, or changes it or its answer. */
export type PolicyEffect = "none" | "passes" | "refuses" | "changes";

const includes = (list: readonly string[] | null | undefined, value: string | null): boolean =>
  list === null || list === undefined || (value !== null && list.includes(value));

const covers = ({ environment, operations, plans, apps, roles }: PolicyScope, call: RecentCall): boolean =>
  (environment ?? call.environment) === call.environment &&
  (operations ?? ["*"]).some((pattern) => coversOperation(pattern, call.operation)) &&
  includes(plans, call.plan) &&
  includes(apps, call.app) &&
  (roles ?? call.roles.slice(0, 1)).some((role) => call.roles.includes(role));

const isWeak = (settings: PolicySettings["authenticationStrength"], call: RecentCall): boolean => {
  const { accepted, secondFactorWithinSeconds: seconds } = settings;
  if (!(accepted as readonly string[]).includes(call.authentication ?? "")) return true;
  if (seconds === null || seconds === undefined || call.authentication !== "session") return false;
  return call.verifiedAt === null || Date.parse(call.at) - Date.parse(call.verifiedAt) > seconds * 1_000;
};

const comesFrom = ({ address }: RecentCall, networks: readonly string[]): boolean =>
  address !== null && isWithin(address, networks);

/** Whether a policy of the kind refuses a call that it covers; absent: such policies refuse none by what is remembered. */
const refuses: { readonly [K in PolicyKind]?: (settings: PolicySettings[K], call: RecentCall) => boolean } = {
  ipAllow: ({ networks }, call) => !comesFrom(call, networks),
  ipDeny: ({ networks }, call) => comesFrom(call, networks),
  authenticationStrength: isWeak,
  operationSwitch: ({ isOn }) => !isOn,
  maintenance: ({ allowsReads }, { kind }) => !(allowsReads && kind === "query"),
  deprecation: ({ sunsetAt }, { at }) => typeof sunsetAt === "string" && Date.parse(sunsetAt) <= Date.parse(at),
  // Which document a call was of is not remembered.
  graphql: ({ introspection }, { operation }) => !introspection && operation.endsWith(".introspection"),
};

const changing: ReadonlySet<PolicyKind> = new Set([
  "validation",
  "cors",
  "size",
  "cache",
  "redaction",
  "transformation",
  "deprecation",
]);

/** What `policy` would have done to `call`. */
export const effectOn = (
  { kind, scope, settings }: Pick<Policy, "kind" | "scope" | "settings">,
  call: RecentCall,
): PolicyEffect => {
  if (!covers(scope, call)) return "none";
  const refused = refuses[kind] as ((settings: PolicySettings[PolicyKind], call: RecentCall) => boolean) | undefined;
  if (refused?.(settings, call) === true) return "refuses";
  return changing.has(kind) ? "changes" : "passes";
};

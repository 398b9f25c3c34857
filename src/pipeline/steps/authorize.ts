/**
 * authorize: roles that open the operation, the scopes and operations the credentials are limited to, a second factor where one is asked for, and the
 * view they give.
 * Refuses 403. Row rules join the statement in accept and run.
 */
import type { Operation } from "../../contract/contract.ts";
import type { Step } from "../context.ts";
import type { Caller } from "../identity/caller.ts";
import { coversOneOf, coversScope } from "../identity/match.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { type View, viewOf } from "../view.ts";

const anyone: readonly string[] = ["anyone"];

/** For how long a second factor counts for operations that ask for one. */
const verifiedSecondsMax = 600;

const isVerifiedLately = (at: string | null | undefined): boolean =>
  typeof at === "string" && Date.now() - Date.parse(at) < verifiedSecondsMax * 1_000;

const decided = new WeakMap<readonly string[], Map<Operation, boolean>>();

/** Whether one of the scopes covers the operation; remembered for each list, which is a credential's. */
const isInScope = (scopes: readonly string[], operation: Operation): boolean => {
  let known = decided.get(scopes);
  if (known === undefined) decided.set(scopes, (known = new Map()));
  let verdict = known.get(operation);
  if (verdict === undefined) {
    verdict = scopes.some((scope) => coversScope(scope, operation));
    known.set(operation, verdict);
  }
  return verdict;
};

/** The roles of a caller that open an operation; none: it is not for him. */
export const openingRoles = (operation: Operation, roles: readonly string[]): readonly string[] => {
  let open = roles;
  for (const role of roles) {
    if (operation.roles.has(role)) continue;
    open = roles.filter((other) => operation.roles.has(other));
    break;
  }
  return open.length === 0 && operation.roles.has("anyone") ? anyone : open;
};

/** The roles of a caller that open an operation, or why none does. A second factor is not asked for here: the caller may show it. */
const rolesThatOpen = (operation: Operation, { roles, scopes, operations }: Caller): readonly string[] | Refusal => {
  const open = openingRoles(operation, roles);
  if (open.length === 0) return refuse("forbidden");
  if (operations !== undefined && !coversOneOf(operations, operation))
    return refuse("forbidden", { details: { operation: `${operation.service}.${operation.name}` } });
  if (scopes !== undefined && scopes !== null && !isInScope(scopes, operation))
    return refuse("scope_required", { details: { scope: `${operation.service}.${operation.name}` } });
  return open;
};

/** Whether a view without rows closes the operation. */
const isClosed = ({ target, singleton }: Operation, { rule }: View): boolean =>
  rule === "none" && target !== "collection" && singleton === undefined;

/** Whether the operation is open to a caller at all: for channels that tell him what there is. Policies and a second factor may still be in the way. */
export const isOpenTo = (operation: Operation, caller: Caller): boolean => {
  const open = rolesThatOpen(operation, caller);
  if ("type" in open) return false;
  return operation.resource === undefined || !isClosed(operation, viewOf(operation.resource, open, caller.redaction));
};

export const authorize: Step = (context) => {
  const { operation, caller } = context;
  if (caller === undefined) throw new Error("authorize comes after identify");
  const open = rolesThatOpen(operation, caller);
  if ("type" in open) return open;
  if (operation.stepUp && caller.authentication === "session" && !isVerifiedLately(caller.verifiedAt))
    return refuse("step_up_required", { details: { withinSeconds: verifiedSecondsMax } });
  context.roles = open;
  if (operation.resource !== undefined) {
    const view = viewOf(operation.resource, open, caller.redaction);
    if (isClosed(operation, view)) return refuse("forbidden");
    context.view = view;
  }
  return undefined;
};

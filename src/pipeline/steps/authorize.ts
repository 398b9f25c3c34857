/**
 * authorize: roles that open the operation, the scopes the credentials are limited to, a second factor where one is asked for, and the view they give.
 * Refuses 403. Row rules join the statement in accept and run.
 */
import type { Operation } from "../../contract/contract.ts";
import type { Step } from "../context.ts";
import { coversScope } from "../identity/match.ts";
import { refuse } from "../refusal.ts";
import { viewOf } from "../view.ts";

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

export const authorize: Step = (context) => {
  const { operation, caller } = context;
  if (caller === undefined) throw new Error("authorize comes after identify");
  const { roles } = caller;
  let open = roles;
  for (const role of roles) {
    if (operation.roles.has(role)) continue;
    open = roles.filter((other) => operation.roles.has(other));
    break;
  }
  if (open.length === 0) {
    if (!operation.roles.has("anyone")) return refuse("forbidden");
    open = anyone;
  }
  const { scopes } = caller;
  if (scopes !== undefined && scopes !== null && !isInScope(scopes, operation))
    return refuse("scope_required", { details: { scope: `${operation.service}.${operation.name}` } });
  if (operation.stepUp && caller.authentication === "session" && !isVerifiedLately(caller.verifiedAt))
    return refuse("step_up_required", { details: { withinSeconds: verifiedSecondsMax } });
  context.roles = open;
  if (operation.resource !== undefined) {
    const view = viewOf(operation.resource, open, caller.redaction);
    if (view.rule === "none" && operation.target !== "collection" && operation.singleton === undefined)
      return refuse("forbidden");
    context.view = view;
  }
  return undefined;
};

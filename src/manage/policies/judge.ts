/** Whether policies let a call pass. Used at the gate, and to try a policy against calls that were made. */
import type { Operation } from "../../contract/contract.ts";
import type { Caller } from "../../pipeline/context.ts";
import { isWithin } from "../../pipeline/identity/match.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { Applied } from "./applied.ts";

/** The operation that GraphQL asks for the schema by. */
const introspectionName = "introspection";

/** What of a call policies look at. */
export interface Judged {
  readonly operation: Operation;
  readonly caller: Caller;
  readonly address: string;
  readonly nowMs: number;
  /** It is of a document over GraphQL that nobody has registered. */
  readonly isOwnDocument?: boolean | undefined;
}

const isVerified = (at: string | null | undefined, withinSeconds: number, nowMs: number): boolean =>
  typeof at === "string" && nowMs - Date.parse(at) <= withinSeconds * 1_000;

/** The refusal of the first policy that does not let the call pass. */
export const judge = (applied: Applied, { operation, caller, address, nowMs, isOwnDocument }: Judged): Refusal | undefined => {
  const { maintenance, deprecation } = applied;
  // What the installation does for an app of itself comes from no address, and shows no credential.
  const { strength, ipAllow, ipDeny } = caller.authentication === "app" ? { strength: [], ipAllow: [], ipDeny: [] } : applied;
  if (ipDeny.some(({ networks }) => isWithin(address, networks))) return refuse("address_not_allowed");
  if (ipAllow.some(({ networks }) => !isWithin(address, networks))) return refuse("address_not_allowed");
  for (const { accepted, secondFactorWithinSeconds = null } of strength) {
    const { authentication } = caller;
    if (authentication !== undefined && !(accepted as readonly string[]).includes(authentication))
      return refuse("stronger_authentication_required", { details: { accepted } });
    if (authentication === "session" && secondFactorWithinSeconds !== null) {
      if (!isVerified(caller.verifiedAt, secondFactorWithinSeconds, nowMs))
        return refuse("step_up_required", { details: { withinSeconds: secondFactorWithinSeconds } });
    }
  }
  const { graphql } = applied;
  if (graphql?.persistedOnly === true && isOwnDocument === true)
    return refuse("forbidden", { details: { explanation: "Only registered documents may be executed." } });
  if (graphql?.introspection === false && operation.name === introspectionName) return refuse("operation_disabled");
  if (!applied.isOn) return refuse("operation_disabled");
  if (typeof deprecation?.sunsetAt === "string" && Date.parse(deprecation.sunsetAt) <= nowMs) return refuse("gone");
  if (maintenance !== undefined && !(maintenance.allowsReads && operation.kind === "query")) {
    const untilMs = typeof maintenance.until === "string" ? Date.parse(maintenance.until) : Number.POSITIVE_INFINITY;
    if (untilMs > nowMs) {
      const retryAfter = Math.min(maintenance.retryAfterSeconds, Math.ceil((untilMs - nowMs) / 1_000));
      return refuse("maintenance", { retryAfter });
    }
  }
  return undefined;
};

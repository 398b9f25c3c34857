/** Which refused calls the audit tells of, and what. */
import type { CallContext } from "../pipeline/context.ts";
import type { Refusal } from "../pipeline/refusal.ts";
import type { Refused } from "./refusal-log.ts";

/** Who it is, what he may do, and how often: told of for every operation. */
const everywhere: ReadonlySet<number> = new Set([401, 403, 429]);
/** Told of where something was to be changed: money that is not there, a state that does not allow it. */
const ofCommands: ReadonlySet<number> = new Set([402, 409, 412, 422, 423]);
/** Mistakes of form. */
const isFormal = (type: string): boolean => type === "validation_failed";

/** What is noted of a refused call; nothing where it was only put wrongly, or asked for what is not there. */
export const refusedCall = (context: CallContext, { type, status }: Refusal): Refused | undefined => {
  const { call, operation, caller } = context;
  // The node that it came to tells of it.
  if (call.isHandedOver === true) return undefined;
  const isTold = everywhere.has(status) || (operation.kind === "command" && ofCommands.has(status) && !isFormal(type));
  if (!isTold) return undefined;
  return {
    realm: caller?.realm ?? null,
    type,
    status,
    channel: call.channel,
    tenant: caller?.tenant ?? call.tenant ?? null,
    operation: `${operation.service}.${operation.name}`,
    requestId: call.requestId,
    address: call.address ?? call.peer?.address ?? null,
    app: caller?.app ?? null,
    key: caller?.key ?? null,
    user: caller?.user ?? null,
    subject: caller?.subject ?? null,
    actor: caller?.actor ?? null,
  };
};

/** identify: credentials → caller. Refuses 401, 403 where the credential is limited, 429 after too many failures. */
import { andThen } from "../condition.ts";
import type { Step } from "../context.ts";
import type { Identity } from "../identity/identity.ts";

export const identify =
  (identity: Pick<Identity, "callerOf">): Step =>
  (context) => {
    const { call } = context;
    const { principal } = call;
    if (principal !== undefined) {
      context.caller = principal;
      return undefined;
    }
    return andThen(identity.callerOf(call), (caller) => {
      if ("status" in caller) return caller;
      context.caller = caller;
      if (call.findings !== undefined) call.findings.caller = caller;
      return undefined;
    });
  };

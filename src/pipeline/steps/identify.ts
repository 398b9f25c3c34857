/** identify: credentials → caller. Refuses 401. */
import { andThen } from "../condition.ts";
import type { Step } from "../context.ts";
import type { KeyDirectory } from "../identity/key-directory.ts";
import { refuse } from "../refusal.ts";

export const identify =
  (keys: Pick<KeyDirectory, "callerOf">): Step =>
  (context) => {
    const { principal, credentials } = context.call;
    if (principal !== undefined) {
      context.caller = principal;
      return undefined;
    }
    if (credentials.kind === "none") return refuse("unauthenticated");
    return andThen(keys.callerOf(credentials.secret), (caller) => {
      if ("realm" in caller) {
        context.caller = caller;
        return undefined;
      }
      return caller;
    });
  };

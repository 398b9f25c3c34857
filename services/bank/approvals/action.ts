/** An action: what approving carries out. */
import type { CommandContext } from "pons";
import type { Approval } from "./fields.ts";

/** What came of it. A refusal changes nothing, whatever the action has written before; the approval stays pending. */
export type ActionOutcome =
  | { readonly ok: true; readonly result?: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly type: string; readonly details?: Readonly<Record<string, unknown>> };

export interface Action {
  /** Carries it out with the payload of the request, which is JSON: amounts are decimal strings. The caller is the checker. */
  run(ctx: CommandContext, payload: unknown, approval: Approval): ActionOutcome | Promise<ActionOutcome>;
  /** Takes back what waited for the decision, such as the status of a row. On expiry the caller is the system. */
  undone?(
    ctx: CommandContext,
    payload: unknown,
    end: { readonly status: "rejected" | "expired"; readonly reason: string | null; readonly approval: Approval },
  ): void | Promise<void>;
}

/**
 * What a call counts: whose it is, of which operation, how many units. The usage that is billed is made of it; a command's is written in the command's own
 * transaction.
 */
import type { CallContext } from "./context.ts";
import type { Caller } from "./identity/caller.ts";

export interface Metering {
  readonly environment: string;
  readonly app: string | null;
  readonly user: string | null;
  /** The credential by its id. */
  readonly key: string | null;
  readonly plan: string | null;
  readonly service: string;
  /** Without its service: `accounts.create`. */
  readonly operation: string;
  readonly version: string;
  /** Of an answer that is no replay and no failure of ours. */
  readonly units: number;
  /** Set once what it counts is committed: nobody else is to count it. */
  isRecorded: boolean;
}

/** A call that only says what it would do costs nothing. */
const isDryRun = ({ body }: CallContext): boolean => body?.["dryRun"] === true;

/** Units that a call costs where it is answered as it was asked. */
export const unitsAsked = (context: CallContext): number => (isDryRun(context) ? 0 : context.units);

/** `newest`: the version of the service as it is served, for calls that name none. */
export const meteringOf = (context: CallContext, caller: Caller, newest: string): Metering => {
  const { call, operation } = context;
  return {
    environment: caller.environment,
    app: caller.app,
    user: caller.user,
    key: caller.key ?? null,
    plan: caller.plan ?? null,
    service: operation.service,
    operation: operation.name,
    version: call.version ?? newest,
    units: unitsAsked(context),
    isRecorded: false,
  };
};

/** What an outcome costs: an answer given again costs nothing, a failure of ours neither. */
export const unitsOf = (
  { units }: Pick<Metering, "units">,
  outcome: { readonly status: number; readonly isReplayed: boolean },
): number => (outcome.isReplayed || outcome.status >= 500 ? 0 : units);

/** What is delivered again: events between two positions, or two moments. */
import { type CommandContext, type FunctionRefusal, t } from "pons";
import type { Webhook } from "./webhook-fields.ts";

const position = (doc: string) =>
  t.string({ optional: true, maxLength: 32, pattern: "(0|[1-9][0-9]{0,14})(-(0|[1-9][0-9]{0,5}))?", doc, example: "123-0" });

export const replayInput = {
  after: position("Position behind which it begins; `0`: with the first event. Either this or `since` is given."),
  since: t.dateTime({ optional: true, doc: "Moment with which it begins." }),
  until: t.dateTime({ optional: true, doc: "Moment with which it ends; absent: now." }),
};

export const replayRefusals = {
  replay_running: { status: 409, doc: "Events are being delivered again already." },
  replay_range_invalid: { status: 422, doc: "Either `after` or `since` is given, and it is before the end, which is not ahead." },
} as const;

/** What the deliverer is told. */
export interface ReplayEntry {
  readonly id: string;
  /** A position; null: `since` is given. */
  readonly after: string | null;
  readonly since: string | null;
  readonly until: string;
  readonly [name: string]: string | null;
}

/** The replay, or why it cannot be. */
export const replayOf = (
  ctx: CommandContext,
  { revision }: Pick<Webhook, "revision">,
  { after, since, until }: { readonly after: string | null; readonly since: string | null; readonly until: string | null },
): ReplayEntry | FunctionRefusal => {
  const end = until ?? ctx.now;
  const isRange = (after === null) !== (since === null) && end <= ctx.now && (since === null || since <= end);
  return isRange ? { id: String(revision), after, since, until: end } : ctx.refuse("replay_range_invalid");
};

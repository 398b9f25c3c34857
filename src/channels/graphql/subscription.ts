/** Subscriptions: the events of one type, each in the form that was selected. */
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { parsePosition, type PresentedEvent } from "../../pipeline/events.ts";
import { invalid, type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type Values, valuesOf } from "./arguments.ts";
import type { Asking } from "./asking.ts";
import { under } from "./errors.ts";
import { Execution } from "./execute.ts";
import { type Answer, Performance, type Ready } from "./perform.ts";
import type { Root } from "./plan.ts";
import type { Served } from "./served.ts";

type EventRoot = Extract<Root, { kind: "event" }>;

export interface Subscribed {
  /** Where each answer stands among the events. */
  readonly answers: AsyncIterable<{ readonly id: string; readonly answer: Answer } | undefined>;
}

/** What opens a subscription, made anew for each event: the calls of an event that comes later have a time limit of their own. */
export interface Subscribing {
  readonly pipeline: Pipeline;
  readonly served: Served;
  readonly signal: AbortSignal;
  asking(): Asking;
}

const filtersOf = (where: unknown): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries((where ?? {}) as Values).flatMap(([field, values]) =>
      Array.isArray(values) ? [[field, values as string[]]] : [],
    ),
  );

/** Opens it. `after` goes before the argument: a reader that was cut off resumes where it was. */
export const subscribe = async (
  { plan, variables, isOwn }: Ready,
  { pipeline, served, signal, asking }: Subscribing,
  after: string | null,
): Promise<Subscribed | Refusal> => {
  const root = plan.roots.find((one): one is EventRoot => one.kind === "event");
  if (root === undefined) return refuse("invalid_request");
  const values = valuesOf(root.args, variables);
  const given = after ?? values["after"];
  const position = typeof given === "string" ? parsePosition(given) : undefined;
  if (typeof given === "string" && position === undefined)
    return invalid({ after: [{ code: "bad_format", params: { format: "position" } }] });
  const call = { ...asking().call(served.newest.events, {}, isOwn ? { isOwnDocument: true } : {}), signal };
  const { deadline: _, ...open } = call;
  const opened = await pipeline.subscribe(open, {
    types: [root.type],
    filters: filtersOf(values["where"]),
    ...(position === undefined ? {} : { after: position }),
  });
  if (!opened.ok) return opened.refusal;
  return { answers: answersTo(opened.events, root, variables, () => new Performance(served, pipeline, asking())) };
};

/** Events in the form that was selected; `undefined`: nothing has come for a while. */
async function* answersTo(
  events: AsyncIterable<readonly PresentedEvent[]>,
  root: EventRoot,
  variables: Values,
  performance: () => Performance,
): AsyncGenerator<{ readonly id: string; readonly answer: Answer } | undefined, void, undefined> {
  for await (const batch of events) {
    if (batch.length === 0) yield undefined;
    for (const event of batch) {
      const execution = new Execution(performance(), variables);
      const row = { ...event, subject: event.subject ?? null };
      const [shown] = await execution.shape([row], root.selection, () => under(undefined, root.key));
      const { list: errors } = execution.errors;
      yield {
        id: event.id,
        answer: { status: 200, data: { [root.key]: shown ?? null }, ...(errors.length === 0 ? {} : { errors }) },
      };
    }
  }
}

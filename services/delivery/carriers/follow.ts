/** Asks carriers what has changed, and takes it over: all of an answer, and the place from where to ask next, in one commit. */
import { type CommandContext, job, type JobEvent, type WorkContext } from "pons";
import { loadMoment, takeChange } from "./apply.ts";
import { carriers } from "./carrier-fields.ts";
import { connectors } from "./connectors.ts";
import { CarrierFault, Engine, type Page } from "./engine.ts";

const restSecondsMax = 3_600;

/** What came of a question that was put from `cursor` on. */
interface Heard {
  readonly cursor: string | null;
  readonly answer: Page | { readonly fault: string };
}

const hear = async (ctx: WorkContext, event: JobEvent): Promise<Heard | null> => {
  const carrier = await ctx.table(carriers).get(event.row ?? "");
  if (carrier === undefined || !carrier.enabled) return null;
  const { cursor } = carrier;
  try {
    return { cursor, answer: await new Engine(ctx, carrier, connectors[carrier.connector]).changes(cursor) };
  } catch (error) {
    // The time after which it is asked again is the carrier's own: it is no failure of this event.
    if (error instanceof CarrierFault) return { cursor, answer: { fault: error.fault } };
    throw error;
  }
};

const take = async (ctx: CommandContext, event: JobEvent, heard: Heard | null): Promise<void> => {
  const table = ctx.table(carriers);
  const carrier = await table.get(event.row ?? "");
  // Another question was answered meanwhile: what this one brought is heard again.
  if (heard === null || carrier === undefined || carrier.cursor !== heard.cursor) return;
  const { answer } = heard;
  const connector = connectors[carrier.connector];
  const after = (seconds: number): string => new Date(Date.parse(ctx.now) + seconds * 1_000).toISOString();
  if ("fault" in answer) {
    const failures = carrier.failures + 1;
    const restSeconds = Math.min(connector.askSeconds * 2 ** Math.min(failures - 1, 16), restSecondsMax);
    table.update(carrier.id, { failures, problem: answer.fault, askAt: after(restSeconds) });
    return;
  }
  await loadMoment(ctx);
  for (const change of answer.changes) await takeChange(ctx, change, { carrier: carrier.id, connector });
  const askAt = after(answer.more ? 0 : connector.askSeconds);
  table.update(carrier.id, { cursor: answer.cursor, failures: 0, problem: null, askedAt: ctx.now, askAt });
};

export const follow = job({
  doc: "Asks a carrier what has changed.",
  on: "carriers.asked",
  atOnce: 4,
  timeoutSeconds: 30,
  work: hear,
  run: take,
});

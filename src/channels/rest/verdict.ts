/**
 * Batches on the wire: one verdict per item, in order, and what they add up to.
 *
 *   { "success": true, "status": 201, "data": { … } }
 *   { "success": false, "status": 422, "error": { "type": "validation_failed", … }, "data": { "email": ["…"] } }
 *
 * 200 when all succeeded, 207 when some did, 422 (`batch_failed`) when none did. An empty batch succeeds.
 */
import type { Result } from "../../pipeline/call.ts";
import { refuse } from "../../pipeline/refusal.ts";
import { tellOn } from "./answer-refusal.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import { formatNamed } from "./formats/index.ts";
import type { PlainValue } from "./formats/index.ts";
import { represent } from "./answer-data.ts";
import type { Answer } from "./send.ts";
import type { Strategy } from "../../pipeline/pipeline.ts";

export interface Verdict {
  readonly success: boolean;
  readonly status: number;
  readonly data?: unknown;
  readonly error?: unknown;
  readonly replayed?: true;
}

/** One result as its caller sees it. */
export const verdictOf = (exchange: Exchange, result: Result, endpoint?: OperationEndpoint): Verdict => {
  const replayed = result.replayed === true ? { replayed: true as const } : {};
  if (!result.ok)
    return { success: false, status: result.refusal.status, ...tellOn(exchange, result.refusal, endpoint), ...replayed };
  if (result.data === undefined) return { success: true, status: result.status, ...replayed };
  return { success: true, status: result.status, data: result.data, ...replayed };
};

/** The answer of a batch; a strategy that was preferred is named as applied. */
export const answerVerdicts = (exchange: Exchange, verdicts: readonly Verdict[], strategy: Strategy): Answer => {
  const succeeded = verdicts.reduce((sum, verdict) => sum + (verdict.success ? 1 : 0), 0);
  const hasFailed = succeeded === 0 && verdicts.length > 0;
  const status = hasFailed ? 422 : succeeded < verdicts.length ? 207 : 200;
  const applied = {
    ...(exchange.preferences.strategy === strategy ? { strategy } : {}),
    ...(exchange.preferences.envelope === undefined ? {} : { envelope: exchange.preferences.envelope }),
  };
  const data = exchange.preferences.return === "minimal" ? verdicts.map(minimal) : verdicts;
  if (!hasFailed) {
    const { body, contentType } = represent(exchange, data);
    return { status, body, contentType, applied };
  }
  const envelope = { success: false, error: tellOn(exchange, refuse("batch_failed")).error, data };
  const format = exchange.output.format.listsOnly ? formatNamed("json") : exchange.output.format;
  return { status, body: format.stringify(envelope as unknown as PlainValue), contentType: format.contentType, applied };
};

/** `return=minimal`: what succeeded says so and no more, but for the id of what was created. */
const minimal = (verdict: Verdict): Verdict => {
  if (!verdict.success) return verdict;
  const { data: full, ...rest } = verdict;
  const id = typeof full === "object" && full !== null && "id" in full ? full.id : undefined;
  return id === undefined ? rest : { ...rest, data: { id } };
};

/**
 * What the channel answers, as JSON text.
 *
 *   { "id": "1", "success": true, "status": 200, "data": { … }, "etag": "\"9f2c\"", "limits": [ … ] }
 *   { "id": "1", "success": true, "status": 200, "data": [ … ], "pagination": { … } }
 *   { "id": "1", "success": false, "status": 422, "error": { "code": 422, "type": "…", "message": "…", "requestId": "…" }, "data": { … }, "retryAfter": 1 }
 *
 * `etag` stands with a row, for `ifMatch`. `limits` are those of the caller's plan that the call has met, the tightest first.
 */
import type { Operation } from "../../contract/contract.ts";
import type { Messages } from "../../define/service.ts";
import type { Findings, Result } from "../../pipeline/call.ts";
import { entityTagOfJson } from "../../pipeline/entity-tag.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { tell } from "../../pipeline/told.ts";
import type { PlainValue } from "../rest/formats/index.ts";
import { stringifyJson } from "../rest/formats/json.ts";

/** In whose words an answer is. */
export interface Telling {
  readonly locale: string;
  readonly requestId: string;
  readonly messages: Messages | undefined;
}

/** Seconds after which a 429 or 503 that says nothing else may be repeated. */
const retryAfterDefault = 1;

const retryAfterOf = ({ status, retryAfter }: Refusal): number | undefined =>
  retryAfter === undefined ? (status === 429 || status === 503 ? retryAfterDefault : undefined) : Math.ceil(retryAfter);

/** `{"id":"p","pong":…}`, the value as it came: integers beyond 2^53 among it. */
export const noticeOf = (id: string | undefined, name: string, value: unknown): string =>
  `${begin(id)}${JSON.stringify(name)}:${stringifyJson(value as PlainValue)}}`;

/** A refusal as a value: what stands in an answer, in a verdict of a batch, in the last event of a stream. */
export const refusalMembers = (refusal: Refusal, telling: Telling, resource?: string): Readonly<Record<string, unknown>> => {
  const retryAfter = retryAfterOf(refusal);
  return {
    success: false,
    status: refusal.status,
    ...tell(refusal, { ...telling, resource }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
};

/** `{"id":"1",` or `{`: how a message begins. */
const begin = (id: string | undefined): string => (id === undefined ? "{" : `{"id":${JSON.stringify(id)},`);

/** A message of other members than an answer's: `{"id":"s1","unsubscribed":true}`. */
export const notice = (id: string | undefined, members: Readonly<Record<string, unknown>>): string =>
  begin(id) + JSON.stringify(members).slice(1);

const limitsOf = (findings: Findings | undefined): string =>
  findings?.limits === undefined || findings.limits.length === 0 ? "" : `,"limits":${JSON.stringify(findings.limits)}`;

export const refusalText = (
  id: string | undefined,
  refusal: Refusal,
  telling: Telling,
  more: { readonly resource?: string | undefined; readonly findings?: Findings; readonly replayed?: boolean } = {},
): string => {
  const text = JSON.stringify(refusalMembers(refusal, telling, more.resource));
  const replayed = more.replayed === true ? ',"replayed":true' : "";
  return `${begin(id)}${text.slice(1, -1)}${replayed}${limitsOf(more.findings)}}`;
};

/** What an operation whose data is a row has in its answer beside the data. */
const hasTag = ({ output, action }: Operation): boolean => output.kind === "row" && action !== "function";

/** The answer of a call. */
export const answerText = (
  id: string,
  result: Result,
  of: { readonly operation: Operation; readonly telling: Telling; readonly findings: Findings; readonly bytesMax: number },
): string => {
  const { operation, telling, findings, bytesMax } = of;
  const resource = operation.resource?.name;
  if (!result.ok) return refusalText(id, result.refusal, telling, { resource, findings, replayed: result.replayed === true });
  const json = result.data === undefined ? undefined : JSON.stringify(result.data);
  if (json !== undefined && json.length > bytesMax / bytesPerUnit && Buffer.byteLength(json) > bytesMax)
    return refusalText(id, tooLargeAnswer(operation, bytesMax), telling, { resource, findings });
  let text = `${begin(id)}"success":true,"status":${result.status}`;
  if (json !== undefined) text += `,"data":${json}`;
  if (json !== undefined && hasTag(operation)) text += `,"etag":${JSON.stringify(entityTagOfJson(json))}`;
  if (result.page !== undefined) text += `,"pagination":${JSON.stringify(result.page)}`;
  if (result.replayed === true) text += ',"replayed":true';
  return `${text}${limitsOf(findings)}}`;
};

/** A UTF-16 unit takes three bytes of UTF-8 at most. */
const bytesPerUnit = 3;

/** What was done stays done: only its answer cannot be sent. */
const tooLargeAnswer = ({ kind }: Operation, maxBytes: number): Refusal =>
  refuse(kind === "query" ? "too_large" : "unknown_fate", {
    details: { explanation: "The answer is larger than one message may be: ask for smaller pages, or over REST.", maxBytes },
  });

/** One item of a batch. */
export const verdictOf = (result: Result, telling: Telling, resource: string | undefined): Readonly<Record<string, unknown>> => {
  const replayed = result.replayed === true ? { replayed: true } : {};
  if (!result.ok) return { ...refusalMembers(result.refusal, telling, resource), ...replayed };
  return { success: true, status: result.status, ...(result.data === undefined ? {} : { data: result.data }), ...replayed };
};

/**
 * POST /batch: calls of any kind in one request.
 *
 *   { "strategy": "atomic", "calls": [
 *       { "id": "a", "method": "POST", "path": "/accounts", "body": { … } },
 *       { "id": "b", "path": "/transfers", "body": { "debit": "{a.data.id}" } } ] }
 *
 * `path` is an address below this service and version, with its query. `method` is POST where a body is given, else GET. `id` is needed only to
 * refer to a call; a call refers to earlier ones only. Reads of an item in an independent batch run as soon as what they refer to is there.
 * What makes several calls of its own cannot stand in one: arrays, JSON Patch, removing from a related collection, /batch itself.
 */
import type { Call, Result } from "../../pipeline/call.ts";
import { invalid, refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { BatchStep, Strategy } from "../../pipeline/pipeline.ts";
import { unknownAddress } from "../http/index.ts";
import { BrokenReference, referencesOf, resolve, resolveText } from "./batch-reference.ts";
import type { Answered } from "./batch-reference.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import type { CallOptions, Exchange } from "./exchange.ts";
import { isObject, prepareCall } from "./input.ts";
import type { Body } from "./input.ts";
import type { RestLimits } from "./limits.ts";
import { readQueryBody } from "./query-body.ts";
import type { CollectedQuery } from "./query-collector.ts";
import { parseQueryString } from "./query-string.ts";
import { segmentsOf } from "./request-target.ts";
import { route } from "./route.ts";
import type { Match } from "./route.ts";

/** One call of the batch as it was written. */
interface Written {
  readonly id: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly hasBody: boolean;
}

export interface MixedBatch {
  readonly strategy: Strategy;
  readonly steps: readonly BatchStep[];
  /** Filled while the steps are prepared: the endpoint of each call, for its answer. */
  readonly endpoints: readonly (OperationEndpoint | undefined)[];
}

type Issues = Record<string, { code: string; params?: Record<string, string> }[]>;

const idForm = /^[A-Za-z0-9_-]{1,64}$/;
const callMembers = new Set(["id", "method", "path", "body"]);

const wrongType = (expected: string) => [{ code: "wrong_type", params: { expected } }];

const readCall = (call: unknown, place: string, seen: Set<string>, issues: Issues): Written | undefined => {
  if (!isObject(call)) {
    issues[place] = wrongType("object");
    return undefined;
  }
  const before = Object.keys(issues).length;
  const { id, path, body } = call;
  const method = call["method"] ?? (Object.hasOwn(call, "body") ? "POST" : "GET");
  for (const name of Object.keys(call)) if (!callMembers.has(name)) issues[`${place}.${name}`] = [{ code: "unknown_field" }];
  if (id !== undefined && (typeof id !== "string" || !idForm.test(id)))
    issues[`${place}.id`] = [{ code: "bad_format", params: { format: "id" } }];
  else if (id !== undefined && seen.has(id)) issues[`${place}.id`] = [{ code: "duplicate" }];
  if (typeof id === "string") seen.add(id);
  if (typeof method !== "string") issues[`${place}.method`] = wrongType("string");
  if (typeof path !== "string") issues[`${place}.path`] = path === undefined ? [{ code: "required" }] : wrongType("string");
  else if (!path.startsWith("/")) issues[`${place}.path`] = [{ code: "bad_format", params: { format: "url" } }];
  if (Object.keys(issues).length > before) return undefined;
  return { id, method, path, body, hasBody: Object.hasOwn(call, "body") } as Written;
};

const readWritten = (
  body: unknown,
  itemsMax: number,
): { readonly strategy: Strategy | undefined; readonly calls: readonly Written[] } | Refusal => {
  if (!isObject(body)) return invalid({ body: wrongType("object") });
  const issues: Issues = {};
  const { strategy, calls } = body;
  for (const name of Object.keys(body)) if (name !== "strategy" && name !== "calls") issues[name] = [{ code: "unknown_field" }];
  if (strategy !== undefined && strategy !== "atomic" && strategy !== "independent") {
    issues["strategy"] = [{ code: "not_in_list", params: { values: "atomic, independent" } }];
  }
  if (!Array.isArray(calls))
    return invalid({ ...issues, calls: calls === undefined ? [{ code: "required" }] : wrongType("list") });
  if (calls.length > itemsMax) return refuse("too_large", { details: { maxItems: itemsMax } });
  const seen = new Set<string>();
  const written: Written[] = [];
  for (const [index, call] of calls.entries()) {
    const one = readCall(call, `calls.${index}`, seen, issues);
    if (one !== undefined) written.push(one);
  }
  return Object.keys(issues).length > 0 ? invalid(issues) : { strategy: strategy as Strategy | undefined, calls: written };
};

/** The operation a path names, with its query. */
const find = (
  exchange: Exchange,
  method: string,
  path: string,
  limits: RestLimits,
): { readonly endpoint: OperationEndpoint; readonly match: Match; readonly query: CollectedQuery } | Refusal => {
  const mark = path.indexOf("?");
  const plain = mark === -1 ? path : path.slice(0, mark);
  const { version } = exchange;
  const segments = plain.length > limits.pathLengthMax ? undefined : segmentsOf(plain);
  const match = segments === undefined || version === undefined ? undefined : route(version.table, segments, 0);
  if (match === undefined) return unknownAddress;
  const endpoint = match.address.endpoints.get(method);
  if (endpoint === undefined) return refuse("method_not_allowed", { allow: match.address.allow });
  const isSingle = "operation" in endpoint && endpoint.kind !== "changeMany" && endpoint.kind !== "deleteMany";
  if (!isSingle || endpoint.isComposed || match.format !== undefined) {
    return refuse("invalid_request", { details: { explanation: "This call cannot stand in a mixed batch.", path } });
  }
  const query = parseQueryString(mark === -1 ? "" : path.slice(mark + 1), limits);
  if (!("query" in query)) return query;
  if (query.issues !== undefined) return invalid(query.issues);
  return { endpoint, match, query };
};

const answeredOf = (result: Result | undefined): Answered | undefined =>
  result?.ok === true ? { status: result.status, data: result.data } : undefined;

/** Reads the body of a mixed batch and makes its steps. Routing waits for the references in a path, so it is part of a step. */
export const mixedBatch = (
  exchange: Exchange,
  body: Body,
  limits: RestLimits,
  options: Pick<CallOptions, "idempotencyKey" | "signal">,
): MixedBatch | Refusal => {
  const read = readWritten(body.value, limits.batchItemsMax);
  if (!("calls" in read)) return read;
  const positions = new Map<string, number>();
  const endpoints: (OperationEndpoint | undefined)[] = [];
  const issues: Issues = {};

  const steps = read.calls.map((call, index): BatchStep => {
    const names = referencesOf(call.body, new Set(referencesOf(call.path)));
    const dependsOn: number[] = [];
    for (const name of names) {
      const position = positions.get(name);
      if (position === undefined) issues[`calls.${index}`] = [{ code: "bad_reference" }];
      else dependsOn.push(position);
    }
    if (call.id !== undefined) positions.set(call.id, index);
    const { idempotencyKey, signal } = options;
    const key = idempotencyKey === undefined ? undefined : `${idempotencyKey}/${index}`;
    endpoints.push(undefined);
    return {
      dependsOn,
      prepare: (earlier) => {
        const lookup = (name: string): Answered | undefined => answeredOf(earlier[positions.get(name) ?? -1]);
        const prepared = prepare(exchange, resolved(call, lookup), { text: body.text, limits, idempotencyKey: key, signal });
        if (!("call" in prepared)) return prepared;
        endpoints[index] = prepared.endpoint;
        return prepared.call;
      },
    };
  });
  if (Object.keys(issues).length > 0) return invalid(issues);
  return { strategy: read.strategy ?? exchange.preferences.strategy ?? "independent", steps, endpoints };
};

/** A call with its references replaced, or the refusal of one that leads nowhere (the call it names was refused, or answered otherwise). */
const resolved = (call: Written, lookup: (name: string) => Answered | undefined): Written | Refusal => {
  try {
    return {
      ...call,
      path: resolveText(call.path, lookup, encodeURIComponent),
      body: resolve(call.body, lookup),
    };
  } catch (error) {
    if (error instanceof BrokenReference) return refuse("invalid_reference", { details: { reference: error.reference } });
    throw error;
  }
};

const prepare = (
  exchange: Exchange,
  call: Written | Refusal,
  options: { readonly text: boolean; readonly limits: RestLimits } & Pick<CallOptions, "idempotencyKey" | "signal">,
): { readonly call: Call; readonly endpoint: OperationEndpoint } | Refusal => {
  if (!("path" in call)) return call;
  const found = find(exchange, call.method, call.path, options.limits);
  if (!("endpoint" in found)) return found;
  const { endpoint, match } = found;
  const isQuery = call.method === "QUERY";
  const collected = isQuery ? readQueryBody(call.body, options.limits) : found.query;
  if (!("query" in collected)) return collected;
  if (collected.issues !== undefined) return invalid(collected.issues);
  if (endpoint.takesMany && Array.isArray(call.body)) {
    return refuse("invalid_request", {
      details: { explanation: "An array cannot stand in a mixed batch: make each item a call." },
    });
  }
  if (endpoint.body === "required" && !call.hasBody) return invalid({ body: [{ code: "required" }] });
  const isCommand = endpoint.operation.kind === "command";
  const bodyOf = (value: unknown): Body => ({ value, text: options.text });
  const made = prepareCall(
    exchange,
    { endpoint, match, query: collected.query, body: call.hasBody && !isQuery ? bodyOf(call.body) : undefined },
    { idempotencyKey: isCommand ? options.idempotencyKey : undefined, signal: options.signal },
  );
  if (!("operation" in made)) return made;
  return { call: isQuery ? { ...made, text: options.text } : made, endpoint };
};

/**
 * Endpoints that take a body or change something: what they need is read, then they are run; with `Prefer: respond-async` the caller may leave
 * before they are done.
 */
import type { Result } from "../../pipeline/call.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { Strategy } from "../../pipeline/pipeline.ts";
import { type Conditions, conditionsOf } from "../http/index.ts";
import { itemsOf, runItems, strategyOf } from "./batch.ts";
import { readBody } from "./body.ts";
import type { ReadBody } from "./body.ts";
import type { RestConfig } from "./config.ts";
import type { OpenEndpoint, OperationEndpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import { noQuery, prepareCall } from "./input.ts";
import type { Body } from "./input.ts";
import { mixedBatch } from "./mixed-batch.ts";
import { pickProperty } from "./property.ts";
import { patchWith, rewrite } from "./rewrite.ts";
import type { Transform } from "./rewrite.ts";
import type { Match } from "./route.ts";
import { unrelate } from "./unrelate.ts";
import { verdictOf } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

/** What came of a request: one result, or a batch of verdicts. */
export type Outcome = { readonly result: Result } | { readonly verdicts: readonly Verdict[]; readonly strategy: Strategy };

const refused = (refusal: Refusal): Outcome => ({ result: { ok: false, refusal } });

const wholeKinds: ReadonlySet<string> = new Set(["object", "json"]);

/** Changes that are made of the present row: a JSON Patch document, or an object put in place of a property. */
const transformOf = (
  config: RestConfig,
  exchange: Exchange,
  endpoint: OperationEndpoint,
  read: ReadBody,
): Transform | undefined => {
  if (read.kind === "jsonPatch") return patchWith(read.body?.value, { operationsMax: config.limits.patchOperationsMax });
  const { property, operation } = endpoint;
  const body = read.body?.value;
  if (property === undefined || exchange.method !== "PUT") return undefined;
  const kind = operation.input[property]?.kind ?? "";
  return wholeKinds.has(kind) ? (row) => ({ row: { ...row, [property]: body } }) : undefined;
};

const runBatchOf = async (
  config: RestConfig,
  exchange: Exchange,
  given: { readonly endpoint: OperationEndpoint; readonly match: Match; readonly body: Body; readonly items: readonly unknown[] },
  conditions: Conditions,
): Promise<Outcome> => {
  if (conditions.ifMatch !== undefined) {
    return refused(
      refuse("invalid_header", { details: { explanation: "If-Match is about one row, not about a batch.", header: "If-Match" } }),
    );
  }
  const results = await runItems(exchange, config.pipeline, given, conditions);
  return { verdicts: results.map((result) => verdictOf(exchange, result, given.endpoint)), strategy: strategyOf(exchange) };
};

/** One operation, with the body that was read for it. */
const runOperation = (
  config: RestConfig,
  exchange: Exchange,
  given: { readonly endpoint: OperationEndpoint; readonly match: Match; readonly read: ReadBody },
  conditions: Conditions,
): Outcome | Promise<Outcome> => {
  const { endpoint, match, read } = given;
  const { pipeline, limits } = config;
  const one = (result: Result): Outcome => ({ result: pickProperty(endpoint, result) });
  if (endpoint.kind === "unrelate") return unrelate(exchange, pipeline, { endpoint, match }, conditions).then(one);
  if (endpoint.takesMany && read.body !== undefined) {
    const items = itemsOf(endpoint, read.body.value, { itemsMax: limits.batchItemsMax });
    if (items !== undefined && "type" in items) return refused(items);
    if (items !== undefined) return runBatchOf(config, exchange, { endpoint, match, body: read.body, items }, conditions);
  }
  const transform =
    endpoint.kind === "change" || endpoint.kind === "setProperty" ? transformOf(config, exchange, endpoint, read) : undefined;
  if (transform !== undefined) {
    const text = read.body?.text ?? false;
    return rewrite(exchange, pipeline, { endpoint, id: match.id, transform, text }, conditions).then(one);
  }
  // Leaving stops a function that only reads; a change that was sent is carried out.
  const signal = endpoint.operation.kind === "query" ? exchange.request.signal : undefined;
  const call = prepareCall(exchange, { endpoint, match, query: noQuery, body: read.body }, { ...conditions, signal });
  if (!("operation" in call)) return refused(call);
  const result = pipeline.run(call);
  return result instanceof Promise ? result.then(one) : one(result);
};

const runMixed = async (config: RestConfig, exchange: Exchange, body: Body, conditions: Conditions): Promise<Outcome> => {
  const batch = mixedBatch(exchange, body, config.limits, conditions);
  if (!("steps" in batch)) return refused(batch);
  const { strategy } = batch;
  const results = await config.pipeline.runBatch(batch.steps, { strategy });
  const verdicts = results.map((result, index) => {
    const endpoint = batch.endpoints[index];
    return verdictOf(exchange, endpoint === undefined ? result : pickProperty(endpoint, result), endpoint);
  });
  return { verdicts, strategy };
};

/**
 * Reads what the endpoint needs. What comes back runs it: reading is over, so that what runs may go on without the request.
 * Refusals: of headers and body.
 */
export const readCommand = async (
  config: RestConfig,
  exchange: Exchange,
  given: { readonly endpoint: Exclude<OpenEndpoint, { kind: "job" }>; readonly match: Match },
): Promise<(() => Outcome | Promise<Outcome>) | Refusal> => {
  const { endpoint, match } = given;
  const conditions = conditionsOf((name) => exchange.headers.get(name));
  if ("type" in conditions) return conditions;
  const { limits } = config;
  if (endpoint.kind === "batch") {
    const read = await readBody(exchange.request, {
      bytesMax: limits.batchBytesMax,
      need: "required",
      takesMany: false,
      content: exchange.content,
    });
    if (!("kind" in read)) return read;
    const { body } = read;
    exchange.bodyBytes = read.bytes;
    return body === undefined ? refuse("invalid_body") : () => runMixed(config, exchange, body, conditions);
  }
  let read: ReadBody = { kind: "plain", bytes: 0 };
  if (endpoint.body !== "none") {
    const bytesMax = endpoint.takesMany ? limits.batchBytesMax : limits.bodyBytesMax;
    const found = await readBody(exchange.request, {
      bytesMax,
      need: endpoint.body,
      takesMany: endpoint.takesMany,
      hint: endpoint.hint,
      content: exchange.content,
    });
    if (!("kind" in found)) return found;
    read = found;
    exchange.bodyBytes = read.bytes;
  }
  return () => runOperation(config, exchange, { endpoint, match, read }, conditions);
};

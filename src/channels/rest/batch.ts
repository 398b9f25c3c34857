/**
 * Batches of one operation: an array in POST, PUT and PATCH, `{ "ids": [ … ] }` in DELETE. Every item is a call of its own; an idempotency key of
 * the request becomes `key/0`, `key/1`, … for them.
 */
import type { Result } from "../../pipeline/call.ts";
import { invalid, refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { BatchStep, Pipeline, Strategy } from "../../pipeline/pipeline.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import type { CallOptions, Exchange } from "./exchange.ts";
import { isObject, noQuery, prepareCall } from "./input.ts";
import type { Body } from "./input.ts";
import type { Match } from "./route.ts";

/** How the items of a batch hang together: as preferred, or each by itself. */
export const strategyOf = (exchange: Exchange): Strategy => exchange.preferences.strategy ?? "independent";

/** The items of a body that is a batch; undefined when it is one thing; a refusal when it has to be a batch and is none. */
export const itemsOf = (
  endpoint: OperationEndpoint,
  body: unknown,
  options: { readonly itemsMax: number },
): readonly unknown[] | Refusal | undefined => {
  let items: unknown = body;
  if (endpoint.kind === "deleteMany") {
    if (!isObject(body)) return invalid({ body: [{ code: "wrong_type", params: { expected: "object" } }] });
    const unknown = Object.keys(body).find((name) => name !== "ids");
    if (unknown !== undefined) return invalid({ [unknown]: [{ code: "unknown_field" }] });
    items = body["ids"];
    if (items === undefined) return invalid({ ids: [{ code: "required" }] });
  }
  if (!Array.isArray(items)) {
    if (endpoint.kind !== "deleteMany" && endpoint.kind !== "changeMany") return undefined;
    return invalid({ [endpoint.kind === "deleteMany" ? "ids" : "body"]: [{ code: "wrong_type", params: { expected: "list" } }] });
  }
  if (items.length > options.itemsMax) return refuse("too_large", { details: { maxItems: options.itemsMax } });
  return items as readonly unknown[];
};

/** Runs the items of a batch; one result each, in order. */
export const runItems = (
  exchange: Exchange,
  pipeline: Pipeline,
  given: { readonly endpoint: OperationEndpoint; readonly match: Match; readonly body: Body; readonly items: readonly unknown[] },
  options: Pick<CallOptions, "idempotencyKey" | "signal">,
): Promise<readonly Result[]> => {
  const { endpoint, match, body, items } = given;
  const steps = items.map((item, index): BatchStep => {
    const { idempotencyKey } = options;
    const key = idempotencyKey === undefined ? undefined : `${idempotencyKey}/${index}`;
    return {
      dependsOn: [],
      prepare: () =>
        prepareCall(
          exchange,
          { endpoint, match, query: noQuery, body: { value: item, text: body.text } },
          { idempotencyKey: key, signal: options.signal },
        ),
    };
  });
  return Promise.resolve(pipeline.runBatch(steps, { strategy: strategyOf(exchange) }));
};

/**
 * From an endpoint, the ids of its address, the query and the body to one call of the pipeline. Pure: the same for a request and for a step of
 * a mixed batch.
 */
import type { Call, Input, RawQuery } from "../../pipeline/call.ts";
import { invalid } from "../../pipeline/refusal.ts";
import type { Issue, Refusal } from "../../pipeline/refusal.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import { callOf } from "./exchange.ts";
import type { CallOptions, Exchange } from "./exchange.ts";
import type { Match } from "./route.ts";

/** A body as a plain value; `text` when its format has no types. */
export interface Body {
  readonly value: unknown;
  readonly text: boolean;
}

export type PlainObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** No parameter at all: the one object every request without a query shares. */
export const noQuery: RawQuery = Object.freeze({});

const unknownParameter: readonly Issue[] = [{ code: "unknown_field" }];

/** Parameters per kind of endpoint; filters stand for themselves. */
const allowed: Readonly<Record<OperationEndpoint["query"], ReadonlySet<string>>> = {
  list: new Set(["filters", "named", "sortBy", "page", "perPage", "cursor", "count", "fields", "include"]),
  filters: new Set(["filters", "named"]),
  row: new Set(["fields", "include"]),
  none: new Set(),
};

/** Refuses parameters that mean nothing at this address, by the names the caller wrote. */
export const checkParameters = (endpoint: Pick<OperationEndpoint, "query">, query: RawQuery): Refusal | undefined => {
  if (query === noQuery) return undefined;
  const names = allowed[endpoint.query];
  const issues: [string, readonly Issue[]][] = [];
  for (const part of Object.keys(query)) {
    if (names.has(part)) continue;
    if (part === "filters") for (const filter of query.filters ?? []) issues.push([filter.as, unknownParameter]);
    else issues.push([part === "named" ? "filters" : part, unknownParameter]);
  }
  return issues.length === 0 ? undefined : invalid(Object.fromEntries(issues));
};

/** Adds the reference of a related collection to what is created in it; another value than the address has is refused. */
const withReference = (endpoint: OperationEndpoint, match: Match, body: unknown): Input | Refusal => {
  const reference = endpoint.related?.reference;
  if (reference === undefined || !isObject(body)) return { body };
  const given = Object.hasOwn(body, reference) ? body[reference] : undefined;
  if (given !== undefined && given !== match.id) return invalid({ [reference]: [{ code: "read_only" }] });
  return { body: { ...body, [reference]: match.id } };
};

/** The pair that relates the two rows of a many-to-many; the body is the related id, `{ "id": … }`, or that with more fields of the pair. */
const pairOf = (endpoint: OperationEndpoint, match: Match, body: unknown): Input | Refusal => {
  const { from = "", to = "" } = endpoint.related ?? {};
  if (typeof body === "string") return { body: { [from]: match.id, [to]: body } };
  if (!isObject(body)) return invalid({ body: [{ code: "wrong_type", params: { expected: "object" } }] });
  const { id, ...more } = body;
  if (id === undefined) return invalid({ id: [{ code: "required" }] });
  return { body: { ...more, [from]: match.id, [to]: id } };
};

/** An input has no `type`; what a caller sent is always below its `body`. */
const isRefusal = (made: Input | Refusal): made is Refusal => "type" in made;

/** One object of a batch that names its row: `{ "id": …, …changes }`. */
const itemInput = (body: unknown): Input | Refusal => {
  if (!isObject(body)) return invalid({ body: [{ code: "wrong_type", params: { expected: "object" } }] });
  const { id, ...rest } = body;
  if (typeof id !== "string" || id === "") return invalid({ id: [{ code: id === undefined ? "required" : "wrong_type" }] });
  return { id, body: rest };
};

const itemOf = (match: Match, body?: { readonly body: unknown }): Input =>
  match.id === undefined ? { ...body } : body === undefined ? { id: match.id } : { id: match.id, body: body.body };

/**
 * The input of one call, or why there is none. For `changeMany` and `deleteMany` the body is one item of the batch.
 * `unrelate` has no single input: see relation.ts.
 */
export const inputOf = (endpoint: OperationEndpoint, match: Match, query: RawQuery, body: unknown): Input | Refusal => {
  switch (endpoint.kind) {
    case "get":
    case "property": {
      const input = itemOf(match);
      return query === noQuery ? input : { ...input, query };
    }
    case "list": {
      const { related } = endpoint;
      if (related === undefined || match.id === undefined) return { query };
      return { query, parent: { resource: related.parent.name, id: match.id, relation: related.relation } };
    }
    case "value":
    case "unrelate":
      return { query };
    case "delete":
      return itemOf(match);
    case "deleteMany":
      return typeof body === "string" ? { id: body } : invalid({ ids: [{ code: "wrong_type", params: { expected: "string" } }] });
    case "changeMany":
      return itemInput(body);
    case "change":
      return itemOf(match, { body });
    case "setProperty":
      return itemOf(match, { body: { [endpoint.property ?? ""]: body } });
    case "function":
      return itemOf(match, { body: body ?? {} });
    case "create":
      return withReference(endpoint, match, body);
    case "relate":
      return pairOf(endpoint, match, body);
  }
};

const asText: CallOptions = Object.freeze({ text: true });

/** The call of one request or of one item of a batch. */
export const prepareCall = (
  exchange: Exchange,
  given: {
    readonly endpoint: OperationEndpoint;
    readonly match: Match;
    readonly query: RawQuery;
    readonly body?: Body | undefined;
  },
  options?: Omit<CallOptions, "text">,
): Call | Refusal => {
  const { endpoint, match, query, body } = given;
  const refusal = checkParameters(endpoint, query);
  if (refusal !== undefined) return refusal;
  const input = inputOf(endpoint, match, query, body?.value);
  if (isRefusal(input)) return input;
  if (options === undefined && body === undefined)
    return callOf(exchange, endpoint.operation, input, query === noQuery ? undefined : asText);
  return callOf(exchange, endpoint.operation, input, { ...options, text: body?.text ?? true });
};

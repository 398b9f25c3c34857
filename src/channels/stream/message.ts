/**
 * Messages as clients send them: JSON text, one object each, of one kind by the member that names it.
 *
 *   { "id": "1", "operation": "accounts.list", "input": { … }, "idempotencyKey"?, "ifMatch"?, "language"?, "requestId"? }
 *   { "id": "2", "calls": [ { "id"?, "operation", "input" }, … ], "strategy"?, "idempotencyKey"?, "language"?, "requestId"? }
 *   { "id": "s1", "subscribe": { "types"?, "filters"?, "after"? }, "language"? }
 *   { "id": "s1", "unsubscribe": true }
 *   { "id"?, "authenticate": { "authorization"? , "apiKey"?, "dpop"?, "csrfToken"?, "tenant"?, "actFor"? } }
 *   { "id"?, "ping": anything }
 *
 * Refusals: 400 as for a body over REST, 400 `invalid_header` for an idempotency key or an entity tag that is none, 422 `validation_failed` for members.
 */
import type { Strategy } from "../../pipeline/pipeline.ts";
import type { EventQuery } from "../../events/index.ts";
import { invalid, type Issue, type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type Conditions, conditionsOf, FormatError, reasonHeader, refusalOfFormat } from "../http/index.ts";
import { parseJson } from "../rest/formats/json.ts";
import { isObject } from "../rest/input.ts";
import { readSubscription } from "./event-query.ts";
import type { StreamLimits } from "./limits.ts";

/** What all messages may say of themselves. */
export interface Remarks {
  readonly language: string | undefined;
  readonly requestId: string | undefined;
}

export interface WrittenCall {
  readonly operation: string;
  readonly input: unknown;
}

/** What `authenticate` shows, as headers of a request would. */
export interface Shown {
  readonly headers: Headers;
  readonly csrfToken: string | undefined;
}

export type Message =
  | (Remarks &
      Conditions &
      WrittenCall & {
        readonly kind: "call";
        readonly id: string;
      })
  | (Remarks & {
      readonly kind: "batch";
      readonly id: string;
      readonly calls: readonly unknown[];
      readonly strategy: Strategy;
      readonly idempotencyKey: string | undefined;
    })
  | (Remarks & { readonly kind: "subscribe"; readonly id: string; readonly query: EventQuery })
  | { readonly kind: "unsubscribe"; readonly id: string }
  | { readonly kind: "authenticate"; readonly id: string | undefined; readonly shown: Shown }
  | { readonly kind: "ping"; readonly id: string | undefined; readonly value: unknown };

/** A message that cannot be read; the id, where it has one, says which. */
export interface Unread {
  readonly kind: "unread";
  readonly id: string | undefined;
  readonly refusal: Refusal;
}

const encoder = new TextEncoder();
const idForm = /^[\x20-\x7e]{1,128}$/;
const nameLengthMax = 100;

const shared = ["id", "language", "requestId"];
/** Members by the one that says what a message is. */
const kinds = {
  operation: new Set([...shared, "operation", "input", "idempotencyKey", "ifMatch"]),
  calls: new Set([...shared, "calls", "strategy", "idempotencyKey"]),
  subscribe: new Set([...shared, "subscribe"]),
  unsubscribe: new Set(["id", "unsubscribe"]),
  authenticate: new Set(["id", "authenticate"]),
  ping: new Set(["id", "ping"]),
} as const;

type Kind = keyof typeof kinds;

const kindNames = Object.keys(kinds) as readonly Kind[];
const required: readonly Issue[] = [{ code: "required" }];
const unknownMember: readonly Issue[] = [{ code: "unknown_field" }];
const wrongType = (expected: string): readonly Issue[] => [{ code: "wrong_type", params: { expected } }];
const badForm: readonly Issue[] = [{ code: "bad_format", params: { format: "pattern" } }];

type Issues = Record<string, readonly Issue[]>;
type PlainObject = Readonly<Record<string, unknown>>;

/** Text of a member that may be left out. */
const textAt = (value: PlainObject, name: string, issues: Issues): string | undefined => {
  const text = value[name];
  if (text === undefined || typeof text === "string") return text;
  issues[name] = wrongType("string");
  return undefined;
};

const remarksOf = (value: PlainObject, issues: Issues): Remarks => ({
  language: textAt(value, "language", issues),
  requestId: textAt(value, "requestId", issues),
});

const isRefusal = (value: object | string | undefined): value is Refusal =>
  typeof value === "object" && "type" in value && "status" in value;

const readCall = (id: string, value: PlainObject, issues: Issues): Message | Refusal => {
  const operation = textAt(value, "operation", issues) ?? "";
  const remarks = remarksOf(value, issues);
  const [keyText, tagText] = [textAt(value, "idempotencyKey", issues), textAt(value, "ifMatch", issues)];
  if (Object.keys(issues).length > 0) return invalid(issues);
  const conditions = conditionsOf((name) => (name === "if-match" ? tagText : keyText));
  return isRefusal(conditions) ? conditions : { kind: "call", id, operation, input: value["input"], ...conditions, ...remarks };
};

const readBatch = (id: string, value: PlainObject, issues: Issues, { batchItemsMax }: StreamLimits): Message | Refusal => {
  const { calls, strategy = "independent" } = value;
  const remarks = remarksOf(value, issues);
  const keyText = textAt(value, "idempotencyKey", issues);
  if (!Array.isArray(calls)) issues["calls"] = wrongType("list");
  if (strategy !== "atomic" && strategy !== "independent")
    issues["strategy"] = [{ code: "not_in_list", params: { values: "atomic, independent" } }];
  if (Object.keys(issues).length > 0) return invalid(issues);
  const items = calls as readonly unknown[];
  if (items.length > batchItemsMax) return refuse("too_large", { details: { maxItems: batchItemsMax } });
  const conditions = conditionsOf((name) => (name === "if-match" ? undefined : keyText));
  return isRefusal(conditions)
    ? conditions
    : { kind: "batch", id, calls: items, strategy: strategy as Strategy, idempotencyKey: conditions.idempotencyKey, ...remarks };
};

const headerNames = {
  authorization: "authorization",
  apiKey: "x-api-key",
  dpop: "dpop",
  tenant: "pons-tenant",
} as const;

const actingNames = { subject: "pons-act-for", reason: "pons-reason" } as const;

/** What no header can hold: control characters, and anything beyond ASCII. */
const headerForm = /^[\x20-\x7e]{0,16384}$/;

const readShown = (given: unknown, issues: Issues): Shown => {
  const headers = new Headers();
  if (!isObject(given)) {
    issues["authenticate"] = wrongType("object");
    return { headers, csrfToken: undefined };
  }
  const { actFor, ...rest } = given;
  const take = (from: PlainObject, name: string, header: string | undefined, place: string): string | undefined => {
    const text = textAt(from, name, issues);
    if (header === undefined && name !== "csrfToken") issues[place] = unknownMember;
    if (text === undefined) return text;
    const written = header === "pons-reason" ? reasonHeader(text) : text;
    if (!headerForm.test(written)) issues[place] ??= badForm;
    else if (header !== undefined) headers.set(header, written);
    return text;
  };
  const named = (names: Readonly<Record<string, string>>, name: string): string | undefined =>
    Object.hasOwn(names, name) ? names[name] : undefined;
  let csrfToken: string | undefined;
  for (const name of Object.keys(rest)) {
    const text = take(rest, name, named(headerNames, name), name.slice(0, nameLengthMax));
    if (name === "csrfToken") csrfToken = text;
  }
  if (actFor !== undefined && !isObject(actFor)) issues["actFor"] = wrongType("object");
  for (const name of Object.keys(isObject(actFor) ? actFor : {}))
    take(actFor as PlainObject, name, named(actingNames, name), `actFor.${name.slice(0, nameLengthMax)}`);
  return { headers, csrfToken };
};

const readKind = (
  kind: Kind,
  id: string | undefined,
  value: PlainObject,
  limits: StreamLimits,
  service: string,
): Message | Refusal => {
  const issues: Issues = {};
  const named = kinds[kind];
  for (const name of Object.keys(value)) if (!named.has(name)) issues[name.slice(0, nameLengthMax)] = unknownMember;
  if (kind === "ping" || kind === "authenticate") {
    if (kind === "ping") return Object.keys(issues).length > 0 ? invalid(issues) : { kind, id, value: value["ping"] };
    const shown = readShown(value["authenticate"], issues);
    return Object.keys(issues).length > 0 ? invalid(issues) : { kind, id, shown };
  }
  if (id === undefined) issues["id"] = required;
  const given = id ?? "";
  switch (kind) {
    case "operation":
      return readCall(given, value, issues);
    case "calls":
      return readBatch(given, value, issues, limits);
    case "unsubscribe":
      if (value["unsubscribe"] !== true) issues["unsubscribe"] = [{ code: "not_in_list", params: { values: "true" } }];
      return Object.keys(issues).length > 0 ? invalid(issues) : { kind, id: given };
    case "subscribe": {
      const remarks = remarksOf(value, issues);
      if (Object.keys(issues).length > 0) return invalid(issues);
      const query = readSubscription(value["subscribe"], service);
      return isRefusal(query) ? query : { kind, id: given, query, ...remarks };
    }
  }
};

/** Reads one message. Never throws. */
export const readMessage = (
  text: string,
  { limits, service }: { readonly limits: StreamLimits; readonly service: string },
): Message | Unread => {
  const unread = (refusal: Refusal, id?: string): Unread => ({ kind: "unread", id, refusal });
  const parsed = parseJson(encoder.encode(text), {
    bytesMax: limits.messageBytesMax,
    depthMax: limits.messageDepthMax,
    nodesMax: limits.messageNodesMax,
  });
  if (parsed instanceof FormatError) return unread(refusalOfFormat(parsed));
  if (!isObject(parsed)) return unread(invalid({ message: wrongType("object") }));
  const { id } = parsed;
  if (id !== undefined && (typeof id !== "string" || !idForm.test(id)))
    return unread(invalid({ id: typeof id === "string" ? badForm : wrongType("string") }));
  const kind = kindNames.find((name) => Object.hasOwn(parsed, name));
  if (kind === undefined) return unread(invalid({ operation: required }), id);
  const message = readKind(kind, id, parsed, limits, service);
  return isRefusal(message) ? unread(message, id) : message;
};

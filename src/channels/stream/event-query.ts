/**
 * What a subscriber asks for: types, values of fields of the data, and where to begin.
 *
 *   ?types=accounts.opened,transfers.*&data.account=acc_1&data.account=acc_2&after=123-0         of an event stream
 *   { "types": ["accounts.opened", "transfers.*"], "filters": { "account": ["acc_1", "acc_2"] }, "after": "123-0" }      of a message
 *
 * A parameter that has no meaning of its own is a field; `data.` in front of it may be left out, and is needed for a field called `types`, `after` or
 * `language`. Whether types and fields exist is for the pipeline to say.
 */
import { type EventQuery, parsePosition } from "../../events/index.ts";
import { invalid, type Issue, type Refusal, refuse } from "../../pipeline/refusal.ts";
import { isObject } from "../rest/input.ts";
import type { StreamLimits } from "./limits.ts";

export interface AskedEvents {
  readonly query: EventQuery;
  /** Of an event stream: the language that its address asks for. */
  readonly language?: string | undefined;
}

/** Gathers fields and their values; a `Map`, because a field may be called `__proto__`. */
class Gathered {
  readonly #service: string;
  readonly types: string[] = [];
  readonly filters = new Map<string, string[]>();
  readonly issues: Record<string, readonly Issue[]> = {};
  after: EventQuery["after"];

  constructor(service: string) {
    this.#service = service;
  }

  /** `bank.accounts.opened`, as an event calls its type, is meant as `accounts.opened`. */
  type(name: string): void {
    const [first, ...rest] = name.split(".");
    this.types.push(first === this.#service && rest.length === 2 ? rest.join(".") : name);
  }

  filter(name: string, value: string): void {
    const field = name.startsWith("data.") ? name.slice("data.".length) : name;
    const known = this.filters.get(field);
    if (known === undefined) this.filters.set(field, [value]);
    else known.push(value);
  }

  begin(text: string, name: string): void {
    const position = parsePosition(text);
    if (position === undefined) this.issues[name] = [{ code: "bad_format", params: { format: "position" } }];
    else this.after = position;
  }

  query(): EventQuery | Refusal {
    if (Object.keys(this.issues).length > 0) return invalid(this.issues);
    return {
      ...(this.types.length === 0 ? {} : { types: this.types }),
      ...(this.filters.size === 0 ? {} : { filters: Object.fromEntries(this.filters) }),
      ...(this.after === undefined ? {} : { after: this.after }),
    };
  }
}

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
};

const badRequest = (explanation: string): Refusal => refuse("invalid_request", { details: { explanation } });

/** Reads the query string of an event stream. `lastEventId`, which a reader that comes again sends, counts before `after`. */
export const readEventParameters = (
  raw: string,
  lastEventId: string | null,
  { service, limits }: { readonly service: string; readonly limits: StreamLimits },
): AskedEvents | Refusal => {
  if (raw.length > limits.queryLengthMax) return refuse("uri_too_long", { details: { max: limits.queryLengthMax } });
  const parts = raw === "" ? [] : raw.split("&");
  if (parts.length > limits.parametersMax) return badRequest("The address has too many parameters.");
  const gathered = new Gathered(service);
  let language: string | undefined;
  for (const part of parts) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    const value = equals === -1 ? "" : decode(part.slice(equals + 1));
    if (name === undefined || value === undefined) return badRequest("The address has a malformed percent-escape.");
    const plain = name.endsWith("[]") ? name.slice(0, -2) : name;
    if (plain === "types") for (const type of value.split(",")) gathered.type(type.trim());
    else if (plain === "after") gathered.begin(value, plain);
    else if (plain === "language") language = value;
    else gathered.filter(plain, value);
  }
  if (lastEventId !== null && lastEventId !== "") {
    const position = parsePosition(lastEventId);
    if (position === undefined) return refuse("invalid_header", { details: { header: "Last-Event-ID" } });
    gathered.after = position;
  }
  const query = gathered.query();
  return "status" in query ? query : { query, language };
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : [value]);

const members: ReadonlySet<string> = new Set(["types", "filters", "after"]);

/** A value as the text that it is compared as. */
const textOf = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" || typeof value === "bigint"
    ? String(value)
    : undefined;

/** Reads the member `subscribe` of a message. */
export const readSubscription = (value: unknown, service: string): EventQuery | Refusal => {
  if (!isObject(value)) return invalid({ subscribe: [{ code: "wrong_type", params: { expected: "object" } }] });
  const gathered = new Gathered(service);
  const { types, filters, after } = value;
  for (const name of Object.keys(value))
    if (!members.has(name)) gathered.issues[name.slice(0, 100)] = [{ code: "unknown_field" }];
  if (types !== undefined) {
    for (const type of listOf(types)) {
      if (typeof type === "string") gathered.type(type);
      else gathered.issues["types"] = [{ code: "wrong_type", params: { expected: "string" } }];
    }
  }
  if (filters !== undefined && !isObject(filters))
    gathered.issues["filters"] = [{ code: "wrong_type", params: { expected: "object" } }];
  for (const [field, wanted] of Object.entries(isObject(filters) ? filters : {})) {
    const list = listOf(wanted);
    if (list.length === 0) gathered.issues[field.slice(0, 100)] = [{ code: "required" }];
    for (const one of list) {
      const text = textOf(one);
      if (text === undefined) gathered.issues[field.slice(0, 100)] = [{ code: "wrong_type", params: { expected: "string" } }];
      else gathered.filter(field, text);
    }
  }
  if (after !== undefined) {
    const text = textOf(after);
    if (text === undefined) gathered.issues["after"] = [{ code: "wrong_type", params: { expected: "string" } }];
    else gathered.begin(text, "after");
  }
  return gathered.query();
};

/**
 * Covered components (RFC 9421 section 2): what an identifier such as `"content-digest"`, `"@query-param";name="Pet"` or `"date";req` stands for.
 * Compiled once, then asked for the value in a message.
 *
 *   derived   @method @target-uri @authority @scheme @request-target @path @query @query-param;name   of a request, or with ;req of its answer
 *             @status                                                                                of a response
 *   fields    any name in small letters, with sf, key, bs, req, tr as they go together
 *
 * Anything else is refused: a component that is not understood is not passed over.
 */
import { parseDictionary, parseItem, parseList } from "../structured-fields.ts";
import type { Item, Parameters } from "../structured-fields.ts";
import { serializeDictionary, serializeItem, serializeList } from "../structured-fields-write.ts";
import type { Fields, Message, RequestMessage } from "./message.ts";
import { isProblem, type Problem, problem } from "./problem.ts";
import { queryParameter } from "./query-parameter.ts";

export type FieldType = "item" | "list" | "dictionary";

/** Structured types of fields that are known, for `sf` and `key`. */
export const knownFieldTypes: ReadonlyMap<string, FieldType> = new Map([
  ["accept-signature", "dictionary"],
  ["cache-status", "list"],
  ["client-cert", "item"],
  ["client-cert-chain", "list"],
  ["content-digest", "dictionary"],
  ["deprecation", "item"],
  ["idempotency-key", "item"],
  ["priority", "dictionary"],
  ["proxy-status", "list"],
  ["ratelimit", "list"],
  ["ratelimit-policy", "list"],
  ["repr-digest", "dictionary"],
  ["signature", "dictionary"],
  ["signature-input", "dictionary"],
  ["want-content-digest", "dictionary"],
  ["want-repr-digest", "dictionary"],
]);

export interface Component {
  /** `content-digest`, `@method`. */
  readonly name: string;
  /** As it stands in the signature base: `"content-digest";sf`. */
  readonly identifier: string;
  /** What stands before its value in the base: `"content-digest";sf: `, as the first one, and after a line. */
  readonly start: string;
  readonly separator: string;
  /** The whole value of this very message, and no part of it. */
  readonly isPlain: boolean;
  /** One line of ASCII. Undefined where the message has no such value. */
  valueIn(message: Message): string | undefined;
}

type Compiled = Omit<Component, "identifier" | "start" | "separator">;

type Derive = (request: RequestMessage) => string | undefined;

const queryOf = (target: string): string => {
  const mark = target.indexOf("?");
  return mark === -1 ? "?" : target.slice(mark);
};

const pathOf = (target: string): string => {
  const mark = target.indexOf("?");
  return (mark === -1 ? target : target.slice(0, mark)) || "/";
};

const derived: ReadonlyMap<string, Derive> = new Map<string, Derive>([
  ["@method", ({ method }) => method],
  ["@target-uri", ({ scheme, authority, target, origin }) => (origin ?? `${scheme}://${authority}`) + target],
  ["@authority", ({ authority }) => authority],
  ["@scheme", ({ scheme }) => scheme],
  ["@request-target", ({ target }) => target],
  ["@path", ({ target }) => pathOf(target)],
  ["@query", ({ target }) => queryOf(target)],
]);

const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Flags and strings of an identifier; undefined where one is not known or not of its type. */
interface Options {
  readonly sf?: true;
  readonly bs?: true;
  readonly req?: true;
  readonly tr?: true;
  readonly key?: string;
  readonly name?: string;
}

const optionsOf = (parameters: Parameters, allowed: ReadonlySet<string>): Options | undefined => {
  const options: Record<string, true | string> = {};
  for (const [name, bare] of parameters) {
    if (!allowed.has(name)) return undefined;
    const isText = name === "key" || name === "name";
    if (isText ? bare.type !== "string" : bare.type !== "boolean" || !bare.value) return undefined;
    options[name] = isText ? String(bare.value) : true;
  }
  return options;
};

const ofDerived: ReadonlySet<string> = new Set(["req", "name"]);
const ofField: ReadonlySet<string> = new Set(["sf", "bs", "req", "tr", "key"]);

/** Line folding, which HTTP/1.1 once had. */
const folded = /[ \t]*\r?\n[ \t]+/g;
/** Printable ASCII and tabs: no line end, nothing that two sides might encode differently. */
const fieldText = /^[\t\x20-\x7e]*$/;

const unfolded = (text: string): string => (text.includes("\n") ? text.trim().replace(folded, " ") : text.trim());

/** Without white space around it and folding in it; undefined where it cannot stand in a base even so. */
const tidy = (text: string): string | undefined => {
  const trimmed = text.trim();
  if (fieldText.test(trimmed)) return trimmed;
  const plain = unfolded(text);
  return fieldText.test(plain) ? plain : undefined;
};

const serializeField = (text: string, type: FieldType): string | undefined => {
  switch (type) {
    case "item": {
      const item = parseItem(text);
      return item === undefined ? undefined : serializeItem(item);
    }
    case "list": {
      const list = parseList(text);
      return list === undefined ? undefined : serializeList(list);
    }
    case "dictionary": {
      const dictionary = parseDictionary(text);
      return dictionary === undefined ? undefined : serializeDictionary(dictionary);
    }
  }
};

const memberOf = (text: string, key: string): string | undefined => {
  const member = parseDictionary(text)?.get(key);
  return member === undefined ? undefined : serializeList([member]);
};

/** Each line as a byte sequence; undefined where the lines are not known one by one. */
const wrapped = (fields: Fields, name: string): string | undefined => {
  const lines = fields.lines?.(name) ?? [];
  if (lines.length === 0) return undefined;
  return lines.map((line) => `:${Buffer.from(unfolded(line), "latin1").toString("base64")}:`).join(", ");
};

/** The fields a component is taken from. */
const fieldsOf = (message: Message, { req, tr }: Options): Fields | undefined => {
  const source = req === undefined ? message : message.kind === "response" ? message.request : undefined;
  return tr === undefined ? source?.headers : source?.trailers;
};

/** What most components of fields are: a header of the message itself, as it is. */
const headerIn =
  (name: string): Component["valueIn"] =>
  ({ headers }) => {
    const text = headers.get(name);
    return text === null ? undefined : tidy(text);
  };

const compileDerived = (item: Item, name: string, kind: Message["kind"]): Compiled | Problem => {
  const options = optionsOf(item.parameters, ofDerived);
  if (options === undefined) return problem("component_unknown");
  const ofRequest = options.req === true;
  if (name === "@status") {
    if (kind === "request" || item.parameters.size > 0) return problem("component_unknown");
    return { name, isPlain: true, valueIn: (message) => (message.kind === "response" ? String(message.status) : undefined) };
  }
  // A request has no request of its own; of a response, everything about the target is its request's.
  if (ofRequest !== (kind === "response")) return problem("component_unknown");
  const parameter = options.name;
  if ((name === "@query-param") !== (parameter !== undefined)) return problem("component_unknown");
  const derive: Derive | undefined =
    parameter === undefined ? derived.get(name) : ({ target }) => queryParameter(queryOf(target).slice(1), parameter);
  if (derive === undefined) return problem("component_unknown");
  return {
    name,
    isPlain: !ofRequest && parameter === undefined,
    valueIn: ofRequest
      ? (message) => (message.kind === "response" && message.request !== undefined ? derive(message.request) : undefined)
      : (message) => (message.kind === "request" ? derive(message) : undefined),
  };
};

const compileField = (
  item: Item,
  name: string,
  { kind, types }: { readonly kind: Message["kind"]; readonly types: ReadonlyMap<string, FieldType> },
): Compiled | Problem => {
  const options = fieldName.test(name) ? optionsOf(item.parameters, ofField) : undefined;
  if (options === undefined) return problem("component_unknown");
  const { key, sf, bs, req, tr } = options;
  const type = types.get(name);
  if (bs !== undefined && (sf !== undefined || key !== undefined)) return problem("component_unknown");
  if (req !== undefined && kind === "request") return problem("component_unknown");
  if (sf !== undefined && type === undefined) return problem("component_unknown");
  if (key !== undefined && type !== "dictionary") return problem("component_unknown");
  const read = (text: string): string | undefined => {
    if (key !== undefined) return memberOf(text, key);
    return sf === true && type !== undefined ? serializeField(text, type) : tidy(text);
  };
  if (item.parameters.size === 0) return { name, isPlain: true, valueIn: headerIn(name) };
  return {
    name,
    isPlain: key === undefined && req === undefined && tr === undefined,
    valueIn: (message) => {
      const fields = fieldsOf(message, options);
      if (fields === undefined) return undefined;
      if (bs === true) return wrapped(fields, name);
      const text = fields.get(name);
      return text === null ? undefined : read(text);
    },
  };
};

/** The same for identifiers that differ only in the order of their parameters: those count as one. */
const sameness = ({ bare, parameters }: Item): string =>
  JSON.stringify([bare.value, ...[...parameters].map(([name, { value }]) => JSON.stringify([name, value])).toSorted()]);

export interface ComponentOptions {
  readonly kind: Message["kind"];
  readonly types?: ReadonlyMap<string, FieldType>;
}

/** The components of a covered list in order, or why one is refused. Two that are the same make the list refused. */
export const compileComponents = (items: readonly Item[], options: ComponentOptions): readonly Component[] | Problem => {
  const seen = new Set<string>();
  const components: Component[] = [];
  for (const item of items) {
    if (item.bare.type !== "string") return problem("signature_malformed");
    const name = item.bare.value;
    const compiled = name.startsWith("@")
      ? compileDerived(item, name, options.kind)
      : compileField(item, name, { kind: options.kind, types: options.types ?? knownFieldTypes });
    if (isProblem(compiled)) return compiled;
    const same = sameness(item);
    if (seen.has(same)) return problem("component_repeated");
    seen.add(same);
    const identifier = serializeItem(item);
    const { isPlain, valueIn } = compiled;
    const start = `${identifier}: `;
    components.push({ name, identifier, start, separator: `\n${start}`, isPlain, valueIn });
  }
  return components;
};

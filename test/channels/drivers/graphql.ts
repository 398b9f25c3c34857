/** A GraphQL client: for every operation a document that selects all there is, with its input in variables, and the answer under REST's names. */
import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLObjectType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
} from "graphql";
import { type Meta, metaOf, pathOf } from "../../../src/channels/graphql/schema/meta.ts";
import { schemaOf } from "../../../src/channels/graphql/schema/schema.ts";
import type { Contract, Operation } from "../../../src/contract/contract.ts";
import { versionView } from "../../../src/contract/versions.ts";
import type { RawFilter, RawInclude, RawQuery } from "../../../src/pipeline/call.ts";
import { type Asked, type Driver, type Heard, messageIn } from "../driver.ts";

type Field = GraphQLField<unknown, unknown>;
type Values = Record<string, unknown>;

interface Found {
  readonly field: Field;
  readonly meta: Meta;
  readonly operation: Operation;
}

/** Fields of the roots by the operations they stand for: of two operations that would have the same name, one has another. */
const fieldsOf = (schema: GraphQLSchema): ReadonlyMap<string, Pick<Found, "field" | "meta">> => {
  const roots = [schema.getQueryType(), schema.getMutationType()];
  return new Map(
    roots.flatMap((root) =>
      Object.values(root?.getFields() ?? {}).flatMap((field) => {
        const meta = metaOf(field);
        return meta !== undefined && "operation" in meta ? [[meta.operation.name, { field, meta }] as const] : [];
      }),
    ),
  );
};

const known = new WeakMap<Contract, Map<string, ReturnType<typeof fieldsOf>>>();

const fieldsFor = (contract: Contract, version: string): ReturnType<typeof fieldsOf> => {
  let versions = known.get(contract);
  if (versions === undefined) known.set(contract, (versions = new Map()));
  let fields = versions.get(version);
  if (fields === undefined) versions.set(version, (fields = fieldsOf(schemaOf(contract, version))));
  return fields;
};

const find = (asked: Asked, contract: Contract): Found | undefined => {
  const version = asked.version ?? contract.version;
  const operation = versionView(contract, version).contract.operations.get(asked.operation);
  const found = fieldsFor(contract, version).get(asked.operation);
  return operation === undefined || found === undefined ? undefined : { ...found, operation };
};

const typeOf = (field: Field): GraphQLObjectType | undefined => {
  const type = getNamedType(field.type);
  return type instanceof GraphQLObjectType ? type : undefined;
};

/** Relations that are asked for by name. */
type Includes = readonly RawInclude[];

const all = (fields: readonly string[] | undefined, source: string): boolean => fields === undefined || fields.includes(source);

/** Everything of an object but its relations, and those that are asked for. */
const selectionOf = (type: GraphQLObjectType, includes: Includes = [], fields?: readonly string[]): string => {
  const parts: string[] = [];
  for (const field of Object.values(type.getFields())) {
    const meta = metaOf(field);
    const inner = typeOf(field);
    if (meta?.kind === "leaf" && all(fields, meta.source)) parts.push(field.name);
    else if (meta?.kind === "object" && inner !== undefined && all(fields, meta.source))
      parts.push(`${field.name} { ${selectionOf(inner)} }`);
    else if (meta?.kind === "one" && inner !== undefined) {
      const asked = includes.find(({ name }) => name === field.name);
      if (asked !== undefined) parts.push(`${field.name} { ${selectionOf(inner, asked.include)} }`);
    } else if (meta?.kind === "many" && inner !== undefined) {
      const asked = includes.find(({ name }) => name === field.name);
      const node = inner.getFields()["nodes"];
      const row = node === undefined ? undefined : typeOf(node);
      if (asked !== undefined && row !== undefined) {
        const first = asked.perPage === undefined ? "" : `(first: ${JSON.stringify(asked.perPage)})`;
        parts.push(`${field.name}${first} { nodes { ${selectionOf(row, asked.include)} } }`);
      }
    }
  }
  return parts.length === 0 ? "__typename" : parts.join(" ");
};

const exactOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(exactOf);
  return typeof value === "string" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
};

/** A scalar as REST has it: money is a number as far as numbers are exact, a value of an enum is what its name stands for. */
const scalarOf = (field: Pick<Field, "type">, value: unknown): unknown => {
  const type = getNamedType(field.type);
  if (isEnumType(type)) {
    const valueOf = (name: unknown): unknown => (typeof name === "string" ? (type.getValue(name)?.value ?? name) : name);
    return Array.isArray(value) ? value.map(valueOf) : valueOf(value);
  }
  return ["Money", "BigInt"].includes(type.name) ? exactOf(value) : value;
};

/** A value as an input has it: values of enums by their names. */
const writtenOf = (type: GraphQLInputType, value: unknown): unknown => {
  const named = getNamedType(type);
  if (Array.isArray(value)) return value.map((item: unknown) => writtenOf(named, item));
  if (isEnumType(named)) return named.getValues().find((one) => one.value === value)?.name ?? value;
  if (!isInputObjectType(named) || typeof value !== "object" || value === null) return value;
  const fields = named.getFields();
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const field = fields[name];
      return [name, field === undefined ? inner : writtenOf(field.type, inner)];
    }),
  );
};

/** An object under the definition's names; `hidden`: names of fields that the caller may not see. */
const plainOf = (type: GraphQLObjectType, value: unknown, hidden: ReadonlySet<string>): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => plainOf(type, item, hidden));
  if (typeof value !== "object" || value === null) return value;
  const row: Values = {};
  for (const [key, given] of Object.entries(value)) {
    const field = type.getFields()[key];
    const meta = field === undefined ? undefined : metaOf(field);
    if (field === undefined || meta === undefined || (given === null && hidden.has(key))) continue;
    const inner = typeOf(field);
    if (meta.kind === "leaf") row[meta.source] ??= scalarOf(field, given);
    else if (meta.kind === "object" && inner !== undefined) row[meta.source] = plainOf(inner, given, hidden);
    else if (meta.kind === "one" && inner !== undefined) row[key] = plainOf(inner, given, hidden);
    else if (meta.kind === "many" && inner !== undefined) {
      const nodes = inner.getFields()["nodes"];
      const node = nodes === undefined ? undefined : typeOf(nodes);
      if (node !== undefined) row[key] = plainOf(node, (given as { nodes?: unknown } | null)?.nodes ?? [], hidden);
    }
  }
  return row;
};

const members: Readonly<Record<RawFilter["op"], string>> = {
  eq: "eq",
  ne: "ne",
  lt: "lt",
  lte: "lte",
  gt: "gt",
  gte: "gte",
  contains: "contains",
  startsWith: "startsWith",
  null: "isNull",
};

/** The path in an input object whose fields stand for the definition's: `customer` → `customerId`, or `customer` where it goes on. */
const inputPath = (type: GraphQLInputObjectType, path: readonly string[]): readonly string[] | undefined => {
  const [first, ...rest] = path;
  if (first === undefined) return [];
  for (const field of Object.values(type.getFields())) {
    if (pathOf(field) !== first) continue;
    const inner = getNamedType(field.type);
    const isRelation = isInputObjectType(inner) && Object.values(inner.getFields()).some((one) => pathOf(one) !== undefined);
    if (isRelation !== rest.length > 0) continue;
    const deeper = isRelation ? inputPath(inner, rest) : [];
    if (deeper !== undefined) return [field.name, ...deeper];
  }
  return undefined;
};

const argumentType = ({ args }: Field, name: string): GraphQLInputObjectType | undefined => {
  const argument: GraphQLArgument | undefined = args.find((one) => one.name === name);
  const type = argument === undefined ? undefined : getNamedType(argument.type);
  return isInputObjectType(type) ? type : undefined;
};

/** A field may be called what every object has. */
const bare = (): Values => Object.create(null) as Values;

const put = (into: Values, path: readonly string[], value: unknown): boolean => {
  let at = into;
  for (const name of path.slice(0, -1)) at = (at[name] ??= bare()) as Values;
  const last = path.at(-1) ?? "";
  if (last in at) return false;
  at[last] = value;
  return true;
};

/** A field that the schema does not know is asked for all the same: that it is refused is what is to be seen. */
const whereOf = (type: GraphQLInputObjectType | undefined, filters: readonly RawFilter[]): Values | undefined => {
  const where = bare();
  for (const { path, op, values } of filters) {
    const segments = path.split(".");
    const place = (type === undefined ? undefined : inputPath(type, segments)) ?? segments;
    const isSet = values.length > 1 && (op === "eq" || op === "ne");
    const member = isSet ? (op === "eq" ? "in" : "notIn") : members[op];
    const value = isSet ? values : op === "null" ? String(values[0]) === "true" : values[0];
    if (!put(where, [...place, member], value)) return undefined;
  }
  return where;
};

const sortOf = (type: GraphQLInputObjectType | undefined, sortBy: readonly string[]): readonly Values[] =>
  sortBy.map((part) => {
    const path = part.split(".");
    const direction = path.at(-1) === "desc" || path.at(-1) === "asc" ? path.pop() : "asc";
    const sort = bare();
    put(sort, (type === undefined ? undefined : inputPath(type, path)) ?? path, direction);
    return sort;
  });

/** Arguments of a read; undefined: GraphQL has no form for it. */
const readArguments = (field: Field, query: RawQuery, isList: boolean): Values | undefined => {
  const given: Values = {};
  if (query.filters !== undefined) {
    const where = whereOf(argumentType(field, "where"), query.filters);
    if (where === undefined) return undefined;
    given["where"] = where;
  }
  if (query.named !== undefined)
    given["filters"] = query.named.map(({ name, params }) => ({ [name]: Object.keys(params).length === 0 ? true : params }));
  if (!isList) return given;
  if (query.sortBy !== undefined) given["sort"] = sortOf(argumentType(field, "sort"), query.sortBy);
  if (query.perPage !== undefined) given["first"] = Number(query.perPage);
  if (query.cursor !== undefined && query.cursor !== "") given["after"] = query.cursor;
  // As REST, which goes by pages where nothing is said.
  if (query.page !== undefined || query.cursor === undefined) given["page"] = Number(query.page ?? 1);
  return given;
};

const keyOf = (header: string | undefined): string | undefined => header?.replace(/^"(.*)"$/, "$1");

interface Asking {
  readonly document: string;
  readonly variables: Values;
}

const page = "pageInfo { currentPage totalPages perPage maxPerPage endCursor hasNextPage } totalCount";
const refusal = "refusal { ... on Refusal { type message status requestId retryAfter details issues { field messages } } }";

const askingOf = ({ field, meta, operation }: Found, { input, headers = {} }: Asked): Asking | undefined => {
  const { id, body, query = {} } = input;
  const values: Values = {};
  const has = (name: string): boolean => field.args.some((argument) => argument.name === name);
  const type = typeOf(field);
  let selection: string;
  if (meta.kind === "list") {
    const read = readArguments(field, query, true);
    const nodes = type?.getFields()["nodes"];
    const row = nodes === undefined ? undefined : typeOf(nodes);
    if (read === undefined || row === undefined) return undefined;
    Object.assign(values, read);
    selection = `{ nodes { ${selectionOf(row, query.include, query.fields)} } ${page} }`;
  } else if (meta.kind === "value") {
    const read = readArguments(field, query, false);
    if (read === undefined) return undefined;
    Object.assign(values, read);
    selection = type === undefined ? "" : `{ ${selectionOf(type)} }`;
  } else if (meta.kind === "command") {
    const parts = Object.values(type?.getFields() ?? {}).flatMap((part) => {
      const kind = metaOf(part)?.kind;
      const inner = typeOf(part);
      if (kind !== "answer" && kind !== "done") return [];
      return [inner === undefined ? part.name : `${part.name} { ${selectionOf(inner)} }`];
    });
    selection = `{ ${[...parts, "status", "replayed", refusal].join(" ")} }`;
  } else selection = type === undefined ? "" : `{ ${selectionOf(type, query.include, query.fields)} }`;
  if (has("id")) values["id"] = id ?? "";
  if (has("input") && body !== undefined) values["input"] = body;
  // What is not taken is given all the same where there is something to take it.
  if (operation.action === "update" && body === undefined && has("input")) values["input"] = {};
  const key = keyOf(headers["idempotency-key"]);
  if (key !== undefined && has("idempotencyKey")) values["idempotencyKey"] = key;
  const match = headers["if-match"];
  if (match !== undefined && has("ifMatch")) values["ifMatch"] = match.split(",").map((tag) => tag.trim());
  for (const { name, type: argument } of field.args) if (name in values) values[name] = writtenOf(argument, values[name]);
  const given = Object.keys(values);
  const declared = given.map(
    (name) => `$${name}: ${String(field.args.find((argument) => argument.name === name)?.type ?? "String")}`,
  );
  const passed = given.map((name) => `${name}: $${name}`);
  const list = (parts: readonly string[]): string => (parts.length === 0 ? "" : `(${parts.join(", ")})`);
  const kind = meta.kind === "command" ? "mutation" : "query";
  return { document: `${kind} Asked${list(declared)} { answer: ${field.name}${list(passed)} ${selection} }`, variables: values };
};

interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: {
    readonly type?: string;
    readonly details?: Record<string, unknown>;
    readonly issues?: Record<string, readonly string[]>;
    readonly requestId?: string;
    readonly retryAfter?: number;
  };
}

interface Answer {
  readonly data?: { readonly answer?: unknown } | null;
  readonly errors?: readonly AnswerError[];
}

const withoutIds = (text: string): string => text.replaceAll(/"requestId":"[^"]*"/g, '"requestId":""');

const refused = ({ message, extensions = {} }: AnswerError, face: string): Heard => ({
  outcome: extensions.type ?? "",
  message: messageIn(message, extensions.issues),
  ...(extensions.issues === undefined ? {} : { issues: extensions.issues }),
  ...(extensions.details === undefined ? {} : { details: extensions.details }),
  ...(extensions.retryAfter === undefined ? {} : { retryAfter: extensions.retryAfter }),
  replayed: false,
  face,
});

interface PayloadRefusal {
  readonly type: string;
  readonly message: string;
  readonly retryAfter: number | null;
  readonly details: Record<string, unknown> | null;
  readonly issues: readonly { readonly field: string; readonly messages: readonly string[] }[];
}

const heardOfPayload = (type: GraphQLObjectType, payload: Values, hidden: ReadonlySet<string>, face: string): Heard => {
  const no = payload["refusal"] as PayloadRefusal | null | undefined;
  const replayed = payload["replayed"] === true;
  if (no !== null && no !== undefined) {
    const issues = Object.fromEntries(no.issues.map(({ field, messages }) => [field, messages]));
    return {
      outcome: no.type,
      message: messageIn(no.message, issues),
      ...(no.issues.length === 0 ? {} : { issues }),
      ...(no.details === null ? {} : { details: no.details }),
      ...(no.retryAfter === null ? {} : { retryAfter: no.retryAfter }),
      replayed,
      face,
    };
  }
  const answer = Object.values(type.getFields()).find((field) => metaOf(field)?.kind === "answer");
  if (answer === undefined) return { outcome: "done", replayed, face };
  const inner = typeOf(answer);
  const given = payload[answer.name];
  return { outcome: "done", data: inner === undefined ? scalarOf(answer, given) : plainOf(inner, given, hidden), replayed, face };
};

const heardOf = ({ field, meta }: Found, { data, errors = [] }: Answer, face: string): Heard => {
  const whole = errors.find(({ path }) => path === undefined || path.length <= 1);
  if (whole !== undefined) return refused(whole, face);
  const hidden = new Set(
    errors.flatMap(({ extensions }) => (extensions?.type === "forbidden" ? [String(extensions.details?.["field"])] : [])),
  );
  const answer = data?.answer;
  const type = typeOf(field);
  if (meta.kind === "command" && type !== undefined) return heardOfPayload(type, answer as Values, hidden, face);
  if (meta.kind === "list" && type !== undefined) {
    const { nodes, pageInfo, totalCount } = answer as { nodes: unknown; pageInfo: Values; totalCount: unknown };
    const inner = type.getFields()["nodes"];
    const row = inner === undefined ? undefined : typeOf(inner);
    const { currentPage, totalPages, perPage, maxPerPage, endCursor, hasNextPage } = pageInfo;
    const told = {
      totalRecords: totalCount,
      totalPages,
      currentPage,
      perPage,
      maxPerPage,
      nextCursor: hasNextPage === true ? endCursor : null,
    };
    return {
      outcome: "done",
      data: row === undefined ? nodes : plainOf(row, nodes, hidden),
      page: Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null)),
      replayed: false,
      face,
    };
  }
  if (type === undefined) return { outcome: "done", data: scalarOf(field, answer), replayed: false, face };
  const plain = plainOf(type, answer, hidden);
  return { outcome: "done", data: meta.kind === "value" ? (plain as { rows?: unknown }).rows : plain, replayed: false, face };
};

export const graphqlDriver: Driver = {
  name: "GraphQL",
  can(asked, target) {
    const found = find(asked, target.contract(asked.service));
    return found !== undefined && askingOf(found, asked) !== undefined;
  },
  async ask(target, asked) {
    const contract = target.contract(asked.service);
    const found = find(asked, contract);
    const asking = found === undefined ? undefined : askingOf(found, asked);
    if (found === undefined || asking === undefined) throw new Error(`${asked.operation} has no form in GraphQL`);
    const { "idempotency-key": _key, "if-match": _match, ...headers } = asked.headers ?? {};
    const response = await target.fetch(`/${asked.service}/${asked.version ?? contract.version}/graphql`, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json",
        "content-type": "application/json",
        ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }),
        ...headers,
      },
      body: JSON.stringify({ query: asking.document, variables: asking.variables }, (_name, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    });
    const text = await response.text();
    return heardOf(found, JSON.parse(text) as Answer, `${response.status} ${withoutIds(text)}`);
  },
};

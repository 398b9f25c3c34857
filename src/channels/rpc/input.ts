/**
 * From the message of a method to the input of a call: the same parts that a request of REST has, under their own names.
 *
 *   { $id: "acc_1", name: "Ann", $updateMask: ["phone"] }   →   { id: "acc_1", body: { phone: null } }
 *   { filters: [{ field: "balance", operator: "gte", values: [500] }], orderBy: ["created_at desc"] }
 *     →   { query: { filters: [{ path: "balance", op: "gte", values: [500], as: "balance[gte]" }], sortBy: ["createdAt.desc"] } }
 */
import type { Field, Fields } from "../../define/field.ts";
import type { Operation } from "../../contract/contract.ts";
import { camelCase, type Message, ProtobufError, type RpcMethod } from "../../contract/protobuf/index.ts";
import type { Input, RawFilter, RawInclude, RawNamedFilter, RawQuery } from "../../pipeline/call.ts";
import { invalid, type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type Conditions, parseIdempotencyKey, tagsOf } from "../http/index.ts";

export interface Asked extends Conditions {
  readonly input: Input;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Values = Record<string, unknown>;

/** What is wrong with a message, as a refusal. */
export const refusalOfMessage = (error: ProtobufError): Refusal =>
  refuse(error.reason === "too_deep" ? "too_deep" : error.reason === "invalid_utf8" ? "invalid_encoding" : "invalid_body", {
    details: { reason: error.reason, explanation: error.message, ...(error.at === undefined ? {} : { at: error.at }) },
  });

/** Reads a request. A refusal has no `input`: 400 of what is no message of the method, 422 of what its form cannot say. */
export const askedOf = (method: RpcMethod, bytes: Uint8Array): Asked | Refusal => {
  try {
    return inputOf(method, method.input.decode(bytes));
  } catch (error) {
    if (error instanceof ProtobufError) return refusalOfMessage(error);
    throw error;
  }
};

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const isRecord = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);
const recordOf = (value: unknown): Values => (isRecord(value) ? value : {});

/** `customer.created_at` → `customer.createdAt`. */
const pathOf = (text: string): string => text.split(".").map(camelCase).join(".");

/** `name desc` → `name.desc`. Looked at from its end: an expression would try every space of a text that may be megabytes of them. */
const directed = (text: string): string => {
  for (const direction of ["asc", "desc"]) {
    if (text.slice(-direction.length).toLowerCase() !== direction) continue;
    const before = text.slice(0, -direction.length);
    const path = before.trimEnd();
    if (path !== "" && path.length < before.length) return `${path}.${direction}`;
  }
  return text;
};

/** `created_at desc, name` → `createdAt.desc`, `name`; `createdAt.desc` is taken too. */
const orderOf = (parts: readonly unknown[]): string[] =>
  parts.flatMap((part) =>
    textOf(part)
      .split(",")
      .map((one) => pathOf(directed(one.trim())))
      .filter((one) => one !== ""),
  );

const filterOf = (value: unknown): RawFilter => {
  const { field, operator, values } = recordOf(value);
  const path = pathOf(textOf(field));
  const op = (operator ?? "eq") as RawFilter["op"];
  const given = listOf(values);
  return {
    path,
    op,
    values: op === "null" && given.length === 0 ? [true] : given,
    as: op === "eq" ? path : `${path}[${op}]`,
  };
};

const namedOf = (value: unknown): RawNamedFilter => {
  const { name, params } = recordOf(value);
  return { name: textOf(name), params: recordOf(params) };
};

const includeOf = (value: unknown): RawInclude => {
  const { relation, pageSize, orderBy, include } = recordOf(value);
  const raw: Mutable<RawInclude> = { name: camelCase(textOf(relation)) };
  if (pageSize !== undefined) raw.perPage = pageSize;
  const order = orderOf(listOf(orderBy));
  if (order.length > 0) raw.sortBy = order;
  const inner = listOf(include);
  if (inner.length > 0) raw.include = inner.map(includeOf);
  return raw;
};

/** The query of a read; undefined where nothing is asked of it. */
const queryOf = ({ action }: Operation, message: Message): RawQuery | undefined => {
  const query: Mutable<RawQuery> = {};
  const filters = listOf(message["filters"]);
  if (filters.length > 0) query.filters = filters.map(filterOf);
  const named = listOf(message["namedFilters"]);
  if (named.length > 0) query.named = named.map(namedOf);
  const order = orderOf(listOf(message["orderBy"]));
  if (order.length > 0) query.sortBy = order;
  const include = listOf(message["include"]);
  if (include.length > 0) query.include = include.map(includeOf);
  const { readMask, page, pageSize, pageToken } = message;
  if (Array.isArray(readMask)) query.fields = readMask as string[];
  if (page !== undefined) query.page = page;
  if (pageSize !== undefined) query.perPage = pageSize;
  if (pageToken !== undefined && pageToken !== "") query.cursor = textOf(pageToken);
  return action === "get" && Object.keys(query).length === 0 ? undefined : query;
};

/** Totals are counted where they are asked for: a client that follows page tokens need not pay for them. An `Export…` has neither. */
const listInput = (method: RpcMethod, message: Message): Input => {
  const query = queryOf(method.operation, message) ?? {};
  const counted = method.streaming === "none" ? { ...query, count: message["count"] === true } : query;
  return withParent({ query: counted }, message);
};

const withParent = (input: Input, message: Message): Input => {
  const parent = message["parent"];
  if (!isRecord(parent)) return input;
  const { resource, id, relation } = parent;
  return {
    ...input,
    parent: { resource: camelCase(textOf(resource)), id: textOf(id), relation: camelCase(textOf(relation)) },
  };
};

/** What a field is set to that a mask names and the message does not have. */
const nothingFor = (field: Field | undefined): unknown =>
  field?.kind === "array" && field.options.optional !== true ? [] : null;

/** Puts one path of a mask into a patch: what the message has there, or nothing. */
const addPath = (patch: Values, given: Values, fields: Readonly<Record<string, Field>>, path: readonly string[]): void => {
  const [name = "", ...rest] = path;
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (rest.length === 0 || field?.fields === undefined) {
    const key = rest.length === 0 ? name : path.join(".");
    // As a property of its own, whatever it is called: what is no field is refused later.
    Object.defineProperty(patch, key, {
      value: rest.length === 0 ? (value ?? nothingFor(field)) : null,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return;
  }
  const inner = Object.hasOwn(patch, name) && isRecord(patch[name]) ? { ...patch[name] } : {};
  addPath(inner, recordOf(value), field.fields, rest);
  patch[name] = inner;
};

/** A merge patch (RFC 7396): the fields that are there, or those that the mask names. */
const patchOf = (fields: Fields, given: Values, mask: unknown): Values => {
  if (!Array.isArray(mask)) return given;
  const patch: Values = {};
  for (const path of mask as string[]) addPath(patch, given, fields, path.split("."));
  return patch;
};

const bodyInput = ({ operation, versioned }: RpcMethod, message: Message): Input => {
  const { $id: id, $updateMask: mask, ...given } = message;
  const body = operation.action === "update" ? patchOf(versioned.input, given, mask) : given;
  return operation.target === "item" ? { id: textOf(id), body } : { body };
};

const plainInput = (method: RpcMethod, message: Message): Input => {
  const { operation } = method;
  switch (operation.action) {
    case "list":
      return listInput(method, message);
    case "get": {
      const query = queryOf(operation, message);
      const input: Mutable<Input> = operation.target === "item" ? { id: textOf(message["$id"]) } : {};
      if (query !== undefined) input.query = query;
      return input;
    }
    case "count":
    case "property":
    case "stats":
      return withParent({ query: queryOf(operation, message) ?? {} }, message);
    case "delete":
      return { id: textOf(message["$id"]) };
    default:
      return bodyInput(method, message);
  }
};

/** Conditions that an item of a stream names itself. */
const itemConditions = ({ idempotencyKey, ifMatch }: Message): Conditions | Refusal => {
  const conditions: Mutable<Conditions> = {};
  if (idempotencyKey !== undefined) {
    const parsed = parseIdempotencyKey(textOf(idempotencyKey));
    if ("error" in parsed)
      return invalid({ idempotencyKey: [{ code: parsed.error === "too_long" ? "too_long" : "bad_format" }] });
    conditions.idempotencyKey = parsed.key;
  }
  if (ifMatch !== undefined) {
    const tags = tagsOf(textOf(ifMatch));
    if (tags === undefined) return invalid({ ifMatch: [{ code: "bad_format" }] });
    conditions.ifMatch = tags;
  }
  return conditions;
};

/** The input of the call; of a `…Stream`, of one item of it, with the conditions it names. A refusal has no `input`. */
export const inputOf = (method: RpcMethod, message: Message): Asked | Refusal => {
  if (method.streaming !== "both") return { input: plainInput(method, message) };
  const conditions = itemConditions(message);
  return "type" in conditions ? conditions : { ...conditions, input: plainInput(method, recordOf(message["request"])) };
};

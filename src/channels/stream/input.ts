/**
 * The input of an operation as messages write it: one form for all, in the parts that an address has over REST.
 *
 *   { "id": "acc_…" }                                          the row of an operation on one
 *   { "body": { … } }                                          what is created or changed; the input of a function
 *   { "query": { "currency": "JPY", "balance": { "gte": 5 }, "sortBy": "name", "perPage": 10, "fields": "id,name" } }
 *   { "parent": { "resource": "accounts", "id": "acc_…", "relation": "transfers" }, "query": { … } }
 *
 * `query` is the body of QUERY (RFC 10008) over REST. A part that an operation has no use for is refused, by its name.
 */
import type { Operation } from "../../contract/contract.ts";
import { queryOf } from "../../contract/query.ts";
import type { Input, RawQuery } from "../../pipeline/call.ts";
import { invalid, type Issue, type Refusal } from "../../pipeline/refusal.ts";
import { checkParameters, isObject } from "../rest/input.ts";
import { readQueryBody } from "../rest/query-body.ts";
import type { StreamLimits } from "./limits.ts";

type Issues = Record<string, readonly Issue[]>;

const members: ReadonlySet<string> = new Set(["id", "body", "query", "parent"]);
const unknownMember: readonly Issue[] = [{ code: "unknown_field" }];
const wrongType = (expected: string): readonly Issue[] => [{ code: "wrong_type", params: { expected } }];
/** Longer than any id. */
const idLengthMax = 255;

const takesBody = ({ action }: Operation): boolean =>
  action === "create" || action === "update" || action === "replace" || action === "function";

const readQuery = (operation: Operation, value: unknown, limits: StreamLimits): RawQuery | Refusal => {
  const read = readQueryBody(value, limits);
  if (!("query" in read)) return read;
  const { query, issues, language, envelope } = read;
  // What says how to answer stands beside the input.
  const misplaced = {
    ...(language === undefined ? {} : { language: unknownMember }),
    ...(envelope === undefined ? {} : { envelope: unknownMember }),
  };
  if (issues !== undefined || Object.keys(misplaced).length > 0) return invalid({ ...misplaced, ...issues });
  return checkParameters({ query: queryOf(operation) }, query) ?? query;
};

const readParent = (value: unknown, issues: Issues): Input["parent"] => {
  if (!isObject(value)) {
    issues["parent"] = wrongType("object");
    return undefined;
  }
  const { resource, id, relation } = value;
  for (const name of Object.keys(value))
    if (name !== "resource" && name !== "id" && name !== "relation") issues[`parent.${name}`] = unknownMember;
  for (const [name, text] of Object.entries({ resource, id, relation }))
    if (typeof text !== "string") issues[`parent.${name}`] = text === undefined ? [{ code: "required" }] : wrongType("string");
  if (typeof resource !== "string" || typeof id !== "string" || typeof relation !== "string") return undefined;
  return { resource, id, relation };
};

const isRefusal = (value: object): value is Refusal => "type" in value && "status" in value;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads the input of an operation. Refusals: 422 `validation_failed`, 400 `invalid_request`. */
export const readInput = (operation: Operation, value: unknown, limits: StreamLimits): Input | Refusal => {
  if (value !== undefined && !isObject(value)) return invalid({ input: wrongType("object") });
  const given = value ?? {};
  const issues: Issues = {};
  const input: Mutable<Input> = {};
  for (const name of Object.keys(given)) if (!members.has(name)) issues[name.slice(0, idLengthMax)] = unknownMember;
  const { id, body, query, parent } = given;
  if (operation.target === "item") {
    if (id === undefined || id === "") issues["id"] = [{ code: "required" }];
    else if (typeof id !== "string") issues["id"] = wrongType("string");
    else if (id.length > idLengthMax) issues["id"] = [{ code: "too_long", params: { max: idLengthMax } }];
    else input.id = id;
  } else if (id !== undefined) issues["id"] = unknownMember;
  if (!takesBody(operation)) {
    if (body !== undefined) issues["body"] = unknownMember;
  } else if (body !== undefined) input.body = body;
  else if (operation.action === "function") input.body = {};
  else issues["body"] = [{ code: "required" }];
  if (parent !== undefined) {
    if (operation.action !== "list") issues["parent"] = unknownMember;
    else {
      const read = readParent(parent, issues);
      if (read !== undefined) input.parent = read;
    }
  }
  if (query !== undefined) {
    if (queryOf(operation) === "none") issues["query"] = unknownMember;
    else {
      const read = readQuery(operation, query, limits);
      if (!isRefusal(read)) input.query = read;
      else if (read.issues === undefined) return read;
      else Object.assign(issues, read.issues);
    }
  }
  return Object.keys(issues).length > 0 ? invalid(issues) : input;
};

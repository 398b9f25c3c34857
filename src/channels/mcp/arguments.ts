/** From the arguments of a tool to the input of its operation. */
import type { Input, RawQuery } from "../../pipeline/call.ts";
import { invalid, type Issue, type Refusal } from "../../pipeline/refusal.ts";
import { readQueryBody } from "../rest/query-body.ts";
import { isControl, queryOf } from "../../contract/query.ts";
import type { McpLimits } from "./limits.ts";
import { isObject, type JsonObject } from "./protocol.ts";
import type { Tool } from "./tool.ts";

export interface ToolArguments {
  readonly input: Input;
  /** The token of a confirmation, where one was given. */
  readonly confirm: string | undefined;
}

type Issues = Record<string, readonly Issue[]>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const unknown: readonly Issue[] = [{ code: "unknown_field" }];
const required: readonly Issue[] = [{ code: "required" }];
const wrongType = (expected: string): readonly Issue[] => [{ code: "wrong_type", params: { expected } }];
/** Longer than any id or token. */
const textLengthMax = 512;

const parts: Readonly<Record<ReturnType<typeof queryOf>, readonly string[]>> = {
  list: ["where", "filters", "sortBy", "page", "perPage", "cursor", "count", "fields", "include"],
  filters: ["where", "filters"],
  row: ["fields", "include"],
  none: [],
};

/** Conditions as members of a query's body; a field that has the name of a parameter is written with brackets there. */
const conditions = (where: JsonObject): [string, unknown][] =>
  Object.entries(where).flatMap(([name, value]): [string, unknown][] => {
    if (!isControl(name)) return [[name, value]];
    if (value === null) return [[`${name}[null]`, true]];
    return isObject(value)
      ? Object.entries(value).map(([operator, operand]): [string, unknown] => [`${name}[${operator}]`, operand])
      : [[`${name}[eq]`, value]];
  });

/** A list that says nothing of its size is of moderate size. */
const sized = (query: RawQuery, tool: Tool, { rowsDefault }: McpLimits): RawQuery => {
  const usual = tool.operation.resource?.perPage ?? rowsDefault;
  return query.perPage === undefined && usual > rowsDefault ? { ...query, perPage: rowsDefault } : query;
};

const readQuery = (tool: Tool, given: JsonObject, issues: Issues, limits: McpLimits): RawQuery | Refusal | undefined => {
  const kind = queryOf(tool.operation);
  const { where = {}, ...controls } = Object.fromEntries(
    parts[kind].filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  );
  if (!isObject(where)) {
    issues["where"] = wrongType("object");
    return undefined;
  }
  const read = readQueryBody(Object.fromEntries([...conditions(where), ...Object.entries(controls)]), limits);
  if (!("query" in read)) return read;
  Object.assign(issues, read.issues);
  return kind === "list" ? sized(read.query, tool, limits) : read.query;
};

const isRefusal = (value: RawQuery | Refusal | undefined): value is Refusal => value !== undefined && "status" in value;

const textAt = (given: JsonObject, name: string, issues: Issues): string | undefined => {
  const value = given[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") issues[name] = wrongType("string");
  else if (value.length > textLengthMax) issues[name] = [{ code: "too_long", params: { max: textLengthMax } }];
  else return value;
  return undefined;
};

const takesBody: ReadonlySet<string> = new Set(["create", "update", "replace", "function"]);

/** Reads the arguments of a tool. Refusals: 422 validation_failed, 400 invalid_request. What the fields hold is for the pipeline to judge. */
export const readArguments = (tool: Tool, given: JsonObject, limits: McpLimits): ToolArguments | Refusal => {
  const { operation, names } = tool;
  const issues: Issues = {};
  const input: Mutable<Input> = {};
  const queryParts = new Set(parts[queryOf(operation)]);
  const body: [string, unknown][] = [];
  for (const [name, value] of Object.entries(given)) {
    if (name === names.id || name === names.confirm || queryParts.has(name)) continue;
    if (takesBody.has(operation.action)) body.push([name, value]);
    else issues[name.slice(0, textLengthMax)] = unknown;
  }
  if (names.id !== undefined) {
    const id = textAt(given, names.id, issues);
    if (id !== undefined) input.id = id;
    else issues[names.id] ??= required;
  }
  const confirm = names.confirm === undefined ? undefined : textAt(given, names.confirm, issues);
  if (takesBody.has(operation.action)) input.body = Object.fromEntries(body);
  if (queryParts.size > 0) {
    const query = readQuery(tool, given, issues, limits);
    if (isRefusal(query)) return query;
    if (query !== undefined && Object.keys(query).length > 0) input.query = query;
  }
  return Object.keys(issues).length > 0 ? invalid(issues) : { input, confirm };
};

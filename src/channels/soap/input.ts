/** From what a request's elements hold to the input of a call. */
import type { SoapMethod } from "../../contract/soap/index.ts";
import type { Input, RawFilter, RawInclude, RawNamedFilter, RawQuery } from "../../pipeline/call.ts";
import { type Issue, invalid, type Refusal } from "../../pipeline/refusal.ts";
import type { PlainRecord } from "./read.ts";

const operators: ReadonlySet<string> = new Set(["eq", "ne", "lt", "lte", "gt", "gte", "contains", "startsWith", "null"]);

/** What is wrong with a query's own elements; names of fields and values are looked at by the pipeline. */
class Issues {
  readonly #found = new Map<string, readonly Issue[]>();

  add(path: string, code: string, params?: Issue["params"]): undefined {
    if (this.#found.size < 100) this.#found.set(path, [params === undefined ? { code } : { code, params }]);
    return undefined;
  }

  get refusal(): Refusal | undefined {
    return this.#found.size === 0 ? undefined : invalid(Object.fromEntries(this.#found));
  }
}

const isRecord = (value: unknown): value is PlainRecord => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : value === undefined || value === null ? [] : [value];

/** Reads objects of a query, naming where they stand. */
class QueryReader {
  readonly issues = new Issues();

  text(value: unknown, path: string): string | undefined {
    if (typeof value === "string" && value !== "") return value;
    return this.issues.add(path, value === undefined || value === null || value === "" ? "required" : "wrong_type", {
      expected: "string",
    });
  }

  texts(value: unknown, path: string): readonly string[] {
    return listOf(value).flatMap((one) => this.text(one, path) ?? []);
  }

  /** Objects of a repeated element; properties that are not known are issues. */
  records(value: unknown, path: string, known: ReadonlySet<string>): readonly (readonly [record: PlainRecord, path: string])[] {
    return listOf(value).flatMap((one, index) => {
      const at = `${path}.${index}`;
      if (!isRecord(one)) return this.issues.add(at, "wrong_type", { expected: "object" }) ?? [];
      this.onlyKnown(one, at, known);
      return [[one, at] as const];
    });
  }

  onlyKnown(record: PlainRecord, path: string, known: ReadonlySet<string>): void {
    for (const key of Object.keys(record))
      if (!known.has(key)) this.issues.add(path === "" ? key : `${path}.${key}`, "unknown_field");
  }
}

const conditionParts: ReadonlySet<string> = new Set(["field", "operator", "value"]);
const sortParts: ReadonlySet<string> = new Set(["field", "direction"]);
const includeParts: ReadonlySet<string> = new Set(["name", "perPage", "sort", "include"]);
const parentParts: ReadonlySet<string> = new Set(["relation", "id"]);

const conditionsOf = (reader: QueryReader, value: unknown): readonly RawFilter[] =>
  reader.records(value, "condition", conditionParts).flatMap(([record, at]) => {
    const path = reader.text(record["field"], `${at}.field`);
    const op = record["operator"] === undefined ? "eq" : reader.text(record["operator"], `${at}.operator`);
    if (path === undefined || op === undefined) return [];
    if (!operators.has(op))
      return reader.issues.add(`${at}.operator`, "not_in_list", { values: [...operators].join(", ") }) ?? [];
    return [{ path, op: op as RawFilter["op"], values: listOf(record["value"]), as: op === "eq" ? path : `${path}[${op}]` }];
  });

const equalsOf = (reader: QueryReader, value: unknown): readonly RawFilter[] => {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) return reader.issues.add("where", "wrong_type", { expected: "object" }) ?? [];
  return Object.entries(value).map(([path, values]) => ({ path, op: "eq", values: listOf(values), as: path }));
};

const namedOf = (reader: QueryReader, value: unknown): readonly RawNamedFilter[] => {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) return reader.issues.add("filter", "wrong_type", { expected: "object" }) ?? [];
  return Object.entries(value).flatMap(([name, given]) =>
    listOf(given).map((params) => ({ name, params: isRecord(params) ? { ...params } : {} })),
  );
};

const sortsOf = (reader: QueryReader, value: unknown, path: string): readonly string[] =>
  reader.records(value, path, sortParts).flatMap(([record, at]) => {
    const field = reader.text(record["field"], `${at}.field`);
    const direction = record["direction"] === undefined ? "asc" : reader.text(record["direction"], `${at}.direction`);
    if (field === undefined || direction === undefined) return [];
    if (direction !== "asc" && direction !== "desc")
      return reader.issues.add(`${at}.direction`, "not_in_list", { values: "asc, desc" }) ?? [];
    return [`${field}.${direction}`];
  });

const includesOf = (reader: QueryReader, value: unknown, path: string): readonly RawInclude[] =>
  reader.records(value, path, includeParts).flatMap(([record, at]) => {
    const name = reader.text(record["name"], `${at}.name`);
    if (name === undefined) return [];
    const sortBy = sortsOf(reader, record["sort"], `${at}.sort`);
    const include = includesOf(reader, record["include"], `${at}.include`);
    return [
      {
        name,
        ...(record["perPage"] === undefined ? {} : { perPage: record["perPage"] }),
        ...(sortBy.length === 0 ? {} : { sortBy }),
        ...(include.length === 0 ? {} : { include }),
      },
    ];
  });

const parentOf = (reader: QueryReader, value: unknown): Input["parent"] => {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) return reader.issues.add("parent", "wrong_type", { expected: "object" });
  reader.onlyKnown(value, "parent", parentParts);
  const named = reader.text(value["relation"], "parent.relation");
  const id = reader.text(value["id"], "parent.id");
  const [resource, relation, further] = (named ?? "").split(".");
  if (named === undefined || id === undefined) return undefined;
  if (resource === undefined || relation === undefined || further !== undefined)
    return reader.issues.add("parent.relation", "unknown_relation", { relation: named.slice(0, 100) });
  return { resource, relation, id };
};

const listParts: ReadonlySet<string> = new Set([
  "where",
  "condition",
  "filter",
  "sort",
  "page",
  "perPage",
  "cursor",
  "count",
  "fields",
  "include",
  "parent",
]);
const filterParts: ReadonlySet<string> = new Set(["where", "condition", "filter", "parent"]);

const isEmpty = (record: PlainRecord): boolean => {
  for (const _ in record) return false;
  return true;
};

const listInput = (record: PlainRecord, known: ReadonlySet<string>): Input | Refusal => {
  if (isEmpty(record)) return { query: {} };
  const reader = new QueryReader();
  reader.onlyKnown(record, "", known);
  const filters = [...equalsOf(reader, record["where"]), ...conditionsOf(reader, record["condition"])];
  const named = namedOf(reader, record["filter"]);
  const sortBy = sortsOf(reader, record["sort"], "sort");
  const fields = reader.texts(record["fields"], "fields");
  const include = includesOf(reader, record["include"], "include");
  const cursor = record["cursor"] === undefined ? undefined : reader.text(record["cursor"], "cursor");
  const parent = parentOf(reader, record["parent"]);
  const { refusal } = reader.issues;
  if (refusal !== undefined) return refusal;
  const query: RawQuery = {
    ...(filters.length === 0 ? {} : { filters }),
    ...(named.length === 0 ? {} : { named }),
    ...(sortBy.length === 0 ? {} : { sortBy }),
    ...(record["page"] === undefined ? {} : { page: record["page"] }),
    ...(record["perPage"] === undefined ? {} : { perPage: record["perPage"] }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(record["count"] === undefined ? {} : { count: record["count"] }),
    ...(fields.length === 0 ? {} : { fields }),
    ...(include.length === 0 ? {} : { include }),
  };
  return parent === undefined ? { query } : { query, parent };
};

const rowParts: ReadonlySet<string> = new Set(["fields", "include"]);

const rowQuery = (record: PlainRecord): RawQuery | undefined | Refusal => {
  if (isEmpty(record)) return undefined;
  const reader = new QueryReader();
  reader.onlyKnown(record, "", rowParts);
  const fields = reader.texts(record["fields"], "fields");
  const include = includesOf(reader, record["include"], "include");
  return reader.issues.refusal ?? { ...(fields.length === 0 ? {} : { fields }), ...(include.length === 0 ? {} : { include }) };
};

const isRefusal = (made: RawQuery | Refusal): made is Refusal => "status" in made;

/** The input, or 422 with what is wrong with the elements that are no fields. */
export const inputOf = (method: SoapMethod, record: PlainRecord): Input | Refusal => {
  const { requestShape, idKey, operation } = method;
  if (requestShape === "list") return listInput(record, listParts);
  if (requestShape === "filters") return listInput(record, filterParts);
  let id: string | undefined;
  if (idKey !== undefined) {
    const given = record[idKey];
    if (typeof given !== "string" || given === "")
      return invalid({
        [idKey]: [
          given === undefined || given === null || given === ""
            ? { code: "required" }
            : { code: "wrong_type", params: { expected: "string" } },
        ],
      });
    id = given;
    delete record[idKey];
  }
  const named = id === undefined ? {} : { id };
  if (requestShape === "row") {
    const query = rowQuery(record);
    if (query === undefined) return named;
    return isRefusal(query) ? query : { ...named, query };
  }
  if (operation.action !== "delete") return { ...named, body: record };
  const strange = Object.keys(record).map((key) => [key, [{ code: "unknown_field" }]] as const);
  return strange.length === 0 ? named : invalid(Object.fromEntries(strange.slice(0, 100)));
};

/** An input has no `status`; what a caller sent is always below. */
export const isInput = (made: Input | Refusal): made is Input => !("status" in made);

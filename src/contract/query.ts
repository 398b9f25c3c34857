/** What can be asked about rows: the ways in which kinds of fields compare, the parts of a query that an operation takes, the names that are no filters. */
import type { Field, FieldKind } from "../define/field.ts";
import type { Operation } from "./contract.ts";

/** Compared as text: `contains`, `startsWith`. */
export const textKinds: ReadonlySet<FieldKind> = new Set([
  "string",
  "text",
  "email",
  "url",
  "phone",
  "id",
  "ref",
  "currency",
  "country",
  "language",
  "enum",
]);

/** Compared by their order: `lt`, `lte`, `gt`, `gte`. */
export const orderedKinds: ReadonlySet<FieldKind> = new Set([...textKinds, "integer", "money", "decimal", "date", "dateTime"]);

/** Not compared at all. */
export const opaqueKinds: ReadonlySet<FieldKind> = new Set(["json", "object", "array", "binary"]);

/** Whether rows can be filtered by the field. */
export const isFilterable = (field: Field): boolean => field.options.filter !== false && !opaqueKinds.has(field.kind);

/** What of a query an operation takes: everything, what narrows rows, what chooses fields of one row, or nothing. */
export const queryOf = ({ action }: Operation): "list" | "filters" | "row" | "none" => {
  switch (action) {
    case "list":
      return "list";
    case "count":
    case "property":
    case "stats":
      return "filters";
    case "get":
      return "row";
    default:
      return "none";
  }
};

/** Parameters of a query that are no filters; a field of such a name is filtered in brackets: `language[eq]=de`. */
export type ControlName =
  "page" | "perPage" | "cursor" | "count" | "sortBy" | "fields" | "include" | "filters" | "language" | "envelope";

const controlNames: ReadonlySet<string> = new Set<ControlName>([
  "page",
  "perPage",
  "cursor",
  "count",
  "sortBy",
  "fields",
  "include",
  "filters",
  "language",
  "envelope",
]);

export const isControl = (name: string): name is ControlName => controlNames.has(name);

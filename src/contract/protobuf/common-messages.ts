/** Messages that every package has: filters, relations to include, where a list stands, refusals. */
import { type EnumModel, emptyMessage, type FieldModel, type FieldType, type MessageModel } from "./model.ts";
import { snakeCase } from "./names.ts";

const string: FieldType = { kind: "string" };
const int32: FieldType = { kind: "int32" };
const int64: FieldType = { kind: "int64" };
const bool: FieldType = { kind: "bool" };

type Presence = FieldModel["presence"];

/** A field that is no field of the contract. */
export const ownField = (
  name: string,
  number: number,
  type: FieldType,
  doc: string,
  presence: Presence = "implicit",
): FieldModel => ({ name, protoName: snakeCase(name.replace("$", "")), number, type, presence, doc });

/** Operators of filters, as calls have them, by the number of their enum value. */
const operators: readonly (readonly [op: string, name: string])[] = [
  ["eq", "EQUAL"],
  ["ne", "NOT_EQUAL"],
  ["lt", "LESS"],
  ["lte", "LESS_OR_EQUAL"],
  ["gt", "GREATER"],
  ["gte", "GREATER_OR_EQUAL"],
  ["contains", "CONTAINS"],
  ["startsWith", "STARTS_WITH"],
  ["null", "NULL"],
];

export interface SharedMessages {
  readonly filter: MessageModel;
  readonly namedFilter: MessageModel;
  readonly include: MessageModel;
  readonly parent: MessageModel;
  readonly pageInfo: MessageModel;
  readonly refusal: MessageModel;
}

const filterMessage = (scope: string): MessageModel => {
  const filter = emptyMessage("QueryFilter", scope, "A condition on the rows of a list. Several conditions all have to hold.");
  const operator: EnumModel = {
    name: "Operator",
    fullName: `${filter.fullName}.Operator`,
    doc: "How a field is compared.",
    unspecified: "OPERATOR_UNSPECIFIED",
    values: operators.map(([value, name], index) => ({ value, name: `OPERATOR_${name}`, number: index + 1 })),
    reserved: { numbers: [], names: [] },
  };
  filter.enums.push(operator);
  filter.fields.push(
    ownField("field", 1, string, "Field of the row, or of a row it refers to: `balance`, `customer.country`."),
    ownField("operator", 2, { kind: "enum", of: operator }, "How it is compared; equal where it is left out."),
    ownField(
      "values",
      3,
      { kind: "value" },
      "What it is compared with. With EQUAL any of them, with NOT_EQUAL none of them. NULL takes true or false, true where it is left out. Numbers beyond 2^53 are sent as strings.",
      "repeated",
    ),
  );
  return filter;
};

const includeMessage = (scope: string): MessageModel => {
  const include = emptyMessage("QueryInclude", scope, "Rows of a relation that are answered with each row, in its `included`.");
  include.fields.push(
    ownField("relation", 1, string, "Name of the relation."),
    ownField("pageSize", 2, int32, "Most rows of it for each row; 20 where it is left out.", "explicit"),
    ownField("orderBy", 3, string, "Their order, as in lists.", "repeated"),
    ownField("include", 4, { kind: "message", of: include }, "Relations of theirs.", "repeated"),
  );
  return include;
};

const pageMessage = (scope: string): MessageModel => {
  const page = emptyMessage("PageInfo", scope, "Where a list stands.");
  page.fields.push(
    ownField("totalRecords", 1, int64, "Rows of all pages; only where they were counted.", "explicit"),
    ownField("totalPages", 2, int32, "Pages; only where the rows were counted.", "explicit"),
    ownField("currentPage", 3, int32, "This page, from 1; absent by page token.", "explicit"),
    ownField("perPage", 4, int32, "Rows of a page."),
    ownField("maxPerPage", 5, int32, "Most rows that a page can have."),
    ownField("truncated", 6, bool, "There are more groups than one answer holds; these are the first ones."),
  );
  return page;
};

const refusalMessage = (scope: string): MessageModel => {
  const refusal = emptyMessage("Refusal", scope, "Why an item of a stream was refused: what google.rpc.Status says of a call.");
  const violation = emptyMessage("FieldViolation", refusal.fullName, "What is wrong with one field.");
  violation.fields.push(
    ownField("field", 1, string, "The field."),
    ownField("messages", 2, string, "Sentences, in the language of the call.", "repeated"),
  );
  refusal.messages.push(violation);
  refusal.fields.push(
    ownField("code", 1, int32, "google.rpc.Code, as the status of a call has it."),
    ownField("status", 2, int32, "HTTP status of the same refusal."),
    ownField("type", 3, string, "Stable and machine readable: `validation_failed`."),
    ownField("message", 4, string, "In the language of the call."),
    ownField("fieldViolations", 5, { kind: "message", of: violation }, "Where single fields are at fault.", "repeated"),
    ownField("details", 6, { kind: "struct" }, "Machine-readable facts, such as the limit that was met."),
    ownField("retryAfterSeconds", 7, int32, "After so many seconds it may be tried again.", "explicit"),
    ownField("requestId", 8, string, "To be named to support."),
  );
  return refusal;
};

export const sharedMessages = (scope: string): SharedMessages => {
  const namedFilter = emptyMessage("QueryNamedFilter", scope, "A filter that the service defines.");
  namedFilter.fields.push(ownField("name", 1, string, "Its name."), ownField("params", 2, { kind: "struct" }, "Its parameters."));
  const parent = emptyMessage("QueryParent", scope, "Lists only the rows that belong to a row of another resource.");
  parent.fields.push(
    ownField("resource", 1, string, "The resource: `accounts`."),
    ownField("id", 2, string, "The row."),
    ownField("relation", 3, string, "Its relation to the rows listed: `transfers`."),
  );
  return {
    filter: filterMessage(scope),
    namedFilter,
    include: includeMessage(scope),
    parent,
    pageInfo: pageMessage(scope),
    refusal: refusalMessage(scope),
  };
};

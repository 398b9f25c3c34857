/** Response messages. */
import type { Measure, Statistic } from "../../define/resource.ts";
import type { Contract, Operation, ResourceContract } from "../contract.ts";
import { newestNames } from "../lock/newest-names.ts";
import { addFields, scalarOf } from "./fields.ts";
import { emptyMessage, type FieldModel, type FieldType, type MessageModel } from "./model.ts";
import { snakeCase } from "./names.ts";
import type { RequestContext } from "./requests.ts";
import { ownField } from "./common-messages.ts";

const string: FieldType = { kind: "string" };
const int64: FieldType = { kind: "int64" };
const messageType = (of: MessageModel): FieldType => ({ kind: "message", of });

export interface ResponseContext extends RequestContext {
  readonly newest: Contract;
  readonly version: string;
}

const rowField = (resource: ResourceContract, context: ResponseContext): FieldModel => ({
  ...ownField("row", 1, messageType(context.rows.message(resource)), `The ${resource.singular}.`, "explicit"),
  protoName: snakeCase(resource.singular),
});

/** Names of a list's answer that are not its rows'. */
const listNames = new Set(["next_page_token", "page_info"]);

const rowsField = (resource: ResourceContract, context: ResponseContext): FieldModel => {
  const name = snakeCase(resource.name);
  return {
    ...ownField("rows", 1, messageType(context.rows.message(resource)), `The ${resource.name}.`, "repeated"),
    protoName: listNames.has(name) ? `${name}_rows` : name,
  };
};

/** Type of a measure; `operation` is the newest version's, as measures are in every version. */
const measureType = (operation: Operation, measure: Measure): FieldType => {
  if (measure.kind === "count" || measure.kind === "countDistinct") return int64;
  const field = operation.resource?.fields[measure.field];
  if (measure.kind === "avg" || field?.kind === "decimal") return string;
  // A sum may be greater than any of its parts can be.
  return measure.kind === "sum" ? { kind: "digits" } : scalarOf(field);
};

const measureDoc = (measure: Measure): string => {
  if (measure.kind === "count") return "How many rows there are.";
  const what = `${measure.kind} of ${measure.field}.`;
  return measure.kind === "countDistinct"
    ? what
    : `${what}${measure.kind === "sum" ? " A whole number in digits." : ""} Absent over no rows.`;
};

const statsRow = (response: MessageModel, operation: Operation, statistic: Statistic, context: ResponseContext): MessageModel => {
  const row = emptyMessage("Row", response.fullName, "A group, and what was measured of it.");
  const numbers = context.numbers[`${operation.name}.output`] ?? {};
  const newest = context.newest.operations.get(operation.name) ?? operation;
  const measured = newest.output.kind === "stats" ? newest.output.statistic : statistic;
  const { resource } = operation;
  const nameOf =
    resource === undefined ? (name: string) => name : newestNames(context.newest, context.version, resource.name).newestOf;
  const add = (name: string, numbered: string, type: FieldType, doc: string): void => {
    row.fields.push({ name, protoName: snakeCase(name), number: numbers[numbered] ?? 0, type, presence: "explicit", doc });
  };
  for (const group of statistic.group ?? []) {
    if (typeof group !== "string") add(group.part, group.part, string, `The ${group.part} of ${group.by}, UTC.`);
    else {
      const type = resource === undefined ? undefined : context.rows.typeOf(resource, group);
      add(group, nameOf(group), type ?? scalarOf(resource?.fields[group]), `Rows that have this ${group}.`);
    }
  }
  for (const [name, measure] of Object.entries(measured.measures))
    add(name, name, measureType(newest, measure), measureDoc(measure));
  row.fields.sort((a, b) => a.number - b.number);
  const used = new Set(row.fields.map(({ number }) => number));
  for (const [name, number] of Object.entries(numbers)) {
    if (used.has(number)) continue;
    row.reserved.numbers.push(number);
    row.reserved.names.push(snakeCase(name));
  }
  response.messages.push(row);
  return row;
};

const addDocument = (message: MessageModel): void => {
  message.fields.push(
    ownField("filename", 1, string, "What it is called."),
    ownField("mediaType", 2, string, "What it is: `text/csv`."),
    ownField("content", 3, { kind: "bytes" }, "The document."),
  );
};

/** The response of an operation; `isExport`: one part of its `Export…`. */
export const responseMessage = (
  name: string,
  operation: Operation,
  context: ResponseContext,
  { isExport = false, doc }: { readonly isExport?: boolean; readonly doc: string },
): MessageModel => {
  const message = emptyMessage(name, context.scope, doc);
  const { output, resource } = operation;
  const pageInfo = messageType(context.shared.pageInfo);
  switch (output.kind) {
    case "row":
      if (resource !== undefined) message.fields.push(rowField(resource, context));
      break;
    case "rows":
      if (resource !== undefined) message.fields.push(rowsField(resource, context));
      if (operation.action !== "list" || isExport) break;
      message.fields.push(
        ownField("nextPageToken", 2, string, "For the next page; empty on the last one."),
        ownField("pageInfo", 3, pageInfo, "Where the page stands.", "explicit"),
      );
      break;
    case "count":
      message.fields.push(ownField("count", 1, int64, "How many rows there are."));
      break;
    case "value": {
      const newest = context.newest.operations.get(operation.name) ?? operation;
      const measure = newest.output.kind === "value" ? newest.output.measure : output.measure;
      message.fields.push(ownField("value", 1, measureType(newest, measure), measureDoc(measure), "explicit"));
      break;
    }
    case "stats": {
      const row = statsRow(message, operation, output.statistic, context);
      message.fields.push(
        ownField("rows", 1, messageType(row), "The groups, in their order.", "repeated"),
        ownField("pageInfo", 2, pageInfo, "Only where there are more groups than one answer holds.", "explicit"),
      );
      break;
    }
    case "fields":
      addFields(message, output.fields, { numbers: context.numbers, key: `${operation.name}.output`, direction: "output" });
      break;
    case "document":
      addDocument(message);
      break;
    case "none":
      break;
  }
  return message;
};

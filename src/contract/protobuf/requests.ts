/**
 * Request messages. What a request is made of has fixed numbers: fields of rows those that they have in the resource's message, inputs of functions their
 * own (behind the row's id, which is 1), everything else the numbers given here.
 */
import type { Operation, ResourceContract } from "../contract.ts";
import { hasOwnInput, type Numbers } from "../lock/numbers.ts";
import { addFields } from "./fields.ts";
import { emptyMessage, type FieldModel, type FieldType, type MessageModel, ownNumbers } from "./model.ts";
import type { Rows } from "./rows.ts";
import { ownField, type SharedMessages } from "./common-messages.ts";

const string: FieldType = { kind: "string" };
const int32: FieldType = { kind: "int32" };
const bool: FieldType = { kind: "bool" };
const mask: FieldType = { kind: "mask" };

export interface RequestContext {
  readonly scope: string;
  readonly numbers: Numbers;
  readonly rows: Rows;
  readonly shared: SharedMessages;
}

const messageType = (of: MessageModel): FieldType => ({ kind: "message", of });

/** Another name where a field of the contract has it. */
const free = (message: MessageModel, field: FieldModel): FieldModel => {
  const taken = new Set(message.fields.map(({ protoName }) => protoName));
  let { protoName } = field;
  while (taken.has(protoName)) protoName = `row_${protoName}`;
  return { ...field, protoName };
};

const addFilters = (message: MessageModel, { shared }: RequestContext, first: number): void => {
  message.fields.push(
    ownField("filters", first, messageType(shared.filter), "Only rows that meet all of these.", "repeated"),
    ownField(
      "namedFilters",
      first + 1,
      messageType(shared.namedFilter),
      "Only rows that meet these filters of the service.",
      "repeated",
    ),
  );
};

const parentField = ({ shared }: RequestContext, number: number): FieldModel =>
  ownField("parent", number, messageType(shared.parent), "Only rows that belong to this one.", "explicit");

const readMask = (number: number): FieldModel =>
  ownField(
    "readMask",
    number,
    mask,
    "Only these fields, also of relations: `id`, `customer.name`. All where it is left out.",
    "explicit",
  );

const includeField = ({ shared }: RequestContext, number: number): FieldModel =>
  ownField("include", number, messageType(shared.include), "Relations that are answered with the rows.", "repeated");

const addPlace = (message: MessageModel): void => {
  message.fields.push(
    ownField("pageSize", 1, int32, "Most rows of the page.", "explicit"),
    ownField(
      "pageToken",
      2,
      string,
      "Continues behind the page whose `next_page_token` it was. Stable while rows are added, and without totals.",
      "explicit",
    ),
    ownField("page", 3, int32, "A page by its number, from 1, in place of a token.", "explicit"),
    ownField("count", 4, bool, "Counts the rows of all pages.", "explicit"),
  );
};

const orderField = (number: number): FieldModel =>
  ownField("orderBy", number, string, "`created_at desc`; ties are broken by id.", "repeated");

/** `List…` and `Export…`, which has no pages. */
const addList = (message: MessageModel, context: RequestContext, isExport: boolean): void => {
  if (!isExport) addPlace(message);
  message.fields.push(orderField(5));
  addFilters(message, context, 6);
  message.fields.push(readMask(8), includeField(context, 9), parentField(context, 10));
};

/** Fields of the resource, under the resource's numbers. */
const addRowFields = (message: MessageModel, operation: Operation, resource: ResourceContract, context: RequestContext): void => {
  const { rows, numbers } = context;
  addFields(message, operation.input, {
    numbers,
    key: resource.name,
    nameOf: rows.nameOf(resource),
    direction: "input",
    others: [...rows.newestNamesOf(resource), ...resource.fieldNames.map(rows.nameOf(resource))],
    typeOf: (name) => rows.typeOf(resource, name),
  });
};

/** Enums of an input are those of the resource where they are the same, number by number. */
const sameEnum = (operation: Operation, { rows, numbers }: RequestContext, name: string): FieldType | undefined => {
  const { resource } = operation;
  const field = operation.input[name];
  const known = resource === undefined ? undefined : rows.typeOf(resource, name);
  if (field?.kind !== "enum" || known?.kind !== "enum") return undefined;
  const own = numbers[`${operation.name}.input.${name}`] ?? {};
  const same =
    field.values?.length === known.of.values.length &&
    known.of.values.every(({ value, number }) => field.values?.includes(value) === true && own[value] === number);
  return same ? known : undefined;
};

const idField = (resource: ResourceContract | undefined, number: number): FieldModel =>
  ownField("$id", number, string, `Which of ${resource?.name ?? "the rows"} it is.`);

/** The body of a create, a change or a function. */
const addInput = (message: MessageModel, operation: Operation, context: RequestContext): void => {
  const { resource, target, name, input, action } = operation;
  const isItem = target === "item";
  if (resource === undefined || hasOwnInput(operation)) {
    const nameOf = action === "function" || resource === undefined ? undefined : context.rows.nameOf(resource);
    addFields(message, input, {
      numbers: context.numbers,
      key: `${name}.input`,
      direction: "input",
      offset: isItem ? 1 : 0,
      ...(nameOf === undefined ? {} : { nameOf }),
      typeOf: (field) => sameEnum(operation, context, field),
    });
    if (isItem) message.fields.unshift(free(message, idField(resource, 1)));
    return;
  }
  addRowFields(message, operation, resource, context);
  if (isItem) message.fields.unshift(free(message, idField(resource, context.numbers[resource.name]?.["id"] ?? 1)));
  if (action === "update") {
    const doc =
      "The fields to change; those of them that are absent are set to nothing, and others are left as they are. Where it is left out, the fields that are there are changed.";
    message.fields.push(free(message, ownField("$updateMask", ownNumbers.updateMask, mask, doc, "explicit")));
  }
};

/** The request of an operation; `isExport`: of its `Export…`. */
export const requestMessage = (
  name: string,
  operation: Operation,
  context: RequestContext,
  { isExport = false, doc }: { readonly isExport?: boolean; readonly doc: string },
): MessageModel => {
  const message = emptyMessage(name, context.scope, doc);
  switch (operation.action) {
    case "list":
      addList(message, context, isExport);
      break;
    case "get":
      if (operation.target === "item") message.fields.push(idField(operation.resource, 1));
      message.fields.push(readMask(2), includeField(context, 3));
      break;
    case "count":
      addFilters(message, context, 1);
      message.fields.push(parentField(context, 3));
      break;
    case "property":
    case "stats":
      addFilters(message, context, 1);
      break;
    case "delete":
      message.fields.push(idField(operation.resource, 1));
      break;
    default:
      addInput(message, operation, context);
  }
  message.fields.sort((a, b) => a.number - b.number);
  return message;
};

/**
 * What of a contract agents may use, and what of it they have to have confirmed: as the definition chooses, else as the fields say.
 *
 * Money moves where a command takes an amount; and where a function or a deletion is about rows, or answers fields, that hold amounts, as a hold's capture
 * without an amount does. A change of a row's other fields moves none.
 */
import type { Field, Fields } from "../define/field.ts";
import type { Contract, Operation } from "./contract.ts";

const some = (fields: Fields, is: (field: Field) => boolean): boolean =>
  Object.values(fields).some((field) => someWithin(field, is));

const someWithin = (field: Field, is: (field: Field) => boolean): boolean =>
  is(field) || (field.fields !== undefined && some(field.fields, is)) || (field.item !== undefined && someWithin(field.item, is));

const holdsMoney = (fields: Fields | undefined): boolean => fields !== undefined && some(fields, ({ kind }) => kind === "money");

/** Whether a command moves money, as far as its fields tell. */
export const movesMoney = ({ kind, action, input, output, resource, function: fn }: Operation): boolean => {
  if (kind === "query") return false;
  if (holdsMoney(input)) return true;
  if (action === "update" || action === "replace") return false;
  if (output.kind === "fields" && holdsMoney(output.fields)) return true;
  return (fn !== undefined || action === "delete") && holdsMoney(resource?.fields);
};

/** Whether what an operation takes or gives is, or stands for, a secret. */
const hasSecrets = ({ input, output }: Operation): boolean => {
  const isSecret = ({ options }: Field): boolean => options.secret === true;
  return some(input, isSecret) || (output.kind === "fields" && some(output.fields, isSecret));
};

/** Whether a pattern names an operation. */
const matches = (pattern: string, { name, kind }: Pick<Operation, "name" | "kind">): boolean =>
  pattern === "*" ||
  pattern === name ||
  (pattern === "reads" && kind === "query") ||
  (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -1)));

const named = (patterns: readonly string[] | undefined, operation: Operation): boolean =>
  patterns?.some((pattern) => matches(pattern, operation)) === true;

/** Operations that are tools, in the order of the contract. `contract` may be that of an older version. */
export const toolsOf = ({ operations, definition: { mcp } }: Contract): readonly Operation[] =>
  [...operations.values()].filter((operation) => {
    if (mcp?.tools !== undefined && !named(mcp.tools, operation)) return false;
    return !hasSecrets(operation) || mcp?.tools?.includes(operation.name) === true;
  });

/** Whether a call of an operation has to be confirmed before it is made. */
export const asksToConfirm = ({ definition: { mcp } }: Pick<Contract, "definition">, operation: Operation): boolean => {
  if (operation.kind === "query" || named(mcp?.unconfirmed, operation)) return false;
  return named(mcp?.confirm, operation) || movesMoney(operation);
};

/**
 * Whether this call of an operation that asks has to be confirmed: of a change only what it names counts, unless the definition asks for all of them.
 * `operation` and `body` in the words of one version.
 */
export const hasToBeConfirmed = (
  { definition: { mcp } }: Pick<Contract, "definition">,
  operation: Operation,
  body: Readonly<Record<string, unknown>>,
): boolean =>
  operation.action !== "update" ||
  named(mcp?.confirm, operation) ||
  Object.entries(operation.input).some(([name, field]) => Object.hasOwn(body, name) && holdsMoney({ [name]: field }));

/** What does not fit in the choice of tools; empty when all does. */
export const checkMcp = ({ operations, definition }: Contract): readonly string[] => {
  const { mcp } = definition;
  const lists = { tools: mcp?.tools, confirm: mcp?.confirm, unconfirmed: mcp?.unconfirmed };
  return Object.entries(lists).flatMap(([list, patterns = []]) =>
    patterns
      .filter((pattern) => ![...operations.values()].some((operation) => matches(pattern, operation)))
      .map((pattern) => `mcp.${list}: "${pattern}" names no operation`),
  );
};

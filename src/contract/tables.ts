/** Resource → table: `accounts` of `bank` is `bank_accounts`, `createdAt` is `created_at`. */
import type { Field, FieldKind } from "../define/field.ts";
import type { ResourceDefinition } from "../define/resource.ts";
import type { Column, ColumnType, Index, Reference, Table } from "../store/table.ts";

const columnTypes: Readonly<Record<FieldKind, ColumnType>> = {
  id: "text",
  ref: "text",
  string: "text",
  text: "text",
  integer: "integer",
  money: "bigint",
  decimal: "decimal",
  boolean: "boolean",
  enum: "text",
  date: "date",
  dateTime: "timestamp",
  duration: "text",
  email: "text",
  url: "text",
  phone: "text",
  currency: "text",
  country: "text",
  language: "text",
  json: "json",
  object: "json",
  array: "json",
  binary: "binary",
};

/** The column type that holds a field. */
export const columnTypeOf = (field: Field): ColumnType => columnTypes[field.kind];

/** `createdAt` → `created_at`. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Table of a resource within a service. */
export const tableName = (service: string, resource: string): string => `${snakeCase(service)}_${snakeCase(resource)}`;

const scalarDefault = (field: Field): Column["default"] => {
  const value = field.options.default;
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? value
    : undefined;
};

/** Whether a field, or one within it, is a secret. */
const isSecret = ({ options, fields = {}, item }: Field): boolean =>
  options.secret === true || Object.values(fields).some(isSecret) || (item !== undefined && isSecret(item));

const columnOf = (name: string, field: Field): Column => {
  const fallback = scalarDefault(field);
  return {
    field: name,
    name: snakeCase(name),
    type: columnTypeOf(field),
    nullable: field.options.optional === true,
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(isSecret(field) ? { secret: true } : {}),
  };
};

/** The table a resource is kept in. Non-unique indexes end with the id, so that a page by keyset costs the same wherever it starts. */
export const tableOf = (service: string, resource: ResourceDefinition): Table => {
  const { records } = resource.behaviour;
  const name = records ?? tableName(service, resource.name);
  const fields = Object.entries(resource.fields);
  const index = (of: readonly string[], kind: "key" | "idx" | "sparse"): Index => ({
    name: `${name}_${of.map(snakeCase).join("_")}_${kind}`,
    fields: kind === "key" || of.includes("id") ? of : [...of, "id"],
    unique: kind === "key",
    ...(kind === "sparse" ? { sparse: true } : {}),
  });
  const indexes = new Map<string, Index>();
  const add = (i: Index): void => void indexes.set(i.name, i);
  /** Fields that a further index begins with: they need none of their own. */
  const led = new Set((resource.behaviour.indexes ?? []).map((extra) => ("fields" in extra ? extra.fields : extra)[0]));
  for (const [fieldName, field] of fields) {
    if (fieldName === "id") continue;
    const { unique, set, index: wanted, optional } = field.options;
    if (unique === true || set === "sequence") add(index([fieldName], "key"));
    else if (led.has(fieldName)) continue;
    else if (wanted === true) add(index([fieldName], "idx"));
    else if (field.kind === "ref") add(index([fieldName], optional === true ? "sparse" : "idx"));
  }
  const { due, inMemory, directory } = resource.behaviour;
  if (due !== undefined) add(index([due.at], "sparse"));
  for (const extra of resource.behaviour.indexes ?? []) {
    if ("fields" in extra) add(index(extra.fields, "key"));
    else add(index(extra, "idx"));
  }
  const references: Reference[] = fields.flatMap(([fieldName, field]) =>
    field.target === undefined ? [] : [{ field: fieldName, table: tableName(service, field.target) }],
  );
  return {
    name,
    columns: fields.map(([fieldName, field]) => columnOf(fieldName, field)),
    key: ["id"],
    indexes: [...indexes.values()],
    references,
    appendOnly: resource.behaviour.appendOnly === true,
    ...(records === undefined ? {} : { readOnly: true }),
    ...(inMemory === true ? { inMemory } : {}),
    ...(directory === undefined ? {} : { directory: directory as unknown as NonNullable<Table["directory"]> }),
    ...(due === undefined ? {} : { dueAt: due.at }),
  };
};

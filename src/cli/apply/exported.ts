/** The document that describes what there is: applied to the same tenant, it changes nothing. */
import type { Contract } from "../../contract/index.ts";
import { wireDefault } from "../../contract/example.ts";
import type { Fields } from "../../define/field.ts";
import type { Row } from "../../store/index.ts";
import { fieldsOf, normalize } from "./fields.ts";
import type { Kind } from "./kinds.ts";
import { type Names, type Present, withNames } from "./names.ts";

/** Whether a value need not be said: it is that of a new row. */
const isUsual = (fields: Fields, name: string, value: unknown): boolean => {
  if (value === null || value === undefined) return true;
  const field = fields[name];
  const usual = field === undefined ? undefined : wireDefault(field);
  if (field === undefined || usual === undefined) return false;
  const normalized = normalize(name, field, usual);
  return normalized.ok && Bun.deepEquals(normalized.value, value);
};

/** Without what is null, in objects and lists too. */
const compact = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(compact);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (inner === null ? [] : [[name, compact(inner)]])));
};

const itemOf = (contract: Contract, kind: Kind, row: Row, names: Names): Record<string, unknown> => {
  const fields = fieldsOf(contract, kind)?.all ?? {};
  const named = withNames(kind, row, names);
  const order = [...new Set([...kind.fixed, ...Object.keys(fields)])].filter((name) => Object.hasOwn(fields, name));
  return Object.fromEntries(
    order
      .filter((name) => !isUsual(fields, name, named[name]))
      .map((name) => [name, fields[name]?.kind === "json" ? named[name] : compact(named[name])]),
  );
};

/** Kind → its items, each with what is not the usual. */
export const documentOf = (
  contract: Contract,
  kinds: readonly Kind[],
  { rows, names }: Present,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    kinds.map((kind) => {
      const shown = (rows.get(kind.name) ?? []).filter((row) => kind.isMeant(row) && !kind.isGone(row));
      const items = shown.map((row) => ({ key: kind.keyOf(withNames(kind, row, names)) ?? "", row }));
      items.sort((a, b) => (a.key < b.key ? -1 : 1));
      return [kind.name, items.map(({ row }) => itemOf(contract, kind, row, names))];
    }),
  );

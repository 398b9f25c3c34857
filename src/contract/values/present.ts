/**
 * The way back: a row's values as the wire has them. Money becomes a number up to ±(2^53−1) and a decimal string beyond, bytes become base64,
 * and so within objects and lists; everything else is already JSON-ready. What a row lacks is null.
 */
import type { Field, Fields } from "../../define/field.ts";
import type { Row } from "../../store/store.ts";

type Present = (value: unknown) => unknown;

const safeMax = BigInt(Number.MAX_SAFE_INTEGER);
const safeMin = -safeMax;

const presentMoney: Present = (value) => {
  if (typeof value !== "bigint") return value;
  return value <= safeMax && value >= safeMin ? Number(value) : String(value);
};

const presentBinary: Present = (value) =>
  value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") : value;

/** How a field's values are presented; `undefined` when they are JSON-ready as they are. */
const presentOf = (field: Field): Present | undefined => {
  if (field.kind === "money") return presentMoney;
  if (field.kind === "binary") return presentBinary;
  if (field.kind === "array" && field.item !== undefined) {
    const item = presentOf(field.item);
    return item === undefined
      ? undefined
      : (value) => (Array.isArray(value) ? value.map((one: unknown) => item(one ?? null)) : value);
  }
  if (field.kind !== "object" || field.fields === undefined) return undefined;
  const fields = field.fields;
  if (Object.values(fields).every((inner) => presentOf(inner) === undefined)) return undefined;
  const present = compilePresent(fields);
  return (value) => (value === null ? null : present(value as Row));
};

/** Compiles the presentation of a row: the fields in the order of `names` (default: all, as defined). */
export const compilePresent = (
  fields: Fields,
  names: readonly string[] = Object.keys(fields),
): ((row: Row) => Record<string, unknown>) => {
  const presents = names.map((name) => {
    const field = fields[name];
    if (field === undefined) throw new TypeError(`no field ${name} to present`);
    return presentOf(field);
  });
  return (row) => {
    const data: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      const value: unknown = row[name] ?? null;
      const present = presents[index];
      data[name] = present === undefined || value === null ? value : present(value);
    }
    return data;
  };
};

/** As `compilePresent`, for rows that are the caller's own and hold these fields and no others: the row itself is changed, and answered. */
export const compilePresentOwn = (
  fields: Fields,
  names: readonly string[] = Object.keys(fields),
): ((row: Row) => Record<string, unknown>) => {
  const changed = names.flatMap((name) => {
    const present = fields[name] === undefined ? undefined : presentOf(fields[name]);
    return present === undefined ? [] : [{ name, present }];
  });
  return (row) => {
    const data: Record<string, unknown> = row;
    for (const { name, present } of changed) {
      const value = data[name];
      if (value !== null && value !== undefined) data[name] = present(value);
    }
    return data;
  };
};

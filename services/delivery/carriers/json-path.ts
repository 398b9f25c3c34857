/** Reading and building JSON by a connector's paths and templates. */
import type { Template } from "./connector.ts";

/** The value at a path; undefined where there is none. Only members of plain objects are found. */
export const valueAt = (value: unknown, path: string): unknown => {
  let at = value;
  for (const step of path.split(".")) {
    if (typeof at !== "object" || at === null || Array.isArray(at) || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[step];
  }
  return at;
};

/** JSON by a template; what is not there, or null, is left out of objects. */
export const filled = (template: Template, data: unknown): unknown => {
  if (typeof template === "string") return plain(valueAt(data, template));
  if ("literal" in template) return template.literal;
  if ("divideBy" in template) {
    const value = valueAt(data, template.from);
    return value === null || value === undefined ? undefined : Number(value) / template.divideBy;
  }
  if ("each" in template) {
    const list = valueAt(data, template.each);
    return Array.isArray(list) ? list.map((element: unknown) => filled(template.of, element)) : [];
  }
  return Object.fromEntries(
    Object.entries(template.object).flatMap(([name, part]) => {
      const value = filled(part, data);
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
};

const plain = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

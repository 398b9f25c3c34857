// @ts-check
/** A query of a generated client as the address has it. */
import { PonsError } from "./error.mjs";

/** @param {unknown} include @returns {string} */
const includeText = (include) => {
  if (typeof include === "string") return include;
  if (Array.isArray(include)) return include.map(includeText).join(",");
  return Object.entries(/** @type {Record<string, any>} */ (include))
    .map(([name, options]) => {
      if (options === true) return name;
      const parts = [];
      if (options.perPage !== undefined) parts.push(`perPage:${options.perPage}`);
      if (options.sortBy !== undefined) parts.push(`sortBy:${[options.sortBy].flat().join(",")}`);
      if (options.include !== undefined) parts.push(`include:${includeText(options.include)}`);
      return parts.length === 0 ? name : `${name}(${parts.join(",")})`;
    })
    .join(",");
};

/** What is compared with. @param {unknown} value */
const plainText = (value) => (value instanceof Date ? value.toISOString() : String(value));

/** A value in parentheses: text in quotes, whatever it holds. @param {unknown} value @returns {string} */
const argumentText = (value) => {
  if (Array.isArray(value)) return `[${value.map(argumentText).join(",")}]`;
  return typeof value === "string" ? `"${value.replaceAll(/["\\]/g, "\\$&")}"` : plainText(value);
};

/** @param {unknown} filter */
const namedText = (filter) => {
  if (typeof filter === "string") return filter;
  const { name, params = {} } = /** @type {{ name: string, params?: Record<string, unknown> }} */ (filter);
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  return given.length === 0 ? name : `${name}(${given.map(([param, value]) => `${param}:${argumentText(value)}`).join(",")})`;
};

/**
 * A set to choose from. None at all is refused, as the server refuses it: in an address it could not be told from no condition, and everything would be
 * answered.
 *
 * @param {string} name @param {unknown} values @returns {unknown[]}
 */
const setOf = (name, values) => {
  const set = [values].flat();
  if (set.length > 0) return set;
  const message = `a filter by none of all values of ${name}`;
  throw new PonsError("validation_failed", { message, status: 422, issues: { [name]: [message] } });
};

/** A query as the address has it. @param {Record<string, any>} query */
export const queryText = (query) => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (name === "filters") search.append(name, [value].flat().map(namedText).join(";"));
    else if (name === "include") search.append(name, includeText(value));
    else if (name === "sortBy" || name === "fields") search.append(name, [value].flat().join(","));
    else if (Array.isArray(value)) for (const one of setOf(name, value)) search.append(name, plainText(one));
    else if (value === null) search.append(`${name}[null]`, "true");
    else if (typeof value === "object" && !(value instanceof Date)) {
      for (const [operator, wanted] of Object.entries(value))
        if (wanted !== undefined) for (const one of setOf(name, wanted)) search.append(`${name}[${operator}]`, plainText(one));
    } else search.append(name, plainText(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
};

/** Properties: from a row that the pipeline presents to the one value the address names. */
import type { Result } from "../../pipeline/call.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import { isObject } from "./input.ts";

/**
 * `{ id, name: "A" }` → `"A"` for the endpoint of `name`. A property that this caller may not read is 403.
 * Other endpoints get their result as it is.
 */
export const pickProperty = (endpoint: OperationEndpoint, result: Result): Result => {
  const { property } = endpoint;
  if (property === undefined || !result.ok || !isObject(result.data)) return result;
  if (!Object.hasOwn(result.data, property)) return { ok: false, refusal: refuse("forbidden", { details: { property } }) };
  return { ...result, data: result.data[property] };
};

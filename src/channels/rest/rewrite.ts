/**
 * Changes that need the present row: JSON Patch (RFC 6902), and PUT of a property that is an object. The row is read, changed here, and written
 * as an update under the entity tag it was read with; when somebody was faster it is read again. All or nothing.
 *
 * Since an update merges, a member of a JSON field cannot be set to null this way: it is removed.
 *
 * Refusals of its own: 400 invalid_body (no patch document), 409 conflict (a test did not hold, a path is not there, others were faster three
 * times), 413 too_large. Everything else is the refusal of the read or the update.
 */
import type { Result } from "../../pipeline/call.ts";
import { entityTag } from "../../pipeline/entity-tag.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import { callOf } from "./exchange.ts";
import type { CallOptions, Exchange } from "./exchange.ts";
import { isObject } from "./input.ts";
import type { PlainObject } from "./input.ts";
import { applyPatch, isSame } from "./json-patch.ts";

const attemptsMax = 3;

/** The new row, or why there is none. */
export type Transform = (row: PlainObject) => { readonly row: PlainObject } | Refusal;

/** What a transform made stands below `row`, so a row with a field `type` is no refusal. */
const isRefused = (made: ReturnType<Transform>): made is Refusal => !("row" in made);

/** An update merges (RFC 7396), so a member that is gone has to be named: null. */
const withRemovals = (before: unknown, after: unknown): unknown => {
  if (!isObject(before) || !isObject(after)) return after;
  const merged: Record<string, unknown> = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) merged[name] = null;
  for (const [name, value] of Object.entries(after)) merged[name] = withRemovals(before[name], value);
  return merged;
};

/** The body of an update that makes `after` of `before`. */
export const changesBetween = (before: PlainObject, after: PlainObject): PlainObject => {
  const changes: Record<string, unknown> = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) changes[name] = null;
  for (const [name, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, name) || !isSame(before[name], value)) changes[name] = withRemovals(before[name], value);
  }
  return changes;
};

/** Applies a JSON Patch document to a row. */
export const patchWith =
  (document: unknown, options: { readonly operationsMax: number }): Transform =>
  (row) => {
    const patched = applyPatch(row, document, options);
    if (!patched.ok) {
      const details = { reason: patched.fault, operation: patched.index };
      if (patched.fault === "malformed") return refuse("invalid_body", { details });
      return refuse(patched.fault === "too_large" ? "too_large" : "conflict", { details });
    }
    return isObject(patched.value) ? { row: patched.value } : refuse("conflict", { details: { reason: "path", operation: 0 } });
  };

/** Reads, transforms and updates the row of an item or singleton. Who may not change is told so before anything is read. */
export const rewrite = async (
  exchange: Exchange,
  pipeline: Pipeline,
  given: {
    readonly endpoint: OperationEndpoint;
    readonly id: string | undefined;
    readonly transform: Transform;
    readonly text: boolean;
  },
  options: Omit<CallOptions, "text">,
): Promise<Result> => {
  const { operation } = given.endpoint;
  const get = exchange.version?.contract.operations.get(operation.name.replace(/\.[^.]*$/, ".get"));
  if (get === undefined) return { ok: false, refusal: refuse("unsupported_media_type") };
  const item = given.id === undefined ? {} : { id: given.id };
  const barred = await pipeline.permit(callOf(exchange, operation, item));
  if (barred !== undefined) return { ok: false, refusal: barred };
  for (let attempt = 1; ; attempt++) {
    const read = await pipeline.run(callOf(exchange, get, item));
    if (!read.ok) return read;
    const before = read.data;
    if (!isObject(before)) throw new TypeError(`${get.name} answered no row`);
    const made = given.transform(before);
    if (isRefused(made)) return { ok: false, refusal: made };
    const tag = entityTag(before);
    const { ifMatch } = options;
    if (ifMatch !== undefined && !ifMatch.includes("*") && !ifMatch.includes(tag)) {
      return { ok: false, refusal: refuse("precondition_failed") };
    }
    const body = changesBetween(before, made.row);
    if (Object.keys(body).length === 0) return read;
    const result = await pipeline.run(
      callOf(exchange, operation, { ...item, body }, { ...options, ifMatch: [tag], text: given.text }),
    );
    if (result.ok || result.refusal.type !== "precondition_failed") return result;
    if (ifMatch !== undefined && !ifMatch.includes("*")) return result;
    if (attempt === attemptsMax) return { ok: false, refusal: refuse("conflict") };
  }
};

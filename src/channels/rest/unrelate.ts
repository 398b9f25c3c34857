/**
 * DELETE of an id in a related collection. A many-to-many relation loses its pair; a reference is emptied where it may be empty. Both are found by
 * a list as this caller sees it, so what he may not see is 404, and changed by an ordinary command with all its checks. Who may not change is
 * 403 whether there is anything or not.
 */
import type { Result } from "../../pipeline/call.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import { callOf } from "./exchange.ts";
import type { CallOptions, Exchange } from "./exchange.ts";
import { isObject } from "./input.ts";
import type { Match } from "./route.ts";

const equal = (path: string, value: string) => ({ path, op: "eq" as const, values: [value], as: path });

/** Deletes the relation between the two rows of the address. */
export const unrelate = async (
  exchange: Exchange,
  pipeline: Pipeline,
  given: { readonly endpoint: OperationEndpoint; readonly match: Match },
  options: Omit<CallOptions, "text">,
): Promise<Result> => {
  const { endpoint, match } = given;
  const { related, operation, then } = endpoint;
  const { id = "", relatedId = "" } = match;
  if (related === undefined || then === undefined) throw new Error(`${operation.name}: unrelate without a relation`);
  const barred = await pipeline.permit(callOf(exchange, then, {}));
  if (barred !== undefined) return { ok: false, refusal: barred };
  const { from, to, reference } = related;
  const isPair = from !== undefined && to !== undefined;
  const filters = isPair ? [equal(from, id), equal(to, relatedId)] : [equal("id", relatedId)];
  const parent = isPair ? {} : { parent: { resource: related.parent.name, id, relation: related.relation } };
  const found = await pipeline.run(callOf(exchange, operation, { query: { filters, perPage: 1 }, ...parent }));
  if (!found.ok) return found;
  const row: unknown = Array.isArray(found.data) ? found.data[0] : undefined;
  if (!isObject(row) || typeof row["id"] !== "string") return { ok: false, refusal: refuse("not_found") };
  const body = isPair || reference === undefined ? {} : { body: { [reference]: null } };
  const done = await pipeline.run(callOf(exchange, then, { id: row["id"], ...body }, options));
  // The relation is gone; the row that an emptied reference leaves behind is not what was asked for.
  return done.ok ? { ok: true, status: 204, data: undefined, ...(done.replayed === true ? { replayed: true } : {}) } : done;
};

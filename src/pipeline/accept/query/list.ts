/** Plans a list: filters, order, page or cursor. */
import type { ManyContract } from "../../../contract/contract.ts";
import type { CountShape } from "../../../store/store.ts";
import type { Input } from "../../call.ts";
import { makeCursor, readCursor } from "../../cursor.ts";
import type { RowsPlan } from "../../plan.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { View } from "../../view.ts";
import type { QueryContext } from "./builder.ts";
import { choose, planIncludes } from "./include.ts";
import { addFilters, startOf } from "./start.ts";
import { wholeNumber } from "./whole-number.ts";

const pageMax = 1_000_000;

/** `undefined`: neither true nor false. */
const truth = (raw: unknown): boolean | undefined =>
  raw === true || raw === "true" || raw === "1" ? true : raw === false || raw === "false" || raw === "0" ? false : undefined;

/** Plans a list. */
export const planList = (
  view: View,
  input: Input,
  context: QueryContext,
  parent: ManyContract | undefined,
): RowsPlan | Refusal => {
  const query = input.query ?? {};
  const { resource } = view;
  const builder = startOf(view, input, context, parent);
  addFilters(builder, query);
  const order = builder.order(query.sortBy ?? []);
  // The order of the definition, as far as the caller may read its fields: their values stand in cursors.
  if (order.length === 0) order.push(...resource.sortBy.filter(({ path }) => view.readable.has(path[0] ?? "")));
  if (!order.some(({ path }) => path.length === 1 && path[0] === "id")) {
    order.push({ path: ["id"], direction: order[0]?.direction ?? "asc" });
  }
  const chosen = choose(builder, view, query);
  const perPage = query.perPage === undefined ? resource.perPage : wholeNumber(query.perPage, 1, resource.maxPerPage);
  if (perPage === undefined) builder.issue("perPage", "not_in_range", { min: 1, max: resource.maxPerPage });
  const includes = planIncludes(builder, view, chosen.includes, context, { depth: 0, parentsMax: perPage ?? 1 });
  const page = query.page === undefined ? 1 : wholeNumber(query.page, 1, pageMax);
  if (page === undefined) builder.issue("page", "not_in_range", { min: 1, max: pageMax });
  if (query.cursor !== undefined && query.page !== undefined) builder.issue("cursor", "not_with_page");
  const localOrder = order.every(({ path }) => path.length === 1);
  if (query.cursor !== undefined && !localOrder) builder.issue("cursor", "not_with_related_order");
  if (query.count !== undefined && truth(query.count) === undefined)
    builder.issue("count", "wrong_type", { expected: "boolean" });
  builder.bindCaller();
  const refused = builder.refusal;
  if (refused !== undefined || perPage === undefined || page === undefined) return refused ?? refuse("internal");
  const { realm } = context.principal;
  const byCursor = query.cursor !== undefined;
  const bound = byCursor || localOrder ? `${realm}\n${resource.table.name}\n${JSON.stringify(order)}` : "";
  const continues = query.cursor !== undefined && query.cursor !== "";
  const after = continues ? readCursor(context.cursorSecret, bound, query.cursor) : undefined;
  if (continues && after === undefined) return refuse("invalid_cursor");
  const select = [
    ...new Set([
      ...chosen.names,
      "id",
      ...includes.map((include) => include.by),
      ...(localOrder ? order.map(({ path }) => path[0] as string) : []),
    ]),
  ];
  const shared = builder.shape();
  const counted = query.count === undefined ? !byCursor : truth(query.count) === true;
  const isAlone = query.isAlone === true && !counted;
  const countShape: CountShape = { kind: "count", key: builder.keyOf("count", 0), ...shared };
  return {
    kind: "rows",
    view,
    shape: {
      kind: "rows",
      key: builder.keyOf("list", [select, order, after !== undefined]),
      ...shared,
      select,
      order,
      ...(after === undefined ? {} : { after: true as const }),
    },
    call: {
      realm,
      params: builder.values,
      // One row more than asked for tells whether there is a next page.
      limit: perPage + (isAlone ? 0 : 1),
      offset: byCursor ? 0 : (page - 1) * perPage,
      ...(after === undefined ? {} : { after }),
    },
    present: view.presentOnly(chosen.names),
    ...(select.length === chosen.names.length && query.cursors !== true ? { presentOwn: view.presentOwn(chosen.names) } : {}),
    includes,
    paging: {
      by: byCursor ? "cursor" : "page",
      page,
      perPage,
      maxPerPage: resource.maxPerPage,
      ...(query.cursors === true ? { withCursors: true as const } : {}),
      ...(counted ? { count: { shape: countShape, call: { realm, params: builder.values } } } : {}),
      ...(localOrder
        ? {
            cursorOf: (row) =>
              makeCursor(
                context.cursorSecret,
                bound,
                order.map(({ path }) => row[path[0] as string] ?? null),
              ),
          }
        : {}),
    },
  };
};

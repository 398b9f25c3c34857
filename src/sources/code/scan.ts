/** All rows of a resource as handlers see them, a chunk at a time, past any caller's view. */
import type { Fields, RowOf } from "../../define/field.ts";
import type { ResourceDefinition } from "../../define/resource.ts";
import type { Order, RowsShape, Store } from "../../store/store.ts";
import { handlerRow } from "../table/nested.ts";
import { resourceOf } from "./context.ts";

const chunkRows = 2_000;

/** Rows of one realm in the order of `sortBy` (`seq`, `name.desc`), by id when absent. */
export async function* scanRows<F extends Fields>(
  store: Store,
  options: { readonly realm: number; readonly resource: ResourceDefinition<string, F>; readonly sortBy?: string },
): AsyncIterable<RowOf<F>> {
  const resource = resourceOf(options.resource);
  const order: Order[] = (options.sortBy ?? "id").split(",").map((part) => {
    const [field = "id", direction] = part.split(".");
    return { path: [field], direction: direction === "desc" ? "desc" : "asc" };
  });
  const shape: RowsShape = {
    kind: "rows",
    key: `${resource.table.name}:scan:${JSON.stringify(order)}`,
    table: resource.table,
    joins: [],
    links: [],
    params: [],
    select: resource.fieldNames,
    order,
  };
  for await (const rows of store.scan(shape, { realm: options.realm, params: [] }, { chunk: chunkRows })) {
    for (const row of rows) yield handlerRow(resource, row) as RowOf<F>;
  }
}

/** Appends rows to a table of streams, each row once: an attempt without an answer may be made again. */
import { and, eq } from "../define/expression.ts";
import type { Row, RowsShape, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Table } from "../store/table.ts";

const shapeOf = (table: Table, proof: string): RowsShape => ({
  kind: "rows",
  key: `${table.name}.${proof}`,
  table,
  joins: [],
  links: [],
  params: [
    { name: "stream", type: "text" },
    { name: "seq", type: "integer" },
  ],
  where: and(eq({ field: ["stream"] }, { param: "stream" }), eq({ field: ["seq"] }, { param: "seq" })),
  select: [proof],
  order: [{ path: ["seq"], direction: "asc" }],
});

/**
 * Inserts rows whose key is `stream` and `seq`, in one transaction. Where they are there already, with the same `proof` in each, an earlier attempt has
 * written them. Throws `StoreError`.
 */
export const appendOnce = async (
  store: Store,
  table: Table,
  rows: readonly { readonly realm: number; readonly row: Row }[],
  proof: string,
): Promise<void> => {
  try {
    await store.write((tx) => tx.apply([{ table, inserts: rows, updates: [], deletes: [] }]));
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "unique") throw error;
    const calls = rows.map(({ realm, row }) => ({ realm, params: [row["stream"] ?? null, row["seq"] ?? null], limit: 1 }));
    const found = await store.read(shapeOf(table, proof), calls);
    if (!rows.every(({ row }, at) => found[at]?.[0]?.[proof] === row[proof])) throw error;
  }
};

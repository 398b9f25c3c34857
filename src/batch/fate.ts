/** The fate of a commit that got no answer: a row that it wrote is there, or it never happened. */
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { RowsShape, Store } from "../store/store.ts";
import { journalRowShape } from "./journal.ts";
import { partitionOf } from "./lease.ts";
import { countersTable, journalCounter, leasesTable } from "./system-tables.ts";
import { type UsageWitness, usageTable } from "./usage.ts";

/** A row that the commit wrote: of the journal, or, where it changed nothing, of the usage. */
export type Witness =
  { readonly realm: number; readonly seq: number; readonly at: string; readonly requestId: string } | UsageWitness;

/** How long it is looked for, ms. */
const waitMsMax = 10_000;

const usageRowShape: RowsShape = {
  kind: "rows",
  key: "pons_usage.byId",
  table: usageTable,
  joins: [],
  links: [],
  params: [{ name: "id", type: "text" }],
  where: { op: "eq", left: { field: ["id"] }, right: { param: "id" } },
  select: ["id"],
  order: [{ path: ["id"], direction: "asc" }],
};

/** Whether the commit happened; `undefined` when it cannot be found out. Without a witness nothing was written. */
export const fateOf = async (store: Store, witness: Witness | undefined): Promise<boolean | undefined> => {
  if (witness === undefined) return false;
  const { realm } = witness;
  const until = performance.now() + waitMsMax;
  for (let waitMs = 20; performance.now() < until; waitMs = Math.min(waitMs * 2, 1_000)) {
    try {
      const rows = await store.write(async (tx) => {
        // The server may still be at it: who waits for its locks looks when it has ended.
        await tx.load(leasesTable, [{ realm: installationRealm, key: [partitionOf(realm)] }]);
        await tx.load(countersTable, [{ realm, key: [journalCounter] }]);
        const [shape, value] =
          "id" in witness ? ([usageRowShape, witness.id] as const) : ([journalRowShape, witness.seq] as const);
        return (await tx.read(shape, [{ realm, params: [value], limit: 1 }]))[0];
      });
      if ("id" in witness) return rows?.[0] !== undefined;
      return rows?.[0]?.["requestId"] === witness.requestId && rows[0]["at"] === witness.at;
    } catch {
      await Bun.sleep(waitMs);
    }
  }
  return undefined;
};

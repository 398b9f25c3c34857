/** Rows that a function asks for before it runs: what to fetch, and what was found. */
import type { Need } from "../../batch/command.ts";
import type { Unit } from "../../batch/unit.ts";
import type { EntryRequest, RowRequest, RowsRequest } from "../../define/function.ts";
import { directoryTable } from "../../pipeline/identity/directory-tables.ts";
import { installationRealm } from "../../pipeline/identity/realm.ts";
import type { MaybePromise, Row } from "../../store/store.ts";
import { handlerRow } from "../table/nested.ts";
import { resourceOf } from "./context.ts";

export type Requests = Readonly<Record<string, RowRequest | RowsRequest | EntryRequest>>;

const entryNeed = ({ entry }: EntryRequest): Need => ({ by: "key", table: directoryTable, key: entry });

/** Whose a row that is needed is: entries of the directory are the installation's, all else the caller's. */
export const realmOfNeed = (need: Need, realm: number): number => (need.table === directoryTable ? installationRealm : realm);

export const needsOf = (requests: Requests): Need[] =>
  Object.values(requests).flatMap((request): Need[] => {
    if ("entry" in request) return [entryNeed(request)];
    const { table } = resourceOf(request.resource);
    const ids = "ids" in request ? request.ids : request.id === null ? [] : [request.id];
    return ids.map((id) => ({ by: "key", table, key: [id] }));
  });

/** The rows that were asked for, as the working set has them now. What nobody has fetched yet is fetched: earlier commands may have made it necessary. */
export const rowsFor = (requests: Requests, unit: Unit, realm: number): MaybePromise<Record<string, unknown>> => {
  const loaded: Record<string, unknown> = {};
  let missing: Need[] | undefined;
  for (const name in requests) {
    const request = requests[name] as RowRequest | RowsRequest | EntryRequest;
    if ("entry" in request) {
      const found = unit.rows.entry(directoryTable, installationRealm, request.entry);
      if (found === undefined) (missing ??= []).push(entryNeed(request));
      loaded[name] = found?.current?.["value"];
      continue;
    }
    const target = resourceOf(request.resource);
    const { table } = target;
    const row = (id: string): Row | undefined => {
      const entry = unit.rows.entry(table, realm, [id]);
      if (entry === undefined) (missing ??= []).push({ by: "key", table, key: [id] });
      return handlerRow(target, entry?.current);
    };
    if ("ids" in request) loaded[name] = request.ids.map(row);
    else if (request.id !== null) loaded[name] = row(request.id);
  }
  if (missing === undefined) return loaded;
  return unit
    .fetch(missing.map((need) => ({ realm: realmOfNeed(need, realm), need })))
    .then(() => rowsFor(requests, unit, realm));
};

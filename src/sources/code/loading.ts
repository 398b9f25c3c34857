/** Rows that a function asks for before it runs: what to fetch, and what was found. */
import type { Need } from "../../batch/command.ts";
import type { Unit } from "../../batch/unit.ts";
import type { RowRequest, RowsRequest } from "../../define/function.ts";
import type { MaybePromise, Row } from "../../store/store.ts";
import { handlerRow } from "../table/nested.ts";
import { resourceOf } from "./context.ts";

export type Requests = Readonly<Record<string, RowRequest | RowsRequest>>;

export const needsOf = (requests: Requests): Need[] =>
  Object.values(requests).flatMap((request): Need[] => {
    const { table } = resourceOf(request.resource);
    const ids = "ids" in request ? request.ids : request.id === null ? [] : [request.id];
    return ids.map((id) => ({ by: "key", table, key: [id] }));
  });

/** The rows that were asked for, as the working set has them now. */
export const rowsFor = (requests: Requests, unit: Unit, realm: number): Record<string, unknown> => {
  const loaded: Record<string, unknown> = {};
  for (const name in requests) {
    const request = requests[name] as RowRequest | RowsRequest;
    const target = resourceOf(request.resource);
    const row = (id: string): Row | undefined => handlerRow(target, unit.rows.entry(target.table, realm, [id])?.current);
    if ("ids" in request) loaded[name] = request.ids.map(row);
    else if (request.id !== null) loaded[name] = row(request.id);
  }
  return loaded;
};

/** Fetches what earlier commands of the batch have made necessary, such as rows that a rule of theirs asks for. */
export const fetchMissing = (requests: Requests, unit: Unit, realm: number): MaybePromise<void> => {
  const missing = needsOf(requests).filter(
    (need) => need.by === "key" && unit.rows.entry(need.table, realm, need.key) === undefined,
  );
  return missing.length === 0 ? undefined : unit.fetch(missing.map((need) => ({ realm, need })));
};

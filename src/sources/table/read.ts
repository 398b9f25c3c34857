/** Executes the plan of a read: rows with their relations, counts, aggregates. One statement per level, whatever the number of rows. */
import type { Value } from "../../define/expression.ts";
import { andThen } from "../../pipeline/condition.ts";
import { jsonReady } from "../../pipeline/json-ready.ts";
import type { Page, RowGroup } from "../../pipeline/page.ts";
import type { AggregatePlan, IncludePlan, Plan, RowsPlan, SeveralPlan } from "../../pipeline/plan.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { Present } from "../../pipeline/view.ts";
import type { MaybePromise, ReadCall, Row, Store } from "../../store/store.ts";

type Presented = Record<string, unknown>;

export type ReadOutcome =
  | { readonly ok: true; readonly data: unknown; readonly page?: Page; readonly groups?: readonly RowGroup[] }
  | { readonly ok: false; readonly refusal: Refusal };

/** Reads the relations of rows and puts them into their presented form. */
export const attach = (
  store: Store,
  realm: number,
  rows: readonly Row[],
  presented: readonly Presented[],
  includes: readonly IncludePlan[],
): MaybePromise<void> => {
  const pending: Promise<void>[] = [];
  for (const include of includes) {
    const done = attachOne(store, realm, rows, presented, include);
    if (done instanceof Promise) pending.push(done);
  }
  if (pending.length > 0) return Promise.all(pending).then(() => undefined);
};

const attachOne = (
  store: Store,
  realm: number,
  rows: readonly Row[],
  presented: readonly Presented[],
  include: IncludePlan,
): MaybePromise<void> => {
  // Each relation takes its place at once: answers of the database that come in another order change neither the JSON nor its tag.
  for (const target of presented) target[include.name] = null;
  const parents = [...new Set(rows.map((row) => row[include.by] as Value).filter((value) => value !== null))];
  const calls = parents.map((parent) => ({ realm, params: [parent, ...include.params], limit: include.limit }));
  return andThen(calls.length === 0 ? [] : store.read(include.shape, calls), (lists) => {
    const children = lists.flat();
    const shown = children.map((child) => include.present(child));
    return andThen(attach(store, realm, children, shown, include.includes), () => {
      const byParent = new Map<Value, Presented[]>();
      let at = 0;
      for (const [position, list] of lists.entries()) {
        byParent.set(parents[position] as Value, shown.slice(at, at + list.length));
        at += list.length;
      }
      for (const [position, row] of rows.entries()) {
        const target = presented[position];
        if (target === undefined) continue;
        const found = byParent.get(row[include.by] as Value) ?? [];
        // Each parent gets objects of its own, so that what is done to one answer's part shows nowhere else.
        target[include.name] = include.kind === "many" ? found : found[0] === undefined ? null : { ...found[0] };
      }
    });
  });
};

const pageOf = (
  paging: NonNullable<RowsPlan["paging"]>,
  rows: readonly Row[],
  more: boolean,
  total: number | undefined,
): Page => {
  const { cursorOf } = paging;
  const last = rows[rows.length - 1];
  const nextCursor = more && last !== undefined ? cursorOf?.(last) : undefined;
  return {
    ...(total === undefined ? {} : { totalRecords: total, totalPages: Math.max(1, Math.ceil(total / paging.perPage)) }),
    ...(paging.by === "page" ? { currentPage: paging.page } : {}),
    perPage: paging.perPage,
    maxPerPage: paging.maxPerPage,
    ...(nextCursor === undefined ? {} : { nextCursor }),
    ...(paging.withCursors === undefined || cursorOf === undefined
      ? {}
      : { cursorAt: (position: number) => cursorOf(rows[position] ?? {}) }),
  };
};

const readRows = (store: Store, plan: RowsPlan): MaybePromise<ReadOutcome> =>
  andThen(store.read(plan.shape, [plan.call]), (lists): MaybePromise<ReadOutcome> => {
    const found = lists[0] ?? [];
    const { paging } = plan;
    if (paging === undefined) {
      const row = found[0];
      if (row === undefined) return { ok: false, refusal: refuse("not_found") };
      const data = plan.present(row);
      if (plan.includes.length === 0) return { ok: true, data };
      return andThen(attach(store, plan.call.realm, [row], [data], plan.includes), () => ({ ok: true as const, data }));
    }
    const more = found.length > paging.perPage;
    const rows = more ? found.slice(0, paging.perPage) : found;
    if (rows.length === 0 && paging.by === "page" && paging.page > 1) return { ok: false, refusal: refuse("page_not_found") };
    return andThen(totalOf(store, plan, rows.length, more), (total) => {
      const data = rows.map(plan.present);
      const page = pageOf(paging, rows, more, total);
      const outcome = { ok: true as const, data, page };
      if (plan.includes.length === 0) return outcome;
      return andThen(attach(store, plan.call.realm, rows, data, plan.includes), () => outcome);
    });
  });

/** Whether it is known how many rows stand before the page: not behind a cursor. */
const isFromStart = ({ call }: RowsPlan): boolean => call.after === undefined;

/** The number of all matches. The last page knows it without asking. */
const totalOf = (store: Store, plan: RowsPlan, rows: number, more: boolean): MaybePromise<number | undefined> => {
  const { paging } = plan;
  if (paging?.count === undefined) return undefined;
  if (!more && isFromStart(plan)) return (paging.page - 1) * paging.perPage + rows;
  return andThen(store.read(paging.count.shape, [paging.count.call]), (lists) => lists[0]?.[0]?.["count"] as number);
};

/** How rows are presented: in place where they are nobody else's, and no relation is put into them. */
const presentOf = ({ includes, present, presentOwn = present }: RowsPlan, isOwn: boolean): Present =>
  isOwn && includes.length === 0 ? presentOwn : present;

/** Rows by id in the order asked for, null where there is none; or the lists of several parents, one after the other. */
const readSeveral = (store: Store, { plan, keys }: SeveralPlan, isOwn: boolean): MaybePromise<ReadOutcome> => {
  if (keys.length === 0) return { ok: true, data: [], ...(plan.paging === undefined ? {} : { groups: [] }) };
  const present = presentOf(plan, isOwn);
  return plan.paging === undefined
    ? readByIds(store, plan, { present, ids: keys })
    : readLists(store, plan, { present, paging: plan.paging, parents: keys });
};

const readByIds = (
  store: Store,
  plan: RowsPlan,
  { present, ids }: { readonly present: Present; readonly ids: readonly string[] },
): MaybePromise<ReadOutcome> =>
  andThen(store.read(plan.shape, [plan.call]), (lists) => {
    const rows = lists[0] ?? [];
    const byId = new Map<Value, Presented>();
    const shown: Presented[] = [];
    for (const row of rows) {
      // Before it is presented, which may mask it.
      const id = row["id"] ?? null;
      const presented = present(row);
      byId.set(id, presented);
      shown.push(presented);
    }
    const inOrder = (): ReadOutcome => ({ ok: true, data: ids.map((id) => byId.get(id) ?? null) });
    return andThen(attach(store, plan.call.realm, rows, shown, plan.includes), inOrder);
  });

const readLists = (
  store: Store,
  plan: RowsPlan,
  {
    present,
    paging,
    parents,
  }: {
    readonly present: Present;
    readonly paging: NonNullable<RowsPlan["paging"]>;
    readonly parents: readonly string[];
  },
): MaybePromise<ReadOutcome> => {
  const ofEach = (call: ReadCall): ReadCall[] =>
    parents.map((parent) => ({ ...call, params: [parent, ...call.params.slice(1)] }));
  return andThen(store.read(plan.shape, ofEach(plan.call)), (lists): MaybePromise<ReadOutcome> => {
    const { count } = paging;
    const isLast = lists.map(({ length }) => length <= paging.perPage && (length > 0 || paging.page === 1) && isFromStart(plan));
    const counted = count === undefined ? [] : ofEach(count.call).filter((_, position) => isLast[position] === false);
    return andThen(count === undefined || counted.length === 0 ? [] : store.read(count.shape, counted), (counts) => {
      const rows: Row[] = [];
      let nextCount = 0;
      const groups = lists.map((found, position): RowGroup => {
        const more = found.length > paging.perPage;
        const own = more ? found.slice(0, paging.perPage) : found;
        for (const row of own) rows.push(row);
        const before = (paging.page - 1) * paging.perPage;
        const total =
          count === undefined
            ? undefined
            : isLast[position] === true
              ? before + own.length
              : (counts[nextCount++]?.[0]?.["count"] as number);
        return { size: own.length, more, page: pageOf(paging, own, false, total) };
      });
      const data = rows.map(present);
      return andThen(attach(store, plan.call.realm, rows, data, plan.includes), (): ReadOutcome => ({ ok: true, data, groups }));
    });
  });
};

const readAggregate = (store: Store, plan: AggregatePlan): MaybePromise<ReadOutcome> =>
  andThen(store.read(plan.shape, [plan.call]), (lists) => {
    const found = lists[0] ?? [];
    const { groupsMax } = plan;
    const rows = found
      .slice(0, groupsMax)
      .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonReady(value)])));
    if (plan.single) return { ok: true as const, data: rows[0]?.["value"] ?? null };
    if (found.length <= groupsMax) return { ok: true as const, data: rows };
    return { ok: true as const, data: rows, page: { perPage: groupsMax, maxPerPage: groupsMax, truncated: true as const } };
  });

/** Executes a read. `isOwn`: rows of the store are nobody else's, and may be changed. */
export const executePlan = (store: Store, plan: Plan, { isOwn }: { readonly isOwn: boolean }): MaybePromise<ReadOutcome> => {
  switch (plan.kind) {
    case "rows":
      return readRows(store, plan);
    case "several":
      return readSeveral(store, plan, isOwn);
    case "count":
      return andThen(store.read(plan.shape, [plan.call]), (lists) => ({
        ok: true as const,
        data: lists[0]?.[0]?.["count"] ?? 0,
      }));
    case "aggregate":
      return readAggregate(store, plan);
  }
};

/**
 * Commands on a table: create, update, replace, delete. Rows are changed in the working set; references and unique values are checked there, with
 * rows that the batch fetched for all its commands at once.
 */
import type { Operation, ResourceContract } from "../../contract/contract.ts";
import type { Need, Verdict } from "../../batch/command.ts";
import { sequenceName, type Unit } from "../../batch/unit.ts";
import type { Entry } from "../../batch/working-set.ts";
import type { Caller } from "../../pipeline/identity/caller.ts";
import { andThen } from "../../pipeline/condition.ts";
import { entityTag } from "../../pipeline/entity-tag.ts";
import { newIdentifier } from "../../pipeline/identifier.ts";
import { invalid, type Issue, type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { View } from "../../pipeline/view.ts";
import { viewOf } from "../../pipeline/view.ts";
import type { MaybePromise, Row } from "../../store/store.ts";
import type { StoreError } from "../../store/store-error.ts";
import { mergeRow } from "./merge.ts";
import { absentValue } from "./default.ts";
import { storeNested } from "./nested.ts";
import { visible } from "./visible.ts";

const no = (refusal: Refusal): Verdict => ({ ok: false, refusal });

/** A whole row from accepted values: id, what the writer sets, the default or null for what is absent. */
export const completeRow = (resource: ResourceContract, values: Row, unit: Unit, realm: number): Row => {
  const row: Row = {};
  for (const name of resource.fieldNames) {
    const given = values[name];
    row[name] = given === undefined ? absentValue(resource, name) : given;
  }
  if (row["id"] === null) row["id"] = `${resource.prefix}_${newIdentifier()}`;
  for (const name of resource.set.created) row[name] = unit.now;
  for (const name of resource.set.updated) row[name] = unit.now;
  for (const name of resource.set.version) row[name] = 1;
  for (const name of resource.set.sequence) row[name] = unit.next(realm, sequenceName(resource.table));
  return storeNested(resource, row);
};

/** The row after changes, with what the writer sets. */
export const changedRow = (resource: ResourceContract, row: Row, changes: Row, unit: Unit): Row => {
  const next = { ...row, ...changes };
  for (const name of resource.set.updated) next[name] = unit.now;
  for (const name of resource.set.version) next[name] = (row[name] as number) + 1;
  return storeNested(resource, next);
};

/** What has to be fetched to check values: rows referred to, holders of unique values. */
export const needsOfValues = (resource: ResourceContract, values: Row): Need[] => {
  const needs: Need[] = [];
  for (const { by, target } of resource.one.values()) {
    const id = values[by];
    if (typeof id === "string") needs.push({ by: "key", table: target.table, key: [id] });
  }
  for (const index of resource.table.indexes) {
    if (!index.unique || index.fields.some((field) => resource.set.sequence.includes(field))) continue;
    const uniqueValues = index.fields.map((field) => values[field] ?? null);
    if (uniqueValues.every((value) => value !== null))
      needs.push({ by: "unique", table: resource.table, fields: index.fields, values: uniqueValues });
  }
  return needs;
};

/** Refuses references to rows that are not there or that the caller may not see. A role that sees no row of a resource may still name one. */
const checkReferences = (
  resource: ResourceContract,
  values: Row,
  unit: Unit,
  caller: Caller,
): MaybePromise<Refusal | undefined> => {
  let issues: Record<string, Issue[]> | undefined;
  let waiting: Promise<void>[] | undefined;
  for (const { by, target } of resource.one.values()) {
    const id = values[by];
    if (typeof id !== "string") continue;
    const row = unit.rows.entry(target.table, caller.realm, [id])?.current;
    const view = viewOf(target, caller.roles);
    const judge = (seen: boolean): void => {
      if (!seen) (issues ??= {})[by] = [{ code: "bad_reference", params: { resource: target.name } }];
    };
    const seen = row !== undefined && (view.rule === "none" || visible(view, row, unit, caller));
    if (seen instanceof Promise) (waiting ??= []).push(seen.then(judge));
    else judge(seen);
  }
  const refusal = (): Refusal | undefined => (issues === undefined ? undefined : refuse("invalid_reference", { issues }));
  return waiting === undefined ? refusal() : Promise.all(waiting).then(refusal);
};

const duplicate = (fields: readonly string[]): Refusal =>
  refuse("already_exists", { issues: Object.fromEntries(fields.map((field) => [field, [{ code: "duplicate" }]])) });

/** What an error that only the database noticed means for a plain change: the same refusals as those found beforehand. */
export const refusalOfChange = (
  action: Operation["action"],
  resource: ResourceContract,
  error: StoreError,
): Refusal | undefined => {
  if (error.kind === "reference") {
    if (action === "delete") return refuse("still_referenced");
    const target = error.field === undefined ? undefined : resource.one.get(error.field)?.target;
    return error.field === undefined || target === undefined
      ? undefined
      : refuse("invalid_reference", {
          issues: { [error.field]: [{ code: "bad_reference", params: { resource: target.name } }] },
        });
  }
  if (error.kind !== "unique" || error.table !== resource.table.name) return undefined;
  const fields =
    error.index === "key" ? resource.table.key : resource.table.indexes.find(({ name }) => name === error.index)?.fields;
  return fields === undefined ? undefined : duplicate(fields);
};

export const needsOfCreate = (resource: ResourceContract, values: Row): Need[] => {
  const needs = needsOfValues(resource, values);
  if (typeof values["id"] === "string") needs.push({ by: "key", table: resource.table, key: [values["id"]] });
  return needs;
};

/** Inserts one row. */
export const create = (view: View, values: Row, unit: Unit, caller: Caller): MaybePromise<Verdict> => {
  const { resource } = view;
  return andThen(checkReferences(resource, values, unit, caller), (refusal): Verdict => {
    if (refusal !== undefined) return no(refusal);
    const row = completeRow(resource, values, unit, caller.realm);
    const id = row["id"] as string;
    if (unit.rows.entry(resource.table, caller.realm, [id])?.current !== undefined) return no(duplicate(["id"]));
    const taken = unit.conflict(resource.table, caller.realm, row, undefined);
    if (taken !== undefined) return no(duplicate(taken));
    unit.insert(resource.table, caller.realm, row);
    return { ok: true, status: 201, id, data: () => view.present(row) };
  });
};

export interface Change {
  readonly operation: Operation;
  readonly view: View;
  readonly id: string;
  readonly values: Row;
  readonly ifMatch?: readonly string[];
  /** What the caller's version makes of a presented row, so that its entity tag is the one the caller was given. */
  readonly inVersion?: (presented: Record<string, unknown>) => unknown;
  /** Asked before the change, with the row and the changes. */
  readonly guard?: (row: Row, changes: Row) => MaybePromise<Refusal | undefined>;
}

/** The row a change is about: there, visible, and as If-Match says. */
const target = (change: Change, unit: Unit, caller: Caller): MaybePromise<{ entry: Entry; row: Row } | Refusal> => {
  const { view, id, ifMatch, inVersion = (presented: unknown): unknown => presented } = change;
  const { table } = view.resource;
  return andThen(unit.get(table, caller.realm, [id]), (row) => {
    const entry = unit.rows.entry(table, caller.realm, [id]);
    if (row === undefined || entry === undefined) return refuse("not_found");
    return andThen(visible(view, row, unit, caller), (seen) => {
      if (!seen) return refuse("not_found");
      if (ifMatch !== undefined && !ifMatch.includes("*") && !ifMatch.includes(entityTag(inVersion(view.present(row)))))
        return refuse("precondition_failed");
      return { entry, row };
    });
  });
};

/** Updates, replaces or deletes one row. */
export const changeRow = (change: Change, unit: Unit, caller: Caller): MaybePromise<Verdict> =>
  andThen(target(change, unit, caller), (found): MaybePromise<Verdict> => {
    if (!("entry" in found)) return no(found);
    const { entry, row } = found;
    const { resource } = change.view;
    const { action } = change.operation;
    const mergedInto = (base: Row) =>
      action === "update" ? mergeRow(resource.fields, base, change.values) : { ok: true as const, changes: change.values };
    const asked = mergedInto(row);
    if (!asked.ok) return no(invalid(asked.issues));
    return andThen(change.guard?.(row, asked.changes), (refused): MaybePromise<Verdict> => {
      if (refused !== undefined) return no(refused);
      if (action === "delete") {
        unit.rows.set(entry, undefined);
        return { ok: true, status: 204, data: () => undefined };
      }
      // The guard may have changed the row, or taken it away.
      const { current } = entry;
      if (current === undefined) return no(refuse("not_found"));
      const merged = current === row ? asked : mergedInto(current);
      if (!merged.ok) return no(invalid(merged.issues));
      const { changes } = merged;
      return andThen(checkReferences(resource, changes, unit, caller), (refusal): Verdict => {
        if (refusal !== undefined) return no(refusal);
        const next = changedRow(resource, current, changes, unit);
        const taken = unit.conflict(resource.table, caller.realm, next, entry);
        if (taken !== undefined) return no(duplicate(taken));
        unit.rows.set(entry, next);
        return { ok: true, status: 200, data: () => change.view.present(next) };
      });
    });
  });

/**
 * Runs a plan. All objects of a level are made together: the rows that references lead to, and the lists that belong to rows, are one call for each field of the
 * level, whatever the number of rows, and so one statement.
 *
 *   accounts(first: 20) { nodes { transfers(first: 10) { nodes { credit { name } } } } }
 *     accounts.list                      20 rows
 *     transfers.list of 20 parents      200 rows
 *     accounts.get of up to 200 ids
 *
 * Each is a call of the pipeline: authorized, limited, metered and redacted by itself. Nothing waits where the store does not.
 */
import type { FieldNode } from "graphql";
import type { Operation } from "../../contract/contract.ts";
import type { Call, Input, Result } from "../../pipeline/call.ts";
import { andThen } from "../../pipeline/condition.ts";
import { entityTag } from "../../pipeline/entity-tag.ts";
import type { Page, RowGroup } from "../../pipeline/page.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { reasonOf, type ToldRefusal } from "../../pipeline/told.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import { fieldsOf, listQueryOf, type Values, valuesOf } from "./arguments.ts";
import { Errors, extensionsOf, type Path, under } from "./errors.ts";
import type { ConnectionPart, ConnectionPlan, Part, Selection, Slot } from "./plan.ts";

/** What a request gives the executor: calls on its behalf, and words for what is refused. */
export interface Caller {
  run(
    operation: Operation,
    input: Input,
    options?: { readonly idempotencyKey?: string; readonly ifMatch?: readonly string[] },
  ): MaybePromise<Result>;
  tell(refusal: Refusal, operation: Operation | undefined): ToldRefusal;
}

export type { Call };

type Row = Readonly<Record<string, unknown>>;
export type Shown = Record<string, unknown>;

/** Where the object at a position stands in the answer: asked for only where something is wrong with it. */
type Places = (position: number) => Path;

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

export class Execution {
  readonly errors = new Errors();
  readonly #caller: Caller;
  readonly #variables: Values;

  constructor(caller: Caller, variables: Values) {
    this.#caller = caller;
    this.#variables = variables;
  }

  get variables(): Values {
    return this.#variables;
  }

  /** Tells of a refusal where its field stands. */
  refused(node: FieldNode, path: Path, refusal: Refusal, operation: Operation | undefined): null {
    const told = this.#caller.tell(refusal, operation);
    this.errors.add(node, path, reasonOf(told), extensionsOf(told, refusal));
    return null;
  }

  run(...given: Parameters<Caller["run"]>): MaybePromise<Result> {
    return this.#caller.run(...given);
  }

  tell(refusal: Refusal, operation: Operation): ToldRefusal {
    return this.#caller.tell(refusal, operation);
  }

  /** Objects as they are selected, in the order of the rows; null where one lacks what it must have. */
  shape(rows: readonly Row[], selection: Selection, places: Places): MaybePromise<(Shown | null)[]> {
    const { parts, slots } = selection;
    const shown: (Shown | null)[] = [];
    for (let position = 0; position < rows.length; position++) {
      const row = rows[position] as Row;
      const object: Shown = {};
      let isWhole = true;
      for (let at = 0; at < slots.length; at++) {
        const { key, source, convert, isRequired, constant, leaf } = slots[at] as Slot;
        if (leaf !== undefined) {
          let value = row[source];
          if (convert !== undefined && value !== null && value !== undefined) value = convert(value);
          if (value === undefined) value = this.#withheld(leaf, places, position);
          object[key] = value;
          if (isRequired && value === null) isWhole = false;
        }
        // What takes a call has its place at once: the order of an answer is that of the selection.
        else object[key] = constant === undefined ? entityTag(row) : constant;
      }
      shown.push(isWhole ? object : null);
    }
    let pending: Promise<unknown>[] | undefined;
    for (const part of parts) {
      if (part.kind === "leaf" || part.kind === "typename" || part.kind === "etag") continue;
      const done =
        part.kind === "object"
          ? this.#objects(rows, shown, part, places)
          : part.kind === "one"
            ? this.#one(rows, shown, part, places)
            : this.#many(rows, shown, part, places);
      if (done instanceof Promise) (pending ??= []).push(done);
    }
    return pending === undefined ? shown : Promise.all(pending).then(() => shown);
  }

  /** A field that the caller may not read, or whose mask is no value of its type. */
  #withheld({ key, node }: { readonly key: string; readonly node: FieldNode }, places: Places, position: number): null {
    if (this.errors.isFirst(node)) {
      const refusal = refuse("forbidden", { details: { field: node.name.value } });
      this.refused(node, under(places(position), key), refusal, undefined);
    }
    return null;
  }

  #objects(
    rows: readonly Row[],
    shown: readonly (Shown | null)[],
    part: Extract<Part, { kind: "object" }>,
    places: Places,
  ): MaybePromise<void> {
    const { key, isList } = part;
    const inner: Row[] = [];
    const at: [position: number, index: number][] = [];
    for (let position = 0; position < rows.length; position++) {
      const value = rows[position]?.[part.source];
      if (value === undefined) this.#withheld(part, places, position);
      if (isList && Array.isArray(value)) {
        for (const [index, item] of value.entries())
          if (isRow(item)) {
            inner.push(item);
            at.push([position, index]);
          }
      } else if (isRow(value)) {
        inner.push(value);
        at.push([position, -1]);
      }
    }
    const placesWithin: Places = (position) => {
      const [row, index] = at[position] as [number, number];
      const place = under(places(row), key);
      return index === -1 ? place : under(place, index);
    };
    return andThen(this.shape(inner, part.selection, placesWithin), (objects) => {
      let next = 0;
      for (let position = 0; position < rows.length; position++) {
        const object = shown[position];
        const value = rows[position]?.[part.source];
        let made: unknown = null;
        if (isList && Array.isArray(value)) made = value.map((item) => (isRow(item) ? objects[next++] : null));
        else if (isRow(value)) made = objects[next++];
        if (object !== null && object !== undefined) object[key] = made;
      }
    });
  }

  #one(
    rows: readonly Row[],
    shown: readonly (Shown | null)[],
    part: Extract<Part, { kind: "one" }>,
    places: Places,
  ): MaybePromise<void> {
    const { key, source, operation, selection } = part;
    /** Which of the rows that are led to each row means, from 1; 0: none. */
    const meant = new Uint32Array(rows.length);
    const numbers = new Map<string, number>();
    const ids: string[] = [];
    /** Where each is referred to first. */
    const first: number[] = [];
    for (let position = 0; position < rows.length; position++) {
      const id = rows[position]?.[source];
      if (typeof id === "string") {
        let number = numbers.get(id);
        if (number === undefined) {
          first.push(position);
          numbers.set(id, (number = ids.push(id)));
        }
        meant[position] = number;
      } else if (id === undefined) this.#withheld(part, places, position);
    }
    if (ids.length === 0) return undefined;
    return andThen(this.run(operation, { ids, query: fieldsOf(selection.sources) }), (result) => {
      if (!result.ok) {
        this.refused(part.node, under(places(first[0] ?? 0), key), result.refusal, operation);
        return undefined;
      }
      const answered = result.data as readonly unknown[];
      const found: Row[] = [];
      /** Which of them each row is that was found. */
      const indexes: number[] = [];
      for (let index = 0; index < answered.length; index++) {
        const row = answered[index];
        if (isRow(row)) {
          found.push(row);
          indexes.push(index);
        }
      }
      const placesWithin: Places = (position) => under(places(first[indexes[position] ?? 0] ?? 0), key);
      return andThen(this.shape(found, selection, placesWithin), (objects) => {
        const isComplete = objects.length === answered.length;
        const made: (Shown | null)[] = isComplete ? objects : answered.map(() => null);
        if (!isComplete) for (const [position, index] of indexes.entries()) made[index] = objects[position] ?? null;
        for (let position = 0; position < rows.length; position++) {
          const object = shown[position];
          const number = meant[position] ?? 0;
          if (number > 0 && object !== null && object !== undefined) object[key] = made[number - 1] ?? null;
        }
      });
    });
  }

  #many(
    rows: readonly Row[],
    shown: readonly (Shown | null)[],
    part: Extract<Part, { kind: "many" }>,
    places: Places,
  ): MaybePromise<void> {
    const { key, meta, connection } = part;
    const first = new Map<string, number>();
    for (let position = 0; position < rows.length; position++) {
      const id = rows[position]?.["id"];
      if (typeof id === "string" && !first.has(id)) first.set(id, position);
    }
    if (first.size === 0) return undefined;
    const ids = [...first.keys()];
    const query = listQueryOf(part.args, valuesOf(part.args, this.#variables), connection);
    const input = { parents: { resource: meta.resource, relation: meta.relation, ids }, query };
    return andThen(this.run(meta.operation, input), (result) => {
      if (!result.ok) {
        this.refused(part.node, under(places(first.get(ids[0] ?? "") ?? 0), key), result.refusal, meta.operation);
        return undefined;
      }
      const pages = this.connections(
        result.data as readonly Row[],
        result.groups ?? [],
        connection,
        (position) => under(places(first.get(ids[position] ?? "") ?? 0), key),
        typeof query.cursor === "string" && query.cursor !== "",
      );
      return andThen(pages, (made) => {
        const byId = new Map<string, Shown | undefined>();
        for (let position = 0; position < ids.length; position++) byId.set(ids[position] ?? "", made[position]);
        for (let position = 0; position < rows.length; position++) {
          const object = shown[position];
          const id = rows[position]?.["id"];
          if (object !== null && object !== undefined && typeof id === "string") object[key] = byId.get(id) ?? null;
        }
      });
    });
  }

  /** Pages of rows, one after the other in `rows`, as connections. `isLater`: they begin behind a cursor. */
  connections(
    rows: readonly Row[],
    groups: readonly RowGroup[],
    plan: ConnectionPlan,
    places: Places,
    isLater: boolean,
  ): MaybePromise<Shown[]> {
    /** The group that a row belongs to, and its place there. */
    const placeOf = (position: number): readonly [group: number, index: number] => {
      let before = 0;
      for (const [group, { size }] of groups.entries()) {
        if (position < before + size) return [group, position - before];
        before += size;
      }
      return [0, position];
    };
    const shapes: MaybePromise<(Shown | null)[]>[] = [];
    const selections: Selection[] = [];
    for (const part of plan.parts) {
      for (const { selection, keys } of selectionsOf(part)) {
        selections.push(selection);
        const within: Places = (position) => {
          const [group, index] = placeOf(position);
          const [list = "", ...rest] = keys;
          return rest.reduce<Path>(under, under(under(places(group), list), index));
        };
        shapes.push(this.shape(rows, selection, within));
      }
    }
    const isPending = shapes.some((one) => one instanceof Promise);
    const made = isPending ? Promise.all(shapes.map(async (one) => one)) : (shapes as (Shown | null)[][]);
    return andThen(made, (all) => {
      const bySelection = new Map(selections.map((selection, position) => [selection, all[position] ?? []]));
      let before = 0;
      return groups.map(({ size, more, page }) => {
        const start = before;
        before += size;
        return connectionOf(plan, page, { start, size, more, isLater, shown: (selection) => bySelection.get(selection) ?? [] });
      });
    });
  }
}

/** What is selected of the rows in a part of a connection, and the keys on the way to it: of the list, of its `node`. */
const selectionsOf = (part: ConnectionPart): readonly { readonly selection: Selection; readonly keys: readonly string[] }[] => {
  if (part.kind === "nodes") return [{ selection: part.selection, keys: [part.key] }];
  if (part.kind !== "edges") return [];
  return part.parts.flatMap((inner) =>
    "selection" in inner ? [{ selection: inner.selection, keys: [part.key, inner.key] }] : [],
  );
};

interface Slice {
  readonly start: number;
  readonly size: number;
  readonly more: boolean;
  readonly isLater: boolean;
  shown(selection: Selection): readonly (Shown | null)[];
}

const connectionOf = (plan: ConnectionPlan, page: Page, slice: Slice): Shown => {
  const { start, size, shown } = slice;
  const made: Shown = {};
  for (const part of plan.parts) {
    switch (part.kind) {
      case "typename":
        made[part.key] = plan.typename;
        break;
      case "nodes":
        made[part.key] = shown(part.selection).slice(start, start + size);
        break;
      case "edges": {
        const edges: Shown[] = [];
        for (let index = 0; index < size; index++) {
          const edge: Shown = {};
          for (const inner of part.parts)
            edge[inner.key] =
              inner.name === "cursor"
                ? (page.cursorAt?.(index) ?? null)
                : "selection" in inner
                  ? shown(inner.selection)[start + index]
                  : part.typename;
          edges.push(edge);
        }
        made[part.key] = edges;
        break;
      }
      case "pageInfo":
        made[part.key] = Object.fromEntries(part.parts.map(({ key, name }) => [key, pageValue(name, page, slice)]));
        break;
      case "total":
        made[part.key] = page.totalRecords ?? null;
        break;
    }
  }
  return made;
};

const pageValue = (
  name: Extract<ConnectionPart, { kind: "pageInfo" }>["parts"][number]["name"],
  page: Page,
  { size, more, isLater }: Slice,
): unknown => {
  const { currentPage, totalPages, cursorAt } = page;
  switch (name) {
    case "hasNextPage":
      return more;
    case "hasPreviousPage":
      return isLater || (currentPage ?? 1) > 1;
    case "startCursor":
      return size === 0 ? null : (cursorAt?.(0) ?? null);
    case "endCursor":
      return size === 0 ? null : (cursorAt?.(size - 1) ?? null);
    case "currentPage":
      return currentPage ?? null;
    case "totalPages":
      return totalPages ?? null;
    case "perPage":
    case "maxPerPage":
      return page[name];
    case "__typename":
      return "PageInfo";
  }
};

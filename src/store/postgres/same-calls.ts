/**
 * Calls of one statement that ask for the same rows ask once. What a call binds is all that its statement knows of it, the realm and what a row rule asks
 * of the caller among it, so equal calls have equal rows; and of calls that name the keys of their rows, each key is read once.
 *
 *   get a, b, c    get a, b, c    get b, c, d    →    get a, b, c, d
 *
 * Each caller gets rows of his own, which he may change.
 */
import { rowsPerCallMax } from "../limits.ts";
import type { Row, Shape } from "../store.ts";
import { columnOf } from "../table.ts";
import type { Bound, Cell } from "./codec.ts";
import type { Asked, ByKeys, Prepared } from "./reader.ts";

/** A call of a statement, and who waits for its rows. */
export interface Waiting extends Asked {
  readonly settle: (rows: Row[] | undefined, error: unknown) => void;
  /** What it was made of, where a failure of it need not be one of each. */
  readonly parts?: readonly Waiting[];
}

/** Whether rows hold what can be changed within: a copy of a row would share it. */
const isDeep = (shape: Shape): boolean =>
  shape.kind === "rows" &&
  shape.select.some((field) => {
    const { type } = columnOf(shape.table, field);
    return type === "json" || type === "binary";
  });

/** Same for equal values, and seldom for others: of a list its ends. */
const hintOf = (value: Bound): string => {
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return String(value.length);
  return `${value.length}\0${String(value[0])}\0${String(value[value.length - 1])}`;
};

const isSameValue = (a: Bound, b: Bound): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((cell, at) => cell === b[at]));

const isSame = (a: Asked, b: Asked): boolean =>
  a.call.limit === b.call.limit &&
  a.call.offset === b.call.offset &&
  a.bound.every((value, at) => isSameValue(value, b.bound[at] as Bound));

/** The rows for all who asked for them: copies for all but the first, made before he has them. */
const settleAll =
  (group: readonly Waiting[]): Waiting["settle"] =>
  (rows, error) => {
    const all = group.map((_, at) => (at === 0 ? rows : rows?.map((row) => ({ ...row }))));
    for (const [at, { settle }] of group.entries()) settle(all[at], error);
  };

const distinct = (batch: readonly Waiting[]): readonly Waiting[] => {
  const byHint = new Map<string, Waiting[][]>();
  const groups: Waiting[][] = [];
  for (const waiting of batch) {
    const hint = waiting.bound.map(hintOf).join("\0");
    const alike = byHint.get(hint);
    const group = alike?.find(([first]) => first !== undefined && isSame(first, waiting));
    if (group !== undefined) {
      group.push(waiting);
      continue;
    }
    const made = [waiting];
    groups.push(made);
    if (alike === undefined) byHint.set(hint, [made]);
    else alike.push(made);
  }
  if (groups.length === batch.length) return batch;
  return groups.map((group): Waiting => {
    const [first] = group as [Waiting, ...Waiting[]];
    return group.length === 1 ? first : { ...first, settle: settleAll(group) };
  });
};

/** Unions that a list is held against: calls that share keys are few or share many. */
const unionsTried = 4;

const listOf = ({ bound }: Asked, { listAt }: ByKeys): readonly string[] => bound[listAt] as readonly string[];

/** Calls whose keys fit into one call of the statement together. */
class Union {
  readonly #byKeys: ByKeys;
  readonly #first: Waiting;
  readonly #parts: Waiting[];
  readonly #keys: Set<string>;

  constructor(first: Waiting, byKeys: ByKeys) {
    this.#first = first;
    this.#byKeys = byKeys;
    this.#parts = [first];
    this.#keys = new Set(listOf(first, byKeys));
  }

  /** Adds a call; not one that asks for other rows than those of its keys, or for too many more. */
  take(waiting: Waiting): boolean {
    const { listAt, limitAt, rowsMax } = this.#byKeys;
    const isAlike = waiting.bound.every(
      (value, at) => at === listAt || at === limitAt || isSameValue(value, this.#first.bound[at] as Bound),
    );
    if (!isAlike) return false;
    const added: string[] = [];
    for (const key of listOf(waiting, this.#byKeys)) {
      if (this.#keys.has(key)) continue;
      added.push(key);
      if (this.#keys.size + added.length > rowsMax) return false;
    }
    for (const key of added) this.#keys.add(key);
    this.#parts.push(waiting);
    return true;
  }

  get waiting(): Waiting {
    if (this.#parts.length === 1) return this.#first;
    const { listAt, limitAt, param } = this.#byKeys;
    const keys = [...this.#keys];
    const { call, bound } = this.#first;
    const own = (at: number, value: Bound): Bound => (at === listAt ? keys : at === limitAt ? keys.length : value);
    return {
      call: { ...call, limit: keys.length, params: call.params.map((value, at) => (at === param ? keys : value)) },
      bound: bound.map((value, at) => own(at, value)),
      settle: (rows, error) => this.#settle(rows, error),
      parts: this.#parts,
    };
  }

  #settle(rows: readonly Row[] | undefined, error: unknown): void {
    if (rows === undefined) {
      for (const { settle } of this.#parts) settle(undefined, error);
      return;
    }
    const { field } = this.#byKeys;
    const byKey = new Map<unknown, Row>();
    for (const row of rows) byKey.set(row[field], row);
    const given = new Set<Row>();
    const lists = this.#parts.map((part) => {
      const own: Row[] = [];
      for (const key of new Set<Cell>(listOf(part, this.#byKeys))) {
        const row = byKey.get(key);
        if (row === undefined) continue;
        own.push(given.has(row) ? { ...row } : row);
        given.add(row);
      }
      return own;
    });
    for (const [at, { settle }] of this.#parts.entries()) settle(lists[at], undefined);
  }
}

const united = (batch: readonly Waiting[], byKeys: ByKeys): readonly Waiting[] => {
  const unions: Union[] = [];
  const others: Waiting[] = [];
  for (const waiting of batch) {
    // A limit that cuts says nothing of which rows.
    if ((waiting.call.limit ?? rowsPerCallMax) < listOf(waiting, byKeys).length) others.push(waiting);
    else if (!unions.slice(-unionsTried).some((union) => union.take(waiting))) unions.push(new Union(waiting, byKeys));
  }
  return [...unions.map(({ waiting }) => waiting), ...others];
};

/** Calls of one statement that together ask for what `batch` does, each thing once. */
export const sameOnce = (prepared: Prepared, batch: readonly Waiting[]): readonly Waiting[] => {
  if (batch.length === 1 || isDeep(prepared.shape)) return batch;
  const calls = distinct(batch);
  const { byKeys } = prepared;
  return calls.length === 1 || byKeys === undefined ? calls : united(calls, byKeys);
};

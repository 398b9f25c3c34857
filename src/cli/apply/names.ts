/** Names and ids of rows, both ways. What has no name of its own kind, such as an app of a developer, is called by its id. */
import type { Row } from "../../store/index.ts";
import type { ControlPlane } from "./control-plane.ts";
import { changedAt } from "./fields.ts";
import { type Kind, type KindName, kinds, nameFieldOf, resourceOf } from "./kinds.ts";

/** A text of a row. Throws where the control plane has none: it is not the one this command knows. */
export const textIn = (row: Row, field: string): string => {
  const value = row[field];
  if (typeof value !== "string") throw new TypeError(`a row has no ${field}`);
  return value;
};

export class Names {
  readonly #idOf = new Map<string, Map<string, string>>();
  readonly #nameOf = new Map<string, string>();

  add(kind: KindName | "users", name: string, id: string): void {
    const names = this.#idOf.get(kind) ?? new Map<string, string>();
    names.set(name, id);
    this.#idOf.set(kind, names);
    this.#nameOf.set(id, name);
  }

  /** The id behind a name, or the id itself where one was given; `undefined`: there is none. */
  idOf(kind: KindName | "users", name: string): string | undefined {
    return this.#idOf.get(kind)?.get(name) ?? (this.#nameOf.has(name) ? name : undefined);
  }

  nameOf(id: string): string {
    return this.#nameOf.get(id) ?? id;
  }

  known(kind: KindName | "users"): readonly string[] {
    return [...(this.#idOf.get(kind)?.keys() ?? [])];
  }

  /** Notes a row under its name, and under its id alone where a file does not call it by its name. */
  note(kind: KindName | "users", row: Row): void {
    const id = textIn(row, "id");
    const own = kinds.find(({ name }) => name === kind);
    const isNamed = kind === "users" || own?.isMeant(row) === true;
    // Issuers and grants are named by nobody.
    const name = row[nameFieldOf(kind)];
    if (isNamed && typeof name === "string") this.add(kind, name, id);
    else this.#nameOf.set(id, id);
  }
}

/** Everything that kinds refer to or are, read once. */
export interface Present {
  readonly rows: ReadonlyMap<KindName, readonly Row[]>;
  readonly names: Names;
}

/** Reads the rows of kinds, and those that they refer to. */
export const readPresent = async (plane: ControlPlane, wanted: readonly Kind[]): Promise<Present> => {
  const referred = new Set<KindName | "users">(wanted.flatMap(({ references }) => Object.values(references)));
  const needed = new Set<KindName | "users">([...wanted.map(({ name }) => name), ...referred]);
  const names = new Names();
  const rows = new Map<KindName, readonly Row[]>();
  for (const kind of needed) {
    const found = await plane.list(resourceOf(kind));
    for (const row of found) names.note(kind, row);
    if (kind !== "users") rows.set(kind, found);
  }
  return { rows, names };
};

const each = (value: unknown, change: (text: string) => string): unknown =>
  Array.isArray(value)
    ? value.map((item: unknown) => (typeof item === "string" ? change(item) : item))
    : typeof value === "string"
      ? change(value)
      : value;

/** A row or an item with names in place of ids. */
export const withNames = (kind: Kind, item: Readonly<Record<string, unknown>>, names: Names): Readonly<Record<string, unknown>> =>
  Object.keys(kind.references).reduce((at, path) => changedAt(at, path, (value) => each(value, (id) => names.nameOf(id))), item);

/** An item with ids in place of names. */
export const withIds = (kind: Kind, item: Readonly<Record<string, unknown>>, names: Names): Readonly<Record<string, unknown>> =>
  Object.entries(kind.references).reduce(
    (at, [path, target]) => changedAt(at, path, (value) => each(value, (name) => names.idOf(target, name) ?? name)),
    item,
  );

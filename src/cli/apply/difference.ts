/** The difference between what is wanted and what there is, as steps: pure. */
import type { Contract } from "../../contract/index.ts";
import type { Row } from "../../store/index.ts";
import { CommandError } from "../exit-code.ts";
import { didYouMean } from "../nearest.ts";
import { fieldsOf } from "./fields.ts";
import { type Kind, kinds } from "./kinds.ts";
import { type Names, type Present, textIn, withNames } from "./names.ts";
import type { Item, Place, Wanted } from "./wanted.ts";

export interface FieldChange {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

export type Step =
  | {
      readonly action: "create";
      readonly kind: Kind;
      readonly key: string;
      readonly item: Item;
      readonly changes: readonly FieldChange[];
    }
  | {
      readonly action: "change" | "replace";
      readonly kind: Kind;
      readonly key: string;
      readonly item: Item;
      readonly id: string;
      readonly changes: readonly FieldChange[];
    }
  | { readonly action: "remove"; readonly kind: Kind; readonly key: string; readonly id: string; readonly changes: readonly [] };

/** Rows of a kind by key, with names in place of ids; those that are gone are found, but not removed again. */
const rowsByKey = (kind: Kind, present: Present): ReadonlyMap<string, Row> => {
  const rows = (present.rows.get(kind.name) ?? []).filter((row) => kind.isMeant(row));
  return new Map(rows.map((row) => [kind.keyOf(withNames(kind, row, present.names)) ?? "", row]));
};

/** Names that an item refers to by a field that changes have to be there, or in the file. */
const checkReferences = (
  { item, changes }: { readonly item: Item; readonly changes: readonly FieldChange[] },
  wanted: Wanted,
  names: Names,
  { where }: Place,
): void => {
  for (const [path, target] of Object.entries(item.kind.references)) {
    const steps = path.split(".");
    if (!changes.some(({ field }) => field === steps[0])) continue;
    const value = steps.reduce<unknown>(
      (at, step) => (at as Readonly<Record<string, unknown>> | null | undefined)?.[step],
      item.values,
    );
    for (const name of [value ?? []].flat().map(String)) {
      const isMade = wanted.items.some(({ kind, key }) => kind.name === target && key === name);
      if (isMade || names.idOf(target, name) !== undefined) continue;
      const word = kinds.find((kind) => kind.name === target)?.word ?? "user";
      const advice = didYouMean(name, names.known(target));
      throw new CommandError(
        "usage",
        `${where([...item.path, ...steps])}: there is no ${word} ${name}`,
        advice === undefined ? {} : { advice },
      );
    }
  }
};

const changesOf = (item: Item, row: Row, names: Names): readonly FieldChange[] => {
  const now = withNames(item.kind, row, names);
  const revival = item.kind.isGone(row) ? item.kind.revival : {};
  return Object.entries({ ...revival, ...item.values })
    .map(([field, after]) => ({ field, before: now[field] ?? null, after }))
    .filter(({ before, after }) => !Bun.deepEquals(before, after));
};

export interface DifferenceOptions extends Place {
  readonly contract: Contract;
  /** Also removes what the file does not name, of the kinds it speaks of. */
  readonly prune: boolean;
}

/** What has to be done, in order: makes and changes first, each after what it refers to, then removals the other way round. */
export const differenceOf = (wanted: Wanted, present: Present, options: DifferenceOptions): readonly Step[] => {
  const { contract, where } = options;
  const steps: Step[] = [];
  const removals: Step[] = [];
  for (const kind of wanted.kinds) {
    const rows = rowsByKey(kind, present);
    const items = wanted.items.filter((item) => item.kind === kind);
    const fields = fieldsOf(contract, kind);
    for (const item of items) {
      const { key } = item;
      const row = rows.get(key);
      if (row === undefined) {
        const missing = [...(fields?.required ?? [])].find((name) => !Object.hasOwn(item.values, name));
        if (missing !== undefined)
          throw new CommandError("usage", `${where(item.path)}: the ${kind.word} ${key} is new, and ${missing} is missing`);
        const changes = Object.entries(item.values).map(([field, after]) => ({ field, before: null, after }));
        checkReferences({ item, changes }, wanted, present.names, options);
        steps.push({ action: "create", kind, key, item, changes });
        continue;
      }
      const changes = changesOf(item, row, present.names);
      if (changes.length === 0) continue;
      checkReferences({ item, changes }, wanted, present.names, options);
      const barred = changes.find(({ field }) => fields?.update.has(field) !== true);
      if (barred !== undefined && kind.isReplaced !== true)
        throw new CommandError(
          "usage",
          `${where([...item.path, barred.field])}: ${barred.field} of the ${kind.word} ${key} cannot be changed: it is ${JSON.stringify(barred.before)}`,
        );
      steps.push({ action: kind.isReplaced === true ? "replace" : "change", kind, key, item, id: textIn(row, "id"), changes });
    }
    if (!options.prune) continue;
    for (const [key, row] of rows)
      if (!kind.isGone(row) && !items.some((item) => item.key === key))
        removals.unshift({ action: "remove", kind, key, id: textIn(row, "id"), changes: [] });
  }
  return [...steps, ...removals];
};

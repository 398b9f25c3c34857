/**
 * Titles of an operation: what its fields are called in lines, as the definition gives them, else their names with a capital. Case does not count.
 *
 *   effectiveAt  ⇄  EffectiveAt        customer.country  ⇄  Customer.Country        legs.0.amount  ⇄  Legs.1.Amount
 *
 * Positions in lists count from 1, as columns do.
 */
import type { Contract, Operation, ResourceContract } from "../../contract/contract.ts";
import type { Field, Fields } from "../../define/field.ts";
import type { LineOperation } from "../../define/line.ts";

/** A field, or a list's item, at the end of a path. */
export interface Found {
  /** Names and positions, these from 0: `["legs", "0", "amount"]`. */
  readonly path: readonly string[];
  /** Absent: there is none. */
  readonly field: Field | undefined;
}

const capital = (name: string): string => `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
const small = (name: string): string => `${name[0]?.toLowerCase() ?? ""}${name.slice(1)}`;

const position = /^[0-9]+$/;

/** Names by what they are called, in lower case. */
const byTitle = (names: readonly string[], titles: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(names.map((name) => [(titles[name] ?? name).toLowerCase(), name]));

const known = new WeakMap<Fields, ReadonlyMap<string, string>>();

/** Names of fields within others, which have no titles of their own. */
const namesOf = (fields: Fields): ReadonlyMap<string, string> => {
  let names = known.get(fields);
  if (names === undefined) known.set(fields, (names = byTitle(Object.keys(fields), {})));
  return names;
};

/** What an operation answers, by field; rows of a statistic and single values have none. */
const answeredBy = ({ output, resource }: Operation): Fields => {
  if (output.kind === "fields") return output.fields;
  return output.kind === "row" || output.kind === "rows" ? (resource?.fields ?? {}) : {};
};

export class Titles {
  /** In the words of the version that is spoken. */
  readonly operation: Operation;
  /** Title of the row that the operation is about; undefined: it is about none. */
  readonly id: string | undefined;
  readonly #given: Readonly<Record<string, string>>;
  readonly #order: readonly string[];
  readonly #input: ReadonlyMap<string, string>;
  readonly #rows: ReadonlyMap<string, string>;
  readonly answered: Fields;

  constructor(operation: Operation, { titles = {}, order = [] }: LineOperation = {}) {
    this.operation = operation;
    this.#given = titles;
    this.#order = order;
    const { input, target, resource } = operation;
    this.id = target === "item" ? this.title(Object.hasOwn(input, "id") ? "row" : "id") : undefined;
    this.#input = byTitle(Object.keys(input), titles);
    this.#rows = byTitle(resource?.fieldNames ?? [], titles);
    this.answered = answeredBy(operation);
  }

  /** The title of a field of the request or the answer. */
  title(name: string): string {
    return (Object.hasOwn(this.#given, name) ? this.#given[name] : undefined) ?? capital(name);
  }

  /** Whether a title is that of the row. */
  isId([title = "", ...more]: readonly string[]): boolean {
    return this.id !== undefined && more.length === 0 && title.toLowerCase() === this.id.toLowerCase();
  }

  /** The field of the input that a title names. */
  inInput([first = "", ...rest]: readonly string[]): Found {
    const name = this.#input.get(first.toLowerCase());
    if (name === undefined) return { path: [small(first), ...rest], field: undefined };
    return follow([name], this.operation.input[name], rest);
  }

  /** The field of rows that a title names, for conditions: also of related rows. */
  inRows([first = "", ...rest]: readonly string[]): string {
    const { resource } = this.operation;
    const name = this.#rows.get(first.toLowerCase()) ?? small(first);
    return [name, ...related(resource?.one.get(name)?.target, rest)].join(".");
  }

  /** A path of the contract as it is written in lines: `legs.0.amount` → `Legs.1.Amount`; what follows a name, as in `price>=`, stays. */
  written(path: string): string {
    const [first = "", ...rest] = path.split(".");
    const [name = ""] = /^[A-Za-z0-9]*/.exec(first) ?? [];
    return [
      `${this.title(name)}${first.slice(name.length)}`,
      ...rest.map((step) => (position.test(step) ? String(Number(step) + 1) : capital(step))),
    ].join(".");
  }

  /** Names of an answered row, in the order in which they are told. */
  inOrder(names: readonly string[]): readonly string[] {
    if (this.#order.length === 0) return names;
    const first = this.#order.filter((name) => names.includes(name));
    return [...first, ...names.filter((name) => !first.includes(name))];
  }
}

/** Follows steps into objects and lists. */
const follow = (path: readonly string[], field: Field | undefined, [step, ...rest]: readonly string[]): Found => {
  if (step === undefined) return { path, field };
  if (position.test(step)) return follow([...path, String(Number(step) - 1)], field?.item, rest);
  const name = field?.fields === undefined ? undefined : namesOf(field.fields).get(step.toLowerCase());
  if (name === undefined) return { path: [...path, small(step), ...rest.map(small)], field: undefined };
  return follow([...path, name], field?.fields?.[name], rest);
};

/** Names of fields of related rows. */
const related = (target: ResourceContract | undefined, [step, ...rest]: readonly string[]): readonly string[] => {
  if (step === undefined) return [];
  const name = (target === undefined ? undefined : namesOf(target.fields).get(step.toLowerCase())) ?? small(step);
  return [name, ...related(target?.one.get(name)?.target, rest)];
};

/** Words that call operations of a contract beside their names, in lower case. */
export const commandsOf = ({ definition: { line } }: Contract): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(line?.operations ?? {}).flatMap(([name, { command }]) =>
      command === undefined ? [] : [[command.toLowerCase(), name] as const],
    ),
  );

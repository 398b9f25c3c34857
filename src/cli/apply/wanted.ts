/** What a file wants, checked field by field against the contract. Every flaw is told with the line it is in. */
import type { Contract } from "../../contract/index.ts";
import { localizeRefusal } from "../../pipeline/localize.ts";
import { invalid } from "../../pipeline/refusal.ts";
import { CommandError } from "../exit-code.ts";
import { didYouMean } from "../nearest.ts";
import type { Path } from "./document.ts";
import { fieldsOf, normalize } from "./fields.ts";
import { type Kind, kindNames, kinds } from "./kinds.ts";

export interface Item {
  readonly kind: Kind;
  readonly key: string;
  /** Only what the file says, in the form it is compared in; names in place of ids. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where in the file it stands. */
  readonly path: Path;
}

export interface Wanted {
  /** Kinds that the file speaks of, in the order in which they are made. */
  readonly kinds: readonly Kind[];
  readonly items: readonly Item[];
}

export interface Place {
  /** `platform.yaml:12`. */
  where(path: Path): string;
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const stepsOf = (field: string): Path => field.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));

/** The references of a kind in an item are names: a text, or a list of texts. */
const isNames = (value: unknown): boolean =>
  value === null || typeof value === "string" || (Array.isArray(value) && value.every((item) => typeof item === "string"));

const itemOf = (contract: Contract, kind: Kind, given: unknown, { path, where }: { readonly path: Path } & Place): Item => {
  const flaw = (at: Path, message: string, advice?: string): CommandError =>
    new CommandError("usage", `${where(at)}: ${message}`, advice === undefined ? {} : { advice });
  if (!isPlain(given)) throw flaw(path, `a ${kind.word} is an object with fields`);
  const fields = fieldsOf(contract, kind);
  if (fields === undefined) throw flaw(path, `this installation has no ${kind.name}`);
  const known = Object.keys(fields.all);
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(fields.all, name) ? fields.all[name] : undefined;
    if (field === undefined)
      throw flaw(
        [...path, name],
        `a ${kind.word} has no field ${name}`,
        didYouMean(name, known) ?? `It has: ${known.join(", ")}`,
      );
    if (Object.hasOwn(kind.references, name)) {
      if (!isNames(value)) throw flaw([...path, name], `${name} is a name, or a list of names`);
      values[name] = value;
      continue;
    }
    const normalized = normalize(name, field, value);
    if (normalized.ok) values[name] = normalized.value;
    else {
      const [[at, sentences] = ["", []]] = Object.entries(
        localizeRefusal(invalid(normalized.issues), "en", undefined, kind.resource).data,
      );
      throw flaw([...path, ...stepsOf(at)], `${at}: ${sentences[0] ?? "It is not allowed."}`);
    }
  }
  const key = kind.keyOf(values);
  if (key === undefined) throw flaw(path, `this ${kind.word} does not say which one it is: ${kind.fixed[0] ?? ""} is missing`);
  return { kind, key, values, path };
};

/** What the document wants. Throws `CommandError` "usage" at the first flaw. */
export const wantedOf = (contract: Contract, value: unknown, place: Place): Wanted => {
  const { where } = place;
  if (value !== null && !isPlain(value))
    throw new CommandError("usage", `${where([])}: expected an object: ${kindNames.join(", ")}`);
  const document = value ?? {};
  for (const name of Object.keys(document))
    if (!kindNames.includes(name))
      throw new CommandError("usage", `${where([name])}: there is nothing called ${name}`, {
        advice: didYouMean(name, kindNames) ?? `There are: ${kindNames.join(", ")}`,
      });
  const spoken = kinds.filter(({ name }) => Object.hasOwn(document, name));
  const items = spoken.flatMap((kind) => {
    const list = document[kind.name] ?? [];
    if (!Array.isArray(list)) throw new CommandError("usage", `${where([kind.name])}: ${kind.name} is a list`);
    const seen = new Map<string, Item>();
    for (const [index, given] of (list as readonly unknown[]).entries()) {
      const item = itemOf(contract, kind, given, { path: [kind.name, index], where });
      if (seen.has(item.key)) throw new CommandError("usage", `${where(item.path)}: the ${kind.word} ${item.key} is there twice`);
      seen.set(item.key, item);
    }
    return [...seen.values()];
  });
  return { kinds: spoken, items };
};

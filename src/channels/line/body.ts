/**
 * From pairs to the body of a call: steps of titles become objects and lists, several values of one title a list.
 *
 *   Name:Pot,Place.Row:3,Tags:a,Tags:b,Legs.1.Amount:5   →   { name: "Pot", place: { row: "3" }, tags: ["a", "b"], legs: [{ amount: "5" }] }
 */
import type { Field } from "../../define/field.ts";
import type { Issue } from "../../pipeline/refusal.ts";
import { FormatError } from "../http/index.ts";
import { parseJson } from "../rest/formats/json.ts";
import type { Value } from "./grammar.ts";
import type { Found } from "./titles.ts";

/** Issues by path, and where the values of paths stand. */
export interface Notes {
  issue(path: string, issue: Issue): void;
  note(path: string, at: number): void;
}

class Branch {
  readonly members = new Map<string, Branch | Leaf>();
  field: Field | undefined;
}

interface Leaf {
  readonly field: Field | undefined;
  readonly values: Value[];
}

const isPosition = /^[0-9]+$/;
/** What is written as 0: positions count from 1. */
const beforeFirst = "-1";
const oneOnly: Issue = { code: "too_many", params: { max: 1 } };
const jsonLimits = { bytesMax: 1024 * 1024, depthMax: 64, nodesMax: 20_000 };

/** A value of a field that holds any JSON. */
const jsonOf = (value: Value): unknown => {
  if (value.kind !== "text") return plainOf(value);
  const parsed = parseJson(Buffer.from(value.text), jsonLimits);
  return parsed instanceof FormatError ? undefined : parsed;
};

const plainOf = (value: Value): unknown => {
  switch (value.kind) {
    case "text":
      return value.text;
    case "null":
      return null;
    case "emptyList":
      return [];
    case "emptyObject":
      return {};
  }
};

export class BodyBuilder {
  readonly #root = new Branch();
  readonly #notes: Notes;
  readonly #positionMax: number;

  constructor(notes: Notes, options: { readonly positionMax: number }) {
    this.#notes = notes;
    this.#positionMax = options.positionMax;
  }

  add({ path, field }: Found, value: Value, at: number): void {
    let branch = this.#root;
    for (const [depth, step] of path.entries()) {
      const here = path.slice(0, depth + 1).join(".");
      this.#notes.note(here, at);
      if (step === beforeFirst || (isPosition.test(step) && Number(step) >= this.#positionMax))
        return this.#notes.issue(path.slice(0, depth).join("."), {
          code: "not_in_range",
          params: { min: 1, max: this.#positionMax },
        });
      const known = branch.members.get(step);
      if (depth === path.length - 1) {
        if (known instanceof Branch) return this.#notes.issue(here, { code: "wrong_type", params: { expected: "object" } });
        const values: Value[] = known?.values ?? [];
        // Of a list, each value is an item.
        this.#notes.note(`${here}.${values.length}`, at);
        values.push(value);
        if (known === undefined) branch.members.set(step, { field, values });
        return;
      }
      if (known !== undefined && !(known instanceof Branch))
        return this.#notes.issue(here, { code: "wrong_type", params: { expected: "object" } });
      const next = known ?? new Branch();
      if (known === undefined) branch.members.set(step, next);
      branch = next;
    }
  }

  build(): unknown {
    return this.#object(this.#root, "");
  }

  #value(member: Branch | Leaf, path: string): unknown {
    if (!(member instanceof Branch)) return this.#leaf(member, path);
    return [...member.members.keys()].every((name) => isPosition.test(name))
      ? this.#list(member, path)
      : this.#object(member, path);
  }

  #object({ members }: Branch, path: string): unknown {
    return Object.fromEntries(
      [...members].map(([name, member]) => [name, this.#value(member, path === "" ? name : `${path}.${name}`)]),
    );
  }

  /** What was left out within a list is null, which is refused where it has to be there. */
  #list({ members }: Branch, path: string): unknown {
    const positions = [...members.keys()].map(Number);
    return Array.from({ length: Math.max(...positions) + 1 }, (_, at) => {
      const member = members.get(String(at));
      return member === undefined ? null : this.#value(member, `${path}.${at}`);
    });
  }

  #leaf({ field, values }: Leaf, path: string): unknown {
    const [first] = values;
    if (first === undefined) return null;
    if (field?.kind === "array") {
      if (values.length === 1 && first.kind !== "text") return plainOf(first);
      return values.map((value) => this.#one(field.item, value, path));
    }
    if (values.length > 1) {
      this.#notes.issue(path, oneOnly);
      return null;
    }
    return this.#one(field, first, path);
  }

  #one(field: Field | undefined, value: Value, path: string): unknown {
    if (field?.kind !== "json") return plainOf(value);
    const json = jsonOf(value);
    if (json === undefined) this.#notes.issue(path, { code: "wrong_type", params: { expected: "json" } });
    return json ?? null;
  }
}

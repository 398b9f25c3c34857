/** From the pairs of a line to the input of an operation; where each value stands is kept, so that a refusal can say where. */
import type { Operation } from "../../contract/contract.ts";
import type { Input, RawFilter } from "../../pipeline/call.ts";
import { type Issue, type Issues, type Refusal, invalid } from "../../pipeline/refusal.ts";
import { QueryCollector } from "../rest/query-collector.ts";
import type { Aside } from "./asides.ts";
import { BodyBuilder, type Notes } from "./body.ts";
import type { Operator, Pair } from "./grammar.ts";
import type { LineLimits } from "./limits.ts";
import type { LineRequest, Told } from "./request.ts";
import type { Titles } from "./titles.ts";

/** Where values stand, by the paths that issues have. */
export type Places = ReadonlyMap<string, number>;

export type ReadInput =
  | { readonly ok: true; readonly input: Input; readonly places: Places }
  | { readonly ok: false; readonly refusal: Refusal; readonly places: Places };

const operators: Readonly<Record<Operator, RawFilter["op"]>> = {
  ">=": "gte",
  "<=": "lte",
  "!=": "ne",
  "~=": "contains",
  "^=": "startsWith",
  ">": "gt",
  "<": "lt",
  "?": "null",
};

const unknown: Issue = { code: "unknown_field" };

type Part = "body" | "filters" | "list" | "row";

/** What an operation takes besides the row it is about. */
const partsOf = ({ action }: Operation): readonly Part[] => {
  switch (action) {
    case "list":
      return ["filters", "list", "row"];
    case "count":
    case "property":
    case "stats":
      return ["filters"];
    case "get":
      return ["row"];
    case "delete":
      return [];
    default:
      return ["body"];
  }
};

/** Pairs about a request, by what they are good for. */
const asidesOf: Readonly<Record<Exclude<Part, "body">, readonly Aside[]>> = {
  filters: ["filters"],
  list: ["parent", "page", "perPage", "cursor", "count", "sortBy"],
  row: ["fields", "include"],
};

const queryAsides: readonly Aside[] = Object.values(asidesOf).flat();

const parentForm = /^([A-Za-z][A-Za-z0-9]*)\/([A-Za-z0-9_-]{1,64})\/([A-Za-z][A-Za-z0-9]*)$/;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Reader implements Notes {
  readonly places = new Map<string, number>();
  readonly #issues = new Map<string, Issue[]>();
  readonly #titles: Titles;
  readonly #request: LineRequest;
  readonly #limits: LineLimits;
  readonly #query: QueryCollector;
  readonly #input: Mutable<Input> = {};

  constructor(titles: Titles, request: LineRequest, limits: LineLimits) {
    this.#titles = titles;
    this.#request = request;
    this.#limits = limits;
    this.#query = new QueryCollector(limits);
  }

  issue(path: string, issue: Issue): void {
    const known = this.#issues.get(path);
    if (known === undefined) this.#issues.set(path, [issue]);
    else known.push(issue);
  }

  note(path: string, at: number): void {
    if (!this.places.has(path)) this.places.set(path, at);
  }

  read(): ReadInput {
    const { operation } = this.#titles;
    const parts = partsOf(operation);
    const body = new BodyBuilder(this, this.#limits);
    for (const pair of this.#request.data) {
      if (pair.operator === undefined && this.#titles.isId(pair.path)) this.#id(pair);
      else if (parts.includes("body") && pair.operator === undefined)
        body.add(this.#titles.inInput(pair.path), pair.value, pair.at);
      else if (parts.includes("filters")) this.#filter(pair);
      else this.#refused(pair);
    }
    if (this.#titles.id !== undefined && this.#input.id === undefined && !this.#issues.has("id"))
      this.issue("id", { code: "required" });
    this.#asides(parts);
    if (parts.includes("body")) this.#input.body = body.build();
    const { query, issues = {} } = this.#query.collected();
    if (Object.keys(query).length > 0) this.#input.query = query;
    const all: Issues = { ...issues, ...Object.fromEntries(this.#issues) };
    if (Object.keys(all).length > 0) return { ok: false, refusal: invalid(all), places: this.places };
    return { ok: true, input: this.#input, places: this.places };
  }

  #id({ value, at }: Pair): void {
    if (this.#input.id !== undefined) this.issue("id", { code: "too_many", params: { max: 1 } });
    this.note("id", at);
    if (value.kind === "text" && value.text !== "") this.#input.id = value.text;
    else this.issue("id", { code: "required" });
  }

  #refused({ path, operator, at }: Pair): void {
    const name = `${this.#titles.inInput(path).path.join(".")}${operator ?? ""}`;
    this.note(name, at);
    this.issue(name, unknown);
  }

  #filter({ path, operator, value, at }: Pair): void {
    const name = this.#titles.inRows(path);
    const as = `${name}${operator === "?" ? "[null]" : (operator ?? "")}`;
    this.note(as, at);
    if (value.kind !== "null") {
      const text = value.kind === "text" ? value.text : value.kind === "emptyList" ? "[]" : "{}";
      return this.#query.filter({ path: name, op: operator === undefined ? "eq" : operators[operator], as }, [text]);
    }
    // An empty value is none: `ClosedAt:` asks for rows without one, `ClosedAt!=:` for those with one.
    if (operator === undefined || operator === "!=")
      return this.#query.filter({ path: name, op: "null", as }, [operator === undefined]);
    this.issue(as, { code: "required" });
  }

  #asides(parts: readonly Part[]): void {
    const open = new Set(parts.flatMap((part) => (part === "body" ? [] : asidesOf[part])));
    for (const name of queryAsides) {
      const told = this.#request.asides.get(name);
      if (told === undefined) continue;
      for (const one of told) this.note(name, one.at);
      if (!open.has(name)) this.issue(name, unknown);
      else if (name === "parent") this.#parent(told);
      else this.#control(name, told);
    }
  }

  #control(name: Aside, told: readonly Told[]): void {
    for (const { text } of told) {
      switch (name) {
        case "sortBy":
          this.#query.control(
            name,
            (text ?? "").split(",").map((part) => this.#sorted(part.trim())),
          );
          break;
        case "fields":
          this.#query.control(
            name,
            (text ?? "").split(",").map((part) => this.#titles.inRows(part.trim().split("."))),
          );
          break;
        case "page":
        case "perPage":
        case "cursor":
        case "count":
        case "include":
        case "filters":
          this.#query.control(name, text ?? "");
          break;
        default:
          throw new Error(`${name} is no part of a query`);
      }
    }
  }

  /** `Name.desc` → `name.desc`. */
  #sorted(part: string): string {
    const steps = part.split(".");
    const last = steps.at(-1)?.toLowerCase();
    const direction = last === "asc" || last === "desc" ? last : undefined;
    const path = this.#titles.inRows(direction === undefined ? steps : steps.slice(0, -1));
    return direction === undefined ? path : `${path}.${direction}`;
  }

  #parent([told]: readonly Told[]): void {
    const [, resource, id, relation] = parentForm.exec(told?.text ?? "") ?? [];
    if (resource === undefined || id === undefined || relation === undefined)
      this.issue("parent", { code: "bad_format", params: { format: "pattern" } });
    else this.#input.parent = { resource, id, relation };
  }
}

/** Reads the input of an operation. What the values hold is for the pipeline to judge. */
export const readInput = (titles: Titles, request: LineRequest, limits: LineLimits): ReadInput =>
  new Reader(titles, request, limits).read();

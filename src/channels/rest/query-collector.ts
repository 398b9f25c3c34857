/**
 * Gathers what a list is asked for, parameter by parameter, whether it came as a query string or as the JSON body of QUERY. Whether fields,
 * filters and operators exist is decided later, by the operation; here only what cannot be read is refused, by the parameter's name.
 */
import type { ControlName } from "../../contract/query.ts";
import type { RawFilter, RawInclude, RawNamedFilter, RawQuery } from "../../pipeline/call.ts";
import type { Issue, Issues } from "../../pipeline/refusal.ts";
import { parseCalls } from "./call-syntax.ts";
import type { SyntaxArgument, SyntaxCall, SyntaxValue } from "./call-syntax.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type MutableFilter = Omit<RawFilter, "values"> & { values: unknown[] };

/** A query as read. */
export interface CollectedQuery {
  readonly query: RawQuery;
  readonly language?: string;
  readonly envelope?: false;
  readonly issues?: Issues;
}

/** Text of an argument that takes one word or quoted text; undefined for lists and calls. */
const plainText = (value: SyntaxValue): string | undefined =>
  Array.isArray(value) || (value as SyntaxCall).args !== undefined ? undefined : (value as SyntaxCall).text;

const paramOf = (value: SyntaxValue): unknown => (Array.isArray(value) ? value.map(paramOf) : plainText(value));

/** What cannot be read as the list it has to be. */
const badSyntax: Issue = { code: "wrong_type", params: { expected: "list" } };
/** A parameter that may be given once. */
const givenTwice: Issue = { code: "too_many", params: { max: 1 } };

export class QueryCollector {
  readonly #nestingMax: number;
  readonly #query: Mutable<RawQuery> = {};
  readonly #filters = new Map<string, MutableFilter>();
  readonly #all: MutableFilter[] = [];
  readonly #named: RawNamedFilter[] = [];
  readonly #sortBy: string[] = [];
  readonly #fields: string[] = [];
  readonly #include: RawInclude[] = [];
  #issues: Map<string, Issue[]> | undefined;
  #language: string | undefined;
  #envelope: false | undefined;
  readonly #seen = new Set<string>();

  constructor(options: { readonly nestingMax: number }) {
    this.#nestingMax = options.nestingMax;
  }

  issue(name: string, issue: Issue): void {
    this.#issues ??= new Map();
    const known = this.#issues.get(name);
    if (known === undefined) this.#issues.set(name, [issue]);
    else known.push(issue);
  }

  filter(
    condition: { readonly path: string; readonly op: RawFilter["op"]; readonly as: string },
    values: readonly unknown[],
  ): void {
    if (condition.path === "") return this.issue(condition.as, badSyntax);
    // Values of "is one of" and "is none of" are sets; every other operator stands for itself, so two of them both have to hold.
    const gathers = condition.op === "eq" || condition.op === "ne";
    const key = gathers ? `${condition.op} ${condition.path}` : "";
    const known = gathers ? this.#filters.get(key) : undefined;
    if (known !== undefined) {
      known.values.push(...values);
      return;
    }
    const filter = { path: condition.path, op: condition.op, as: condition.as, values: [...values] };
    if (gathers) this.#filters.set(key, filter);
    this.#all.push(filter);
  }

  named(filter: RawNamedFilter): void {
    this.#named.push(filter);
  }

  /** A parameter that is no filter. Text, or from a JSON body any value. */
  control(name: ControlName, value: unknown): void {
    switch (name) {
      case "page":
      case "perPage":
      case "count":
        if (this.#once(name)) this.#query[name] = value;
        return;
      case "cursor":
        if (!this.#once(name)) return;
        if (typeof value === "string") this.#query.cursor = value;
        else this.issue(name, { code: "wrong_type", params: { expected: "string" } });
        return;
      case "language":
        if (!this.#once(name)) return;
        if (typeof value === "string") this.#language = value;
        else this.issue(name, { code: "wrong_type", params: { expected: "string" } });
        return;
      case "envelope":
        if (!this.#once(name)) return;
        if (value === "false" || value === false) this.#envelope = false;
        else if (value !== "true" && value !== true) this.issue(name, { code: "wrong_type", params: { expected: "boolean" } });
        return;
      case "sortBy":
        return this.#words(name, value, this.#sortBy);
      case "fields":
        return this.#words(name, value, this.#fields);
      case "filters":
        return this.#eachText(name, value, (text) => this.#namedFilters(text));
      case "include":
        return this.#eachText(name, value, (text) => this.#includes(text));
    }
  }

  /** The query; an absent part was not asked for. */
  collected(): CollectedQuery {
    const query = this.#query;
    if (this.#all.length > 0) query.filters = this.#all;
    if (this.#named.length > 0) query.named = this.#named;
    if (this.#sortBy.length > 0) query.sortBy = this.#sortBy;
    if (this.#fields.length > 0) query.fields = this.#fields;
    if (this.#include.length > 0) query.include = this.#include;
    return {
      query,
      ...(this.#language === undefined ? {} : { language: this.#language }),
      ...(this.#envelope === undefined ? {} : { envelope: this.#envelope }),
      ...(this.#issues === undefined ? {} : { issues: Object.fromEntries(this.#issues) }),
    };
  }

  #once(name: ControlName): boolean {
    if (!this.#seen.has(name)) {
      this.#seen.add(name);
      return true;
    }
    this.issue(name, givenTwice);
    return false;
  }

  #eachText(name: ControlName, value: unknown, take: (text: string) => void): void {
    for (const text of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof text === "string") take(text);
      else this.issue(name, { code: "wrong_type", params: { expected: "string" } });
    }
  }

  #words(name: ControlName, value: unknown, into: string[]): void {
    this.#eachText(name, value, (text) => {
      for (const part of text.split(",")) {
        const word = part.trim();
        if (word === "") return this.issue(name, badSyntax);
        into.push(word);
      }
    });
  }

  #calls(name: "filters" | "include", text: string, separator: "," | ";"): readonly SyntaxCall[] {
    const calls = parseCalls(text, { separator, nestingMax: this.#nestingMax });
    if (typeof calls !== "string") return calls;
    this.issue(name, calls === "too_deep" ? { code: "too_deep", params: { max: this.#nestingMax } } : badSyntax);
    return [];
  }

  #namedFilters(text: string): void {
    for (const { text: name, args } of this.#calls("filters", text, ";")) {
      const params = new Map<string, unknown>();
      for (const { name: param, value } of args ?? []) {
        if (params.has(param)) this.issue("filters", givenTwice);
        const given = paramOf(value);
        if (given === undefined) this.issue("filters", badSyntax);
        params.set(param, given);
      }
      this.#named.push({ name, params: Object.fromEntries(params) });
    }
  }

  #includes(text: string): void {
    for (const call of this.#calls("include", text, ",")) this.#include.push(this.#includeOf(call));
  }

  #includeOf({ text, args }: SyntaxCall): RawInclude {
    const found: Mutable<RawInclude> & { sortBy?: string[]; include?: RawInclude[] } = { name: text };
    for (const argument of args ?? []) this.#includeArgument(found, argument);
    return found;
  }

  #includeArgument(
    found: Mutable<RawInclude> & { sortBy?: string[]; include?: RawInclude[] },
    { name, value }: SyntaxArgument,
  ): void {
    const values = (Array.isArray(value) ? value : [value]) as readonly SyntaxValue[];
    switch (name) {
      case "perPage": {
        const text = plainText(value);
        if (found.perPage !== undefined) this.issue("include", givenTwice);
        else if (text === undefined) this.issue("include", badSyntax);
        else found.perPage = text;
        return;
      }
      case "sortBy":
        for (const item of values) {
          const text = plainText(item);
          if (text === undefined) this.issue("include", badSyntax);
          else (found.sortBy ??= []).push(text);
        }
        return;
      case "include":
        for (const item of values) {
          if (Array.isArray(item)) this.issue("include", badSyntax);
          else (found.include ??= []).push(this.#includeOf(item as SyntaxCall));
        }
        return;
      default:
        this.issue(`include.${found.name}.${name}`, { code: "unknown_field" });
    }
  }
}

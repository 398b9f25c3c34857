/** Rows as they are answered, with the relations that may be included; statistics, documents and refusals. */
import type { Measure, Statistic } from "../../define/resource.ts";
import type { Contract, Operation, ResourceContract } from "../contract.ts";
import type { ComplexType, Content, Element, ValueType } from "./model.ts";
import { pascal } from "./names.ts";
import { simpleTypes } from "./simple-types.ts";
import type { TypeBook } from "./type-book.ts";

const { text, long, number, bytes, boolean, int } = simpleTypes;

const single = (type: ValueType): Content => ({ kind: "single", type });
const repeated = (type: ValueType): Content => ({ kind: "repeated", type });

const made = (name: string, content: Content, more: Partial<Element> = {}): Element => ({
  name,
  key: name,
  content,
  isOptional: false,
  isNillable: false,
  ...more,
});

/** The element of a related row that stands beside the reference itself: `customer` is the id, `customerRow` the row. */
export const relatedName = (relation: string): string => `${relation}Row`;

export class Rows {
  readonly #book: TypeBook;
  /** The newest contract: statistics are its values in every version. */
  readonly #newest: Contract;

  constructor(book: TypeBook, newest: Contract) {
    this.#book = book;
    this.#newest = newest;
  }

  /** Any element may be missing: a caller chooses fields, and does not see all. */
  type(resource: ResourceContract): ComplexType {
    const name = pascal(resource.singular);
    return this.#book.once(
      name,
      () => [
        ...this.#book.elements(resource.fields, { direction: "output", prefix: name }),
        ...[...resource.one].map(([relation, { target }]) => {
          // A relation of another name than its reference has no value beside the row.
          const named = Object.hasOwn(resource.fields, relation) ? relatedName(relation) : relation;
          // Beside its reference, which tells that there is none, the row is never nil.
          return {
            ...made(named, single(this.type(target)), { isOptional: true, isNillable: named === relation }),
            key: relation,
          };
        }),
        ...[...resource.many].map(([relation, { target }]) => {
          const singular = target.singular;
          const item = made(singular, single(this.type(target)), { isOptional: true });
          const isField = Object.hasOwn(resource.fields, relation);
          return {
            ...made(isField ? relatedName(relation) : relation, { kind: "wrapped", item }, { isOptional: true }),
            key: relation,
          };
        }),
      ],
      resource.doc,
    );
  }

  row(resource: ResourceContract): Element {
    return { ...made(resource.singular, single(this.type(resource))), key: "row" };
  }

  rows(resource: ResourceContract): Element {
    return { ...made(resource.singular, repeated(this.type(resource)), { isOptional: true }), key: "rows" };
  }

  /** Groups of a statistic. */
  groups(operation: Operation, statistic: Statistic, method: string): Element {
    const { resource } = operation;
    const type = this.#book.once(`${method}Group`, () => [
      ...(statistic.group ?? []).map((group) => {
        if (typeof group !== "string")
          return made(group.part, single(text), { isNillable: true, doc: `The ${group.part} of ${group.by}, UTC.` });
        const field = resource?.fields[group];
        const value =
          field === undefined
            ? text
            : this.#book.valueType(group, field, { direction: "output", prefix: pascal(resource?.singular ?? "") });
        return made(group, single(value), { isOptional: true, isNillable: true });
      }),
      ...Object.entries(statistic.measures).map(([name, measure]) => this.measure(operation, measure, name)),
    ]);
    return { ...made("group", repeated(type), { isOptional: true }), key: "groups" };
  }

  /** A measure, as the newest version has it. */
  measure(operation: Operation, measure: Measure, name: string): Element {
    const newest = this.#newest.operations.get(operation.name);
    const { output } = newest ?? operation;
    const own =
      output.kind === "stats" ? (output.statistic.measures[name] ?? measure) : output.kind === "value" ? output.measure : measure;
    if (own.kind === "count" || own.kind === "countDistinct") return made(name, single(long));
    const field = newest?.resource?.fields[own.field];
    const isWhole = field?.kind === "integer" || field?.kind === "money";
    const nillable = { isNillable: true };
    if (own.kind === "avg") return made(name, single(number), nillable);
    if (own.kind === "sum") return made(name, single(isWhole ? simpleTypes.integer : number), nillable);
    const value =
      field === undefined
        ? text
        : this.#book.valueType(own.field, field, { direction: "output", prefix: pascal(newest?.resource?.singular ?? "") });
    return made(name, single(value), nillable);
  }

  document(): Element {
    const type = this.#book.once(
      "FileContent",
      () => [
        made("mediaType", single(text)),
        made("filename", single(text)),
        made("isText", single(boolean), { doc: "Whether the content is text in UTF-8." }),
        made("content", single(bytes)),
      ],
      "A file.",
    );
    return { ...made("document", single(type)), key: "document" };
  }

  /** What a fault's detail says. */
  fault(): ComplexType {
    const book = this.#book;
    const fact = book.once("RefusalFact", () => [
      made("name", single(text)),
      made("kind", single(book.enumeration("RefusalFactKind", ["string", "number", "boolean", "null", "json"]))),
      made("value", single(text)),
    ]);
    const issue = book.once("RefusalIssue", () => [
      made("field", single(text), { doc: "Which element of the request: `name`, `address.city`, `goods.0.sku`." }),
      made("message", repeated(text)),
    ]);
    return book.once(
      "CallRefusal",
      () => [
        made("type", single(text), { doc: "Stable: `insufficient_funds`." }),
        made("status", single(int), { doc: "The HTTP status of the same refusal over REST." }),
        made("message", single(text), { doc: "In the caller's language." }),
        made("requestId", single(text)),
        made("retryAfter", single(int), { isOptional: true, doc: "Seconds after which it may be tried again." }),
        made("issue", repeated(issue), { isOptional: true }),
        made("fact", repeated(fact), { isOptional: true, doc: "What the type comes with: `available`, `required`." }),
      ],
      "Why a call was refused.",
    );
  }
}

/**
 * How lists are asked for: the elements of a request that stand for what a query string says over REST.
 *
 *   <ListAccounts>
 *     <where><currency>JPY</currency><status>active</status></where>        equal; an element that stands several times: any of these
 *     <condition><field>balance</field><operator>gte</operator><value>100000</value></condition>
 *     <filter><largerThan><amount>5</amount></largerThan></filter>          named filters of the definition, with their parameters
 *     <sort><field>balance</field><direction>desc</direction></sort>
 *     <page>1</page><perPage>20</perPage> or <cursor>…</cursor><count>true</count>
 *     <fields>name</fields><fields>balance</fields>
 *     <include><name>transfers</name><perPage>5</perPage></include>
 *     <parent><relation>customers.accounts</relation><id>cus_01…</id></parent>
 *   </ListAccounts>
 */
import type { Contract, ResourceContract } from "../contract.ts";
import type { Content, Element, ValueType } from "./model.ts";
import { pascal } from "./names.ts";
import { simpleTypes } from "./simple-types.ts";
import { isFilterable } from "../query.ts";
import { neededOf, type TypeBook } from "./type-book.ts";

const operators = ["eq", "ne", "lt", "lte", "gt", "gte", "contains", "startsWith", "null"] as const;

const { text, int, long, boolean } = simpleTypes;

const made = (name: string, content: Content, more: Partial<Element> = {}): Element => ({
  name,
  key: name,
  content,
  isOptional: true,
  isNillable: false,
  ...more,
});

const single = (type: ValueType): Content => ({ kind: "single", type });
const repeated = (type: ValueType): Content => ({ kind: "repeated", type });

export class Queries {
  readonly #book: TypeBook;
  readonly #contract: Contract;

  constructor(book: TypeBook, contract: Contract) {
    this.#book = book;
    this.#contract = contract;
  }

  /** Everything a list may be asked for. */
  list(resource: ResourceContract): readonly Element[] {
    return [
      ...this.filters(resource),
      made("sort", repeated(this.#sort()), { doc: "Order; by id when absent or equal." }),
      made("page", single(int), { doc: "From 1." }),
      made("perPage", single(int), { doc: `${resource.perPage} when absent, at most ${resource.maxPerPage}.` }),
      made("cursor", single(text), { doc: "In place of a page: `nextCursor` of the page before." }),
      made("count", single(boolean), { doc: "With a cursor: whether totals are told." }),
      ...this.row(),
      ...this.parents(resource),
    ];
  }

  /** What chooses rows. */
  filters(resource: ResourceContract): readonly Element[] {
    const { filters, fields } = resource;
    const book = this.#book;
    const row = pascal(resource.singular);
    const where = book.once(
      `${row}Where`,
      () =>
        Object.entries(fields)
          .filter(([, field]) => isFilterable(field) && field.options.read?.length !== 0)
          .map(([name, field]) => {
            const { mask: _mask, ...options } = field.options;
            const type = book.valueType(name, { ...field, options }, { direction: "input", prefix: row });
            return made(name, repeated(type));
          }),
      "Fields and the values they equal: any of them where one stands several times.",
    );
    const named = Object.entries(filters);
    return [
      made("where", single(where)),
      made("condition", repeated(this.#condition()), { doc: "All of them hold." }),
      ...(named.length === 0
        ? []
        : [
            made(
              "filter",
              single(
                book.once(
                  `${row}Filter`,
                  () =>
                    named.map(([name, { params, doc }]) => {
                      const type = book.once(`${row}Filter${pascal(name)}`, () =>
                        book.elements(params, {
                          direction: "input",
                          prefix: `${row}Filter${pascal(name)}`,
                          required: neededOf(params),
                        }),
                      );
                      return made(name, repeated(type), doc === undefined ? {} : { doc });
                    }),
                  "Filters by name.",
                ),
              ),
            ),
          ]),
    ];
  }

  /** How a row is answered. */
  row(): readonly Element[] {
    return [
      made("fields", repeated(text), { doc: "Only these: `name`, `customer.name`." }),
      made("include", repeated(this.#include()), { doc: "Related rows." }),
    ];
  }

  /** The row whose related rows are listed. */
  parents(resource: ResourceContract): readonly Element[] {
    const relations = [...this.#contract.resources.values()].flatMap((parent) =>
      [...parent.many].flatMap(([name, { target }]) => (target === resource ? [`${parent.name}.${name}`] : [])),
    );
    if (relations.length === 0) return [];
    const row = pascal(resource.singular);
    const type = this.#book.once(`${row}Parent`, () => [
      made("relation", single(this.#book.enumeration(`${row}ParentRelation`, relations)), { isOptional: false }),
      made("id", single(text), { isOptional: false }),
    ]);
    return [made("parent", single(type), { doc: "Only rows that belong to this one." })];
  }

  #condition(): ValueType {
    return this.#book.once(
      "QueryCondition",
      () => [
        made("field", single(text), { isOptional: false, doc: "`balance`, or of a related row: `customer.country`." }),
        made("operator", single(this.#book.enumeration("QueryOperator", operators)), { doc: "`eq` when absent." }),
        made("value", repeated(text), { doc: "Of `eq` and `ne` several: any, none of them. Of `null`: true or false." }),
      ],
      "A comparison.",
    );
  }

  #sort(): ValueType {
    return this.#book.once("QuerySort", () => [
      made("field", single(text), { isOptional: false }),
      made("direction", single(this.#book.enumeration("QueryDirection", ["asc", "desc"]))),
    ]);
  }

  #include(): ValueType {
    return this.#book.once(
      "QueryInclude",
      () => [
        made("name", single(text), { isOptional: false }),
        made("perPage", single(int)),
        made("sort", repeated(this.#sort())),
        made("include", repeated(this.#include())),
      ],
      "A relation whose rows are answered with the row.",
    );
  }

  /** Where a list stands. */
  page(): Element {
    const type = this.#book.once("QueryPage", () => [
      ...["totalRecords", "totalPages", "currentPage", "perPage", "maxPerPage"].map((name) => made(name, single(long))),
      made("nextCursor", single(text)),
      made("truncated", single(boolean), { doc: "A statistic has more groups than are answered." }),
    ]);
    return made("page", single(type));
  }
}

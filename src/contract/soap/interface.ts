/** Makes the SOAP interface of one version of a service from its contract and what the definition says of it. */
import type { SoapElements, SoapOperation } from "../../define/soap.ts";
import type { Fields } from "../../define/field.ts";
import type { Contract, Operation } from "../contract.ts";
import { queryOf } from "../query.ts";
import { GivenElements, isXmlName, rowIdKey } from "./given.ts";
import type { AnswerShape, ComplexType, Element, RequestShape, SoapInterface, SoapMethod, ValueType } from "./model.ts";
import { methodNames, pascal } from "./names.ts";
import { Queries } from "./queries.ts";
import { Rows } from "./rows.ts";
import { simpleTypes } from "./simple-types.ts";
import { neededOf, TypeBook } from "./type-book.ts";

export interface MadeInterface extends SoapInterface {
  /** Types by name, in order. */
  readonly types: readonly ValueType[];
}

/** `urn:pons:bank:v2`. */
const namespaceOf = ({ service, version, definition: { soap } }: Contract): string =>
  (soap?.namespace ?? `urn:pons:${service}:{version}`).replaceAll("{version}", version);

/** SOAPAction of a method: below the namespace, however that ends. */
const actionOf = (namespace: string, name: string): string => `${namespace}${/[/#:]$/.test(namespace) ? "" : "/"}${name}`;

const idElement = (key: string, doc: string): Element => ({
  name: key,
  key,
  content: { kind: "single", type: simpleTypes.text },
  isOptional: false,
  isNillable: false,
  doc,
});

/** Operations that read rows have a query in place of fields. */
const requestShapeOf = (operation: Operation): RequestShape => {
  const query = queryOf(operation);
  return query === "none" ? "body" : query;
};

const shapes: Readonly<Record<Operation["output"]["kind"], AnswerShape>> = {
  row: "row",
  rows: "rows",
  none: "none",
  count: "count",
  value: "value",
  stats: "groups",
  document: "document",
  fields: "fields",
};

class Maker {
  readonly book: TypeBook;
  readonly #newest: Contract;
  readonly #rows: Rows;
  readonly #queries: Queries;
  readonly #given: GivenElements;
  readonly #problem: (text: string) => void;
  readonly #namespace: string;
  readonly fault: ComplexType;

  constructor(contract: Contract, newest: Contract, problem: (text: string) => void) {
    const soap = newest.definition.soap ?? {};
    this.book = new TypeBook(soap);
    this.#newest = newest;
    this.#problem = problem;
    this.#namespace = namespaceOf(contract);
    this.#rows = new Rows(this.book, newest);
    this.#queries = new Queries(this.book, contract);
    this.#given = new GivenElements(this.book, {
      types: soap.types ?? {},
      valuesAlwaysThere: soap.valueTypes === "always",
      problem,
    });
    this.fault = this.#rows.fault();
  }

  method(older: Operation, name: string, spec: SoapOperation): SoapMethod {
    const isGiven = spec.input !== undefined || spec.output !== undefined;
    // What the definition gives is in the words of the newest version, and the same in all.
    const operation = isGiven ? (this.#newest.operations.get(older.name) ?? older) : older;
    const output = spec.output === undefined ? undefined : this.#givenAnswer(operation, spec.output);
    const idKey = operation.target === "item" ? rowIdKey(operation.input) : undefined;
    return {
      operation,
      name,
      action: actionOf(this.#namespace, name),
      request: this.#request(operation, name, idKey, spec.input),
      answer: output ?? this.#answer(operation, name),
      requestShape: requestShapeOf(operation),
      answerShape: output === undefined ? shapes[operation.output.kind] : "fields",
      idKey,
      isGiven,
      inBand: new Set(spec.inBand ?? []),
    };
  }

  #request(operation: Operation, name: string, idKey: string | undefined, given: SoapElements | undefined): readonly Element[] {
    const { resource, input, required, action } = operation;
    const shape = requestShapeOf(operation);
    const id = idKey === undefined ? [] : [idElement(idKey, resource === undefined ? "The row." : `Which ${resource.singular}.`)];
    if (shape !== "body") {
      if (given !== undefined) this.#problem(`${operation.name}: a read of rows has elements of its own for what is asked`);
      if (resource === undefined) return id;
      if (shape === "list") return this.#queries.list(resource);
      if (shape === "row") return [...id, ...this.#queries.row()];
      const parents = action === "count" ? this.#queries.parents(resource) : [];
      return [...this.#queries.filters(resource), ...parents];
    }
    if (given === undefined) {
      const prefix = action === "function" || resource === undefined ? name : pascal(resource.singular);
      const place = { direction: "input" as const, prefix, required, ...(action === "update" ? { isPartial: true } : {}) };
      return [...id, ...this.book.elements(input, place)];
    }
    const at = `${operation.name} input`;
    const elements = this.#given.elements(given, input, { at, direction: "input", required, ofRow: idKey !== undefined });
    const held = new Set(elements.map(({ key }) => key));
    const missing = [...required, ...(idKey === undefined ? [] : [idKey])].filter((key) => !held.has(key));
    if (missing.length > 0) this.#problem(`${at}: no element holds ${missing.join(", ")}, without which no call can succeed`);
    return elements;
  }

  #givenAnswer(operation: Operation, given: SoapElements): readonly Element[] | undefined {
    const { output, resource } = operation;
    const fields: Fields | undefined =
      output.kind === "fields" ? output.fields : output.kind === "row" ? resource?.fields : undefined;
    if (fields === undefined && output.kind !== "none") {
      this.#problem(`${operation.name} output: only an answer of fields or of one row may have elements of its own`);
      return undefined;
    }
    const at = `${operation.name} output`;
    return this.#given.elements(given, fields ?? {}, { at, direction: "output", required: neededOf(fields ?? {}) });
  }

  #answer(operation: Operation, name: string): readonly Element[] {
    const { output, resource } = operation;
    switch (output.kind) {
      case "fields":
        return this.book.elements(output.fields, { direction: "output", prefix: `${name}Response` });
      case "row":
        return resource === undefined ? [] : [this.#rows.row(resource)];
      case "rows":
        return resource === undefined
          ? []
          : [this.#rows.rows(resource), ...(operation.action === "list" ? [this.#queries.page()] : [])];
      case "stats":
        return [this.#rows.groups(operation, output.statistic, name), this.#queries.page()];
      case "count":
        return [this.#rows.measure(operation, { kind: "count" }, "count")];
      case "value":
        return [this.#rows.measure(operation, output.measure, "value")];
      case "document":
        return [this.#rows.document()];
      case "none":
        return [];
    }
  }
}

/** What is given beside messages: names and namespace. */
const checkNames = ({ operations: known, definition: { soap = {} } }: Contract, problem: (text: string) => void): void => {
  const { name, namespace, offset, operations = {}, types = {} } = soap;
  for (const [place, one] of [
    ["name", name],
    ...Object.keys(types).map((type) => ["type", type] as const),
    ...Object.entries(operations).map(([operation, given]) => [operation, given.name] as const),
  ] as const) {
    if (one !== undefined && !isXmlName(one)) problem(`${place}: "${one}" is no name in XML`);
  }
  for (const operation of Object.keys(operations)) if (!known.has(operation)) problem(`${operation}: there is no such operation`);
  if (
    namespace !== undefined &&
    (!/^[\x21-\x7e]{1,200}$/.test(namespace) || /[<>"{}|\\^`&]/.test(namespace.replaceAll("{version}", "")))
  )
    problem("namespace: is no URI");
  if (offset !== undefined && !/^[+-](?:0[0-9]|1[0-4]):[0-5][0-9]$/.test(offset)) problem("offset: is none, such as +01:00");
};

/** Makes the interface of a version; `newest`: the contract that its operations are called by. Problems of the definition are told to `problem`. */
export const makeInterface = (
  contract: Contract,
  newest: Contract,
  problem: (text: string) => void = () => undefined,
): MadeInterface => {
  checkNames(newest, problem);
  const soap = newest.definition.soap ?? {};
  const maker = new Maker(contract, newest, problem);
  const methods = new Map<string, SoapMethod>();
  for (const [operation, name] of methodNames(contract)) {
    const found = contract.operations.get(operation);
    if (found === undefined) continue;
    if (methods.has(name)) problem(`${operation}: "${name}" is the name of another operation`);
    methods.set(name, maker.method(found, name, soap.operations?.[operation] ?? {}));
  }
  for (const name of methods.keys()) {
    if (methods.has(`${name}Response`)) problem(`"${name}Response" is an operation, and the answer of another`);
  }
  return {
    name: soap.name ?? pascal(contract.service),
    doc: contract.doc,
    namespace: namespaceOf(contract),
    methods,
    fault: maker.fault,
    passwords: soap.passwords ?? "overTls",
    types: maker.book.types,
  };
};

/** A client of SOAP that knows what the WSDL says and nothing else: it orders elements and reads types by it, and holds every answer against the schema. */
import { makeInterface, methodNames, wsdlText } from "../../../src/contract/soap/index.ts";
import type { Contract, Operation } from "../../../src/contract/contract.ts";
import { versionView } from "../../../src/contract/versions.ts";
import type { RawInclude, RawQuery } from "../../../src/pipeline/call.ts";
import { type CallRefusal, Description, headersOf, type Version } from "../../soap/description.ts";
import type { Asked, Driver, Heard, Target } from "../driver.ts";
import { completed, givenRecord } from "./soap-given.ts";

const quiet: ReadonlySet<string> = new Set(["date", "x-request-id", "content-length"]);

const sortOf = (text: string): Record<string, string> => {
  const dot = text.lastIndexOf(".");
  const direction = dot === -1 ? "" : text.slice(dot + 1);
  return direction === "asc" || direction === "desc" ? { field: text.slice(0, dot), direction } : { field: text };
};

const includeOf = ({ name, perPage, sortBy, include }: RawInclude): Record<string, unknown> => ({
  name,
  ...(perPage === undefined ? {} : { perPage }),
  ...(sortBy === undefined ? {} : { sort: sortBy.map(sortOf) }),
  ...(include === undefined ? {} : { include: include.map(includeOf) }),
});

/** A query as the elements of a request. */
const queryOf = (query: RawQuery = {}): Record<string, unknown> => {
  const { filters, named, sortBy, page, perPage, cursor, count, fields, include } = query;
  const filter: Record<string, unknown[]> = {};
  for (const { name, params } of named ?? []) (filter[name] ??= []).push(params);
  return {
    ...(filters === undefined
      ? {}
      : { condition: filters.map(({ path, op, values }) => ({ field: path, operator: op, value: values })) }),
    ...(named === undefined ? {} : { filter }),
    ...(sortBy === undefined ? {} : { sort: sortBy.map(sortOf) }),
    ...(page === undefined ? {} : { page }),
    ...(perPage === undefined ? {} : { perPage }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(count === undefined ? {} : { count }),
    ...(fields === undefined ? {} : { fields }),
    ...(include === undefined ? {} : { include: include.map(includeOf) }),
  };
};

const recordOf = ({ input, body: fields }: { input: Asked["input"]; body: Operation["input"] }): Record<string, unknown> => {
  const { id, body, query, parent } = input;
  const given = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  return {
    ...(id === undefined ? {} : { [Object.hasOwn(fields, "id") ? "rowId" : "id"]: id }),
    ...given,
    ...queryOf(query),
    ...(parent === undefined ? {} : { parent: { relation: `${parent.resource}.${parent.relation}`, id: parent.id } }),
  };
};

/** What an answer's elements are over REST. */
const dataOf = ({ action, output, resource }: Operation, record: Record<string, unknown>): Pick<Heard, "data" | "page"> => {
  const page = record["page"] as Record<string, unknown> | undefined;
  const paged = page === undefined ? {} : { page };
  switch (output.kind) {
    case "none":
      return {};
    case "row":
      return { data: record[resource?.singular ?? ""] };
    case "rows":
      return { data: record[resource?.singular ?? ""] ?? [], ...(action === "list" ? paged : {}) };
    case "stats":
      return { data: record["group"] ?? [], ...paged };
    case "count":
      return { data: record["count"] };
    case "value":
      return { data: record["value"] };
    case "document": {
      const { isText, content, ...rest } = record["document"] as { isText: boolean; content: string };
      return {
        data: {
          ...rest,
          encoding: isText ? "text" : "base64",
          content: isText ? Buffer.from(content, "base64").toString("utf8") : content,
        },
      };
    }
    case "fields":
      return { data: record };
  }
};

const factValue = (kind: string, value: string): unknown =>
  kind === "number" ? Number(value) : kind === "string" ? value : (JSON.parse(value) as unknown);

/** What a fault's detail says. */
const refusalOf = ({ type, message, retryAfter, issue = [], fact = [] }: CallRefusal): Omit<Heard, "face"> => {
  return {
    outcome: type,
    message,
    ...(issue.length === 0 ? {} : { issues: Object.fromEntries(issue.map(({ field, message: texts }) => [field, texts])) }),
    ...(fact.length === 0
      ? {}
      : { details: Object.fromEntries(fact.map(({ name, kind, value }) => [name, factValue(kind, value)])) }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
};

/** Names of the methods of a version; finding them takes longer than a call. */
const namesOf = new WeakMap<Contract, ReadonlyMap<string, string>>();

const methodOf = (asked: Asked, contract: Contract): string | undefined => {
  const version = versionView(contract, asked.version ?? contract.version).contract;
  const names = namesOf.get(version) ?? methodNames(version);
  namesOf.set(version, names);
  return names.get(asked.operation);
};

const operationOf = (asked: Asked, contract: Contract): Operation | undefined =>
  versionView(contract, asked.version ?? contract.version).contract.operations.get(asked.operation);

class SoapDriver implements Driver {
  readonly name: string;
  readonly #version: Version;
  readonly #known = new Map<string, Promise<Description>>();

  constructor(name: string, version: Version) {
    this.name = name;
    this.#version = version;
  }

  can(asked: Asked, target: Target): boolean {
    const contract = target.contract(asked.service);
    return operationOf(asked, contract) !== undefined && methodOf(asked, contract) !== undefined;
  }

  #describe(target: Target, path: string, written: () => string): Promise<Description> {
    const key = `${target.baseUrl}${path}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      // A version that is over describes itself no more: its clients have what was written before.
      known = target
        .fetch(`${path}?wsdl`)
        .then(async (response) => new Description(response.status === 410 ? written() : await response.text()));
      this.#known.set(key, known);
    }
    return known;
  }

  async ask(target: Target, asked: Asked): Promise<Heard> {
    const contract = target.contract(asked.service);
    const version = asked.version ?? contract.version;
    const operation = operationOf(asked, contract);
    const method = methodOf(asked, contract);
    if (operation === undefined || method === undefined) throw new Error(`${asked.operation} is not offered`);
    const path = `/${asked.service}/${version}/soap`;
    const description = await this.#describe(target, path, () => {
      const made = makeInterface(versionView(contract, version).contract, contract);
      return wsdlText(made, { address: `${target.baseUrl}${path}`, methods: [...made.methods.values()] });
    });
    const { types = {}, operations: given = {} } = contract.definition.soap ?? {};
    const { input, output } = given[operation.name] ?? {};
    const plain = recordOf({ input: asked.input, body: operation.input });
    const record =
      input === undefined
        ? plain
        : completed(givenRecord(plain, input, types), description.elements.get(method) ?? [], description);
    const response = await target.fetch(path, {
      method: "POST",
      headers: {
        ...headersOf(this.#version, description.methods.get(method)?.action ?? ""),
        ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }),
        ...asked.headers,
      },
      body: description.request(method, record, this.#version),
    });
    const text = await response.text();
    const requestId = response.headers.get("x-request-id") ?? "";
    const headers = [...response.headers].filter(([name]) => !quiet.has(name));
    const face = `${response.status} ${JSON.stringify(headers)} ${requestId === "" ? text : text.replaceAll(requestId, "")}`;
    const shared = { face, replayed: response.headers.has("idempotent-replayed") };
    const answered = description.answer(text);
    // An answer whose elements are given is told as it is.
    if (answered.kind === "answer")
      return {
        outcome: "done",
        ...(output === undefined ? dataOf(operation, answered.record) : { data: answered.record }),
        ...shared,
      };
    return { ...(answered.refusal === undefined ? { outcome: answered.code } : refusalOf(answered.refusal)), ...shared };
  }

  async close(): Promise<void> {
    for (const description of this.#known.values()) (await description)[Symbol.dispose]();
    this.#known.clear();
  }
}

export const soapDriver: Driver = new SoapDriver("SOAP", "1.1");
export const soap12Driver: Driver = new SoapDriver("SOAP 1.2", "1.2");

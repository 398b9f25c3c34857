/** The line protocol's own client: one connection for each key, kept; what comes back is put together again by what the contract says of it. */
import { Titles } from "../../../src/channels/line/titles.ts";
import type { Contract, Operation } from "../../../src/contract/contract.ts";
import { versionView } from "../../../src/contract/versions.ts";
import type { Field, Fields } from "../../../src/define/field.ts";
import type { Measure } from "../../../src/define/resource.ts";
import type { RawFilter, RawInclude, RawNamedFilter, RawQuery } from "../../../src/pipeline/call.ts";
import { type Answer, type Line, LineClient, valueOf } from "../../line/client.ts";
import type { Asked, Driver, Heard, Target } from "../driver.ts";

const capital = (name: string): string => `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
const small = (name: string): string => `${name[0]?.toLowerCase() ?? ""}${name.slice(1)}`;

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  return valueOf(typeof value === "string" ? value : JSON.stringify(value));
};

/** Pairs of a value of a body. */
const pairsOf = (title: string, value: unknown, field: Field | undefined): string[] => {
  if (field?.kind === "json" && value !== null) return [`${title}:${JSON.stringify(JSON.stringify(value))}`];
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${title}:[]`];
    return (value as readonly unknown[]).every((item) => typeof item !== "object" || item === null)
      ? value.map((item: unknown) => `${title}:${textOf(item)}`)
      : value.flatMap((item: unknown, at) => pairsOf(`${title}.${at + 1}`, item, field?.item));
  }
  if (typeof value !== "object" || value === null) return [`${title}:${textOf(value)}`];
  const members = Object.entries(value);
  if (members.length === 0) return [`${title}:{}`];
  return members.flatMap(([name, inner]) => pairsOf(`${title}.${capital(name)}`, inner, field?.fields?.[name]));
};

const operators: Readonly<Record<RawFilter["op"], string>> = {
  eq: "",
  ne: "!=",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  contains: "~=",
  startsWith: "^=",
  null: "?",
};

const includeText = ({ name, perPage, sortBy, include }: RawInclude): string => {
  const options = [
    ...(perPage === undefined ? [] : [`perPage:${Number(perPage)}`]),
    ...(sortBy === undefined ? [] : [`sortBy:${sortBy.join(",")}`]),
    ...(include === undefined ? [] : [`include:${include.map(includeText).join(",")}`]),
  ];
  return options.length === 0 ? name : `${name}(${options.join(",")})`;
};

const namedText = ({ name, params }: RawNamedFilter): string => {
  const given = Object.entries(params).map(([param, value]) => `${param}:${String(value)}`);
  return given.length === 0 ? name : `${name}(${given.join(",")})`;
};

const queryPairs = ({ filters = [], named = [], sortBy = [], fields = [], include = [], ...pages }: RawQuery): string[] => [
  ...filters.flatMap(({ path, op, values }) =>
    values.map((value) => `${path.split(".").map(capital).join(".")}${operators[op]}:${textOf(value)}`),
  ),
  ...named.map((filter) => `@Filters:${JSON.stringify(namedText(filter))}`),
  ...sortBy.map((part) => `@SortBy:${part}`),
  ...fields.map((name) => `@Fields:${name}`),
  ...include.map((one) => `@Include:${JSON.stringify(includeText(one))}`),
  ...(["page", "perPage", "cursor", "count"] as const).flatMap((name) =>
    pages[name] === undefined ? [] : [`@${capital(name)}:${textOf(pages[name])}`],
  ),
];

const headerPairs: Readonly<Record<string, string>> = {
  "accept-language": "Language",
  "idempotency-key": "IdempotencyKey",
  "if-match": "IfMatch",
  "pons-tenant": "Tenant",
  "pons-act-for": "ActFor",
  "pons-reason": "Reason",
  "x-request-id": "RequestId",
};

interface Found {
  readonly contract: Contract;
  /** In the words of the version that is asked for. */
  readonly shown: Operation;
}

const found = (asked: Asked, target: Target): Found | undefined => {
  const contract = target.contract(asked.service);
  const shown = versionView(contract, asked.version ?? contract.version).contract.operations.get(asked.operation);
  return shown === undefined ? undefined : { contract, shown };
};

const requestOf = (asked: Asked, { contract, shown }: Found): string => {
  const { id, body, query, parent } = asked.input;
  const titles = new Titles(shown, contract.definition.line?.operations?.[shown.name]);
  const members = Object.entries((body ?? {}) as Record<string, unknown>);
  return [
    `Operation:${asked.operation}`,
    `@Service:${asked.service}`,
    `@Version:${asked.version ?? contract.version}`,
    ...Object.entries(asked.headers ?? {}).map(([name, value]) => `@${headerPairs[name] ?? name}:${valueOf(value)}`),
    ...(id === undefined || titles.id === undefined ? [] : [`${titles.id}:${valueOf(id)}`]),
    ...members.flatMap(([name, value]) => pairsOf(titles.title(name), value, shown.input[name])),
    ...(query === undefined ? [] : queryPairs(query)),
    ...(parent === undefined ? [] : [`@Parent:${parent.resource}/${parent.id}/${parent.relation}`]),
  ].join(",");
};

const numeric: ReadonlySet<string> = new Set(["integer", "money"]);

/** A value by the kind of its field. */
const typed = (value: string | null, isQuoted: boolean, field: Field | undefined): unknown => {
  if (value === null) return null;
  if (!isQuoted && value === "[]") return [];
  if (!isQuoted && value === "{}") return {};
  if (field?.kind === "json") return JSON.parse(value) as unknown;
  if (field?.kind === "boolean") return value === "true" ? true : value === "false" ? false : value;
  if (field !== undefined && numeric.has(field.kind) && Number.isSafeInteger(Number(value))) return Number(value);
  return value;
};

/** A field of a measure, so that its value is read as what it is. */
const fieldOfMeasure = (measure: Measure, fields: Fields): Field | undefined => {
  if (measure.kind === "count" || measure.kind === "countDistinct") return { kind: "integer", options: {} } as unknown as Field;
  return measure.kind === "avg" ? undefined : fields[measure.field];
};

const fieldsOf = ({ output, resource }: Operation): Fields => {
  const rows = resource?.fields ?? {};
  switch (output.kind) {
    case "fields":
      return output.fields;
    case "row":
    case "rows":
      return rows;
    case "stats": {
      const measures = Object.entries(output.statistic.measures).flatMap(([name, measure]): [string, Field][] => {
        const field = fieldOfMeasure(measure, rows);
        return field === undefined ? [] : [[name, field]];
      });
      return { ...rows, ...Object.fromEntries(measures) };
    }
    default:
      return {};
  }
};

/** A row again: steps of titles become objects, several values of a title a list. */
const rowOf = ({ pairs, quoted }: Line, titles: Titles, fields: Fields): Record<string, unknown> => {
  const names = new Map(Object.keys(fields).map((name) => [titles.title(name), name]));
  const row: Record<string, unknown> = {};
  for (const pair of pairs) {
    const [title, value] = pair;
    if (title.startsWith("@") || pair === pairs[0]) continue;
    const [first = "", ...steps] = title.split(".");
    const path = [
      names.get(first) ?? small(first),
      ...steps.map((step) => (/^\d+$/.test(step) ? String(Number(step) - 1) : small(step))),
    ];
    let field: Field | undefined = fields[path[0] ?? ""];
    let at: Record<string, unknown> = row;
    for (const [depth, step] of path.entries()) {
      if (depth > 0) field = /^\d+$/.test(step) ? field?.item : field?.fields?.[step];
      if (depth < path.length - 1) {
        at = (at[step] ??= /^\d+$/.test(path[depth + 1] ?? "") ? [] : {}) as Record<string, unknown>;
        continue;
      }
      const isList = field?.kind === "array" && value !== null && !(value === "[]" && !quoted.has(pair));
      const read = typed(value, quoted.has(pair), isList ? field?.item : field);
      if (isList) ((at[step] ??= []) as unknown[]).push(read);
      else at[step] = read;
    }
  }
  return row;
};

const aside = (line: Line, name: string): string | undefined =>
  line.pairs.find(([title]) => title === `@${name}`)?.[1] ?? undefined;
const valueAt = (line: Line, name: string): string | undefined => line.pairs.find(([title]) => title === name)?.[1] ?? undefined;

const pageOf = (line: Line): Record<string, unknown> => {
  const names = ["TotalRecords", "TotalPages", "CurrentPage", "PerPage", "MaxPerPage", "NextCursor", "Truncated"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = aside(line, name);
      if (value === undefined) return [];
      return [[small(name), name === "NextCursor" ? value : name === "Truncated" ? true : Number(value)]];
    }),
  );
};

const dataOf = ({ rows, last }: Answer, titles: Titles): unknown => {
  const { operation } = titles;
  const { output } = operation;
  const fields = fieldsOf(operation);
  if (aside(last, "Rows") !== undefined) return rows.map((row) => rowOf(row, titles, fields));
  if (output.kind === "none") return undefined;
  if (output.kind === "count") return Number(valueAt(last, "Value"));
  if (output.kind === "value") {
    const value = valueAt(last, "Value") ?? null;
    return typed(value, false, fieldOfMeasure(output.measure, operation.resource?.fields ?? {}));
  }
  return rowOf(last, titles, fields);
};

/** Titles of a refusal's fields as the contract has them. */
const issuesOf = ({ pairs }: Line): Record<string, string[]> => {
  // A field may be called what every object has.
  const issues = Object.create(null) as Record<string, string[]>;
  let field = "";
  for (const [title, value] of pairs) {
    if (title === "Field")
      field = (value ?? "")
        .split(".")
        .map((step) => (/^\d+$/.test(step) ? String(Number(step) - 1) : small(step)))
        .join(".");
    else if (title === "Problem" && field !== "") (issues[field] ??= []).push(value ?? "");
  }
  return issues;
};

const heardOf = (answer: Answer, titles: Titles): Heard => {
  const { last, text } = answer;
  const [kind, outcome] = last.first;
  const replayed = aside(last, "Replayed") === "true";
  const face = text.replaceAll(/@RequestId:[^,]*/g, "");
  if (kind === "Status") {
    const page = pageOf(last);
    return {
      outcome: "done",
      data: dataOf(answer, titles),
      ...(Object.keys(page).length === 0 ? {} : { page }),
      replayed,
      face,
    };
  }
  const issues = issuesOf(last);
  const details = valueAt(last, "Details");
  const retryAfter = aside(last, "RetryAfter");
  return {
    outcome: String(outcome),
    message: valueAt(last, "Message") ?? "",
    ...(Object.keys(issues).length === 0 ? {} : { issues }),
    ...(details === undefined ? {} : { details: JSON.parse(details) as Record<string, unknown> }),
    ...(retryAfter === undefined ? {} : { retryAfter: Number(retryAfter) }),
    replayed,
    face,
  };
};

class Clients {
  readonly #open = new Map<string, Promise<{ readonly client: LineClient; readonly refused: Answer | undefined }>>();

  /** A connection with a key, for a language; `refused`: the key is none. */
  of(
    port: number,
    { key, headers = {} }: Pick<Asked, "key" | "headers">,
  ): Promise<{ readonly client: LineClient; readonly refused: Answer | undefined }> {
    const language = headers["accept-language"];
    const said = language === undefined ? "" : `,@Language:${valueOf(language)}`;
    const name = `${port} ${key ?? ""}${said}`;
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opening = this.#connect(port, key === undefined ? undefined : `Key:${key}${said}`, name);
    this.#open.set(name, opening);
    return opening;
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const one of all) await (await one).client.close();
  }

  async #connect(
    port: number,
    first: string | undefined,
    name: string,
  ): Promise<{ readonly client: LineClient; readonly refused: Answer | undefined }> {
    const client = await LineClient.open(port);
    void client.closed.then(() => this.#open.delete(name));
    const answer = first === undefined ? undefined : await client.ask(first);
    const refused = answer?.last.first[0] === "Error" ? answer : undefined;
    if (refused !== undefined) this.#open.delete(name);
    return { client, refused };
  }
}

const clients = new Clients();

export const lineDriver: Driver = {
  name: "line",
  can: (asked, target) => target.linePort !== undefined && found(asked, target) !== undefined,
  async ask(target, asked) {
    const known = found(asked, target);
    if (known === undefined || target.linePort === undefined) throw new Error(`${asked.operation} cannot be asked for`);
    const { contract, shown } = known;
    const titles = new Titles(shown, contract.definition.line?.operations?.[shown.name]);
    const { client, refused } = await clients.of(target.linePort, asked);
    const answer = refused ?? (await client.ask(requestOf(asked, known)));
    return heardOf(answer, titles);
  },
  close: () => clients.close(),
};

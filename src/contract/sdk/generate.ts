/**
 * A typed client of one service version, as files: ES modules with declarations, without dependencies, for browsers, Node and Bun.
 *
 *   index.js, index.d.ts   what there is to call, and its types
 *   api.js, signer.js, …   the engine, the same for every service
 *   package.json           so that it can be installed or published
 */
import type { Contract, Operation, ResourceContract } from "../contract.ts";
import { type Address, addressesOf } from "../openapi/addresses.ts";
import { versionView } from "../versions.ts";
import { pascal, sentence } from "./text.ts";
import { filtersOf, membersOf } from "./members.ts";

export interface SdkOptions {
  /** Name of the version; the newest when absent. */
  readonly version?: string;
  /** Of the package; `<service>-client` when absent. */
  readonly packageName?: string;
  /** Files of the engine: name → content. */
  readonly runtime: Readonly<Record<string, string>>;
}

const usesByKind = {
  list: "list",
  get: "get",
  value: "value",
  create: "create",
  change: "change",
  delete: "delete",
  function: "function",
} as const;

interface Call {
  readonly operation: Operation;
  readonly address: Address;
  readonly kind: keyof typeof usesByKind | "document";
}

/** One address per operation: the plain one. */
const callsOf = (contract: Contract): readonly Call[] => {
  const calls = new Map<string, Call>();
  for (const address of addressesOf(contract)) {
    const { operation, use, parent, method } = address;
    if (operation === undefined || parent !== undefined || !(use in usesByKind) || calls.has(operation.name)) continue;
    if (use === "change" && (method === "PUT") !== (operation.action === "replace")) continue;
    const kind = operation.output.kind === "document" ? "document" : (use as keyof typeof usesByKind);
    calls.set(operation.name, { operation, address, kind });
  }
  return [...calls.values()];
};

/** What a list of a resource may be asked for. */
const queryType = (resource: string): string => {
  const name = `${pascal(resource)}Query`;
  return reservedTypes.has(name) ? `${pascal(resource)}RowQuery` : name;
};

const rowType = ({ singular, name }: ResourceContract): string => pascal(singular === "" ? name : singular.replaceAll(" ", "_"));

class Declarations {
  readonly #contract: Contract;
  readonly #rows: ReadonlyMap<ResourceContract, string>;
  readonly #lines: string[] = [];

  constructor(contract: Contract) {
    this.#contract = contract;
    const taken = new Set<string>();
    this.#rows = new Map(
      [...contract.resources.values()].map((resource) => {
        const wanted = rowType(resource);
        const name = taken.has(wanted) || reservedTypes.has(wanted) ? `${pascal(resource.name)}Row` : wanted;
        taken.add(name);
        return [resource, name] as const;
      }),
    );
  }

  text(calls: readonly Call[], clientName: string): string {
    for (const [resource, name] of this.#rows) this.#resource(resource, name);
    this.#events();
    const tree = this.#tree(calls);
    return `${preamble}\n${this.#lines.join("\n")}\n/** ${sentence(this.#contract.doc)} */\nexport interface ${clientName} ${tree}\n`;
  }

  #resource(resource: ResourceContract, name: string): void {
    const { fields, doc, one, many, filters, name: plural } = resource;
    const relations = [
      ...[...one].map(([relation, { target }]) =>
        relation in fields ? "" : `${relation}?: ${this.#rows.get(target) ?? "unknown"} | null;`,
      ),
      ...[...many].map(([relation, { target }]) =>
        relation in fields ? "" : `${relation}?: ${this.#rows.get(target) ?? "unknown"}[];`,
      ),
    ].filter((line) => line !== "");
    // A relation that is included stands where its reference does.
    const members = membersOf(fields, { use: "row" }).map((member) => {
      const [field = ""] = /[A-Za-z_]\w*(?=\??:)/.exec(member.replace(/^\/\*\*.*?\*\/\n/, "")) ?? [];
      const target = one.get(field)?.target;
      return target === undefined
        ? member
        : member.replace(/: (.*);$/, (_, type: string) => `: ${type} | ${this.#rows.get(target) ?? "unknown"};`);
    });
    this.#add(`/** ${sentence(doc)} */`, `export interface ${name} {`, ...members.map(indent), ...relations.map(indent), "}");
    const named = Object.entries(filters).map(([filter, { params }]) => {
      const given = membersOf(params, { use: "input" });
      return given.length === 0 ? JSON.stringify(filter) : `{ name: ${JSON.stringify(filter)}; params: { ${given.join(" ")} } }`;
    });
    const filterType = named.length === 0 ? "never" : named.join(" | ");
    this.#add(
      `export interface ${queryType(plural)} extends ListQuery<${filterType}> {`,
      ...filtersOf(fields).map(indent),
      "  /** Fields of related rows: `customer.country`. */",
      "  [path: `${string}.${string}`]: unknown;",
      "}",
    );
  }

  #events(): void {
    const { service } = this.#contract;
    const types: string[] = [];
    for (const resource of this.#contract.resources.values()) {
      for (const [event, { data, doc }] of Object.entries(resource.events)) {
        const name = `${pascal(resource.name)}${pascal(event)}Event`;
        if (doc !== undefined) this.#add(`/** ${sentence(doc)} */`);
        this.#add(
          `export interface ${name} extends CloudEvent<"${service}.${resource.name}.${event}"> {`,
          `  data: { ${membersOf(data, { use: "row" }).join(" ")} };`,
          "}",
        );
        types.push(name);
      }
    }
    this.#add(`export type Event = ${types.length === 0 ? "never" : types.join(" | ")};`);
  }

  #tree(calls: readonly Call[]): string {
    interface Node {
      readonly inner: Map<string, Node>;
      readonly members: string[];
    }
    const root: Node = { inner: new Map(), members: [] };
    for (const call of calls) {
      const parts = call.operation.name.split(".");
      const last = parts.pop() ?? "";
      let node = root;
      for (const part of parts) {
        let next = node.inner.get(part);
        if (next === undefined) node.inner.set(part, (next = { inner: new Map(), members: [] }));
        node = next;
      }
      node.members.push(...this.#memberOf(last, call));
    }
    // A resource of the same name is called by members of the function.
    for (const { name, doc, call } of ownCalls) {
      const node = root.inner.get(name);
      if (node === undefined) root.members.push(doc, `${name}${call}`);
      else node.members.unshift(doc, call);
    }
    const write = ({ inner, members }: Node): string => {
      const lines = [...members, ...[...inner].map(([name, node]) => `readonly ${name}: ${write(node)};`)];
      return `{\n${lines
        .flatMap((line) => line.split("\n"))
        .map(indent)
        .join("\n")}\n}`;
    };
    return write(root);
  }

  #memberOf(name: string, { operation, kind, address }: Call): readonly string[] {
    const { doc, input, required, refusals, action } = operation;
    const own = Object.keys(refusals);
    const comment = `/** ${sentence(doc)}${own.length === 0 ? "" : ` Refusals of its own: ${own.join(", ")}.`} */`;
    const isItem = address.path.includes("{id}");
    const id = isItem ? "id: string, " : "";
    const answer = this.#answerOf(operation);
    const query = queryType(operation.resource?.name ?? "");
    if (kind === "list") {
      const row = operation.resource === undefined ? "unknown" : (this.#rows.get(operation.resource) ?? "unknown");
      return [
        comment,
        `${name}(query?: ${query}, options?: CallOptions): Promise<Page<${row}>>;`,
        "/** Row by row, a page at a time. */",
        `all(query?: Omit<${query}, "page" | "count">, options?: CallOptions): AsyncIterable<${row}>;`,
      ];
    }
    if (kind === "value") return [comment, `${name}(query?: Partial<${query}>, options?: CallOptions): Promise<${answer}>;`];
    if (kind === "get") return [comment, `${name}(${id}query?: RowQuery, options?: CallOptions): Promise<${answer}>;`];
    if (kind === "delete") return [comment, `${name}(${id}options?: CallOptions): Promise<void>;`];
    const members = membersOf(input, { use: "input", required, partial: action === "update" });
    const isNeeded = required.size > 0 && action !== "update";
    const result = kind === "document" ? "Blob" : answer;
    if (members.length === 0 && isItem) return [comment, `${name}(${id}options?: CallOptions): Promise<${result}>;`];
    const body = members.length === 0 ? "{}" : `{\n${members.map(indent).join("\n")}\n}`;
    return [comment, `${name}(${id}input${isNeeded ? "" : "?"}: ${body}, options?: CallOptions): Promise<${result}>;`];
  }

  #answerOf({ output, resource }: Operation): string {
    const row = resource === undefined ? "unknown" : (this.#rows.get(resource) ?? "unknown");
    switch (output.kind) {
      case "row":
        return row;
      case "rows":
        return `${row}[]`;
      case "none":
        return "void";
      case "count":
        return "number";
      case "fields":
        return `{ ${membersOf(output.fields, { use: "row" }).join(" ")} }`;
      case "document":
        return "Blob";
      case "value":
        return "number | string | null";
      case "stats":
        return "Record<string, unknown>[]";
    }
  }

  #add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }
}

/** What every client has. */
const ownCalls = [
  {
    name: "events",
    doc: "/** Events as they are committed; goes on where it was after an interruption. */",
    call: "(query?: EventsQuery<Event>, options?: CallOptions): AsyncIterable<Event>;",
  },
  {
    name: "batch",
    doc: "/** Many calls in one request: all or none (`atomic`), or each on its own. */",
    call: '(calls: readonly BatchCall[], options?: CallOptions & { strategy?: "atomic" | "independent" | undefined }): Promise<Verdict[]>;',
  },
] as const;

const reservedTypes: ReadonlySet<string> = new Set(
  (
    "AsyncIterable BatchCall Blob CallOptions ClientOptions CloudEvent Date Error Event EventsQuery Filter Include ListQuery Omit Page Pagination Partial " +
    "PonsError Promise Readonly Record RowQuery Uint8Array Verdict"
  ).split(" "),
);
const indent = (lines: string): string =>
  lines
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");

const preamble = `// Made from the contract by \`pons sdk\`: changes are lost when it is made again.
import type { CallOptions, ClientOptions } from "./api.js";
export { PonsError } from "./api.js";
export { createSigner } from "./signer.js";
export type { CallOptions, ClientOptions };

export interface Pagination { totalRecords?: number; totalPages?: number; currentPage?: number; perPage: number; maxPerPage: number; nextCursor?: string; truncated?: true; }
export interface Page<Row> { data: Row[]; pagination: Pagination; }
/** A value, some values of which it is one, null for none, or comparisons. */
export type Filter<Value> =
  | Value
  | readonly Value[]
  | null
  | { [operator in "eq" | "gt" | "gte" | "lt" | "lte"]?: Value | undefined } & { ne?: Value | readonly Value[] | undefined; contains?: string | undefined; startsWith?: string | undefined; null?: boolean | undefined };
export type Include = string | readonly Include[] | { [relation: string]: true | { perPage?: number | undefined; sortBy?: string | readonly string[] | undefined; include?: Include | undefined } };
export interface RowQuery { fields?: string | readonly string[] | undefined; include?: Include | undefined; }
export interface ListQuery<Named = never> extends RowQuery {
  page?: number | undefined; perPage?: number | undefined; cursor?: string | undefined; count?: boolean | undefined;
  /** \`name.desc\` */
  sortBy?: string | readonly string[] | undefined;
  /** Named filters. */
  filters?: Named | readonly Named[] | undefined;
}
export interface CloudEvent<Type extends string> { specversion: "1.0"; id: string; source: string; type: Type; subject?: string; time: string; datacontenttype: "application/json"; sequence: string; }
export interface EventsQuery<E extends { type: string }> {
  types?: readonly (E["type"] | \`\${string}.*\`)[] | undefined;
  /** Fields of the data and the values of which they have to have one. */
  filters?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Position behind which to begin: an event's \`id\`. */
  after?: string | undefined;
}
export interface BatchCall { id?: string | undefined; method?: string | undefined; path: string; body?: unknown; }
export interface Verdict { success: boolean; status: number; data?: unknown; error?: { code: number; type: string; message: string; requestId: string; details?: unknown }; }
`;

const noBody: ReadonlySet<string> = new Set(["list", "get", "value", "delete"]);

/** Files of the client: name → content. */
export const sdkOf = (newest: Contract, options: SdkOptions): ReadonlyMap<string, string> => {
  const version = options.version ?? newest.version;
  const { contract } = versionView(newest, version);
  const calls = callsOf(contract);
  const { service } = contract;
  const clientName = `${pascal(service)}Client`;
  const operations = calls.map(({ operation, address, kind }) => ({
    name: operation.name,
    method: address.method,
    path: address.path,
    kind,
    ...(noBody.has(kind) || Object.keys(operation.input).length === 0 ? {} : { hasBody: true }),
    ...(operation.kind === "query" ? { isRead: true } : {}),
  }));
  const make = `create${clientName}`;
  const definition = `{ service: ${JSON.stringify(service)}, version: ${JSON.stringify(version)}, operations }`;
  return new Map([
    [
      "index.js",
      `// Made from the contract by \`pons sdk\`: changes are lost when it is made again.
import { createClient } from "./api.js";
export { PonsError } from "./api.js";
export { createSigner } from "./signer.js";

const operations = [
${operations.map((operation) => `  ${JSON.stringify(operation)},`).join("\n")}
];

export const ${make} = (options) => createClient(${definition}, options);
`,
    ],
    [
      "index.d.ts",
      `${new Declarations(contract).text(calls, clientName)}
/** A client of ${contract.title}, ${version}. */
export declare const ${make}: (options: ClientOptions) => ${clientName};
`,
    ],
    [
      "package.json",
      `${JSON.stringify(
        {
          name: options.packageName ?? `${service}-client`,
          version: `${version.slice(1)}.0.0`,
          type: "module",
          exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
          sideEffects: false,
        },
        null,
        2,
      )}\n`,
    ],
    ...Object.entries(options.runtime),
  ]);
};

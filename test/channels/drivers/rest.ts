/** REST's own client: what every other channel is compared with. */
import type { Contract, Operation } from "../../../src/contract/contract.ts";
import { versionView } from "../../../src/contract/versions.ts";
import { type Address, addressesOf } from "../../../src/contract/openapi/index.ts";
import type { RawFilter, RawInclude, RawQuery } from "../../../src/pipeline/call.ts";
import type { Asked, Driver, Heard } from "../driver.ts";

const operators: Readonly<Record<RawFilter["op"], string>> = {
  eq: "=",
  ne: "!=",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  contains: "~=",
  startsWith: "^=",
  null: "[null]=",
};

const encode = (value: unknown): string => encodeURIComponent(String(value));

const includeText = ({ name, perPage, sortBy, include }: RawInclude): string => {
  const options = [
    ...(perPage === undefined ? [] : [`perPage:${JSON.stringify(perPage)}`]),
    ...(sortBy === undefined ? [] : [`sortBy:${sortBy.join(",")}`]),
    ...(include === undefined ? [] : [`include:${include.map(includeText).join(",")}`]),
  ];
  return options.length === 0 ? name : `${name}(${options.join(",")})`;
};

/** A list's query as parameters. */
export const queryText = (query: RawQuery = {}): string => {
  const parts: string[] = [];
  for (const { path, op, values } of query.filters ?? [])
    for (const value of values) parts.push(`${path}${operators[op]}${encode(value)}`);
  const named = (query.named ?? []).map(({ name, params }) => {
    const given = Object.entries(params).map(([param, value]) => `${param}:${String(value)}`);
    return given.length === 0 ? name : `${name}(${given.join(",")})`;
  });
  if (named.length > 0) parts.push(`filters=${encode(named.join(";"))}`);
  if (query.sortBy !== undefined) parts.push(`sortBy=${encode(query.sortBy.join(","))}`);
  if (query.fields !== undefined) parts.push(`fields=${encode(query.fields.join(","))}`);
  if (query.include !== undefined) parts.push(`include=${encode(query.include.map(includeText).join(","))}`);
  for (const name of ["page", "perPage", "cursor", "count"] as const)
    if (query[name] !== undefined) parts.push(`${name}=${encode(query[name])}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
};

const uses: ReadonlySet<string> = new Set(["list", "get", "value", "create", "change", "delete", "function"]);

const known = new WeakMap<Contract, Map<string, Address>>();

/** The address of an operation: of several, the plain one. */
const addressOf = (contract: Contract, { name, action }: Operation): Address | undefined => {
  let byName = known.get(contract);
  if (byName === undefined) {
    byName = new Map();
    for (const address of addressesOf(contract)) {
      const { operation, use, parent } = address;
      if (operation === undefined || !uses.has(use) || parent !== undefined) continue;
      if (use === "change" && (address.method === "PUT") !== (operation.action === "replace")) continue;
      if (!byName.has(operation.name)) byName.set(operation.name, address);
    }
    known.set(contract, byName);
  }
  return byName.get(name) ?? (action === "function" ? undefined : byName.get(name));
};

interface Envelope {
  readonly success?: boolean;
  readonly data?: unknown;
  readonly pagination?: Record<string, unknown>;
  readonly error?: {
    readonly type: string;
    readonly message: string;
    readonly requestId: string;
    readonly details?: Record<string, unknown>;
  };
}

const isIssues = (data: unknown): data is Record<string, readonly string[]> =>
  typeof data === "object" && data !== null && Object.values(data).every(Array.isArray);

/** What an envelope says. */
export const heardOf = (text: string, headers: Headers): Heard => {
  const envelope = (text === "" ? { success: true } : JSON.parse(text)) as Envelope;
  const { error, data, pagination } = envelope;
  const face = `${JSON.stringify([...headers].filter(([name]) => !["date", "x-request-id", "content-length"].includes(name)))} ${text}`;
  if (error === undefined) {
    return {
      outcome: "done",
      ...(data === undefined ? {} : { data }),
      ...(pagination === undefined ? {} : { page: pagination }),
      replayed: headers.has("idempotent-replayed"),
      face,
    };
  }
  const retryAfter = headers.get("retry-after");
  return {
    outcome: error.type,
    message: error.message,
    ...(isIssues(data) ? { issues: data } : {}),
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(retryAfter === null ? {} : { retryAfter: Number(retryAfter) }),
    replayed: headers.has("idempotent-replayed"),
    face: face.replaceAll(error.requestId, ""),
  };
};

const found = (asked: Asked, contract: Contract): { readonly operation: Operation; readonly address: Address } | undefined => {
  const view = versionView(contract, asked.version ?? contract.version).contract;
  const operation = view.operations.get(asked.operation);
  const address = operation === undefined ? undefined : addressOf(view, operation);
  return operation === undefined || address === undefined ? undefined : { operation, address };
};

export const restDriver: Driver = {
  name: "REST",
  can: (asked, target) => found(asked, target.contract(asked.service)) !== undefined,
  async ask(target, asked) {
    const contract = target.contract(asked.service);
    const { address } = found(asked, contract) ?? {};
    if (address === undefined) throw new Error(`${asked.operation} has no address`);
    const { id, body, query } = asked.input;
    const path = `/${asked.service}/${asked.version ?? contract.version}${address.path.replace(/\{\w+\}/, id ?? "")}`;
    const hasBody = body !== undefined && address.method !== "GET";
    const response = await target.fetch(`${path}${queryText(query)}`, {
      method: address.method,
      headers: {
        ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }),
        ...(hasBody ? { "content-type": "application/json" } : {}),
        ...asked.headers,
      },
      ...(hasBody ? { body: JSON.stringify(body) } : {}),
    });
    return heardOf(await response.text(), response.headers);
  },
};

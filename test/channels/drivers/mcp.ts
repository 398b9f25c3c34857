/** Agents' own client: raw messages of the revision without a handshake. What has to be confirmed is confirmed. */
import { argumentNames } from "../../../src/channels/mcp/input-schema.ts";
import type { Contract, Operation } from "../../../src/contract/contract.ts";
import { asksToConfirm, toolsOf } from "../../../src/contract/mcp.ts";
import { versionView } from "../../../src/contract/versions.ts";
import type { RawFilter, RawInclude, RawQuery } from "../../../src/pipeline/call.ts";
import type { Asked, Driver, Heard, Target } from "../driver.ts";

const version = "2026-07-28";

type Json = Record<string, unknown>;

const includeText = ({ name, perPage, sortBy, include }: RawInclude): string => {
  const options = [
    ...(perPage === undefined ? [] : [`perPage:${Number(perPage)}`]),
    ...(sortBy === undefined ? [] : [`sortBy:${sortBy.join(",")}`]),
    ...(include === undefined ? [] : [`include:${include.map(includeText).join(",")}`]),
  ];
  return options.length === 0 ? name : `${name}(${options.join(",")})`;
};

const where = (filters: readonly RawFilter[]): Json => {
  // A field may be called what every object has.
  const byPath = Object.create(null) as Record<string, Json>;
  for (const { path, op, values } of filters)
    (byPath[path] ??= {})[op] = values.length === 1 && op !== "eq" && op !== "ne" ? values[0] : values;
  return Object.fromEntries(
    Object.entries(byPath).map(([path, ops]) => [path, Object.keys(ops).join() === "eq" ? ops["eq"] : ops]),
  );
};

const queryArguments = ({ filters, named, sortBy, fields, include, page, perPage, cursor, count }: RawQuery): Json => ({
  ...(filters === undefined ? {} : { where: where(filters) }),
  ...(named === undefined ? {} : { filters: named.map(({ name, params }) => ({ name, params })) }),
  ...(include === undefined ? {} : { include: include.map(includeText) }),
  ...Object.fromEntries(
    Object.entries({ sortBy, fields, page, perPage, cursor, count }).filter(([, value]) => value !== undefined),
  ),
});

const found = (asked: Asked, target: Target): { readonly shown: Operation; readonly contract: Contract } | undefined => {
  const contract = target.contract(asked.service);
  if (!toolsOf(contract).some(({ name }) => name === asked.operation)) return undefined;
  const shown = versionView(contract, asked.version ?? contract.version).contract.operations.get(asked.operation);
  return shown === undefined ? undefined : { shown, contract };
};

/** JSON of a call of a tool; whole numbers beyond 2^53 are written out. */
export const callText = (tool: string, given: Json, capabilities: Json = {}): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name: tool,
      arguments: given,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": { name: "driver", version: "1" },
      },
    },
  });

interface Told {
  readonly type: string;
  readonly message: string;
  readonly requestId: string;
  readonly details?: Json;
  readonly retryAfter?: number;
  readonly fields?: Readonly<Record<string, readonly string[]>>;
}

interface Structured {
  readonly data?: unknown;
  readonly pagination?: Json;
  readonly replayed?: true;
  readonly error?: Told;
  readonly confirmation?: { readonly token: string };
}

interface Answer {
  readonly result?: { readonly structuredContent: Structured; readonly isError: boolean };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Told };
}

const heardOf = (text: string, headers: Headers): Heard => {
  const { result, error } = JSON.parse(text) as Answer;
  const { data, pagination, replayed, error: refused = error?.data } = result?.structuredContent ?? {};
  const face = `${JSON.stringify([...headers].filter(([name]) => !["date", "x-request-id", "content-length"].includes(name)))} ${text}`;
  if (refused === undefined && error !== undefined) return { outcome: `${error.code} ${error.message}`, face };
  if (refused === undefined)
    return {
      outcome: "done",
      data,
      ...(pagination === undefined ? {} : { page: pagination }),
      replayed: replayed === true,
      face,
    };
  const { type, message, details, fields, retryAfter, requestId } = refused;
  return {
    outcome: type,
    message,
    ...(fields === undefined ? {} : { issues: fields }),
    ...(details === undefined ? {} : { details }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    replayed: replayed === true,
    face: face.replaceAll(requestId, ""),
  };
};

export const mcpDriver: Driver = {
  name: "MCP",
  can: (asked, target) => asked.input.parent === undefined && found(asked, target) !== undefined,
  async ask(target, asked) {
    const { shown, contract } = found(asked, target) ?? {};
    if (shown === undefined || contract === undefined) throw new Error(`${asked.operation} is no tool`);
    const names = argumentNames(shown, { asks: asksToConfirm(contract, shown) });
    const tool = asked.operation.replaceAll(".", "_");
    const { id, body, query } = asked.input;
    const given: Json = {
      ...(body as Json | undefined),
      ...(id === undefined || names.id === undefined ? {} : { [names.id]: id }),
      ...(query === undefined ? {} : queryArguments(query)),
    };
    const ask = async (more: Json): Promise<{ readonly text: string; readonly headers: Headers }> => {
      const response = await target.fetch(`/${asked.service}/${asked.version ?? contract.version}/mcp`, {
        method: "POST",
        headers: {
          accept: "application/json, text/event-stream",
          "content-type": "application/json",
          "mcp-protocol-version": version,
          "mcp-method": "tools/call",
          "mcp-name": tool,
          ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }),
          ...asked.headers,
        },
        body: callText(tool, { ...given, ...more }),
      });
      return { text: await response.text(), headers: response.headers };
    };
    const first = await ask({});
    const token = (JSON.parse(first.text) as Answer).result?.structuredContent.confirmation?.token;
    const { text, headers } = token === undefined ? first : await ask({ [names.confirm ?? "confirm"]: token });
    return heardOf(text, headers);
  },
};

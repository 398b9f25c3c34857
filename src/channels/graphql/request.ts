/**
 * Requests of GraphQL over HTTP (September 2026 edition): parameters of a GET, JSON bodies of a POST, payloads of a WebSocket.
 *
 *   { "query": "…", "operationName": "…", "variables": { … }, "extensions": { … } }     or documentId in place of query
 *
 * Refused: 415 another type of body, 400 what is no JSON, 422 what is no request, batches among it. Whole numbers keep their digits.
 */
import { GraphQLError } from "graphql";
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { contentOf, FormatError, type HttpExchange, refusalOfFormat } from "../http/index.ts";
import { parseJson } from "../rest/formats/json.ts";
import { graphqlLimits } from "./limits.ts";
import { Persisted } from "./persisted.ts";
import { Problem } from "./problem.ts";

export interface GraphqlRequest {
  readonly query: string | undefined;
  readonly documentId: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** `application/json`, with no other charset than UTF-8. What a page of another site can send without being asked first is not among it. */
const jsonType = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i;

const bodyLimits = Object.freeze({ bytesMax: graphqlLimits.bodyBytesMax, depthMax: 64, nodesMax: 200_000 });

const malformed = (why: string): Problem => new Problem("validation_failed", [new GraphQLError(why)]);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text = (params: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw malformed(`"${name}" must be a string.`);
  return value;
};

const map = (params: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> => {
  const value = params[name];
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw malformed(`"${name}" must be an object.`);
  return value;
};

/** Apollo's clients name a registered document by the hash in `extensions`. */
const hashOf = (extensions: Readonly<Record<string, unknown>>): string | undefined => {
  const { persistedQuery } = extensions;
  if (!isRecord(persistedQuery)) return undefined;
  const { sha256Hash } = persistedQuery;
  return typeof sha256Hash === "string" && /^[0-9a-f]{64}$/.test(sha256Hash) ? `sha256:${sha256Hash}` : undefined;
};

/** A request from its parameters. Throws `Problem`. */
export const requestOf = (params: unknown): GraphqlRequest => {
  if (Array.isArray(params)) throw malformed("Batches of requests are not supported: one operation may have several fields.");
  if (!isRecord(params)) throw malformed("A request is an object.");
  const query = text(params, "query");
  const extensions = map(params, "extensions");
  const documentId = text(params, "documentId") ?? (query === undefined || query === "" ? hashOf(extensions) : undefined);
  const operationName = text(params, "operationName");
  if ((query === undefined || query === "") && documentId === undefined)
    throw malformed('A request has a "query" or a "documentId".');
  if (query !== undefined && query !== "" && documentId !== undefined)
    throw malformed('A request has a "query" or a "documentId", not both.');
  if (documentId !== undefined && !Persisted.isIdentifier(documentId))
    throw malformed('"documentId" is no identifier of a document.');
  if (operationName !== undefined && operationName.length > graphqlLimits.nameLengthMax)
    throw malformed('"operationName" is too long.');
  return {
    query: query === "" ? undefined : query,
    documentId,
    operationName: operationName === "" ? undefined : operationName,
    variables: map(params, "variables"),
  };
};

const known = ["query", "documentId", "operationName", "variables", "extensions"] as const;
const json: ReadonlySet<string> = new Set(["variables", "extensions"]);
const encoder = new TextEncoder();

/** The parameters of an address; an empty one counts as none. Throws `Problem`. */
export const requestOfQuery = (query: string): GraphqlRequest | Refusal => {
  const given = new URLSearchParams(query);
  const params: Record<string, unknown> = {};
  for (const name of known) {
    const [value, second] = given.getAll(name);
    if (second !== undefined) throw malformed(`"${name}" is given twice.`);
    if (value === undefined || value === "") continue;
    const read = json.has(name) ? parseJson(encoder.encode(value), bodyLimits) : value;
    if (read instanceof FormatError) return refusalOfFormat(read);
    params[name] = read;
  }
  return requestOf(params);
};

/** The request of a POST. Throws `Problem`. */
export const requestOfBody = async (exchange: HttpExchange): Promise<GraphqlRequest | Refusal> => {
  const type = exchange.headers.get("content-type");
  if (type === null || !jsonType.test(type))
    return refuse("unsupported_media_type", { details: { accepted: ["application/json"] } });
  const bytes = await contentOf(exchange, graphqlLimits.bodyBytesMax);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const value = parseJson(bytes, bodyLimits);
  return value instanceof FormatError ? refusalOfFormat(value) : requestOf(value);
};

/**
 * Answers of calls that succeeded: the envelope or bare data, in the format the caller accepts, with its entity tag.
 *
 *   { "success": true, "data": { … } }
 *   { "success": true, "data": [ … ], "pagination": { "totalRecords": 2, "totalPages": 1, "currentPage": 1, "perPage": 20, "maxPerPage": 100 } }
 *
 * JSON is written once: the text of the data is both hashed for the tag and put into the envelope.
 */
import type { Result } from "../../pipeline/call.ts";
import { entityTagOfJson } from "../../pipeline/entity-tag.ts";
import { parseTagCondition } from "../http/index.ts";
import type { Preferences } from "../http/index.ts";
import type { DocumentData } from "../../pipeline/document-data.ts";
import { answersDocument, documentParts } from "./answer-document.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import type { PlainValue } from "./formats/index.ts";
import { isObject } from "./input.ts";
import { pageHeaders, pageLinks } from "./pagination.ts";
import { suffixed } from "./send.ts";
import type { Answer } from "./send.ts";

type Success = Extract<Result, { ok: true }>;

/** The body of data in the format and form the caller asked for, and its tag. */
export const represent = (
  exchange: Exchange,
  data: unknown,
  page?: Success["page"],
): { readonly body: string | Uint8Array; readonly contentType: string; readonly tag: string } => {
  const { format } = exchange.output;
  const json = JSON.stringify(data ?? null);
  const pagination = page === undefined ? undefined : JSON.stringify(page);
  let tag = entityTagOfJson(pagination === undefined ? json : json + pagination);
  if (exchange.isBare) tag = suffixed(tag, "bare");
  if (format.name === "json") {
    const tail = pagination === undefined ? "}" : `,"pagination":${pagination}}`;
    return { body: exchange.isBare ? json : `{"success":true,"data":${json}${tail}`, contentType: format.contentType, tag };
  }
  // Lists of rows (CSV, NDJSON) have no place for an envelope.
  const isWhole = !exchange.isBare && !format.listsOnly;
  const value = isWhole ? { success: true, data: data ?? null, ...(page === undefined ? {} : { pagination: page }) } : data;
  return {
    body: format.stringify(value as PlainValue),
    contentType: format.contentType,
    tag: suffixed(tag, format.name),
  };
};

const codings = /-(?:gzip|br|zstd)$/;

/** Whether If-None-Match names the tag; tags of compressed forms count as the form they compress (weak comparison). */
const isKnown = (header: string | null, tag: string): boolean => {
  if (header === null) return false;
  const condition = parseTagCondition(header);
  if (condition === undefined) return false;
  if (condition === "*") return true;
  const bare = tag.slice(1, -1);
  return condition.some((known) => known.tag.replace(codings, "") === bare);
};

/** A read: 200 with its tag, or 304. */
const answerRead = (exchange: Exchange, result: Success): Answer => {
  const { page, data } = result;
  const { body, contentType, tag } = represent(exchange, data, page);
  if (page === undefined) {
    if (isKnown(exchange.headers.get("if-none-match"), tag)) return { status: 304, entityTag: tag, isRead: true };
    return { status: result.status, body, contentType, entityTag: tag, isRead: true };
  }
  const links = exchange.method === "GET" ? pageLinks(page, exchange) : [];
  const headers = exchange.isBare || exchange.output.format.listsOnly ? pageHeaders(page) : [];
  if (isKnown(exchange.headers.get("if-none-match"), tag)) return { status: 304, entityTag: tag, isRead: true, links, headers };
  return { status: result.status, body, contentType, entityTag: tag, isRead: true, links, headers };
};

/** Address of the row that was created, where it has one. */
const locationOf = (exchange: Exchange, endpoint: OperationEndpoint, id: string): string | undefined => {
  // A function may make a row of another resource than its own: its id says of which.
  const resources = exchange.version?.contract.resources.values() ?? [];
  const made =
    endpoint.operation.action === "create" ? undefined : [...resources].find(({ prefix }) => id.startsWith(`${prefix}_`));
  const collection = (made ?? endpoint.operation.resource)?.name;
  const node = collection === undefined ? undefined : exchange.version?.table.collections.get(collection);
  return node?.item.endpoints.has("GET") === true ? `${exchange.base}/${collection}/${encodeURIComponent(id)}` : undefined;
};

const idOf = (result: Success): string | undefined => {
  if (result.id !== undefined) return result.id;
  return isObject(result.data) && typeof result.data["id"] === "string" ? result.data["id"] : undefined;
};

/** Commands that answer with the row as it is now: a change may follow under the tag of their answer (RFC 9110 section 8.8.3). */
const answersRow: ReadonlySet<string> = new Set(["create", "update", "replace"]);

/** Which of the preferences an answer honours; of most requests there are none. */
const appliedTo = (
  { return: wanted, envelope }: Preferences,
  { isCommand, isEmpty }: { readonly isCommand: boolean; readonly isEmpty: boolean },
): { readonly applied: Preferences } | undefined => {
  const told = isCommand ? wanted : undefined;
  const form = isEmpty ? undefined : envelope;
  if (told === undefined && form === undefined) return undefined;
  return { applied: { ...(told === undefined ? {} : { return: told }), ...(form === undefined ? {} : { envelope: form }) } };
};

/** A command: 200, 201 or 202 with its data, 204 without any, and nothing but the status and the tag when that is preferred. What waits tells what it waits for. */
const answerCommand = (exchange: Exchange, endpoint: OperationEndpoint, result: Success): Answer => {
  const headers: (readonly [string, string])[] = [];
  const id = result.status === 201 ? idOf(result) : undefined;
  const location = id === undefined ? undefined : locationOf(exchange, endpoint, id);
  if (location !== undefined) headers.push(["Location", location]);
  if (result.replayed === true) headers.push(["Idempotent-Replayed", "true"]);
  const isCommand = endpoint.operation.kind === "command";
  const isMinimal = isCommand && exchange.preferences.return === "minimal" && result.status !== 202;
  const isEmpty = isMinimal || result.status === 204 || result.data === undefined;
  const isRow = answersRow.has(endpoint.operation.action) && result.data !== undefined;
  const shared = {
    ...(headers.length === 0 ? undefined : { headers }),
    ...appliedTo(exchange.preferences, { isCommand: isCommand && result.status !== 202, isEmpty }),
  };
  if (isEmpty && !isRow) return { status: result.status === 201 ? 201 : 204, ...shared };
  if (answersDocument(endpoint.operation)) {
    const { body, contentType, disposition } = documentParts(result.data as DocumentData);
    return { status: result.status, body, contentType, ...shared, headers: [...headers, disposition] };
  }
  const { body, contentType, tag } = represent(exchange, result.data, result.page);
  const tagged = isRow ? { ...shared, entityTag: tag } : shared;
  if (isEmpty) return { status: result.status === 201 ? 201 : 204, ...tagged };
  return { status: result.status, body, contentType, ...tagged };
};

/** The answer of a call that succeeded. */
export const answerData = (exchange: Exchange, endpoint: OperationEndpoint, result: Success): Answer => {
  const isRead = exchange.method === "GET" || exchange.method === "QUERY";
  if (!isRead) return answerCommand(exchange, endpoint, result);
  const answer = answerRead(exchange, result);
  return exchange.preferences.envelope === undefined ? answer : { ...answer, applied: { envelope: "none" } };
};

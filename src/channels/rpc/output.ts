/** From results to the messages of a method. */
import type { ResourceContract } from "../../contract/contract.ts";
import type { Message, RpcMethod } from "../../contract/protobuf/index.ts";
import type { Input, Result } from "../../pipeline/call.ts";
import type { DocumentData } from "../../pipeline/document-data.ts";
import { entityTag } from "../../pipeline/entity-tag.ts";
import type { Page } from "../../pipeline/page.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { reasonOf, type ToldRefusal } from "../../pipeline/told.ts";
import { codeOf } from "./codes.ts";

type Done = Result & { readonly ok: true };
type Values = Record<string, unknown>;

const isRecord = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

/** Names of a resource's relations. */
const relations = new WeakMap<ResourceContract, readonly string[]>();

const relationsOf = (resource: ResourceContract): readonly string[] => {
  let names = relations.get(resource);
  if (names === undefined) relations.set(resource, (names = [...resource.one.keys(), ...resource.many.keys()]));
  return names;
};

/**
 * A row as its message has it: related rows that stand in place of their reference go into `included`, and the reference is their id.
 *
 *   { id: "acc_1", customer: { id: "cus_1", name: "Ann" } }   →   { id: "acc_1", customer: "cus_1", $included: { customer: { … } } }
 */
const rowOf = (resource: ResourceContract, row: unknown): unknown => {
  if (!isRecord(row)) return row;
  let included: Values | undefined;
  for (const name of relationsOf(resource)) {
    const value = row[name];
    if (typeof value !== "object" || value === null) continue;
    const target = (resource.one.get(name) ?? resource.many.get(name))?.target;
    if (target === undefined) continue;
    included ??= {};
    included[name] = Array.isArray(value) ? value.map((one: unknown) => rowOf(target, one)) : rowOf(target, value);
  }
  if (included === undefined) return row;
  const message: Values = { ...row, $included: included };
  for (const [name, value] of Object.entries(included)) message[name] = isRecord(value) ? value["id"] : undefined;
  return message;
};

const hasIncluded = (resource: ResourceContract, row: unknown): boolean =>
  isRecord(row) && relationsOf(resource).some((name) => typeof row[name] === "object" && row[name] !== null);

const rowsMessage = ({ versioned: { resource } }: RpcMethod, rows: readonly unknown[]): readonly unknown[] =>
  resource !== undefined && rows.some((row) => hasIncluded(resource, row)) ? rows.map((row) => rowOf(resource, row)) : rows;

/** One answer of an `Export…`: some rows. */
export const rowsOf = (method: RpcMethod, rows: readonly unknown[]): Message => ({ rows: rowsMessage(method, rows) });

const pageInfo = ({ nextCursor: _, ...place }: Page): Message => place;

const documentOf = (data: unknown): Message => {
  const { filename, mediaType, encoding, content } = data as DocumentData;
  return { filename, mediaType, content: encoding === "text" ? new TextEncoder().encode(content) : content };
};

const dataOf = (method: RpcMethod, { data, page }: Done): Message => {
  const { output, resource } = method.versioned;
  const rows = Array.isArray(data) ? (data as readonly unknown[]) : [];
  switch (output.kind) {
    case "row":
      return { row: resource === undefined ? data : rowOf(resource, data) };
    case "rows":
      if (page === undefined) return rowsOf(method, rows);
      return { rows: rowsMessage(method, rows), nextPageToken: page.nextCursor, pageInfo: pageInfo(page) };
    case "count":
      return { count: data };
    case "value":
      return { value: data };
    case "stats":
      return { rows, pageInfo: page === undefined ? undefined : pageInfo(page) };
    case "fields":
      return isRecord(data) ? data : {};
    case "document":
      return documentOf(data);
    case "none":
      return {};
  }
};

/** The answer of a unary method, for `method.output`. */
export const messageOf = (method: RpcMethod, result: Done): Message => (result.data === undefined ? {} : dataOf(method, result));

/** Entity tag of the row that is answered; undefined where it is none, or not whole: some of its fields, or others' with it. */
export const tagOf = ({ operation }: RpcMethod, { data }: Done, input?: Input): string | undefined =>
  operation.output.kind === "row" && input?.query === undefined && isRecord(data) ? entityTag(data) : undefined;

/** What came of an item, in the caller's language. */
export type Verdict =
  Done | { readonly ok: false; readonly refusal: Refusal; readonly told: ToldRefusal; readonly replayed?: true };

/** A refusal as an item of a stream is answered with. */
const refusalMessage = (refusal: Refusal, told: ToldRefusal): Message => ({
  code: codeOf(refusal),
  status: refusal.status,
  type: refusal.type,
  message: reasonOf(told),
  fieldViolations: Object.entries(told.data ?? {}).map(([field, messages]) => ({ field, messages })),
  details: refusal.details,
  retryAfterSeconds: refusal.retryAfter === undefined ? undefined : Math.ceil(refusal.retryAfter),
  requestId: told.error.requestId,
});

/** One answer of a `…Stream`. */
export const verdictOf = (method: RpcMethod, verdict: Verdict): Message => {
  const replayed = verdict.replayed === true;
  if (!verdict.ok) return { refusal: refusalMessage(verdict.refusal, verdict.told), replayed };
  return { response: messageOf(method, verdict), replayed, etag: tagOf(method, verdict) };
};

/**
 * What a tool answers: the operation's data, a refusal that a model can do something about, or what has to be confirmed. Each as `structuredContent`, and as
 * text for clients that read no other.
 *
 *   { "data": { … } }                                     { "data": [ … ], "pagination": { … } }
 *   { "error": { "type": "insufficient_funds", "message": "…", "requestId": "…", "details": { … }, "fields": { "amount": ["…"] } } }     isError
 *   { "confirmation": { "token": "…", "expiresAt": "…", "message": "…", "next": "…" } }
 */
import type { Result } from "../../pipeline/call.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { tell, type Telling } from "../../pipeline/told.ts";
import { metaKeys, rpcCodes } from "./protocol.ts";
import type { Fault, JsonObject } from "./protocol.ts";
import type { Catalogue } from "./tool.ts";

/** What every result of a revision has. */
export const resultBase = (isModern: boolean, { server }: Pick<Catalogue, "server">): JsonObject =>
  isModern ? { resultType: "complete", _meta: { [metaKeys.serverInfo]: server } } : {};

export interface Content {
  readonly structured: JsonObject;
  readonly isError?: true;
}

/** The data of a call that was carried out. */
export const dataContent = ({ data, page, replayed }: Extract<Result, { ok: true }>): Content => ({
  structured: {
    data: data ?? null,
    ...(page === undefined ? {} : { pagination: page }),
    ...(replayed === true ? { replayed } : {}),
  },
});

/** What is told of a refusal, whatever form it has. */
export const errorOf = (refusal: Refusal, telling: Telling): JsonObject => {
  const { error, data } = tell(refusal, telling);
  const { code: status, ...told } = error;
  return {
    ...told,
    status,
    ...(refusal.retryAfter === undefined ? {} : { retryAfter: Math.ceil(refusal.retryAfter) }),
    ...(data === undefined ? {} : { fields: data }),
  };
};

/** A refusal for the model. */
export const refusalContent = (refusal: Refusal, telling: Telling, replayed?: true): Content => ({
  structured: { error: errorOf(refusal, telling), ...(replayed === true ? { replayed } : {}) },
  isError: true,
});

/** Text and structure of a tool's result (2026-07-28, server/tools "Structured Content"). */
export const toolResult = ({ structured, isError }: Content, base: JsonObject): string =>
  JSON.stringify({
    ...base,
    content: [{ type: "text", text: JSON.stringify(structured) }],
    structuredContent: structured,
    isError: isError === true,
  });

/** Refusals that end the request itself: the client has to authenticate otherwise, or the error is ours. */
export const endsRequest = ({ status, type }: Refusal, isToken: boolean): boolean =>
  status === 401 || status === 500 || type === "csrf_required" || (type === "scope_required" && isToken);

const ofBody: ReadonlySet<string> = new Set(["invalid_body", "invalid_encoding", "duplicate_key", "too_deep"]);

/** Beyond JSON-RPC's own codes an error has the status of HTTP for its code: the range that JSON-RPC keeps for itself is not ours to use. */
const codeOf = ({ type, status }: Refusal): number => {
  if (ofBody.has(type)) return rpcCodes.parse;
  if (status === 500) return rpcCodes.internal;
  return status === 400 || status === 413 || status === 415 ? rpcCodes.invalidRequest : status;
};

/** A refusal as an error of the protocol. */
export const faultOf = (refusal: Refusal, telling: Telling): Fault => {
  const data = errorOf(refusal, telling);
  return { status: refusal.status, code: codeOf(refusal), message: String(data["message"]), data };
};

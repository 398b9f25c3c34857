/**
 * Refusals as the wire shows them: the envelope's `error` and `data`, or a problem document (RFC 9457).
 *
 *   { "success": false, "error": { "code": 422, "type": "validation_failed", "message": "…", "requestId": "…" }, "data": { "email": ["…"] } }
 *   { "type": "/problems/validation_failed", "title": "…", "status": 422, "requestId": "…", "errors": { "email": ["…"] } }
 *
 * The same words in both; nothing of a refusal is shown but its type, its localized message and what it declares as details.
 */
import type { Messages } from "../../define/service.ts";
import { localizeRefusal } from "../../pipeline/localize.ts";
import type { Refusal } from "../../pipeline/refusal.ts";

/** A refusal in a language: what both forms are made of. */
export interface ToldRefusal {
  readonly error: {
    readonly code: number;
    readonly type: string;
    readonly message: string;
    readonly requestId: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  /** Field → sentences. */
  readonly data?: Readonly<Record<string, readonly string[]>>;
}

export interface Telling {
  readonly locale: string;
  readonly requestId: string;
  /** Messages of the service. */
  readonly messages: Messages | undefined;
  /** Whose field names are used. */
  readonly resource: string | undefined;
}

/** Puts a refusal into words. */
export const tell = (refusal: Refusal, { locale, requestId, messages, resource }: Telling): ToldRefusal => {
  const { message, data } = localizeRefusal(refusal, locale, messages, resource);
  const error = { code: refusal.status, type: refusal.type, message, requestId };
  return {
    error: refusal.details === undefined ? error : { ...error, details: refusal.details },
    ...(data === undefined || Object.keys(data).length === 0 ? {} : { data }),
  };
};

/** Where the type of a problem is explained; served by the channel. */
export const problemPath = "/problems/";

/** The document of RFC 9457; `details` are an extension member of their own, so that they cannot replace a standard one. */
export const problemOf = ({ error, data }: ToldRefusal): Readonly<Record<string, unknown>> => ({
  type: `${problemPath}${error.type}`,
  title: error.message,
  status: error.code,
  requestId: error.requestId,
  ...(error.details === undefined ? {} : { details: error.details }),
  ...(data === undefined ? {} : { errors: data }),
});

/** RFC 9457 appendix B: the root element and its namespace. */
export const problemXml = (xml: string): string =>
  xml.replace(/<response(?=[ >/])/, '<problem xmlns="urn:ietf:rfc:7807"').replace(/<\/response>\s*$/, "</problem>");

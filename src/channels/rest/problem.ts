/**
 * Refusals as the wire shows them: the envelope's `error` and `data`, or a problem document (RFC 9457).
 *
 *   { "success": false, "error": { "code": 422, "type": "validation_failed", "message": "…", "requestId": "…" }, "data": { "email": ["…"] } }
 *   { "type": "/problems/validation_failed", "title": "…", "status": 422, "requestId": "…", "errors": { "email": ["…"] } }
 *
 * The same words in both; nothing of a refusal is shown but its type, its localized message and what it declares as details.
 */
import type { ToldRefusal } from "../../pipeline/told.ts";

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

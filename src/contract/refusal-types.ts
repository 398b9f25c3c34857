/**
 * The platform's refusals: the one list of stable codes, part of every contract. `type` never changes its meaning, is the same on every channel, and
 * decides the status; a service adds its own in `refusals` of a function or resource.
 */

/** Status and meaning of every code of the platform. */
export const refusalTypes = {
  invalid_request: { status: 400, doc: "The request cannot be understood." },
  invalid_body: { status: 400, doc: "The body is not well-formed in the format it claims to be." },
  invalid_encoding: { status: 400, doc: "The body is not valid UTF-8." },
  too_deep: { status: 400, doc: "The body is nested deeper than allowed." },
  duplicate_key: { status: 400, doc: "An object of the body has the same key twice." },
  invalid_header: { status: 400, doc: "A header cannot be understood." },
  invalid_cursor: { status: 400, doc: "The cursor was not made by this server for this list." },
  unauthenticated: { status: 401, doc: "Credentials are missing." },
  invalid_credentials: { status: 401, doc: "The credentials are unknown, expired or revoked." },
  forbidden: { status: 403, doc: "The caller may not use this operation." },
  not_found: { status: 404, doc: "There is no such address, or no such row that the caller may see." },
  page_not_found: { status: 404, doc: "The page lies beyond the last." },
  method_not_allowed: { status: 405, doc: "The address exists, but not with this method." },
  not_acceptable: { status: 406, doc: "None of the accepted formats can be answered." },
  request_timeout: { status: 408, doc: "The request did not arrive in time." },
  conflict: { status: 409, doc: "The change contradicts the present state." },
  already_exists: { status: 409, doc: "A row with this value exists already." },
  still_referenced: { status: 409, doc: "Other rows refer to this one." },
  gone: { status: 410, doc: "This version was switched off." },
  precondition_failed: { status: 412, doc: "The row is no longer as If-Match says." },
  too_large: { status: 413, doc: "The body is larger than allowed." },
  uri_too_long: { status: 414, doc: "The address is longer than allowed." },
  unsupported_media_type: { status: 415, doc: "The body's media type is not supported here." },
  validation_failed: { status: 422, doc: "Values do not meet the definition; `data` names them." },
  invalid_reference: { status: 422, doc: "A reference points to no row that the caller may see." },
  idempotency_key_reused: { status: 422, doc: "The idempotency key was used for another request." },
  rolled_back: { status: 422, doc: "Nothing was done because another item of the atomic batch was refused." },
  batch_failed: { status: 422, doc: "No item of the batch succeeded." },
  precondition_required: { status: 428, doc: "The change requires If-Match." },
  too_many_requests: { status: 429, doc: "A limit was reached." },
  headers_too_large: { status: 431, doc: "The headers are larger than allowed." },
  internal: { status: 500, doc: "An error of ours; it was recorded under the request id." },
  not_implemented: { status: 501, doc: "This is not supported." },
  unavailable: { status: 503, doc: "The server or its database cannot take the call now; it was not executed." },
  overloaded: { status: 503, doc: "Too many calls wait; this one was not executed." },
  unknown_fate: { status: 503, doc: "The commit got no answer. Repeat with the same idempotency key to learn the outcome." },
  deadline_exceeded: { status: 504, doc: "The call's time limit passed before it was executed." },
  storage_full: { status: 507, doc: "There is no room to store the change; nothing was done." },
} as const satisfies Record<string, { status: number; doc: string }>;

export type RefusalType = keyof typeof refusalTypes;

/**
 * Refusals as codes of gRPC (google.rpc.Code): by type where one says more than the status, else by status.
 *
 *   400 406             invalid_argument       401                 unauthenticated
 *   403                 permission_denied      404                 not_found
 *   405 410 415 501     unimplemented          408 504             deadline_exceeded
 *   409                 failed_precondition    412 428             failed_precondition
 *   402 413 414 429     resource_exhausted     422                 invalid_argument, of a function's own failed_precondition
 *   431 507             resource_exhausted     500                 internal
 *   503                 unavailable
 *
 * `unavailable` invites clients to repeat by themselves: `unknown_fate`, after which the change may be done, is `unknown`.
 */
import { refusalTypes, type Refusal } from "../../pipeline/refusal.ts";

/** Names of codes, by number, as Connect writes them. */
export const codeNames: readonly string[] = [
  "ok",
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

export const codes = {
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const byType: Readonly<Record<string, number>> = {
  page_not_found: codes.outOfRange,
  conflict: codes.aborted,
  already_exists: codes.alreadyExists,
  rolled_back: codes.aborted,
  unknown_fate: codes.unknown,
};

const byStatus: Readonly<Record<number, number>> = {
  400: codes.invalidArgument,
  401: codes.unauthenticated,
  402: codes.resourceExhausted,
  403: codes.permissionDenied,
  404: codes.notFound,
  405: codes.unimplemented,
  406: codes.invalidArgument,
  408: codes.deadlineExceeded,
  409: codes.failedPrecondition,
  410: codes.unimplemented,
  412: codes.failedPrecondition,
  413: codes.resourceExhausted,
  414: codes.resourceExhausted,
  415: codes.unimplemented,
  428: codes.failedPrecondition,
  429: codes.resourceExhausted,
  431: codes.resourceExhausted,
  500: codes.internal,
  501: codes.unimplemented,
  503: codes.unavailable,
  504: codes.deadlineExceeded,
  507: codes.resourceExhausted,
};

/** The code of a refusal. */
export const codeOf = ({ type, status }: Pick<Refusal, "type" | "status">): number => {
  const known = byType[type] ?? byStatus[status];
  if (known !== undefined) return known;
  // 422: values that do not fit, or, of a function's own, a state in which it cannot be done.
  if (status === 422) return Object.hasOwn(refusalTypes, type) ? codes.invalidArgument : codes.failedPrecondition;
  return status >= 500 ? codes.internal : codes.failedPrecondition;
};

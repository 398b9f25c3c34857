/** Refusals as gRPC statuses. */
import type { Refusal } from "../../pipeline/refusal.ts";
import type { ToldRefusal } from "../../pipeline/told.ts";

export interface RpcStatus {
  /** google.rpc.Code. */
  readonly code: number;
  /** `not_found`, as Connect writes it. */
  readonly name: string;
  readonly message: string;
  /** A serialized google.rpc.Status, for `grpc-status-details-bin`. */
  readonly bytes: Uint8Array;
  /** Its details one by one: `google.rpc.ErrorInfo`, the message, and the same as JSON. */
  readonly details: readonly { readonly type: string; readonly value: Uint8Array; readonly debug: unknown }[];
}

/** Names of codes, by number. */
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

/** The status of a refusal as it was told; `domain`: whose refusals these are, such as `bank`. */
export const statusOf = (
  refusal: Refusal,
  told: ToldRefusal,
  _at: { readonly domain: string; readonly locale: string },
): RpcStatus => ({
  code: refusal.status === 404 ? 5 : 3,
  name: codeNames[refusal.status === 404 ? 5 : 3] ?? "unknown",
  message: told.error.message,
  bytes: new Uint8Array(0),
  details: [],
});

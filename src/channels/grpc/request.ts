/** From a message to a call. */
import type { RpcMethod } from "../../contract/protobuf/index.ts";
import type { Call } from "../../pipeline/call.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { conditionsOf } from "../http/index.ts";
import { askedOf } from "../rpc/index.ts";
import { type Asking, callOf } from "./asking.ts";
import type { GrpcStream } from "./stream.ts";

/** The call of a stream's one request; refusals: of the message, 400 invalid_header for `idempotency-key` and `if-match`. */
export const callOfRequest = (
  stream: GrpcStream,
  asking: Asking,
  method: RpcMethod,
  request: { readonly bytes: Uint8Array; readonly sent: number; readonly signal: AbortSignal | undefined },
): Call | Refusal => {
  const asked = askedOf(method, request.bytes);
  if (!("input" in asked)) return asked;
  const conditions = conditionsOf((name) => stream.get(name));
  if ("type" in conditions) return conditions;
  const { input, ...named } = asked;
  return callOf(asking, method.operation, input, {
    conditions: { ...conditions, ...named },
    bodyBytes: request.sent,
    deadline: stream.deadlineMs,
    signal: request.signal,
  });
};

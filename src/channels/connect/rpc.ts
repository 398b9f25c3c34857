/** One call on its way, whichever form it has: whose it is, what is called, until when, and how it is answered. */
import type { RpcMethod } from "../../contract/protobuf/index.ts";
import type { Call, Input } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { callOf, type Conditions, type HttpExchange } from "../http/index.ts";
import { type Coding, codingOf } from "../grpc/coding.ts";
import { connectTimeoutMs, grpcTimeoutMs } from "../rpc/index.ts";
import type { Form } from "./form.ts";
import { connectLimits } from "./limits.ts";

export interface Rpc {
  readonly exchange: HttpExchange;
  readonly method: RpcMethod;
  readonly form: Form;
  /** When the caller stops waiting, milliseconds since the epoch; Infinity: it did not say. */
  readonly untilMs: number;
  /** How messages of the request are packed, and those of the answer; of forms with headers before each. */
  readonly requestCoding: Coding;
  readonly answerCoding: Coding;
}

/** The coding to answer in, of those that a header names. */
const acceptedOf = (header: string | null): Coding =>
  header !== null && header.split(",", 8).some((name) => name.trim() === "gzip") ? "gzip" : "identity";

const encodingNames: Readonly<Record<Form["protocol"], readonly [request: string, accept: string]>> = {
  connect: ["", ""],
  connectStream: ["connect-content-encoding", "connect-accept-encoding"],
  grpcWeb: ["grpc-encoding", "grpc-accept-encoding"],
};

/** Reads what headers say of a call. Refusals: 400 invalid_header, 415. */
export const rpcOf = (exchange: HttpExchange, method: RpcMethod, form: Form, nowMs: number): Rpc | Refusal => {
  const { headers } = exchange;
  const isGrpc = form.protocol === "grpcWeb";
  const version = headers.get("connect-protocol-version");
  if (!isGrpc && version !== null && version !== "1")
    return refuse("invalid_header", { details: { header: "Connect-Protocol-Version" } });
  const timeoutMs = isGrpc ? grpcTimeoutMs(headers.get("grpc-timeout")) : connectTimeoutMs(headers.get("connect-timeout-ms"));
  if (timeoutMs === null)
    return refuse("invalid_header", { details: { header: isGrpc ? "grpc-timeout" : "Connect-Timeout-Ms" } });
  const [request, accept] = encodingNames[form.protocol];
  const requestCoding = request === "" ? "identity" : codingOf(headers.get(request) ?? undefined);
  const content = headers.get("content-encoding");
  if (requestCoding === undefined || (request !== "" && content !== null && content !== "identity"))
    return refuse("unsupported_media_type", {
      details: { reason: "unsupported_encoding", accepted: ["gzip", "deflate", "identity"] },
    });
  return {
    exchange,
    method,
    form,
    untilMs: timeoutMs === undefined ? Number.POSITIVE_INFINITY : nowMs + timeoutMs,
    requestCoding,
    answerCoding: accept === "" ? "identity" : acceptedOf(headers.get(accept)),
  };
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A call of the method. `nowMs`: of an item of a stream, which has its own time. */
export const callFor = (
  { exchange, method, untilMs }: Rpc,
  input: Input,
  given: {
    readonly conditions?: Conditions;
    readonly signal?: AbortSignal;
    readonly nowMs?: number;
    readonly bodyBytes?: number;
  } = {},
): Call => {
  const { conditions, signal, nowMs, bodyBytes } = given;
  const call: Mutable<Call> = callOf(exchange, method.operation, input, { ...conditions, hasFixedNames: true, signal });
  call.deadline = Math.min(untilMs, nowMs === undefined ? exchange.deadline : nowMs + connectLimits.callMsMax);
  if (bodyBytes !== undefined) call.bodyBytes = bodyBytes;
  return call;
};

/** Who asks, for whom, in which language, until when: what the calls of one stream have in common, out of its metadata. */
import type { Operation } from "../../contract/contract.ts";
import type { Call, Credentials, Findings, Input } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import {
  actingOf,
  type ChannelParts,
  type Conditions,
  credentialsOf,
  type HttpVersion,
  parseTraceparent,
} from "../http/index.ts";
import { grpcTimeoutMs } from "../rpc/index.ts";
import type { GrpcLimits } from "./limits.ts";
import type { GrpcStream } from "./stream.ts";

/** Who is at the other end of a connection. */
export interface Peer {
  readonly address: string;
  /** SHA-256 of the client's certificate, base64url, where the listener has asked for one and found it good. */
  readonly certificate: string | undefined;
  readonly isEncrypted: boolean;
}

export interface Asking {
  readonly version: HttpVersion;
  readonly credentials: Credentials;
  readonly tenant: string | undefined;
  readonly actFor: Call["actFor"];
  readonly host: string | undefined;
  readonly locale: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly peer: Peer;
  readonly findings: Findings;
  /** What its metadata is refused for. */
  readonly refusal: Refusal | undefined;
}

const nobody: Credentials = Object.freeze({ kind: "none" });

export interface AskingParts {
  readonly parts: Pick<ChannelParts, "languages" | "requestIds" | "publicOrigin">;
  readonly limits: Pick<GrpcLimits, "callMsMax">;
}

/** Reads the metadata of a stream, and sets its deadline. What is refused in it stands in `refusal`; the rest is there all the same. */
export const askingOf = (
  { parts: { languages, requestIds, publicOrigin }, limits }: AskingParts,
  stream: GrpcStream,
  given: { readonly version: HttpVersion; readonly peer: Peer; readonly nowMs: number; readonly isOpenEnded: boolean },
): Asking => {
  const { peer, nowMs, version } = given;
  const { headers } = stream;
  const timeout = headers["grpc-timeout"];
  const timeoutMs = timeout === undefined ? undefined : grpcTimeoutMs(timeout);
  if (typeof timeoutMs === "number") stream.deadlineMs = nowMs + timeoutMs;
  if (!given.isOpenEnded) stream.deadlineMs = Math.min(stream.deadlineMs, nowMs + limits.callMsMax);
  const origin = publicOrigin ?? `${peer.isEncrypted ? "https" : "http"}://${stream.get(":authority") ?? ""}`;
  const credentials = credentialsOf({
    method: "POST",
    headers: stream,
    certificate: peer.certificate,
    url: `${origin}${stream.get(":path") ?? ""}`,
  });
  const acting = headers["pons-tenant"] === undefined && headers["pons-act-for"] === undefined ? undefined : actingOf(stream);
  const traceparent = stream.get("traceparent");
  const refusal =
    "status" in credentials
      ? credentials
      : acting !== undefined && "status" in acting
        ? acting
        : timeoutMs === null
          ? refuse("invalid_header", { details: { header: "grpc-timeout" } })
          : undefined;
  const isNobody = "status" in credentials || credentials.kind === "none";
  return {
    version,
    credentials: "status" in credentials ? nobody : credentials,
    tenant: acting !== undefined && !("status" in acting) ? acting.tenant : undefined,
    actFor: acting !== undefined && !("status" in acting) ? acting.actFor : undefined,
    host: isNobody ? (stream.get(":authority") ?? undefined) : undefined,
    locale: languages.choose(stream.get("accept-language")),
    requestId: requestIds.of(stream.get("x-request-id")),
    traceparent: traceparent === null || parseTraceparent(traceparent) === undefined ? undefined : traceparent,
    peer,
    findings: {},
    refusal,
  };
};

export interface CallOptions {
  readonly conditions?: Conditions;
  readonly bodyBytes?: number;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
  readonly signal?: AbortSignal | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A call of `operation` on behalf of a stream. */
export const callOf = (asking: Asking, operation: Operation, input: Input, options: CallOptions = {}): Call => {
  const { credentials, locale, requestId, findings, peer, tenant, actFor, host, traceparent } = asking;
  const { conditions, bodyBytes, deadline, signal } = options;
  const call: Mutable<Call> = {
    operation,
    input,
    credentials,
    locale,
    requestId,
    channel: "grpc",
    peer,
    findings,
    hasFixedNames: true,
  };
  // For the record of changes; reads have none.
  if (operation.kind === "command") call.address = peer.address;
  if (tenant !== undefined) call.tenant = tenant;
  if (actFor !== undefined) call.actFor = actFor;
  if (host !== undefined) call.host = host;
  if (traceparent !== undefined) call.traceparent = traceparent;
  if (asking.version.older !== undefined) call.version = asking.version.older;
  if (bodyBytes !== undefined) call.bodyBytes = bodyBytes;
  if (deadline !== undefined && deadline !== Number.POSITIVE_INFINITY) call.deadline = deadline;
  if (signal !== undefined) call.signal = signal;
  if (conditions?.idempotencyKey !== undefined) call.idempotencyKey = conditions.idempotencyKey;
  if (conditions?.ifMatch !== undefined) call.ifMatch = conditions.ifMatch;
  return call;
};

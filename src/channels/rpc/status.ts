/**
 * Refusals as statuses, with the details that clients of Google's APIs know:
 *
 *   ErrorInfo          always: `reason` is the refusal's type, `domain` whose it is, `metadata` the status and the refusal's details
 *   BadRequest         one violation per sentence about a field; `reason` is its code
 *   RetryInfo          after how long it may be tried again
 *   QuotaFailure       which limit was met
 *   LocalizedMessage   the message and its language
 *   RequestInfo        what to name to support
 *
 * The status's own message names what is wrong with single values too, since exceptions of most clients show no details.
 */
import type { Message } from "../../contract/protobuf/index.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { reasonOf, type ToldRefusal } from "../../pipeline/told.ts";
import { codeNames, codeOf } from "./codes.ts";
import { googleMessage } from "./details.ts";

export interface RpcDetail {
  /** `google.rpc.ErrorInfo`. */
  readonly type: string;
  readonly value: Uint8Array;
  /** The same as JSON. */
  readonly debug: unknown;
}

export interface RpcStatus {
  /** google.rpc.Code. */
  readonly code: number;
  /** `not_found`, as Connect writes it. */
  readonly name: string;
  /** In the caller's language, with what is wrong with single values. */
  readonly message: string;
  /** A serialized google.rpc.Status, for `grpc-status-details-bin`. */
  readonly bytes: Uint8Array;
  /** Its details one by one. */
  readonly details: readonly RpcDetail[];
}

/** Whose refusals these are, and in which language they are told. */
export interface StatusPlace {
  /** The service: `bank`. */
  readonly domain: string;
  readonly locale: string;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

const errorInfo = (refusal: Refusal, domain: string): Message => ({
  reason: refusal.type,
  domain,
  metadata: [["status", refusal.status] as const, ...Object.entries(refusal.details ?? {})].map(([key, value]) => ({
    key,
    value: textOf(value),
  })),
});

/** The same with a map as JSON has it. */
const errorInfoJson = ({ reason, domain, metadata }: Message): Message => ({
  reason,
  domain,
  metadata: Object.fromEntries((metadata as { key: string; value: string }[]).map(({ key, value }) => [key, value])),
});

const badRequest = ({ issues = {} }: Refusal, { data = {} }: ToldRefusal): Message => {
  // Both have the same fields in the same order; one that is told under another name is told harmlessly.
  const codes = Object.values(issues);
  return {
    fieldViolations: Object.entries(data).flatMap(([field, sentences], index) =>
      sentences.map((description, at) => ({ field, description, reason: codes[index]?.[at]?.code })),
    ),
  };
};

const durationOf = (seconds: number): Message => ({
  seconds: Math.floor(seconds),
  nanos: Math.round((seconds - Math.floor(seconds)) * 1e9),
});

/** The status of a refusal as it was told. */
export const statusOf = (refusal: Refusal, told: ToldRefusal, { domain, locale }: StatusPlace): RpcStatus => {
  const { message, requestId } = told.error;
  const details: RpcDetail[] = [];
  const add = (name: Parameters<typeof googleMessage>[0], value: Message, debug?: unknown): void => {
    const type = googleMessage(name);
    details.push({ type: type.fullName, value: type.encode(value), debug: debug ?? type.toJson(value) });
  };
  const info = errorInfo(refusal, domain);
  add("errorInfo", info, errorInfoJson(info));
  if (told.data !== undefined) add("badRequest", badRequest(refusal, told));
  if (refusal.retryAfter !== undefined)
    add("retryInfo", { retryDelay: durationOf(refusal.retryAfter) }, { retryDelay: `${refusal.retryAfter}s` });
  if (refusal.status === 429 || refusal.status === 402) {
    const subject = textOf(refusal.details?.["limit"] ?? refusal.type);
    add("quotaFailure", { violations: [{ subject, description: message }] });
  }
  add("localizedMessage", { locale, message });
  add("requestInfo", { requestId });
  const code = codeOf(refusal);
  const reason = reasonOf(told);
  const status = {
    code,
    message: reason,
    details: details.map(({ type, value }) => ({ typeUrl: `type.googleapis.com/${type}`, value })),
  };
  return { code, name: codeNames[code] ?? "unknown", message: reason, bytes: googleMessage("status").encode(status), details };
};

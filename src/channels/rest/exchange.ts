/**
 * One request on its way: what was read of it once, and what the answer will need. Headers are read here and nowhere else on the way of a call.
 */
import type { Call, Credentials, Findings, Input } from "../../pipeline/call.ts";
import type { Operation } from "../../contract/contract.ts";
import type { Preferences } from "../http/index.ts";
import type { OutputFormat } from "./formats/index.ts";
import type { ServedVersion } from "./served.ts";

/** Who is at the other end of the connection. `address` may be a getter. */
export interface CallerInfo {
  readonly address: string;
  /** SHA-256 of the client's certificate, base64url, where the listener has asked for one and found it good. */
  readonly certificate?: string;
}

/** Everything of a request but its body. */
export interface Exchange {
  readonly request: Request;
  /** HEAD counts as GET. */
  readonly method: string;
  readonly headers: Headers;
  /** Percent-encoded path and raw query, for links. */
  readonly path: string;
  readonly query: string;
  readonly requestId: string;
  /** The caller's address; looked up only when it is asked for, because that costs as much as routing. */
  readonly caller: CallerInfo;
  readonly preferences: Preferences;
  readonly traceparent: string | undefined;
  /** Milliseconds of `performance.now()` when the request came, if the caller wants the time (`Prefer: timing`). */
  readonly startedMs: number | undefined;
  readonly deadline: number;
  /** `https://api.example.com`, where it is configured. */
  readonly publicOrigin: string | undefined;
  locale: string;
  version: ServedVersion | undefined;
  /** What the caller's addresses of this version begin with. */
  base: string;
  output: OutputFormat;
  /** Bare data without the envelope. */
  isBare: boolean;
  credentials: Credentials;
  /** The body's bytes as they came, where they had to be read before it is known whose they are: of a signed request. */
  content?: Uint8Array | undefined;
  /** Bytes of the body that was read, packed or unpacked, whichever are more. */
  bodyBytes?: number | undefined;
  /** Tenant that the request names. */
  tenant?: string | undefined;
  /** Host of a request without credentials: may be a tenant's own. */
  host?: string | undefined;
  /** For whom the caller acts. */
  actFor?: Call["actFor"] | undefined;
  /** What its calls brought to light. */
  readonly findings: Findings;
}

/** What differs between the calls of one request. */
export interface CallOptions {
  /** Values are text: XML, CSV, a query string. */
  readonly text?: boolean;
  readonly idempotencyKey?: string | undefined;
  readonly ifMatch?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A call of `operation` on behalf of this request. */
export const callOf = (exchange: Exchange, operation: Operation, input: Input, options?: CallOptions): Call => {
  const call: Mutable<Call> = {
    operation,
    input,
    credentials: exchange.credentials,
    locale: exchange.locale,
    requestId: exchange.requestId,
    deadline: exchange.deadline,
    channel: "rest",
    peer: exchange.caller,
    findings: exchange.findings,
  };
  if (exchange.tenant !== undefined) call.tenant = exchange.tenant;
  const origin = exchange.headers.get("origin");
  if (origin !== null) call.origin = origin;
  if (exchange.bodyBytes !== undefined) call.bodyBytes = exchange.bodyBytes;
  if (exchange.host !== undefined) call.host = exchange.host;
  if (exchange.actFor !== undefined) call.actFor = exchange.actFor;
  // For the record of changes; reads have none.
  if (operation.kind === "command") call.address = exchange.caller.address;
  const older = exchange.version?.older;
  if (older !== undefined) call.version = older;
  if (exchange.traceparent !== undefined) call.traceparent = exchange.traceparent;
  if (options === undefined) return call;
  if (options.text === true) call.text = true;
  if (options.idempotencyKey !== undefined) call.idempotencyKey = options.idempotencyKey;
  if (options.ifMatch !== undefined) call.ifMatch = options.ifMatch;
  if (options.signal !== undefined) call.signal = options.signal;
  return call;
};

/**
 * One HTTP request on its way, whichever channel answers it: what was read of it once, and what the answer will need. Headers are read here and in
 * what fills this in, and nowhere else on the way of a call.
 */
import type { Contract, Operation } from "../../contract/contract.ts";
import type { Call, Credentials, Findings, Input } from "../../pipeline/call.ts";
import type { Link } from "./link.ts";
import type { SocketSession, UpgradeOptions } from "./socket.ts";

/** Who is at the other end of the connection. `address` may be a getter. */
export interface CallerInfo {
  readonly address: string;
  /** SHA-256 of the client's certificate, base64url, where the listener has asked for one and found it good. */
  readonly certificate?: string;
  /** Takes the connection over as a WebSocket; false where it cannot be. Absent on listeners without WebSockets. */
  readonly upgrade?: (session: SocketSession, options?: UpgradeOptions) => boolean;
  /**
   * The answer goes on for long, and may be silent in between: the connection is not idle then. With `seconds`: for so long and no longer, even where the answer
   * still waits to be read.
   */
  readonly keepOpen?: (seconds?: number) => void;
}

/** A version of a service, as an address names it. */
export interface HttpVersion {
  readonly service: string;
  readonly name: string;
  /** The newest contract: its operations are called whatever the version. */
  readonly contract: Contract;
  /** Set for an older version: what calls carry. */
  readonly older: string | undefined;
  /** Deprecation (RFC 9745), Sunset (RFC 8594) and the link to the guide, where declared. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly links: readonly Link[];
  /** From then on it answers 410, milliseconds since the epoch. */
  readonly sunsetMs: number;
}

/** Everything of a request but its body. */
export interface HttpExchange {
  readonly request: Request;
  /** HEAD counts as GET. */
  readonly method: string;
  readonly headers: Headers;
  /** Percent-encoded path and raw query. */
  readonly path: string;
  readonly query: string;
  readonly requestId: string;
  /** The caller's address; looked up only when it is asked for, because that costs as much as routing. */
  readonly caller: CallerInfo;
  readonly traceparent: string | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** `https://api.example.com`, where it is configured. */
  readonly publicOrigin: string | undefined;
  /** Name of the channel, for the record: `rest`. */
  channel: string;
  locale: string;
  version: HttpVersion | undefined;
  /** What the caller's addresses of this version begin with: `/de/bank/v1`. */
  base: string;
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
  /** The channel's names are fixed by a schema: policies give fields no others. */
  readonly hasFixedNames?: true;
  /** Of a document that the caller has sent, and nobody has registered. */
  readonly isOwnDocument?: true | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly ifMatch?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A call of `operation` on behalf of this request. */
export const callOf = (exchange: HttpExchange, operation: Operation, input: Input, options?: CallOptions): Call => {
  const call: Mutable<Call> = {
    operation,
    input,
    credentials: exchange.credentials,
    locale: exchange.locale,
    requestId: exchange.requestId,
    deadline: exchange.deadline,
    channel: exchange.channel,
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
  if (options.hasFixedNames === true) call.hasFixedNames = true;
  if (options.isOwnDocument === true) call.isOwnDocument = true;
  if (options.idempotencyKey !== undefined) call.idempotencyKey = options.idempotencyKey;
  if (options.ifMatch !== undefined) call.ifMatch = options.ifMatch;
  if (options.signal !== undefined) call.signal = options.signal;
  return call;
};

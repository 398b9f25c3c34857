/**
 * The Model Context Protocol on the wire: its revisions, its error codes, and the forms of JSON-RPC 2.0 messages.
 *
 *   2026-07-28               no handshake: every request says its revision and what its client can do, in `_meta` and in headers
 *   2025-11-25, 2025-06-18   `initialize` first; the revision is in a header afterwards. No sessions are kept.
 */

/** The revision without a handshake. */
export const modernVersion = "2026-07-28";
/** Revisions that begin with `initialize`, newest first. */
export const legacyVersions: readonly string[] = ["2025-11-25", "2025-06-18"];
export const newestLegacy = "2025-11-25";
export const supportedVersions: readonly string[] = [modernVersion, ...legacyVersions];

/** Codes of errors: JSON-RPC's own, and those of the protocol (2026-07-28, basic/index "Error Codes"). */
export const rpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
} as const;

/** Names of members of `_meta`. */
export const metaKeys = {
  version: "io.modelcontextprotocol/protocolVersion",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscription: "io.modelcontextprotocol/subscriptionId",
} as const;

export type JsonObject = Readonly<Record<string, unknown>>;
export type RequestId = string | number;

/** One message of a client. */
export type Message =
  | { readonly kind: "request"; readonly id: RequestId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: "notification"; readonly method: string; readonly params: JsonObject }
  /** An answer to a question of ours (2025-11-25). `result`: undefined where it is an error. */
  | { readonly kind: "response"; readonly id: RequestId; readonly result: JsonObject | undefined };

export type Request = Extract<Message, { kind: "request" }>;

/** An error of the protocol. */
export interface Fault {
  /** Of HTTP. */
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: JsonObject;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const fault = (message: string): Fault => ({ status: 400, code: rpcCodes.invalidRequest, message });

const idOf = (value: unknown, lengthMax: number): RequestId | undefined => {
  if (typeof value === "string") return value.length <= lengthMax ? value : undefined;
  return Number.isSafeInteger(value) ? (value as number) : undefined;
};

/** What a body says; a list of messages, as older revisions had them, is refused. */
export const messageOf = (
  body: unknown,
  { idLengthMax }: { readonly idLengthMax: number },
): Message | (Fault & { readonly id?: RequestId }) => {
  if (Array.isArray(body)) return fault("The body holds one message: there are no batches.");
  if (!isObject(body) || body["jsonrpc"] !== "2.0") return fault("The body is no message of JSON-RPC 2.0.");
  const { method, params = {}, result, error } = body;
  const id = idOf(body["id"], idLengthMax);
  const said = id === undefined ? {} : { id };
  if (body["id"] !== undefined && id === undefined) return fault("`id` is neither a whole number nor a text of moderate length.");
  if (method === undefined) {
    if (id === undefined || (result === undefined) === (error === undefined))
      return { ...fault("The message has no method."), ...said };
    return { kind: "response", id, result: isObject(result) ? result : undefined };
  }
  if (typeof method !== "string") return { ...fault("`method` is no text."), ...said };
  if (!isObject(params)) return { ...fault("`params` is no object."), ...said };
  return id === undefined ? { kind: "notification", method, params } : { kind: "request", id, method, params };
};

const headers = { "Content-Type": "application/json" };

/** The answer of a request that ended in an error, or of a body of which no request could be read. */
export const faultResponse = ({ status, code, message, data }: Fault, id?: RequestId): Response =>
  new Response(
    JSON.stringify({
      jsonrpc: "2.0",
      ...(id === undefined ? {} : { id }),
      error: { code, message, ...(data === undefined ? {} : { data }) },
    }),
    { status, headers },
  );

/** The text of an answer; `result` is JSON already. */
export const resultText = (id: RequestId, result: string): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;

/** An answer that is JSON already. */
export const jsonResponse = (body: string | Uint8Array): Response =>
  new Response(typeof body === "string" ? body : new Uint8Array(body), { headers });

/** The answer of a request that was carried out. */
export const resultResponse = (id: RequestId, result: string): Response => jsonResponse(resultText(id, result));

/** The answer to what asks for none. */
export const acceptedResponse = (): Response => new Response(null, { status: 202 });

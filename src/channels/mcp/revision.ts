/**
 * Which revision a message is of, and whether its headers say what its body says: who decides by headers on the way must not be told other things than
 * we are (2026-07-28, transports/streamable-http "Server Validation").
 */
import {
  type Fault,
  isObject,
  legacyVersions,
  type Message,
  metaKeys,
  modernVersion,
  rpcCodes,
  supportedVersions,
} from "./protocol.ts";

export interface Revision {
  readonly isModern: boolean;
  /** `2026-07-28`. */
  readonly name: string;
}

const mismatch = (message: string): Fault => ({
  status: 400,
  code: rpcCodes.headerMismatch,
  message: `Header mismatch: ${message}`,
});

const unsupported = (requested: string): Fault => ({
  status: 400,
  code: rpcCodes.unsupportedVersion,
  message: "Unsupported protocol version",
  data: { supported: supportedVersions, requested },
});

const invalidMeta = (name: string): Fault => ({
  status: 400,
  code: rpcCodes.invalidParams,
  message: `\`_meta\` lacks "${name}", or it is of a wrong type.`,
});

/** Methods whose object is named in a header too, and the parameter that names it. */
const namedBy: Readonly<Record<string, "name" | "uri">> = {
  "tools/call": "name",
  "resources/read": "uri",
  "prompts/get": "name",
};

const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** The value of `Mcp-Name`, which is encoded where it is no plain ASCII; undefined: it cannot be decoded. */
const nameOf = (header: string): string | undefined => {
  const packed = encoded.exec(header)?.[1];
  if (packed === undefined) return header;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(packed));
  } catch {
    return undefined;
  }
};

/** What a header holds may be long; what is told of it is not. */
const shown = (value: string): string => JSON.stringify(value.slice(0, 100));

/** Why the headers of a request do not fit its body; they all have to be there. */
const flawOfHeaders = (headers: Headers, { method, params }: Extract<Message, { kind: "request" }>): Fault | undefined => {
  const methodHeader = headers.get("mcp-method");
  if (methodHeader === null) return mismatch("Mcp-Method is missing");
  if (methodHeader !== method) return mismatch(`Mcp-Method ${shown(methodHeader)} does not match the body's ${shown(method)}`);
  const parameter = Object.hasOwn(namedBy, method) ? namedBy[method] : undefined;
  if (parameter === undefined) return undefined;
  const nameHeader = headers.get("mcp-name");
  if (nameHeader === null) return mismatch("Mcp-Name is missing");
  const name = nameOf(nameHeader);
  if (name === undefined) return mismatch("Mcp-Name is not well encoded");
  const given = params[parameter];
  return given === name ? undefined : mismatch(`Mcp-Name ${shown(name)} does not match the body's ${parameter}`);
};

/** The revision of a message, or why it is refused. */
export const revisionOf = (headers: Headers, message: Message): Revision | Fault => {
  const header = headers.get("mcp-protocol-version");
  const meta = message.kind === "response" ? undefined : message.params["_meta"];
  const inBody = isObject(meta) ? meta[metaKeys.version] : undefined;
  if (inBody === undefined && message.kind === "request" && message.method === "initialize")
    return { isModern: false, name: header ?? "" };
  if (inBody !== undefined && typeof inBody !== "string") return invalidMeta(metaKeys.version);
  if (header === null) return mismatch("MCP-Protocol-Version is missing");
  if (inBody !== undefined && inBody !== header)
    return mismatch(`MCP-Protocol-Version ${shown(header)} does not match the body's ${shown(inBody)}`);
  if (legacyVersions.includes(header)) return { isModern: false, name: header };
  if (header !== modernVersion) return unsupported(header.slice(0, 100));
  // What headers a notification has is not said, and it has no answer.
  if (message.kind !== "request") return { isModern: true, name: header };
  if (inBody === undefined) return invalidMeta(metaKeys.version);
  const flaw = flawOfHeaders(headers, message);
  if (flaw !== undefined) return flaw;
  if (!isObject(meta) || !isObject(meta[metaKeys.capabilities])) return invalidMeta(metaKeys.capabilities);
  return { isModern: true, name: header };
};

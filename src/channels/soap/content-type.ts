/**
 * What a request says it carries.
 *
 *   text/xml; charset=utf-8                         SOAP 1.1; the action in SOAPAction
 *   application/soap+xml; action="urn:…/GetAccount" SOAP 1.2 (RFC 3902)
 */
import type { SoapVersion } from "./namespaces.ts";

export interface MessageType {
  readonly version: SoapVersion;
  /** In lower case. */
  readonly charset: string | undefined;
  /** Empty: not said. */
  readonly action: string;
}

const lengthMax = 1_000;
const parameter = /;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[^"\\]|\\.)*)")[ \t]*/y;

/** Parameters by name in lower case; undefined where the header is malformed or names one twice. */
const parametersOf = (header: string, from: number): ReadonlyMap<string, string> | undefined => {
  const found = new Map<string, string>();
  parameter.lastIndex = from;
  while (parameter.lastIndex < header.length) {
    // A semicolon at the end says nothing.
    if (/^;?[ \t]*$/.test(header.slice(parameter.lastIndex))) return found;
    const match = parameter.exec(header);
    if (match === null) return undefined;
    const name = (match[1] ?? "").toLowerCase();
    if (found.has(name)) return undefined;
    found.set(name, match[2] ?? (match[3] ?? "").replace(/\\(.)/g, "$1"));
  }
  return found;
};

const unquoted = (text: string): string =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;

/** Reads Content-Type and SOAPAction; undefined: no message of SOAP. */
export const messageTypeOf = (headers: Headers): MessageType | undefined => {
  const header = headers.get("content-type");
  if (header === null || header.length > lengthMax) return undefined;
  const end = header.indexOf(";");
  const type = (end === -1 ? header : header.slice(0, end)).trim().toLowerCase();
  const version = type === "text/xml" ? "1.1" : type === "application/soap+xml" ? "1.2" : undefined;
  if (version === undefined) return undefined;
  const parameters = end === -1 ? undefined : parametersOf(header, end);
  if (end !== -1 && parameters === undefined) return undefined;
  const action = version === "1.2" ? parameters?.get("action") : (headers.get("soapaction") ?? undefined);
  return { version, charset: parameters?.get("charset")?.toLowerCase(), action: unquoted((action ?? "").trim()) };
};

/** The version in whose form a refusal is told, where the message was not read. */
export const versionAsked = (headers: Headers): SoapVersion =>
  headers.get("content-type")?.toLowerCase().includes("application/soap+xml") === true ? "1.2" : "1.1";

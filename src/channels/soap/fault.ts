/**
 * Faults: what a refusal is over SOAP, and the HTTP status it has.
 *
 *   1.1   faultcode Client or Server, faultstring in the caller's language, detail with the refusal; HTTP 500 (WS-I Basic Profile 1.1, R1126)
 *   1.2   Code Sender or Receiver with the refusal's type as Subcode; HTTP 400 or 500 (SOAP 1.2 part 2, table 20)
 *
 * A faultstring (1.1) and a Reason (1.2) name what is wrong with single values too, since exceptions of most clients show no detail.
 *
 * What is wrong with the HTTP request itself keeps its status: 401, 405, 413, 415; and 400 for what is no XML (R1113). Server and Receiver mean that the
 * same message may succeed later: they are for errors of ours and for limits.
 */
import { type ComplexType, escapeAttribute, escapeText } from "../../contract/soap/index.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { reasonOf, type ToldRefusal } from "../../pipeline/told.ts";
import { envelopeNamespaces, ownNamespace, type SoapVersion, wsse } from "./namespaces.ts";

/** A code that a standard names for it. */
export type FaultCode =
  | { readonly of: "soap"; readonly name: "VersionMismatch" | "MustUnderstand" | "DataEncodingUnknown" }
  | {
      readonly of: "wsse";
      readonly name:
        "FailedAuthentication" | "InvalidSecurity" | "InvalidSecurityToken" | "MessageExpired" | "UnsupportedSecurityToken";
    };

/** Why a message is not answered. */
export interface Fault {
  readonly refusal: Refusal;
  /** Absent: as follows from the refusal's status. */
  readonly code?: FaultCode;
  /** Header blocks that were not understood. */
  readonly notUnderstood?: readonly { readonly namespace: string; readonly name: string }[];
}

export const isFault = (value: object): value is Fault => "refusal" in value;

/** The same message may succeed later. */
const isOurs = ({ status }: Refusal): boolean => status >= 500 || status === 429;

const ofHttp: ReadonlySet<number> = new Set([401, 405, 413, 415]);
/** Of the message as XML; a refusal of values has another type. */
const ofXml: ReadonlySet<string> = new Set(["invalid_body", "invalid_encoding", "too_deep", "duplicate_key", "invalid_request"]);

/** The status of the answer. `isRequest`: the request was refused before its message was looked at. */
export const statusOf = (version: SoapVersion, { refusal, code }: Fault, isRequest = false): number => {
  if (code?.of === "soap") return 500;
  const { status, type } = refusal;
  if (code === undefined && (isRequest || ofHttp.has(status))) return status;
  if (isOurs(refusal)) return 500;
  return version === "1.2" || ofXml.has(type) ? 400 : 500;
};

const leaf = (name: string, text: string): string => `<${name}>${escapeText(text)}</${name}>`;

/** A fact of a refusal: what it is, and as text. */
const factText = (name: string, value: unknown): string => {
  const kind = value === null ? "null" : typeof value;
  const isPlain = kind === "string" || kind === "number" || kind === "boolean" || kind === "null";
  const text = isPlain ? String(value) : (JSON.stringify(value) ?? "");
  return `<fact>${leaf("name", name)}${leaf("kind", isPlain ? kind : "json")}${leaf("value", text)}</fact>`;
};

/** The detail's element, in the service's namespace. */
const detailText = (
  element: ComplexType,
  namespace: string,
  { error, data }: ToldRefusal,
  retryAfter: number | undefined,
): string =>
  `<${element.name} xmlns="${escapeAttribute(namespace)}">` +
  `${leaf("type", error.type)}${leaf("status", String(error.code))}${leaf("message", error.message)}${leaf("requestId", error.requestId)}` +
  (retryAfter === undefined ? "" : leaf("retryAfter", String(retryAfter))) +
  Object.entries(data ?? {})
    .map(
      ([field, messages]) =>
        `<issue>${leaf("field", field)}${messages.map((message) => leaf("message", message)).join("")}</issue>`,
    )
    .join("") +
  Object.entries(error.details ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => factText(name, value))
    .join("") +
  `</${element.name}>`;

export interface FaultTelling {
  readonly version: SoapVersion;
  readonly told: ToldRefusal;
  readonly locale: string;
  /** The detail's element and namespace; absent where the service version is not known. */
  readonly detail?: { readonly element: ComplexType; readonly namespace: string } | undefined;
}

const codeOf11 = (fault: Fault): string => {
  const { code, refusal } = fault;
  if (code?.of === "wsse") return `wsse:${code.name}`;
  if (code !== undefined && code.name !== "DataEncodingUnknown") return `soap:${code.name}`;
  return isOurs(refusal) ? "soap:Server" : "soap:Client";
};

const text11 = (fault: Fault, { told, locale }: FaultTelling, detail: string): string => {
  // Faults of header blocks have no detail (SOAP 1.1, section 4.4).
  const isOfHeader = fault.code !== undefined;
  return (
    `<soap:Envelope xmlns:soap="${envelopeNamespaces["1.1"]}"><soap:Body><soap:Fault${fault.code?.of === "wsse" ? ` xmlns:wsse="${wsse}"` : ""}>` +
    `<faultcode>${codeOf11(fault)}</faultcode><faultstring xml:lang="${escapeAttribute(locale)}">${escapeText(reasonOf(told))}</faultstring>` +
    (isOfHeader || detail === "" ? "" : `<detail>${detail}</detail>`) +
    "</soap:Fault></soap:Body></soap:Envelope>"
  );
};

const header12 = ({ code, notUnderstood = [] }: Fault): string => {
  const supported = Object.values(envelopeNamespaces)
    .toReversed()
    .map((namespace, at) => `<soap:SupportedEnvelope qname="e${at}:Envelope" xmlns:e${at}="${namespace}"/>`)
    .join("");
  const upgrade = code?.name === "VersionMismatch" ? `<soap:Upgrade>${supported}</soap:Upgrade>` : "";
  const blocks = notUnderstood
    .map(({ namespace, name }) =>
      namespace === ""
        ? `<soap:NotUnderstood qname="${escapeAttribute(name)}"/>`
        : `<soap:NotUnderstood qname="n:${escapeAttribute(name)}" xmlns:n="${escapeAttribute(namespace)}"/>`,
    )
    .join("");
  return upgrade === "" && blocks === "" ? "" : `<soap:Header>${upgrade}${blocks}</soap:Header>`;
};

const text12 = (fault: Fault, { told, locale }: FaultTelling, detail: string): string => {
  const { code, refusal } = fault;
  const value = code?.of === "soap" ? code.name : isOurs(refusal) ? "Receiver" : "Sender";
  const [prefix, namespace, name] = code?.of === "wsse" ? ["wsse", wsse, code.name] : ["p", ownNamespace, refusal.type];
  const subcode =
    code?.of === "soap"
      ? ""
      : `<soap:Subcode><soap:Value xmlns:${prefix}="${namespace}">${prefix}:${name}</soap:Value></soap:Subcode>`;
  return (
    `<soap:Envelope xmlns:soap="${envelopeNamespaces["1.2"]}">${header12(fault)}<soap:Body><soap:Fault>` +
    `<soap:Code><soap:Value>soap:${value}</soap:Value>${subcode}</soap:Code>` +
    `<soap:Reason><soap:Text xml:lang="${escapeAttribute(locale)}">${escapeText(reasonOf(told))}</soap:Text></soap:Reason>` +
    (detail === "" || code?.name === "MustUnderstand" ? "" : `<soap:Detail>${detail}</soap:Detail>`) +
    "</soap:Fault></soap:Body></soap:Envelope>"
  );
};

/** The fault as a message. */
export const faultText = (fault: Fault, telling: FaultTelling): string => {
  const { detail, told, version } = telling;
  const inside = detail === undefined ? "" : detailText(detail.element, detail.namespace, told, fault.refusal.retryAfter);
  return `<?xml version="1.0" encoding="UTF-8"?>${version === "1.1" ? text11(fault, telling, inside) : text12(fault, telling, inside)}`;
};

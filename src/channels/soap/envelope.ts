/** A message as an envelope: its version, the header blocks meant for us, and the one element of its body. */
import { refuse } from "../../pipeline/refusal.ts";
import type { Fault } from "./fault.ts";
import { soapLimits } from "./limits.ts";
import { envelopeNamespaces, type SoapVersion } from "./namespaces.ts";
import { attributeOf, type XmlNode } from "./xml.ts";

export interface HeaderBlock {
  readonly node: XmlNode;
  readonly mustBeUnderstood: boolean;
}

export interface Envelope {
  readonly blocks: readonly HeaderBlock[];
  /** The request: the first and only element of the body. */
  readonly request: XmlNode;
}

/** Header blocks with another actor or role are for somebody on the way. */
const ownRoles: ReadonlySet<string> = new Set([
  "",
  "http://schemas.xmlsoap.org/soap/actor/next",
  "http://www.w3.org/2003/05/soap-envelope/role/next",
  "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
]);

const malformed = (explanation: string): Fault => ({
  refusal: refuse("invalid_body", { details: { reason: "invalid_envelope", explanation } }),
});

const versionMismatch = (explanation: string): Fault => ({
  refusal: refuse("invalid_body", { details: { reason: "version_mismatch", explanation } }),
  code: { of: "soap", name: "VersionMismatch" },
});

const noEncodings: ReadonlySet<string> = new Set(["", "http://www.w3.org/2003/05/soap-envelope/encoding/none"]);

const truths: ReadonlySet<string> = new Set(["1", "true"]);

/** Reads an envelope of the version that the Content-Type announced. */
export const envelopeOf = (root: XmlNode, version: SoapVersion): Envelope | Fault => {
  const namespace = envelopeNamespaces[version];
  if (root.name !== "Envelope") return malformed("The root is no SOAP envelope.");
  if (root.namespace !== namespace) {
    const other = version === "1.1" ? "application/soap+xml" : "text/xml";
    const isOther = (Object.values(envelopeNamespaces) as string[]).includes(root.namespace);
    return versionMismatch(
      isOther ? `An envelope of this version comes with the Content-Type ${other}.` : "The envelope is of no version of SOAP.",
    );
  }
  const [first, second, ...rest] = root.elements;
  const isOwn = (node: XmlNode | undefined, name: string): node is XmlNode => node?.name === name && node.namespace === namespace;
  const header = isOwn(first, "Header") ? first : undefined;
  const body = header === undefined ? first : second;
  if (!isOwn(body, "Body")) return malformed("An envelope holds a Body, and before it at most a Header.");
  // SOAP 1.1 allows elements behind the body; the Basic Profile does not (R1011).
  if (rest.length > 0 || (header === undefined && second !== undefined))
    return malformed("Nothing stands behind the Body of an envelope.");
  if (root.text.trim() !== "" || body.text.trim() !== "") return malformed("Text stands where elements are expected.");
  const [request, further] = body.elements;
  if (request === undefined || further !== undefined) return malformed("The Body holds one element: the request.");
  for (const node of [body, request]) {
    if (noEncodings.has(attributeOf(node, namespace, "encodingStyle") ?? "")) continue;
    const explanation = "Messages are literal: an encodingStyle is not understood.";
    return { ...malformed(explanation), code: { of: "soap", name: "DataEncodingUnknown" } };
  }
  const blocks = header?.elements ?? [];
  if (blocks.length > soapLimits.headerBlocksMax)
    return malformed(`There are more than ${soapLimits.headerBlocksMax} header blocks.`);
  const roleName = version === "1.1" ? "actor" : "role";
  return {
    request,
    blocks: blocks
      .filter((node) => ownRoles.has(attributeOf(node, namespace, roleName) ?? ""))
      .map((node) => ({ node, mustBeUnderstood: truths.has(attributeOf(node, namespace, "mustUnderstand") ?? "") })),
  };
};

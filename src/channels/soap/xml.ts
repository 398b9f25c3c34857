/**
 * Messages as trees with their namespaces resolved, on the parser that REST's XML has: no document type declarations, no entities but XML's own five,
 * bounds on size, depth and attributes. XInclude, schema locations and the like are names like any other here: nothing is ever fetched.
 *
 * Encodings: UTF-8, and UTF-16 with a byte order mark; others are 415.
 */
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { FormatError, refusalOfFormat } from "../http/index.ts";
import type { XmlElement } from "../rest/formats/xml.ts";
import { parseXmlTree } from "../rest/formats/xml.ts";
import { soapLimits } from "./limits.ts";

export interface XmlAttribute {
  /** Empty: none. */
  readonly namespace: string;
  readonly name: string;
  readonly value: string;
}

export interface XmlNode {
  /** Empty: none. */
  readonly namespace: string;
  readonly name: string;
  readonly attributes: readonly XmlAttribute[];
  readonly elements: readonly XmlNode[];
  /** All text directly inside, CDATA sections too. */
  readonly text: string;
}

const xmlNamespace = "http://www.w3.org/XML/1998/namespace";
const xmlnsNamespace = "http://www.w3.org/2000/xmlns/";

/** Prefix → namespace; the default namespace under "". */
type Scope = ReadonlyMap<string, string>;

const topScope: Scope = new Map([
  ["", ""],
  ["xml", xmlNamespace],
]);

const noAttributes: readonly XmlAttribute[] = Object.freeze([]);
const noNodes: readonly XmlNode[] = Object.freeze([]);

const malformed = (explanation: string): Refusal => refuse("invalid_body", { details: { reason: "invalid_xml", explanation } });

class NameError {
  readonly refusal: Refusal;

  constructor(explanation: string) {
    this.refusal = malformed(explanation);
  }
}

/** The scope inside an element: its declarations added (Namespaces in XML 1.0, section 3). */
const scopeOf = (attributes: Readonly<Record<string, string>>, outer: Scope): Scope => {
  let scope: Map<string, string> | undefined;
  for (const attribute in attributes) {
    if (!attribute.startsWith("xmlns")) continue;
    const prefix = attribute === "xmlns" ? "" : attribute.charAt(5) === ":" ? attribute.slice(6) : undefined;
    if (prefix === undefined) continue;
    const uri = attributes[attribute] ?? "";
    const isReserved = (prefix === "xml") !== (uri === xmlNamespace) || prefix === "xmlns" || uri === xmlnsNamespace;
    if ((prefix !== "" && uri === "") || isReserved) throw new NameError("A namespace declaration is not allowed.");
    scope ??= new Map(outer);
    scope.set(prefix, uri);
  }
  return scope ?? outer;
};

/** `p:name` → the namespace of `p`, and `name`. */
const resolve = (
  qualified: string,
  scope: Scope,
  whole: { readonly usesDefault: boolean },
): readonly [namespace: string, name: string] => {
  const colon = qualified.indexOf(":");
  if (colon === -1) return [whole.usesDefault ? (scope.get("") ?? "") : "", qualified];
  const namespace = scope.get(qualified.slice(0, colon));
  const name = qualified.slice(colon + 1);
  if (namespace === undefined || name === "" || name.includes(":"))
    throw new NameError("A name has a prefix that is not declared.");
  return [namespace, name];
};

const attributesOf = (attributes: Readonly<Record<string, string>>, scope: Scope): readonly XmlAttribute[] => {
  let found: XmlAttribute[] | undefined;
  for (const attribute in attributes) {
    if (attribute === "xmlns" || attribute.startsWith("xmlns:")) continue;
    const [namespace, name] = resolve(attribute, scope, { usesDefault: false });
    if (found?.some((other) => other.name === name && other.namespace === namespace) === true)
      throw new NameError("An element has the same attribute twice.");
    (found ??= []).push({ namespace, name, value: attributes[attribute] ?? "" });
  }
  return found ?? noAttributes;
};

/** The depth was bounded when the tree was parsed. */
const nodeOf = ({ name: qualified, attributes, children }: XmlElement, outer: Scope): XmlNode => {
  const scope = scopeOf(attributes, outer);
  const [namespace, name] = resolve(qualified, scope, { usesDefault: true });
  let elements: XmlNode[] | undefined;
  let text = "";
  for (const child of children) {
    if (typeof child === "string") text += child;
    else if ("name" in child) (elements ??= []).push(nodeOf(child, scope));
  }
  return { namespace, name, attributes: attributesOf(attributes, scope), elements: elements ?? noNodes, text };
};

const utf16 = { le: new TextDecoder("utf-16le", { fatal: true }), be: new TextDecoder("utf-16be", { fatal: true }) };
const declaration = /^\ufeff?<\?xml[ \t\r\n][^>]*\?>/;
const utf8Names: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);
const utf16Names: ReadonlySet<string> = new Set(["utf-16", "utf-16le", "utf-16be"]);

const unsupported = (): Refusal =>
  refuse("unsupported_media_type", {
    details: { reason: "unsupported_charset", explanation: "XML is accepted in UTF-8, and in UTF-16 with a byte order mark." },
  });

/** The message in UTF-8. `charset`: as the Content-Type says; the byte order mark goes before it (RFC 7303 section 3.2). */
const inUtf8 = (bytes: Uint8Array, charset: string | undefined): Uint8Array | Refusal => {
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? "le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "be" : undefined;
  if (charset !== undefined && !utf8Names.has(charset) && !(utf16Names.has(charset) && mark !== undefined)) return unsupported();
  if (mark === undefined) return bytes;
  let text: string;
  try {
    text = utf16[mark].decode(bytes);
  } catch {
    return refuse("invalid_encoding", { details: { reason: "invalid_encoding", explanation: "The body is not valid UTF-16." } });
  }
  const encoding = /encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']/.exec(declaration.exec(text)?.[0] ?? "")?.[1]?.toLowerCase();
  if (encoding !== undefined && !utf16Names.has(encoding)) return unsupported();
  return new TextEncoder().encode(text.replace(declaration, ""));
};

/** Parses a message to its root. Refusals: 400 invalid_body, invalid_encoding, too_deep; 413 too_large; 415 unsupported_media_type. */
export const parseMessage = (bytes: Uint8Array, charset: string | undefined): XmlNode | Refusal => {
  const content = inUtf8(bytes, charset);
  if (!(content instanceof Uint8Array)) return content;
  const { nodesMax, depthMax, bodyBytesMax } = soapLimits;
  // A message in UTF-16 may be longer in UTF-8; its own length was bounded before.
  const tree = parseXmlTree(content, { bytesMax: 2 * bodyBytesMax, depthMax, nodesMax });
  if (tree instanceof FormatError) return refusalOfFormat(tree);
  try {
    return nodeOf(tree, topScope);
  } catch (error) {
    if (error instanceof NameError) return error.refusal;
    throw error;
  }
};

/** The value of an attribute. */
export const attributeOf = (node: XmlNode, namespace: string, name: string): string | undefined =>
  node.attributes.find((attribute) => attribute.name === name && attribute.namespace === namespace)?.value;

/** Whether a parse gave a node. */
export const isNode = (parsed: XmlNode | Refusal): parsed is XmlNode => "namespace" in parsed;

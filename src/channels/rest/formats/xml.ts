/**
 * XML in: bytes to a tree, on Bun.XML. The rules from tree to value are in xml-value.ts, writing in xml-write.ts.
 *
 * Refused before the parser sees it: any document type declaration (so there are no entities but the five of XML and
 * character references, no external anything, no bombs), an encoding that is not UTF-8, size, and more markup than
 * `nodesMax`, a tag longer than 16 KiB. Refused after: elements deeper than `depthMax` (the root is not counted), more than 64 attributes.
 * A byte order mark is allowed, as XML allows it.
 */
import { XML } from "bun";
import { FormatError } from "../../http/format-error.ts";
import { decodeUtf8, defaultLimits, tooDeep, tooLarge, tooMany } from "./plain.ts";
import type { FormatLimits, ParseOptions, Parsed } from "./plain.ts";
import { decodeXml } from "./xml-value.ts";

/** An element as Bun.XML gives it with `compact: false`; comments and instructions lie among the children. */
export type XmlElement = Bun.XML.Node;

const ATTRIBUTES_MAX = 64;
/** One tag with its attributes. */
const TAG_BYTES_MAX = 16 * 1024;
const DECLARATION = /^<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*["']([^"'>]*)["']/;
const UTF8_NAMES: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);

/**
 * Parses a document with the root `<request>` or `<response>` to a plain value; see xml-value.ts for the rules.
 * Errors: 400 invalid_xml, invalid_encoding, too_deep, duplicate_key, forbidden_key; 413 too_large; 415 unsupported_charset.
 */
export function parseXml(bytes: Uint8Array, { limits = defaultLimits, hint }: ParseOptions = {}): Parsed {
  const tree = parseXmlTree(bytes, limits);
  return tree instanceof FormatError ? tree : decodeXml(tree, hint);
}

/** Parses any document to its root element, within the limits; other channels (SOAP) read it by their own rules. */
export function parseXmlTree(bytes: Uint8Array, limits: FormatLimits = defaultLimits): Parsed<XmlElement> {
  if (bytes.length > limits.bytesMax) return tooLarge(limits);
  const decoded = decodeUtf8(bytes);
  if (decoded instanceof FormatError) return decoded;
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
  const refusal = refuseProlog(text) ?? refuseMarkup(bytes, limits);
  if (refusal !== undefined) return refusal;
  let root: XmlElement;
  try {
    root = XML.parse(text, { compact: false });
  } catch (error) {
    if (error instanceof RangeError) return tooDeep(limits);
    return new FormatError(400, "invalid_xml", text.trim() === "" ? "The body is empty." : "The body is not well-formed XML.");
  }
  return checkTree(root, limits) ?? root;
}

/**
 * Walks what may stand before the root: declaration, white space, comments, instructions. In a well-formed document
 * `<!DOCTYPE` can only be markup there; inside comments and CDATA sections it is text. What is not well-formed is left
 * to the parser, which knows `<!DOCTYPE` in capitals only.
 */
function refuseProlog(text: string): FormatError | undefined {
  const encoding = DECLARATION.exec(text)?.[1]?.toLowerCase();
  if (encoding !== undefined && !UTF8_NAMES.has(encoding)) {
    return new FormatError(415, "unsupported_charset", "XML is accepted in UTF-8 only.");
  }
  const space = /[ \t\r\n]*/y;
  let index = 0;
  for (;;) {
    space.lastIndex = index;
    space.exec(text);
    index = space.lastIndex;
    let end: number;
    if (text.startsWith("<!--", index)) end = text.indexOf("-->", index + 4) + 3;
    else if (text.startsWith("<?", index)) end = text.indexOf("?>", index + 2) + 2;
    else if (text.startsWith("<!", index)) {
      return new FormatError(400, "invalid_xml", "A document type declaration is not accepted.");
    } else return undefined;
    // Not closed: indexOf gave -1. The parser says so.
    if (end <= index) return undefined;
    index = end;
  }
}

/** Counts what may become a node: every `<` but those of closing tags. A tag that goes on and on has more attributes than the parser should make. */
function refuseMarkup(bytes: Uint8Array, limits: FormatLimits): FormatError | undefined {
  let nodes = 0;
  for (let index = bytes.indexOf(0x3c); index !== -1;) {
    if (bytes[index + 1] !== 0x2f && ++nodes > limits.nodesMax) return tooMany(limits);
    const next = bytes.indexOf(0x3c, index + 1);
    if ((next === -1 ? bytes.length : next) - index > TAG_BYTES_MAX && isLongTag(bytes, index)) {
      return new FormatError(400, "invalid_xml", `A tag has more than ${TAG_BYTES_MAX} bytes.`);
    }
    index = next;
  }
  return undefined;
}

/** Whether the tag that begins at `from` does not end within its bound; comments, CDATA sections and instructions are none. */
function isLongTag(bytes: Uint8Array, from: number): boolean {
  const first = bytes[from + 1];
  if (first === 0x21 || first === 0x3f) return false;
  let quote = 0;
  for (let index = from + 1; index <= from + TAG_BYTES_MAX; index++) {
    const byte = bytes[index];
    if (byte === undefined) return false;
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === 0x3e) return false;
  }
  return true;
}

/** Level by level, so that depth costs no stack. */
function checkTree(root: XmlElement, limits: FormatLimits): FormatError | undefined {
  let level: XmlElement[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limits.depthMax) return tooDeep(limits);
    const next: XmlElement[] = [];
    for (const { attributes, children } of level) {
      let count = 0;
      for (const _ in attributes) {
        if (++count > ATTRIBUTES_MAX) {
          return new FormatError(400, "invalid_xml", `An element has more than ${ATTRIBUTES_MAX} attributes.`);
        }
      }
      for (const child of children) if (typeof child === "object" && "name" in child) next.push(child);
    }
    level = next;
  }
  return undefined;
}

/**
 * From an XML tree to a plain value. The rules, which xml-write.ts follows the other way:
 *
 *   <request>…</request>                   the value itself; `<response>` is read too
 *   <name>text</name>                      a property; text stays a string, white space included
 *   <tags><item>a</item>…</tags>           an array: all children are `<item>`
 *   <entry key="first name">…</entry>      a property whose name is no XML name (or is `item`)
 *   <x nil="true"/>                        null (also `xsi:nil`)
 *   <x type="array"/> <x type="object"/>   the empty array, the empty object; without a type the empty string
 *   <x encoding="base64">AA==</x>          a string with characters that XML cannot hold, as UTF-8
 *
 * XML has no types: numbers and booleans stay strings, for the schema to coerce. Nor does it tell one element from a
 * list of one: a hint does. Where the hint says `array`, `<tags>a</tags>`, repeated `<tags>`, and `<item>` children all
 * are arrays; where it says `object`, `<item>` is a property. Without a hint, `<item>` children only are an array, and a
 * repeated element is one too; where the hint says that a property is no array, a repetition is 400 `duplicate_key`.
 * Text between elements must be white space. Attributes other than these and namespace declarations are refused, since a
 * value nobody reads would be lost silently.
 */
import { FormatError } from "../../http/format-error.ts";
import { forbiddenKey } from "./plain.ts";
import type { Parsed, PlainObject, PlainValue, SchemaHint } from "./plain.ts";
import type { XmlElement } from "./xml.ts";

const ROOTS: ReadonlySet<string> = new Set(["request", "response"]);
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A tree's value by the rules above. Errors: 400 invalid_xml, duplicate_key, forbidden_key. */
export function decodeXml(root: XmlElement, hint?: SchemaHint): Parsed {
  if (!ROOTS.has(root.name)) return invalid("The root element must be <request>.");
  try {
    return decodeElement(root, hint, { isRoot: true });
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

function invalid(message: string): FormatError {
  return new FormatError(400, "invalid_xml", message);
}

interface Attributes {
  readonly isNil: boolean;
  readonly type: string | undefined;
  readonly encoding: string | undefined;
  readonly key: string | undefined;
}

function readAttributes({ name, attributes }: XmlElement): Attributes {
  let isNil = false;
  let type: string | undefined;
  let encoding: string | undefined;
  let key: string | undefined;
  for (const attribute in attributes) {
    const value = attributes[attribute] ?? "";
    if (attribute === "nil" || attribute === "xsi:nil") isNil = value === "true" || value === "1";
    else if (attribute === "type" && (value === "array" || value === "object" || value === "string")) type = value;
    else if (attribute === "encoding" && value === "base64") encoding = value;
    else if (attribute === "key" && name === "entry") key = value;
    else if (attribute !== "xmlns" && !attribute.startsWith("xmlns:") && !attribute.startsWith("xsi:")) {
      throw invalid("An attribute is not known, or its value is not.");
    }
  }
  return { isNil, type, encoding, key };
}

/** The depth was bounded when the tree was parsed. */
function decodeElement(element: XmlElement, hint: SchemaHint | undefined, { isRoot }: { isRoot: boolean }): PlainValue {
  const { isNil, type, encoding } = readAttributes(element);
  const elements: XmlElement[] = [];
  let text = "";
  for (const child of element.children) {
    if (typeof child === "string") text += child;
    else if ("name" in child) elements.push(child);
  }
  if (elements.length > 0 && text.trim() !== "") throw invalid("An element has both text and child elements.");
  if (isNil) {
    if (elements.length > 0 || text.trim() !== "") throw invalid("An element with nil is not empty.");
    return null;
  }
  const wanted = type ?? expected(hint);
  if (elements.length > 0) {
    const areItems = elements.every(({ name }) => name === "item");
    if (wanted === "object" || !areItems) {
      const object = decodeObject(elements, hint);
      // One object where a list of them is expected: a list of one, but not of the root itself.
      return wanted === "array" && !isRoot ? [decodeObject(elements, itemsOf(hint))] : object;
    }
    return elements.map((item) => decodeElement(item, itemsOf(hint), { isRoot: false }));
  }
  if (wanted === "array") return text.trim() === "" ? [] : [text];
  if (wanted === "object" && text.trim() === "") return {};
  return encoding === "base64" ? decodeText(text) : text;
}

function decodeText(text: string): string {
  const digits = text.trim();
  if (!BASE64.test(digits)) throw invalid("An element with the encoding base64 does not hold base64.");
  try {
    return utf8.decode(Buffer.from(digits, "base64"));
  } catch {
    throw invalid("An element with the encoding base64 does not hold UTF-8.");
  }
}

function decodeObject(elements: readonly XmlElement[], hint: SchemaHint | undefined): PlainObject {
  const object: PlainObject = {};
  /** Properties that came more than once; their elements are gathered as an array. */
  const lists = new Map<string, PlainValue[]>();
  for (const element of elements) {
    const key = readAttributes(element).key ?? element.name;
    if (key === "__proto__") throw forbiddenKey();
    const property = propertyOf(hint, key);
    const isRepeated = Object.hasOwn(object, key);
    const wanted = expected(property);
    if (isRepeated && wanted !== undefined && wanted !== "array") {
      throw new FormatError(400, "duplicate_key", "An element stands twice where one is expected.");
    }
    if (!isRepeated) {
      object[key] = decodeElement(element, property, { isRoot: false });
      continue;
    }
    let list = lists.get(key);
    if (list === undefined) {
      // The first was read as the property's whole value; with an array expected it is one already.
      const first = object[key] as PlainValue;
      list = wanted === "array" && Array.isArray(first) ? first : [first];
      lists.set(key, list);
      object[key] = list;
    }
    const value = decodeElement(element, wanted === "array" ? itemsOf(property) : undefined, { isRoot: false });
    list.push(value);
  }
  return object;
}

/** The one type that the hint names beside null; undefined when there is none or several. */
function expected(hint: SchemaHint | undefined): string | undefined {
  const type = hint?.type;
  if (type === undefined || typeof type === "string") return type;
  const types = type.filter((name) => name !== "null");
  return types.length === 1 ? types[0] : undefined;
}

function itemsOf(hint: SchemaHint | undefined): SchemaHint | undefined {
  return typeof hint?.items === "object" ? hint.items : undefined;
}

function propertyOf(hint: SchemaHint | undefined, key: string): SchemaHint | undefined {
  if (hint?.properties !== undefined && Object.hasOwn(hint.properties, key)) return hint.properties[key];
  return typeof hint?.additionalProperties === "object" ? hint.additionalProperties : undefined;
}

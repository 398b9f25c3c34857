/**
 * From the elements of a request to plain values, by the model: what the contract's readers of text take. Elements may come in any order; lists are gathered;
 * what stands twice is refused. Elements that the model does not have go along under their names, for the contract to tell of them together with
 * everything else that is wrong; but never under a name that one of the model's has.
 *
 * Compiled once per message and type.
 */
import { type Element, isSameValue, type SimpleType, type ValueType } from "../../contract/soap/index.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { FormatError } from "../http/index.ts";
import { parseJson } from "../rest/formats/json.ts";
import { soapLimits } from "./limits.ts";
import { xsi } from "./namespaces.ts";
import { attributeOf, type XmlNode } from "./xml.ts";

/** Properties by name; made without a prototype, since a caller names some of them. */
export type PlainRecord = Record<string, unknown>;

class Unreadable {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    this.refusal = refusal;
  }
}

const invalidBody = (reason: string, explanation: string): Unreadable =>
  new Unreadable(refuse("invalid_body", { details: { reason, explanation } }));

const isNil = (node: XmlNode): boolean => {
  if (node.attributes.length === 0) return false;
  const nil = attributeOf(node, xsi, "nil")?.trim();
  return nil === "true" || nil === "1";
};

const space = /^[ \t\r\n]*$/;

/** Attributes without a namespace are values that nobody would read; the others are other standards'. */
const checkNode = (node: XmlNode): void => {
  if (node.attributes.some(({ namespace }) => namespace === ""))
    throw invalidBody("unknown_attribute", "Elements of a request have no attributes.");
  if (node.elements.length > 0 && !space.test(node.text))
    throw invalidBody("mixed_content", "An element has both text and child elements.");
};

/** What no field takes: a value that is told to be of the wrong type. */
const noJson = Number.NaN;

const jsonOf = (text: string): unknown => {
  if (space.test(text)) return null;
  const parsed = parseJson(new TextEncoder().encode(text));
  return parsed instanceof FormatError ? noJson : parsed;
};

const readSimple = (type: SimpleType, node: XmlNode): unknown => {
  // An object where a single value is expected.
  if (node.elements.length > 0) return {};
  return type.isJson === true ? jsonOf(node.text) : type.read(node.text);
};

const readValue = (type: ValueType, node: XmlNode, namespace: string): unknown => {
  checkNode(node);
  if (isNil(node)) {
    if (node.elements.length > 0 || !space.test(node.text))
      throw invalidBody("nil_content", "An element with xsi:nil is not empty.");
    return null;
  }
  if (type.kind === "simple") return readSimple(type, node);
  // A single value where an object is expected.
  if (node.elements.length === 0 && !space.test(node.text)) return node.text;
  return readElements(type.elements, node, namespace);
};

/** Items of a wrapped list. */
const readItems = (item: Element, node: XmlNode, namespace: string): unknown => {
  checkNode(node);
  if (isNil(node)) return null;
  if (node.elements.length === 0 && !space.test(node.text)) return node.text;
  return node.elements.map((child) => {
    if (child.name !== item.name || child.namespace !== namespace)
      throw invalidBody("unknown_item", `The elements of a list are called ${item.name}.`);
    return item.content.kind === "wrapped"
      ? readItems(item.content.item, child, namespace)
      : readValue(item.content.type, child, namespace);
  });
};

interface Index {
  readonly byName: ReadonlyMap<string, Element>;
  /** Properties that elements stand for. */
  readonly keys: ReadonlySet<string>;
  /** Lists for which no element is the empty list. */
  readonly needed: readonly string[];
}

const indexes = new WeakMap<readonly Element[], Index>();

const indexOf = (elements: readonly Element[]): Index => {
  let index = indexes.get(elements);
  if (index === undefined) {
    index = {
      byName: new Map(elements.map((element) => [element.name, element])),
      keys: new Set(elements.flatMap(({ key }) => key ?? [])),
      needed: elements.flatMap(({ key, isNeeded }) => (isNeeded === true && key !== undefined ? [key] : [])),
    };
    indexes.set(elements, index);
  }
  return index;
};

const doubled = (name: string): Unreadable =>
  new Unreadable(refuse("duplicate_key", { details: { at: name.slice(0, soapLimits.nameLengthMax) } }));

/** An element that the model does not have. */
const keepStranger = (record: PlainRecord, { name, elements, text }: XmlNode, { byName, keys }: Index): void => {
  if (name === "__proto__") throw invalidBody("forbidden_key", "The key __proto__ is not accepted.");
  if (byName.has(name) || keys.has(name))
    throw invalidBody(
      "unknown_element",
      `An element ${name} stands where none of that name and namespace is expected.`.slice(0, 2 * soapLimits.nameLengthMax),
    );
  if (name in record) throw doubled(name);
  record[name] = elements.length > 0 ? {} : text;
};

const isEmptyValue = ({ empty, content }: Element, node: XmlNode): boolean =>
  empty !== undefined &&
  content.kind === "single" &&
  content.type.kind === "simple" &&
  isSameValue(content.type, node.text, empty);

const readElements = (elements: readonly Element[], node: XmlNode, namespace: string): PlainRecord => {
  const index = indexOf(elements);
  const record: PlainRecord = Object.create(null) as PlainRecord;
  for (const child of node.elements) {
    const element = child.namespace === namespace ? index.byName.get(child.name) : undefined;
    const key = element?.key;
    if (element === undefined || key === undefined) {
      keepStranger(record, child, index);
      continue;
    }
    const { content } = element;
    if (content.kind === "repeated") {
      const value = readValue(content.type, child, namespace);
      const list = record[key];
      if (list === undefined) record[key] = value === null && element.isNillable ? null : [value];
      else if (Array.isArray(list)) list.push(value);
      else throw invalidBody("nil_content", `Where ${child.name} is nil, it stands once.`);
      continue;
    }
    if (key in record) throw doubled(child.name);
    if (isEmptyValue(element, child)) record[key] = null;
    else
      record[key] =
        content.kind === "wrapped" ? readItems(content.item, child, namespace) : readValue(content.type, child, namespace);
  }
  for (const key of index.needed) if (!(key in record)) record[key] = [];
  return record;
};

/** Reads a request. Refusals: 400 invalid_body, duplicate_key. */
export const readRequest = (elements: readonly Element[], node: XmlNode, namespace: string): PlainRecord | Unreadable => {
  try {
    checkNode(node);
    if (node.elements.length === 0 && !space.test(node.text))
      throw invalidBody("mixed_content", "A request holds elements, no text.");
    return readElements(elements, node, namespace);
  } catch (error) {
    if (error instanceof Unreadable) return error;
    throw error;
  }
};

export const isUnreadable = (read: PlainRecord | Unreadable): read is Unreadable => read instanceof Unreadable;

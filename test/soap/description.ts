/**
 * A WSDL as a client reads it: operations, their elements and types, from the document alone; and messages written and read by them. What it answers is
 * validated against the schema by libxml2.
 */
import { XML } from "bun";
import { XmlDocument, XmlValidateError, XsdValidator } from "libxml2-wasm";

type Node = Bun.XML.Node;

export const envelopes = {
  "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
  "1.2": "http://www.w3.org/2003/05/soap-envelope",
} as const;
export type Version = keyof typeof envelopes;

export interface Part {
  readonly name: string;
  /** `xs:long`, `tns:Account`; undefined: `inner`. */
  readonly type: string | undefined;
  /** Of an anonymous type. */
  readonly inner: readonly Part[];
  readonly isRepeated: boolean;
  readonly isOptional: boolean;
  readonly isNillable: boolean;
}

const childrenOf = (node: Node | undefined, name?: string): readonly Node[] =>
  (node?.children ?? []).filter(
    (child): child is Node => typeof child === "object" && "name" in child && (name === undefined || child.name === name),
  );

const one = (node: Node | undefined, name: string): Node | undefined => childrenOf(node, name)[0];

const partsOf = (complexType: Node | undefined): readonly Part[] =>
  childrenOf(one(complexType, "xs:sequence"), "xs:element").map((element) => ({
    name: element.attributes["name"] ?? "",
    type: element.attributes["type"],
    inner: partsOf(one(element, "xs:complexType")),
    isRepeated: element.attributes["maxOccurs"] === "unbounded",
    isOptional: element.attributes["minOccurs"] === "0",
    isNillable: element.attributes["nillable"] === "true",
  }));

const escaped = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\r/g, "&#13;");

const textOf = (node: Node): string => node.children.filter((child) => typeof child === "string").join("");
const localOf = (node: Node): string => node.name.slice(node.name.indexOf(":") + 1);

const textOfValue = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Digits as JSON has them: a number, or a text beyond what a double holds exactly. */
const numberOf = (digits: string): number | string => (Number.isSafeInteger(Number(digits)) ? Number(digits) : digits);

const convert: Readonly<Record<string, (text: string) => unknown>> = {
  "xs:int": numberOf,
  "xs:long": numberOf,
  "xs:integer": numberOf,
  "xs:boolean": (text) => text === "true",
  "tns:Json": (text) => JSON.parse(text) as unknown,
};

export class Description implements Disposable {
  readonly text: string;
  readonly namespace: string;
  readonly address: string;
  /** Methods in order, with their SOAPAction. */
  readonly methods: ReadonlyMap<string, { readonly action: string; readonly doc: string }>;
  /** Elements of messages, by the name of the message's element. */
  readonly elements: ReadonlyMap<string, readonly Part[]>;
  readonly types: ReadonlyMap<string, readonly Part[]>;
  readonly #schema: XmlDocument;
  readonly #validator: XsdValidator;

  constructor(text: string) {
    this.text = text;
    const root = XML.parse(text, { compact: false });
    this.namespace = root.attributes["targetNamespace"] ?? "";
    const schema = one(one(root, "wsdl:types"), "xs:schema");
    this.elements = new Map(
      childrenOf(schema, "xs:element").map((element) => [
        element.attributes["name"] ?? "",
        partsOf(one(element, "xs:complexType")),
      ]),
    );
    this.types = new Map(childrenOf(schema, "xs:complexType").map((type) => [`tns:${type.attributes["name"]}`, partsOf(type)]));
    const [binding] = childrenOf(root, "wsdl:binding");
    const [portType] = childrenOf(root, "wsdl:portType");
    const docs = new Map(
      childrenOf(portType, "wsdl:operation").map((operation) => [
        operation.attributes["name"],
        one(operation, "wsdl:documentation"),
      ]),
    );
    this.methods = new Map(
      childrenOf(binding, "wsdl:operation").map((operation) => {
        const doc = docs.get(operation.attributes["name"]);
        const action = one(operation, "soap:operation")?.attributes["soapAction"] ?? "";
        return [operation.attributes["name"] ?? "", { action, doc: doc === undefined ? "" : textOf(doc) }];
      }),
    );
    this.address = one(one(one(root, "wsdl:service"), "wsdl:port"), "soap:address")?.attributes["location"] ?? "";
    this.#schema = XmlDocument.fromString(
      text.slice(text.indexOf("<xs:schema"), text.indexOf("</xs:schema>") + "</xs:schema>".length),
    );
    this.#validator = XsdValidator.fromDoc(this.#schema);
  }

  [Symbol.dispose](): void {
    this.#validator.dispose();
    this.#schema.dispose();
  }

  /** What the schema finds wrong with an element of ours; none when it is valid. */
  flaws(xml: string): readonly string[] {
    using document = XmlDocument.fromString(xml);
    try {
      this.#validator.validate(document);
      return [];
    } catch (error) {
      if (error instanceof XmlValidateError) return error.details.map(({ message }) => message.trim());
      throw error;
    }
  }

  partsOf(part: Part): readonly Part[] | undefined {
    if (part.type === undefined) return part.inner;
    return this.types.get(part.type);
  }

  /** A value as an element; whatever does not fit the type is written as well as it can be. */
  #write(name: string, value: unknown, part: Part | undefined): string {
    if (value === undefined) return "";
    if (value === null) return `<${name} xsi:nil="true"/>`;
    const inner = part === undefined ? undefined : this.partsOf(part);
    if (part?.type === "tns:Json") return `<${name}>${escaped(JSON.stringify(value))}</${name}>`;
    if (Array.isArray(value)) {
      const [item, further] = part?.isRepeated === true ? [] : (inner ?? []);
      if (item?.isRepeated === true && further === undefined)
        return `<${name}>${value.map((one) => this.#write(item.name, one, item)).join("")}</${name}>`;
      return value.map((one) => this.#write(name, one, part)).join("");
    }
    if (typeof value === "object") return `<${name}>${this.writeParts(value as Record<string, unknown>, inner ?? [])}</${name}>`;
    return `<${name}>${escaped(textOfValue(value))}</${name}>`;
  }

  /** Elements in the order of the schema; what it does not know comes last. */
  writeParts(record: Readonly<Record<string, unknown>>, parts: readonly Part[]): string {
    const known = new Set(parts.map(({ name }) => name));
    return (
      parts
        .map((part) => this.#write(part.name, Object.hasOwn(record, part.name) ? record[part.name] : undefined, part))
        .join("") +
      Object.keys(record)
        .filter((name) => !known.has(name))
        .map((name) => this.#write(name, record[name], undefined))
        .join("")
    );
  }

  /** The request of a method. */
  request(method: string, record: Readonly<Record<string, unknown>>, version: Version = "1.1", header = ""): string {
    const inside = this.writeParts(record, this.elements.get(method) ?? []);
    return (
      `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="${envelopes[version]}">${header === "" ? "" : `<s:Header>${header}</s:Header>`}<s:Body>` +
      `<${method} xmlns="${this.namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${inside}</${method}></s:Body></s:Envelope>`
    );
  }

  #read(node: Node, part: Part | undefined): unknown {
    if (node.attributes["xsi:nil"] === "true") return null;
    const inner = part === undefined ? undefined : this.partsOf(part);
    if (inner === undefined) return (convert[part?.type ?? ""] ?? String)(textOf(node));
    const [item, further] = inner;
    if (part?.type === undefined && item?.isRepeated === true && further === undefined)
      return childrenOf(node).map((child) => this.#read(child, item));
    return this.readParts(node, inner);
  }

  /** An object by its elements. `customerRow` is the row of the reference `customer`. */
  readParts(node: Node, parts: readonly Part[]): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    const byName = new Map(parts.map((part) => [part.name, part]));
    for (const child of childrenOf(node)) {
      const name = localOf(child);
      const part = byName.get(name);
      if (part === undefined) throw new Error(`${name} is not in the schema`);
      const value = this.#read(child, part);
      const key = name.endsWith("Row") && byName.has(name.slice(0, -3)) ? name.slice(0, -3) : name;
      if (!part.isRepeated) record[key] = value;
      else if (Array.isArray(record[key])) record[key].push(value);
      else record[key] = [value];
    }
    return record;
  }

  /** What an answer holds: the record of its element, or the fault. Throws where it is not valid. */
  answer(text: string): Answered {
    const root = XML.parse(text, { compact: false });
    const [body] = childrenOf(root).filter((node) => localOf(node) === "Body");
    const [message] = childrenOf(body);
    if (message === undefined) throw new Error(`no message: ${text}`);
    if (localOf(message) !== "Fault") {
      this.#check(text, localOf(message));
      return {
        kind: "answer",
        name: localOf(message),
        record: this.readParts(message, this.elements.get(localOf(message)) ?? []),
      };
    }
    const parts = childrenOf(message);
    const find = (name: string): Node | undefined => parts.find((node) => localOf(node) === name);
    const detail = find("detail") ?? find("Detail");
    const [refusal] = childrenOf(detail);
    if (refusal !== undefined) this.#check(text, "CallRefusal");
    const code = find("faultcode") ?? one(find("soap:Code") ?? find("Code"), "soap:Value");
    const reason = find("faultstring") ?? one(find("Reason"), "soap:Text");
    const subcode = one(one(find("Code"), "soap:Subcode"), "soap:Value");
    return {
      kind: "fault",
      code: code === undefined ? "" : textOf(code),
      ...(subcode === undefined ? {} : { subcode: textOf(subcode) }),
      reason: reason === undefined ? "" : textOf(reason),
      ...(refusal === undefined
        ? {}
        : { refusal: this.readParts(refusal, this.types.get("tns:CallRefusal") ?? []) as unknown as CallRefusal }),
    };
  }

  #check(text: string, name: string): void {
    const from = text.indexOf(`<${name} `);
    const end = `</${name}>`;
    const flaws = this.flaws(text.slice(from, text.lastIndexOf(end) + end.length));
    if (flaws.length > 0) throw new Error(`not valid: ${flaws.join("; ")}\n${text}`);
  }
}

/** A fault's detail. */
export interface CallRefusal {
  readonly type: string;
  readonly status: number;
  readonly message: string;
  readonly requestId: string;
  readonly retryAfter?: number;
  readonly issue?: readonly { readonly field: string; readonly message: readonly string[] }[];
  readonly fact?: readonly { readonly name: string; readonly kind: string; readonly value: string }[];
}

export type Answered =
  | { readonly kind: "answer"; readonly name: string; readonly record: Record<string, unknown> }
  | {
      readonly kind: "fault";
      readonly code: string;
      readonly subcode?: string;
      readonly reason: string;
      readonly refusal?: CallRefusal;
    };

/** Content-Type and SOAPAction of a request. */
export const headersOf = (version: Version, action: string): Record<string, string> =>
  version === "1.1"
    ? { "content-type": "text/xml; charset=utf-8", soapaction: `"${action}"` }
    : { "content-type": `application/soap+xml; charset=utf-8; action="${action}"` };

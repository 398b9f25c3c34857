/** The model as XML Schema: one schema, elements qualified, without imports. */
import { escapeAttribute, escapeText } from "./escape.ts";
import type { ComplexType, Element, SoapMethod, ValueType } from "./model.ts";
import { answerName } from "./model.ts";

/** `<xs:annotation>`, or nothing. */
const annotation = (doc: string | undefined): string =>
  doc === undefined || doc === "" ? "" : `<xs:annotation><xs:documentation>${escapeText(doc)}</xs:documentation></xs:annotation>`;

const typeName = (type: ValueType): string =>
  type.name === undefined ? (type.kind === "simple" ? `xs:${type.base}` : "") : `tns:${type.name}`;

const elementText = (element: Element): string => {
  const { name, content, isOptional, isNillable, doc } = element;
  const bounds = `${isOptional ? ' minOccurs="0"' : ""}${content.kind === "repeated" ? ' maxOccurs="unbounded"' : ""}${isNillable ? ' nillable="true"' : ""}`;
  const notes = annotation(doc);
  if (content.kind === "wrapped") {
    const item = itemText(content.item);
    return `<xs:element name="${name}"${bounds}>${notes}<xs:complexType><xs:sequence>${item}</xs:sequence></xs:complexType></xs:element>`;
  }
  const head = `<xs:element name="${name}" type="${typeName(content.type)}"${bounds}`;
  return notes === "" ? `${head}/>` : `${head}>${notes}</xs:element>`;
};

/** Elements of a wrapped list. */
const itemText = (item: Element): string => {
  const { content, name, isNillable } = item;
  const nillable = isNillable ? ' nillable="true"' : "";
  if (content.kind !== "wrapped")
    return `<xs:element name="${name}" type="${typeName(content.type)}" minOccurs="0" maxOccurs="unbounded"${nillable}/>`;
  const inner = itemText(content.item);
  return `<xs:element name="${name}" minOccurs="0" maxOccurs="unbounded"${nillable}><xs:complexType><xs:sequence>${inner}</xs:sequence></xs:complexType></xs:element>`;
};

const sequence = (elements: readonly Element[]): string =>
  elements.length === 0
    ? "<xs:sequence/>"
    : `<xs:sequence>\n${elements.map((element) => `  ${elementText(element)}\n`).join("")}</xs:sequence>`;

const typeText = (type: ValueType): string => {
  if (type.kind === "complex")
    return `<xs:complexType name="${type.name}">${annotation(type.doc)}${sequence(type.elements)}</xs:complexType>\n`;
  const values = (type.values ?? []).map((value) => `<xs:enumeration value="${escapeAttribute(value)}"/>`).join("");
  return `<xs:simpleType name="${type.name ?? ""}">${annotation(type.doc)}<xs:restriction base="xs:${type.base}">${values}</xs:restriction></xs:simpleType>\n`;
};

const wrapperText = (name: string, elements: readonly Element[]): string =>
  `<xs:element name="${name}"><xs:complexType>${sequence(elements)}</xs:complexType></xs:element>\n`;

/** Types that the methods and the fault need, in the order of `types`. */
const neededTypes = (types: readonly ValueType[], methods: readonly SoapMethod[], fault: ComplexType): readonly ValueType[] => {
  // By name: what a definition names is one type, though it may stand for several objects.
  const names = new Set<string>();
  const add = (element: Element): void => {
    const { content } = element;
    if (content.kind === "wrapped") return add(content.item);
    addType(content.type);
  };
  const addType = (type: ValueType): void => {
    if (type.name === undefined || names.has(type.name)) return;
    names.add(type.name);
    if (type.kind === "complex") type.elements.forEach(add);
  };
  addType(fault);
  for (const { request, answer } of methods) for (const element of [...request, ...answer]) add(element);
  return types.filter(({ name }) => name !== undefined && names.has(name));
};

/** The schema of some methods of an interface. */
export const schemaText = (
  { namespace, types, fault }: { readonly namespace: string; readonly types: readonly ValueType[]; readonly fault: ComplexType },
  methods: readonly SoapMethod[],
): string => {
  const uri = escapeAttribute(namespace);
  return (
    `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="${uri}" targetNamespace="${uri}" elementFormDefault="qualified">\n` +
    methods.map((method) => wrapperText(method.name, method.request) + wrapperText(answerName(method), method.answer)).join("") +
    `<xs:element name="${fault.name}" type="tns:${fault.name}"/>\n` +
    neededTypes(types, methods, fault).map(typeText).join("") +
    "</xs:schema>\n"
  );
};

/**
 * From the data of an answer to elements, by the model. Compiled once per message and type: an answer runs through closures and joins texts.
 */
import { type ComplexType, type Element, escapeText, type SimpleType, type ValueType } from "../../contract/soap/index.ts";

/** Writes one value as one element, or as none. */
type Write = (value: unknown) => string;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textOf = (type: SimpleType): ((value: unknown) => string) =>
  type.isPlain ? (value) => type.write(value) : (value) => escapeText(type.write(value));

/** What is written where there is no value: nothing, nil, or what stands for it. */
const absentOf = ({ name, isNillable, isOptional, empty, value }: Element, whenNull: boolean): string => {
  if (value !== undefined) return textElement(name, value);
  if (whenNull && isNillable) return `<${name} xsi:nil="true"/>`;
  if (isOptional) return "";
  if (empty !== undefined) return textElement(name, empty);
  return isNillable ? `<${name} xsi:nil="true"/>` : `<${name}/>`;
};

const objects = new WeakMap<readonly Element[], (record: Readonly<Record<string, unknown>>) => string>();

/** Elements of an object. Types may hold each other: what is inside is compiled when it is first written. */
const compileElements = (elements: readonly Element[]): ((record: Readonly<Record<string, unknown>>) => string) => {
  const known = objects.get(elements);
  if (known !== undefined) return known;
  const keys = elements.map(({ key }) => key);
  let writes: readonly Write[] | undefined;
  const write = (record: Readonly<Record<string, unknown>>): string => {
    writes ??= elements.map(compileElement);
    let text = "";
    for (let at = 0; at < writes.length; at++) {
      const key = keys[at];
      text += (writes[at] as Write)(key === undefined ? undefined : record[key]);
    }
    return text;
  };
  objects.set(elements, write);
  return write;
};

/** One value of a type as an element; none where it is of the other kind: a reference and its row are under one name. */
const compileValue = (name: string, type: ValueType, otherwise: string): Write => {
  if (type.kind === "complex") {
    const write = compileComplex(type);
    return (value) => (isObject(value) ? `<${name}>${write(value)}</${name}>` : otherwise);
  }
  const text = textOf(type);
  if (type.isJson === true) return (value) => `<${name}>${text(value)}</${name}>`;
  return (value) => (typeof value === "object" ? otherwise : `<${name}>${text(value)}</${name}>`);
};

const compileComplex = (type: ComplexType): ((record: Readonly<Record<string, unknown>>) => string) =>
  compileElements(type.elements);

const compileItem = (item: Element): Write => {
  const { content, name } = item;
  const nil = `<${name} xsi:nil="true"/>`;
  const write = content.kind === "wrapped" ? compileWrapped(name, content.item) : compileValue(name, content.type, `<${name}/>`);
  return (value) => (value === null || value === undefined ? nil : write(value));
};

const compileWrapped = (name: string, item: Element): Write => {
  const write = compileItem(item);
  return (value) => {
    if (!Array.isArray(value)) return "";
    let text = "";
    for (const one of value) text += write(one);
    return text === "" ? `<${name}/>` : `<${name}>${text}</${name}>`;
  };
};

const compileRepeated = (element: Element, type: ValueType): Write => {
  const { name } = element;
  const write = compileValue(name, type, "");
  const nil = `<${name} xsi:nil="true"/>`;
  return (value) => {
    if (!Array.isArray(value)) return "";
    let text = "";
    for (const one of value) text += one === null || one === undefined ? nil : write(one);
    return text;
  };
};

/** A text as an element. */
export const textElement = (name: string, text: string): string => `<${name}>${escapeText(text)}</${name}>`;

/** One element of an object. */
export const compileElement = (element: Element): Write => {
  const { content, name } = element;
  const missing = absentOf(element, false);
  const none = absentOf(element, true);
  const write =
    content.kind === "wrapped"
      ? compileWrapped(name, content.item)
      : content.kind === "repeated"
        ? compileRepeated(element, content.type)
        : compileValue(name, content.type, missing);
  return (value) => (value === undefined ? missing : value === null ? none : write(value));
};

/** Compiles a message's writer: its elements, from the record that they are properties of. */
export const compileWriter = (elements: readonly Element[]): ((record: Readonly<Record<string, unknown>>) => string) =>
  compileElements(elements);

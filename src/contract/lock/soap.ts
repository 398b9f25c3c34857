/**
 * What the lock holds of a service over SOAP: what generated clients have compiled in. Names of the service, of its namespace and of every operation; and where
 * the definition gives the elements of a message or type, these, in their order, which is the order of a generated function's arguments.
 *
 *   "soap": { "name": "PushOrder", "input": [{ "name": "Number", "holds": "number", "type": "string" }, …], "inBand": ["too_heavy"] }
 */
import type { SoapElements } from "../../define/soap.ts";
import type { Contract, Operation } from "../contract.ts";
import { type Content, type Element, type MadeInterface, makeInterface, type SoapMethod, type ValueType } from "../soap/index.ts";

/** One element; what is absent is as a plain element has it. */
export interface LockedElement {
  readonly name: string;
  /** The field it holds; absent: none, but a value of its own. */
  readonly holds?: string;
  readonly type: string;
  readonly scale?: number;
  readonly list?: "repeated" | "wrapped";
  /** Of a wrapped list: the name of its elements. */
  readonly item?: string;
  readonly optional?: true;
  readonly nillable?: true;
  readonly empty?: string;
  readonly value?: string;
  /** `type`, `message` or `= false`. */
  readonly refused?: string;
}

export interface LockedMethod {
  readonly name: string;
  readonly input?: readonly LockedElement[];
  readonly output?: readonly LockedElement[];
  readonly inBand?: readonly string[];
}

export interface LockedSoap {
  readonly name: string;
  readonly namespace: string;
  readonly passwords: string;
  readonly offset?: string;
  /** Given types of objects, by name. */
  readonly types?: Readonly<Record<string, readonly LockedElement[]>>;
}

const typeText = (type: ValueType): string => (type.kind === "simple" ? (type.name ?? type.base) : type.name);

const typeIn = (content: Content): string => (content.kind === "wrapped" ? typeIn(content.item.content) : typeText(content.type));

const scaleOf = (given: SoapElements, name: string): number => {
  const found = given.find((one) => typeof one !== "string" && one.name === name);
  return typeof found === "object" ? (found.scale ?? 0) : 0;
};

const lockElement = (
  { name, key, content, isOptional, isNillable, empty, value, refused }: Element,
  scale: number,
): LockedElement => ({
  name,
  ...(key === undefined ? {} : { holds: key }),
  type: typeIn(content),
  ...(scale === 0 ? {} : { scale }),
  ...(content.kind === "single" ? {} : { list: content.kind }),
  ...(content.kind === "wrapped" ? { item: content.item.name } : {}),
  ...(isOptional ? { optional: true } : {}),
  ...(isNillable ? { nillable: true } : {}),
  ...(empty === undefined ? {} : { empty }),
  ...(value === undefined ? {} : { value }),
  ...(refused === undefined ? {} : { refused: typeof refused === "string" ? refused : `= ${String(refused.value)}` }),
});

const lockElements = (elements: readonly Element[], given: SoapElements): readonly LockedElement[] =>
  elements.map((element) => lockElement(element, scaleOf(given, element.name)));

const lockMethod = ({ name, request, answer, inBand }: SoapMethod, operation: Operation, newest: Contract): LockedMethod => {
  const { input, output } = newest.definition.soap?.operations?.[operation.name] ?? {};
  return {
    name,
    ...(input === undefined ? {} : { input: lockElements(request, input) }),
    ...(output === undefined ? {} : { output: lockElements(answer, output) }),
    ...(inBand.size === 0 ? {} : { inBand: [...inBand].toSorted() }),
  };
};

const lockTypes = ({ types }: MadeInterface, newest: Contract): LockedSoap["types"] => {
  const given = newest.definition.soap?.types ?? {};
  const found = types.flatMap((type) => {
    const elements = type.kind === "complex" && Object.hasOwn(given, type.name) ? given[type.name] : undefined;
    return type.kind === "complex" && elements !== undefined ? [[type.name, lockElements(type.elements, elements)] as const] : [];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

export interface LockedOverSoap {
  readonly service: LockedSoap;
  /** By the operation's name; those that are not offered are not there. */
  readonly methods: ReadonlyMap<string, LockedMethod>;
}

/** A version of a service over SOAP. */
export const lockSoap = (contract: Contract, newest: Contract): LockedOverSoap => {
  const made = makeInterface(contract, newest);
  const { offset } = newest.definition.soap ?? {};
  const types = lockTypes(made, newest);
  return {
    service: {
      name: made.name,
      namespace: made.namespace,
      passwords: made.passwords,
      ...(offset === undefined ? {} : { offset }),
      ...(types === undefined ? {} : { types }),
    },
    methods: new Map(
      [...made.methods.values()].map((method) => [method.operation.name, lockMethod(method, method.operation, newest)]),
    ),
  };
};

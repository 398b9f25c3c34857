/**
 * What a service is over SOAP: a model of its messages, from which the WSDL is written and by which messages are read and written. Pure data; made once
 * per version of a service.
 */
import type { SoapRefused, SoapType } from "../../define/soap.ts";
import type { Operation } from "../contract.ts";

/** A single value. */
export interface SimpleType {
  readonly kind: "simple";
  /** Type of XML Schema. */
  readonly base: SoapType;
  /** A type of our own that restricts `base`. */
  readonly name?: string;
  /** Its values, where they are listed. */
  readonly values?: readonly string[];
  readonly doc?: string;
  /** Text of JSON: read and written as the value it stands for. */
  readonly isJson?: true;
  /** What is written needs no escaping. */
  readonly isPlain: boolean;
  /** A text from the wire as the contract's readers of text take it; what is no such value comes back as it is, for them to refuse. */
  read(text: string): string;
  /** A value of the contract, JSON-ready, as the wire has it. */
  write(value: unknown): string;
}

/** An object. `elements` are known once the whole model is made, since types may hold each other. */
export interface ComplexType {
  readonly kind: "complex";
  readonly name: string;
  readonly doc?: string;
  readonly elements: readonly Element[];
}

export type ValueType = SimpleType | ComplexType;

/** One value; a list as elements of the same name; a list within one element. */
export type Content =
  | { readonly kind: "single"; readonly type: ValueType }
  | { readonly kind: "repeated"; readonly type: ValueType }
  | { readonly kind: "wrapped"; readonly item: Element };

/** An element of a message or type. */
export interface Element {
  readonly name: string;
  /** Property of the value that it holds; undefined: none, see `value`. */
  readonly key: string | undefined;
  readonly content: Content;
  /** Whether it may be left out. */
  readonly isOptional: boolean;
  readonly isNillable: boolean;
  readonly doc?: string;
  /** A list that has to be given: no element is the empty list. */
  readonly isNeeded?: true;
  /** Text that stands for null, where the element may be neither left out nor nil. */
  readonly empty?: string;
  /** An element without a property: its text. */
  readonly value?: string;
  readonly refused?: SoapRefused;
}

/** What the elements of an answer are taken from: the data itself, or one property that holds it. */
export type AnswerShape = "fields" | "row" | "rows" | "groups" | "count" | "value" | "document" | "none";

/** What a request's elements become. */
export type RequestShape = "list" | "filters" | "row" | "body";

export interface SoapMethod {
  readonly operation: Operation;
  /** `FreezeAccount`: the request's element; the answer's is `FreezeAccountResponse`. */
  readonly name: string;
  /** SOAPAction. */
  readonly action: string;
  readonly request: readonly Element[];
  readonly answer: readonly Element[];
  readonly requestShape: RequestShape;
  readonly answerShape: AnswerShape;
  /** Property of the request that names the row; undefined: it is about none. */
  readonly idKey: string | undefined;
  /** Its elements are given by the definition: they stand for the fields of the newest version, whatever the version. */
  readonly isGiven: boolean;
  readonly inBand: ReadonlySet<string>;
}

export interface SoapInterface {
  /** `Bank`. */
  readonly name: string;
  readonly doc: string;
  readonly namespace: string;
  /** By the name of the request's element. */
  readonly methods: ReadonlyMap<string, SoapMethod>;
  /** Name of the element in a fault's detail, and of its type. */
  readonly fault: ComplexType;
  readonly passwords: "overTls" | "anywhere" | "never";
}

/** The response's element. */
export const answerName = (method: Pick<SoapMethod, "name">): string => `${method.name}Response`;

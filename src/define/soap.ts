/**
 * How a service is spoken over SOAP. Nothing of it is needed: every operation has a name, elements and types that follow from its definition. It is
 * for services whose messages are given, such as by contractors' clients that exist already.
 *
 *   soap: {
 *     name: "Delivery", namespace: "http://delivery.example/", offer: "listed", lists: "repeated", valueTypes: "always",
 *     types: { Dimensions: [{ name: "Length", type: "float", scale: 4 }, { name: "Qty", field: "quantity", type: "int" }] },
 *     operations: {
 *       checkDimensions: {
 *         name: "CheckDimensions",
 *         input: [{ name: "DimensionsList", field: "goods", type: "Dimensions" }],
 *         output: [{ name: "return", field: "fits", refused: { value: false } }, { name: "Comment", field: "comment", refused: "message" }],
 *         inBand: ["too_heavy"],
 *       },
 *     },
 *   }
 *
 * A request is an element named as the operation; its answer is named `…Response`, and its first element is what a generated client returns, the
 * others its out parameters, in order. The definition is checked when it is compiled.
 */

/** Types of XML Schema that a single value may have on the wire. */
export const soapTypes = [
  "string",
  "anyURI",
  "boolean",
  "byte",
  "short",
  "int",
  "long",
  "integer",
  "decimal",
  "float",
  "double",
  "date",
  "dateTime",
  "duration",
  "base64Binary",
] as const;

export type SoapType = (typeof soapTypes)[number];

export type SoapValue = string | number | boolean;

/** What an element of an answer holds when a refusal is answered in band: its type (`too_heavy`), its message in the caller's language, or a value. */
export type SoapRefused = "type" | "message" | { readonly value: SoapValue };

/** One element of a message or of a type. */
export interface SoapElement {
  /** Its name: `OrderNumber`. */
  readonly name: string;
  /** The field it holds; absent: the one of that name, capitals aside (`OrderNumber` → `orderNumber`). `id` in a request on a row: the row. */
  readonly field?: string;
  /** A type of XML Schema, or one of the definition's `types` for objects and lists of them. Absent: as the field's kind has it. */
  readonly type?: string;
  /**
   * The field holds whole numbers of 1/10^scale: with 4, metres on the wire are tenths of a millimetre inside. Digits beyond are rounded half up where
   * the type is `float` or `double`, else refused.
   */
  readonly scale?: number;
  /** May be left out; absent: as the field may, but see `valueTypes`. */
  readonly optional?: boolean;
  /**
   * What stands for null where the element may not be left out; absent: 0, false, the first moment of the year 1. Null, in requests: nothing does, and
   * a zero is a zero.
   */
  readonly empty?: SoapValue | null;
  /** How a list is written; absent: as the service has it. */
  readonly list?: SoapLists;
  /** Name of the elements of a wrapped list; `item` when absent. */
  readonly item?: string;
  readonly doc?: string;
  /** Of an answer, without a field: what it holds when the call succeeded. */
  readonly value?: SoapValue;
  /** Of an answer: what it holds in place of its value when a refusal is answered in band. Absent: null, or what stands for it. */
  readonly refused?: SoapRefused;
}

/**
 * `wrapped`: `<tags><item>a</item><item>b</item></tags>`, which tells an empty list from none. `repeated`: `<tags>a</tags><tags>b</tags>`: an empty list
 * is no element.
 */
export type SoapLists = "wrapped" | "repeated";

/** In order. A text is the element of that name. */
export type SoapElements = readonly (string | SoapElement)[];

export interface SoapOperation {
  /** `CheckDimensions`; absent: `ListAccounts`, `GetAccount`, `FreezeAccount`, as follows from the operation. */
  readonly name?: string;
  /** Elements of the request: of operations that take fields or an id. Absent: the id, then the fields as defined. */
  readonly input?: SoapElements;
  /** Elements of the answer: of operations that answer fields or one row. Absent: the fields as defined, or one element with the row. */
  readonly output?: SoapElements;
  /** Refusals that are answered like a success, their elements as `refused` says; all others are faults. */
  readonly inBand?: readonly string[];
}

export interface SoapDefinition {
  /** Of the service, its port type and bindings; absent: the service's name with a capital. */
  readonly name?: string;
  /** Target namespace; `{version}` stands for the version's name. Absent: `urn:pons:{service}:{version}`. */
  readonly namespace?: string;
  /** `all` operations (the default), or only those `listed` in `operations`. */
  readonly offer?: "all" | "listed";
  /** Default `wrapped`. */
  readonly lists?: SoapLists;
  /**
   * `optional` (the default): an element of an optional field may be left out or nil, whatever its type. `always`: elements of numbers, booleans, dates and
   * moments are always there and never nil; `empty` stands for null.
   */
  readonly valueTypes?: "optional" | "always";
  /** What a date with a time but without an offset is taken for: `+00:00`. Absent: it is refused. */
  readonly offset?: string;
  /**
   * Where passwords in the message (WS-Security UsernameToken) are taken: `overTls` (the default; in development also from the same machine), `anywhere`,
   * `never`.
   */
  readonly passwords?: "overTls" | "anywhere" | "never";
  /** Types of objects, by name. */
  readonly types?: Readonly<Record<string, SoapElements>>;
  /** By the operations' names: `accounts.freeze`, `checkDimensions`, `orders.create`. */
  readonly operations?: Readonly<Record<string, SoapOperation>>;
}

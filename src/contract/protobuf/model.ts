/** Messages and enums of a package as data: what codec, descriptors and the .proto text are made from. */

/** How a value stands on the wire, and what it is in a contract. */
export type FieldType =
  | { readonly kind: "string" | "bool" | "int64" | "int32" | "bytes" }
  /** Whole numbers of any length: text on the wire; a number up to ±(2^53−1), or digits, in a contract. */
  | { readonly kind: "digits" }
  /** google.protobuf.Timestamp; RFC 3339 text in a contract. */
  | { readonly kind: "timestamp" }
  /** google.protobuf.Value and Struct; JSON in a contract. */
  | { readonly kind: "value" | "struct" }
  /** google.protobuf.FieldMask; a list of paths in camelCase in a contract. */
  | { readonly kind: "mask" }
  | { readonly kind: "enum"; readonly of: EnumModel }
  | { readonly kind: "message"; readonly of: MessageModel }
  /** A message of one field that stands for a list, or for an item that may be null: a contract sees only what is in it. */
  | { readonly kind: "wrapped"; readonly of: MessageModel };

export interface FieldModel {
  /** Key in a decoded message: the contract's name, or `$id` for what is no field of the contract. */
  readonly name: string;
  /** snake_case. */
  readonly protoName: string;
  readonly number: number;
  readonly type: FieldType;
  /** Whether zero, empty and false can be told from nothing. Messages always can. */
  readonly presence: "implicit" | "explicit" | "repeated";
  readonly doc: string;
  /** Of two or more, only one can be there. */
  readonly oneof?: string;
}

export interface MessageModel {
  readonly name: string;
  readonly fullName: string;
  readonly doc: string;
  readonly fields: FieldModel[];
  readonly messages: MessageModel[];
  readonly enums: EnumModel[];
  /** Numbers and names of what was removed. */
  readonly reserved: { readonly numbers: number[]; readonly names: string[] };
}

export interface EnumModel {
  readonly name: string;
  readonly fullName: string;
  readonly doc: string;
  /** All but the one of number 0, which is `…_UNSPECIFIED`. */
  readonly values: readonly { readonly value: string; readonly name: string; readonly number: number }[];
  readonly unspecified: string;
  readonly reserved: { readonly numbers: number[]; readonly names: string[] };
}

export interface MethodModel {
  readonly name: string;
  readonly operationName: string;
  readonly input: MessageModel;
  readonly output: MessageModel;
  readonly streaming: "none" | "server" | "both";
  readonly isQuery: boolean;
  readonly doc: string;
}

export interface PackageModel {
  readonly package: string;
  readonly service: string;
  readonly serviceDoc: string;
  readonly fileName: string;
  readonly doc: string;
  readonly isDeprecated: boolean;
  readonly methods: readonly MethodModel[];
  readonly messages: readonly MessageModel[];
}

/** Numbers of a message's fields that are no fields of the contract, behind all that the lock gives. */
export const ownNumbers = { included: 20_000, updateMask: 20_001 } as const;

/** A message without anything in it yet. */
export const emptyMessage = (name: string, scope: string, doc: string): MessageModel => ({
  name,
  fullName: scope === "" ? name : `${scope}.${name}`,
  doc,
  fields: [],
  messages: [],
  enums: [],
  reserved: { numbers: [], names: [] },
});

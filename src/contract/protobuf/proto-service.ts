/**
 * Protobuf of a contract: one service per version, with a method per operation, and messages that read and write the contract's own values.
 *
 * Messages are not protobuf objects. Decoded, a message has the contract's names and the values that other channels have (`{ name: "Ann", balance:
 * "9007199254740993", status: "active", createdAt: "2026-01-31T09:30:00.000Z" }`), so that nothing lies between the wire and a call.
 */
import type { Operation } from "../contract.ts";

/** A message as the contract has it: names in camelCase, JSON-ready values; null and undefined are left out on the wire. */
export type Message = Readonly<Record<string, unknown>>;

/** What is wrong with bytes or JSON that ought to be a message. Told to callers: `message` is English and names nothing of ours. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
  readonly reason: ProtobufFault;
  /** Where, as far as it is known: `filters.0.field`, or the number of an unknown field: `#20`. */
  readonly at: string | undefined;

  constructor(reason: ProtobufFault, message: string, at?: string) {
    super(message);
    this.reason = reason;
    this.at = at;
  }
}

export type ProtobufFault =
  | "truncated"
  | "malformed"
  | "invalid_utf8"
  | "unknown_field"
  | "unknown_enum_value"
  | "duplicate_oneof"
  | "wrong_type"
  | "out_of_range"
  | "too_deep"
  | "too_many"
  | "too_large";

export interface MessageType {
  /** In its package: `ListAccountsRequest`, `Account.Status`. */
  readonly name: string;
  /** `bank.v2.ListAccountsRequest`. */
  readonly fullName: string;
  /** Reads a message. Throws `ProtobufError`, and nothing else, for whatever it is given. Requests refuse unknown fields; answers skip them. */
  decode(bytes: Uint8Array): Record<string, unknown>;
  /**
   * Writes a message, in the order of its numbers. Names that it does not have are left out. `headroom`: so many zero bytes stand before it, for the
   * header of a frame. The bytes belong to the caller.
   */
  encode(value: Message, headroom?: number): Uint8Array;
  /** Reads the protobuf JSON form (snake_case or lowerCamelCase names). Throws `ProtobufError`. */
  fromJson(json: unknown): Record<string, unknown>;
  /** The protobuf JSON form: int64 as strings, enum values by name, lowerCamelCase names. */
  toJson(value: Message): Record<string, unknown>;
}

/**
 * How messages stand for an operation:
 *
 *   none     one request, one answer
 *   server   `Export…` of a list: one request, answers with some rows each, without page limit
 *   both     `…Stream` of a command: a request per item, an answer per item in order
 */
export type Streaming = "none" | "server" | "both";

export interface RpcMethod {
  /** `ListAccounts`. */
  readonly name: string;
  /** `/bank.v2.BankService/ListAccounts`. */
  readonly path: string;
  /** The newest version's operation: what calls carry. */
  readonly operation: Operation;
  /** The same as this version has it: its fields and relations. */
  readonly versioned: Operation;
  readonly input: MessageType;
  readonly output: MessageType;
  readonly streaming: Streaming;
  /** NO_SIDE_EFFECTS: a query; Connect takes it by GET. */
  readonly idempotent: boolean;
  readonly service: ProtoService;
}

export interface ProtoService {
  /** `bank.v2`. */
  readonly package: string;
  /** `BankService`. */
  readonly name: string;
  /** `bank.v2.BankService`. */
  readonly fullName: string;
  /** The version it is made for: `v2`. */
  readonly version: string;
  readonly methods: ReadonlyMap<string, RpcMethod>;
  /** The .proto. */
  readonly text: string;
  /** Where imports would look for it: `bank/v2/bank.proto`. */
  readonly fileName: string;
  /** Serialized FileDescriptorProtos, each after what it depends on, for reflection. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The same as one google.protobuf.FileDescriptorSet. */
  descriptorSet(): Uint8Array;
}

/**
 * The one refusal of everything that turns bytes into values: bodies of every format, their encoding and
 * their compression.
 *
 * Contract: a parser *returns* a FormatError, it never throws one to its caller. It is deliberately no `Error`:
 * a refusal is a value, and taking a stack trace for each bad body would cost more than parsing a good one.
 * `message` is for people, in English, holds no internals and none of the caller's data; `type` is stable.
 */

/** Stable machine-readable names of format refusals; documented on every operation that takes a body. */
export type FormatErrorType =
  | "invalid_json"
  | "invalid_xml"
  | "invalid_yaml"
  | "invalid_csv"
  | "invalid_ndjson"
  | "invalid_msgpack"
  /** Bytes that are not UTF-8, a byte order mark where none may be, an undecodable compressed body. */
  | "invalid_encoding"
  | "too_deep"
  | "duplicate_key"
  /** The key `__proto__`, refused in every format. */
  | "forbidden_key"
  /** A number that no double holds: 1e400, NaN, an integer that would be rounded. */
  | "number_out_of_range"
  | "too_large"
  | "unsupported_media_type"
  | "unsupported_charset"
  | "unsupported_encoding";

/** Where in the body: line and column count from 1, the offset in bytes from 0. */
export interface FormatErrorPosition {
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
}

/** A refused body. `status` is 400 (malformed), 413 (over a limit of size) or 415 (not a type we read). */
export class FormatError {
  readonly status: 400 | 413 | 415;
  readonly type: FormatErrorType;
  readonly message: string;
  readonly at: FormatErrorPosition | undefined;

  constructor(status: 400 | 413 | 415, type: FormatErrorType, message: string, at?: FormatErrorPosition) {
    this.status = status;
    this.type = type;
    this.message = message;
    this.at = at;
  }
}

/** Status codes of gRPC (grpc/doc/statuscodes.md), and how a status stands in trailers. */

export const codes = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

export interface Status {
  readonly code: number;
  /** For a person. */
  readonly message: string;
  /** A serialized google.rpc.Status. */
  readonly details?: Uint8Array;
}

/** Longer messages are cut: the whole stands in the details. */
const messageLengthMax = 1_000;
const plain = /^[\x20-\x24\x26-\x7e]*$/;

/** A message as `grpc-message` holds it: UTF-8, percent-encoded but for printable ASCII (PROTOCOL-HTTP2, Percent-Encoded). */
export const encodeMessage = (message: string): string => {
  const text = message.length > messageLengthMax ? `${message.slice(0, messageLengthMax).toWellFormed()}…` : message;
  if (plain.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
};

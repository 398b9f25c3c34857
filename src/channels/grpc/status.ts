/** How a call ended (grpc/doc/statuscodes.md), and how that stands in trailers. */

export interface Status {
  /** google.rpc.Code; 0: OK. */
  readonly code: number;
  /** For a person. */
  readonly message: string;
  /** A serialized google.rpc.Status. */
  readonly details?: Uint8Array;
}

export const ok: Status = Object.freeze({ code: 0, message: "" });

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

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

/** Most bytes of `grpc-message`: longer ones are cut, the whole stands in the details, and clients take 8 KB of metadata in all. */
const messageBytesMax = 1_200;
const plain = /^[\x20-\x24\x26-\x7e]*$/;
const ellipsis = "%E2%80%A6";

const encodeCharacter = (character: string): string => {
  if (plain.test(character)) return character;
  let encoded = "";
  for (const byte of Buffer.from(character)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return encoded;
};

/** A message as `grpc-message` holds it: UTF-8, percent-encoded but for printable ASCII (PROTOCOL-HTTP2, Percent-Encoded). */
export const encodeMessage = (message: string): string => {
  if (message.length <= messageBytesMax && plain.test(message)) return message;
  let encoded = "";
  for (const character of message) {
    const next = encodeCharacter(character);
    if (encoded.length + next.length > messageBytesMax) return encoded + ellipsis;
    encoded += next;
  }
  return encoded;
};

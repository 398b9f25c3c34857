/** Bounds of a message. */
const kib = 1024;

export const soapLimits = Object.freeze({
  /** A message, unpacked; files in base64 with it. */
  bodyBytesMax: 2 * kib * kib,
  /** Elements within one another, envelope included: more than any type is deep, but for what refers to itself. */
  depthMax: 64,
  /** Elements of one message. */
  nodesMax: 50_000,
  /** Header blocks of one message. */
  headerBlocksMax: 32,
  /** Namespace declarations and attributes of one element are bounded by the parser (64). A name of ours is no longer: */
  nameLengthMax: 200,
  /** A text in one of our header blocks. */
  headerTextLengthMax: 2_000,
});

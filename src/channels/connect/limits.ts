/** Every bound of the channel in one place, each with its reason. */
export const connectLimits = Object.freeze({
  /** A message, unpacked: what gRPC servers take by default. */
  messageBytesMax: 4 * 1024 * 1024,
  /** What it has beside its message: five bytes before it, and base64 in gRPC-Web text. */
  bodyBytesMax: Math.ceil(((4 * 1024 * 1024 + 64) * 4) / 3),
  /** The message of a GET stands in the address. */
  queryBytesMax: 16 * 1024,
  /** Items of a stream that were read and are not answered; beyond them nothing is read. */
  itemsInFlightMax: 64,
  /** A call that was not executed after this time is refused, whatever its own time limit says; of a stream, each item. */
  callMsMax: 30_000,
  /** Streams open at the same time, on a node. */
  streamsMax: 4_096,
  /** Answers shorter than this are sent as they are. */
  compressBytesMin: 1024,
  /** Levels and parts of a JSON body. */
  jsonDepthMax: 64,
  jsonPartsMax: 200_000,
});

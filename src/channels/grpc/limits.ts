/** Every bound of the gRPC listener in one place, each with its reason. A host may lower or raise them; none can be switched off. */
export interface GrpcLimits {
  /** A message that comes in, unpacked: what gRPC servers take by default. */
  readonly messageBytesMax: number;
  /** Metadata of a call, as HTTP/2 counts it (RFC 9113 section 10.5.1): holds the longest credentials and a trace beside them. */
  readonly metadataBytesMax: number;
  /** Connections at the same time; further ones are closed at once. */
  readonly connectionsMax: number;
  /** From one address: nobody takes all of them. */
  readonly connectionsPerAddressMax: number;
  /** Calls at the same time on one connection; also those that were cancelled and still run. */
  readonly streamsMax: number;
  /** What a client may send on a stream before it is read: its window. */
  readonly windowBytes: number;
  /** A call that was not executed after this time is refused, whatever its deadline says. */
  readonly callMsMax: number;
  /** From the connection to the client's settings; over TLS also for the handshake. */
  readonly handshakeMs: number;
  /** A connection without calls is closed after this time; its client opens another when it needs one. */
  readonly idleMs: number;
  /** A stream on which nothing moves: neither side sends, or the client does not read. */
  readonly stallMs: number;
  /** A bidirectional stream on which the client sends nothing. */
  readonly silenceMs: number;
  /** A connection from which nothing came is asked whether it is still there. */
  readonly keepaliveMs: number;
  /** Time for the answer to that. */
  readonly keepaliveAnswerMs: number;
  /** Pings of a client between answers it gets: so many at once, one more every `pingMs`; beyond them ENHANCE_YOUR_CALM. */
  readonly pingsMax: number;
  readonly pingMs: number;
  /** Calls that a client takes back: so many at once, one more every `resetMs` (CVE-2023-44487); beyond them ENHANCE_YOUR_CALM. */
  readonly resetsMax: number;
  readonly resetMs: number;
  /** Items of a bidirectional stream that were read and are not answered; beyond them nothing is read. */
  readonly itemsInFlightMax: number;
  /** The same for the bytes of their messages. */
  readonly itemBytesInFlightMax: number;
  /** A connection is drained when it is so old, so that calls spread over new nodes; 0: never. */
  readonly connectionAgeMs: number;
  /** Time for the calls of a connection that is too old. */
  readonly connectionGraceMs: number;
}

export const grpcLimits: GrpcLimits = Object.freeze({
  messageBytesMax: 4 * 1024 * 1024,
  metadataBytesMax: 16 * 1024,
  connectionsMax: 4_096,
  connectionsPerAddressMax: 1_024,
  streamsMax: 100,
  windowBytes: 64 * 1024,
  callMsMax: 30_000,
  handshakeMs: 10_000,
  idleMs: 5 * 60_000,
  stallMs: 60_000,
  silenceMs: 10 * 60_000,
  keepaliveMs: 60_000,
  keepaliveAnswerMs: 20_000,
  pingsMax: 10,
  pingMs: 5_000,
  resetsMax: 400,
  resetMs: 10,
  itemsInFlightMax: 512,
  itemBytesInFlightMax: 1024 * 1024,
  connectionAgeMs: 0,
  connectionGraceMs: 30_000,
});

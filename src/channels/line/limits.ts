/** Every bound of the line protocol in one place, each with its reason. */
export interface LineLimits {
  /** Bytes of a line from somebody who has shown no credentials: enough for these, and for a short request. */
  readonly strangerLineBytesMax: number;
  /** Bytes of a line. */
  readonly lineBytesMax: number;
  /** Pairs of a line: a list is as many as it has items. */
  readonly pairsMax: number;
  /** Characters of a title with its steps, and steps within one another. */
  readonly titleLengthMax: number;
  readonly stepsMax: number;
  /** Greatest position in a list. */
  readonly positionMax: number;
  /** Characters of a tag. */
  readonly tagLengthMax: number;
  /** Parentheses within one another, in `@Include` and `@Filters`. */
  readonly nestingMax: number;
  /** Requests of one connection that run at one time; those behind them wait, in order. */
  readonly runningMax: number;
  /** Requests that wait, and bytes of their lines; beyond them nothing more is read. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  /** Bytes of answers that are not sent because the other side does not read; beyond them nothing more is run. */
  readonly unsentBytesMax: number;
  /** How long the other side may read nothing of what waits for it. */
  readonly unreadMsMax: number;
  /** How long it may take until the first request with credentials, or that needs none. */
  readonly strangerMsMax: number;
  /** How long one line may take to arrive. */
  readonly lineMsMax: number;
  /** How long a connection may be silent. */
  readonly idleMsMax: number;
  /** A call that was not executed after this time is refused. */
  readonly callMsMax: number;
  /** Wrong credentials on one connection. */
  readonly failuresMax: number;
  /** Lines in a row that cannot be read at all. */
  readonly garbledMax: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** How often times are looked at. */
  readonly tickMs: number;
}

export const lineLimits: LineLimits = Object.freeze({
  strangerLineBytesMax: 8_192,
  lineBytesMax: 262_144,
  pairsMax: 5_000,
  titleLengthMax: 200,
  stepsMax: 16,
  positionMax: 1_000,
  tagLengthMax: 64,
  nestingMax: 4,
  runningMax: 32,
  waitingMax: 128,
  waitingBytesMax: 512 * 1024,
  unsentBytesMax: 1024 * 1024,
  unreadMsMax: 30_000,
  strangerMsMax: 15_000,
  lineMsMax: 30_000,
  idleMsMax: 300_000,
  callMsMax: 30_000,
  failuresMax: 3,
  garbledMax: 10,
  connectionsMax: 2_000,
  connectionsPerAddressMax: 200,
  tickMs: 500,
});

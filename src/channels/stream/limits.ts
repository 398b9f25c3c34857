/** Every bound of the stream channel in one place, each with its reason. Tests lower some; none can be switched off. */
export interface StreamLimits {
  /** WebSockets and event streams of this process: beyond them 503. A quiet one costs a few kilobytes. */
  readonly connectionsMax: number;
  /** Of one credential, so that nobody takes all; beyond them 429. */
  readonly connectionsPerCallerMax: number;
  /** Of one address that has shown no credentials yet. */
  readonly connectionsPerStrangerMax: number;
  /** How long a WebSocket may show no credentials, in milliseconds. */
  readonly authenticateMs: number;
  /** Between two ticks, in milliseconds: each asks whether callers may still call, and looks for the dead and the slow. */
  readonly tickMs: number;
  /** Silence after which a sign of life is sent, in milliseconds: proxies cut what is silent for 30 to 60 s. */
  readonly heartbeatMs: number;
  /** Silence after a ping that was not answered; then the other side counts as gone. */
  readonly deadMs: number;
  /** Bytes of one message, as text; the listener refuses larger ones unread (1009). */
  readonly messageBytesMax: number;
  /** Containers within one another, and all of them, in one message. */
  readonly messageDepthMax: number;
  readonly messageNodesMax: number;
  /** Messages of one WebSocket in a second: reading costs something even where the answer is a no. Beyond them it is closed (4429). */
  readonly messagesPerSecondMax: number;
  /** Calls of one WebSocket that run at the same time; the next ones wait. */
  readonly runningMax: number;
  /** Calls that wait, and their bytes; beyond them a call is refused (429) at once. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  /** Subscriptions of one WebSocket. */
  readonly subscriptionsMax: number;
  /** Calls of one batch. */
  readonly batchItemsMax: number;
  /** Bytes that wait for a reader before nothing more is made for him: no call is begun, no event is read. */
  readonly bufferedBytesMax: number;
  /** How long so much may wait, in milliseconds; then he counts as too slow, and is cut. */
  readonly slowMs: number;
  /** How long the last words of an event stream may wait to be read before its connection is cut. */
  readonly lastWordsSeconds: number;
  /** Bytes of one answer: the listener would drop what is larger than its own buffer. */
  readonly answerBytesMax: number;
  /** A call that was not executed after this time is refused (504), in milliseconds. */
  readonly callMsMax: number;
  /** What event streams tell their readers to wait before they come again, in milliseconds. */
  readonly retryMs: number;
  /** Query string of an event stream, in characters; its parameters. */
  readonly queryLengthMax: number;
  readonly parametersMax: number;
  /** Parentheses and lists within one another in `include` and `filters` of a list. */
  readonly nestingMax: number;
}

export const streamLimits: StreamLimits = Object.freeze({
  connectionsMax: 50_000,
  connectionsPerCallerMax: 2_500,
  connectionsPerStrangerMax: 100,
  authenticateMs: 5_000,
  tickMs: 500,
  heartbeatMs: 15_000,
  deadMs: 15_000,
  messageBytesMax: 1024 * 1024,
  messageDepthMax: 64,
  messageNodesMax: 50_000,
  messagesPerSecondMax: 50_000,
  runningMax: 64,
  waitingMax: 1_024,
  waitingBytesMax: 2 * 1024 * 1024,
  subscriptionsMax: 100,
  batchItemsMax: 1_000,
  bufferedBytesMax: 256 * 1024,
  slowMs: 10_000,
  lastWordsSeconds: 4,
  answerBytesMax: 8 * 1024 * 1024,
  callMsMax: 30_000,
  retryMs: 1_000,
  queryLengthMax: 8_192,
  parametersMax: 100,
  nestingMax: 4,
});

/** Every bound of the channel for agents in one place, each with its reason. */
export interface McpLimits {
  /** Body of one message. */
  readonly bodyBytesMax: number;
  /** Objects and lists within one another, and how many of them: as in bodies over REST, though a message is one call. */
  readonly depthMax: number;
  readonly nodesMax: number;
  /** Characters of an id of a request, which comes back in its answer. */
  readonly idLengthMax: number;
  /** Members of one query, and parentheses within one another in its includes. */
  readonly parametersMax: number;
  readonly nestingMax: number;
  /** Tools in one answer: more than most services have, since many clients ask for the first page only. */
  readonly toolsPerPage: number;
  /** For how long a client may keep the list of its tools. What it may call is judged at every call. */
  readonly toolsTtlMs: number;
  /** For how long it may keep what does not depend on the caller. */
  readonly discoverTtlMs: number;
  /** Rows of a list whose size is not asked for: a model reads all of them. */
  readonly rowsDefault: number;
  /** For how long a confirmation holds. */
  readonly confirmMs: number;
  /** How long a question waits for the person at the other end; after it the model is told to ask by itself. */
  readonly questionMs: number;
  /** Between two signs of life while a question waits: below the idle time of the listener and of proxies. */
  readonly heartbeatMs: number;
  /** Questions that wait at one time, in all and of one caller. */
  readonly questionsMax: number;
  readonly questionsPerCallerMax: number;
  /** Lines and characters of what is shown before it is confirmed. */
  readonly shownLinesMax: number;
  readonly shownLengthMax: number;
  /** Characters of one value of them. */
  readonly shownValueMax: number;
  /** A call that is made after a question has this much time, as one that is made at once. */
  readonly callMsMax: number;
}

export const mcpLimits: McpLimits = Object.freeze({
  bodyBytesMax: 1024 * 1024,
  depthMax: 64,
  nodesMax: 20_000,
  idLengthMax: 256,
  parametersMax: 100,
  nestingMax: 4,
  toolsPerPage: 250,
  toolsTtlMs: 60_000,
  discoverTtlMs: 3_600_000,
  rowsDefault: 20,
  confirmMs: 5 * 60_000,
  questionMs: 5 * 60_000,
  heartbeatMs: 15_000,
  questionsMax: 1_000,
  questionsPerCallerMax: 10,
  shownLinesMax: 40,
  shownLengthMax: 4_000,
  shownValueMax: 200,
  callMsMax: 30_000,
});

/** Every bound of the REST channel in one place, each with its reason. A host may lower or raise them; none can be switched off. */
export interface RestLimits {
  /** Path of an address, in characters: longer than any that exists; beyond it 414. */
  readonly pathLengthMax: number;
  /** Query string, in characters; beyond it 414. */
  readonly queryLengthMax: number;
  /** Parameters of one query string. */
  readonly parametersMax: number;
  /** Parentheses and lists within one another in `include` and `filters`. */
  readonly nestingMax: number;
  /** Body of a call on one thing, decompressed. */
  readonly bodyBytesMax: number;
  /** Body of a call that may be a batch, decompressed. */
  readonly batchBytesMax: number;
  readonly batchItemsMax: number;
  /** Operations of one JSON Patch document. */
  readonly patchOperationsMax: number;
  /** A call that was not executed after this time is refused (504). */
  readonly callMsMax: number;
  /** Answers below are not compressed: the header would eat what is gained. */
  readonly compressBytesMin: number;
  /** Jobs of `Prefer: respond-async`: beyond them a call is answered when it is done, as without the preference. */
  readonly jobsMax: number;
  readonly jobsPerCallerMax: number;
  /** How long the outcome of a finished job can be fetched. */
  readonly jobMsMax: number;
  /** Memory for outcomes of finished jobs; the oldest go first. */
  readonly jobBytesMax: number;
}

export const restLimits: RestLimits = Object.freeze({
  pathLengthMax: 2048,
  queryLengthMax: 8192,
  parametersMax: 100,
  nestingMax: 4,
  bodyBytesMax: 1024 * 1024,
  batchBytesMax: 16 * 1024 * 1024,
  batchItemsMax: 1000,
  patchOperationsMax: 1000,
  callMsMax: 30_000,
  compressBytesMin: 1024,
  jobsMax: 1000,
  jobsPerCallerMax: 50,
  jobMsMax: 10 * 60_000,
  jobBytesMax: 64 * 1024 * 1024,
});

/** Every bound of the GraphQL channel in one place, each with its reason. */

export const graphqlLimits = Object.freeze({
  /** Body of a request, unpacked: as on REST. */
  bodyBytesMax: 1024 * 1024,
  /** Tokens of a document. Introspection by the usual tools takes 700. */
  tokensMax: 5_000,
  /** Nested selection sets of an operation, fragments spread. Introspection by the usual tools takes 15; a list within a list costs 3. */
  depthMax: 20,
  /** Selected fields of an operation, fragments spread as often as they stand there. */
  fieldsMax: 2_000,
  /** Pairs of fields of the same name within one selection: validation compares each with each. Twenty fragments that all select an id make 190. */
  overlapsMax: 5_000,
  /** Fields of an operation's root: each is a call. */
  rootFieldsMax: 20,
  /** Aliases of a document. */
  aliasesMax: 100,
  /** Directives of a document. */
  directivesMax: 100,
  /** Fragments of a document. */
  fragmentsMax: 100,
  /** Rows that an operation may come to, if every page were full. */
  costMax: 25_000,
  /** Errors that are told of a document, and of an answer. */
  errorsMax: 100,
  /** Documents that are kept parsed and validated, per schema; longer texts are not kept. */
  documentsMax: 1_000,
  documentLengthMax: 16 * 1024,
  /** Plans kept per document: one for each operation and each outcome of its `@skip` and `@include`. */
  plansMax: 16,
  /** Length of an operation's name, which is a key of that cache. */
  nameLengthMax: 255,
  /** A call that was not executed after this time is refused: for what comes over connections that stay open. */
  callMsMax: 30_000,
  /** Connections that stay open, for one caller and in all. */
  streamsPerCallerMax: 100,
  streamsMax: 10_000,
  /** Operations under way on one WebSocket. */
  operationsPerSocketMax: 100,
  /** Bytes of one message of a WebSocket. */
  messageBytesMax: 1024 * 1024,
  /** For how long a WebSocket may wait with `connection_init`. */
  initMsMax: 5_000,
  /** How often an open stream says that it is still there. */
  heartbeatMs: 12_000,
  /** Bytes that may wait for a consumer who does not read; for how long. */
  bufferedBytesMax: 1024 * 1024,
  slowMsMax: 15_000,
});

export type GraphqlLimits = typeof graphqlLimits;

/** The ratios to reach, as data. That of the query of three levels is in graphql/measure.ts. */

/** Calls per CPU second of a unary call that does nothing, by those of an empty handler. */
export const unaryTarget = { over: "pons-ping", under: "grpc-js", atLeast: 0.7 } as const;
/** The most memory of the server in the second half of an export, by that in the first one. A heap goes up and down by a fifth; rows that were kept would double it. */
export const flatTarget = { atMost: 1.25 } as const;

/** What connections that stay open have in common, over WebSockets and as event streams: who they are, how many they may be, and how they are looked after. */
import type { ChannelParts } from "../http/index.ts";
import { type StreamLimits, streamLimits } from "../stream/limits.ts";
import { Roster } from "../stream/roster.ts";
import { graphqlLimits } from "./limits.ts";

/** The bounds of the stream channel, but for the number of connections: a subscription in GraphQL costs more. */
export const openLimits: StreamLimits = Object.freeze({
  ...streamLimits,
  connectionsMax: graphqlLimits.streamsMax,
  connectionsPerCallerMax: graphqlLimits.streamsPerCallerMax,
  heartbeatMs: graphqlLimits.heartbeatMs,
  bufferedBytesMax: graphqlLimits.bufferedBytesMax,
  slowMs: graphqlLimits.slowMsMax,
});

/** All open connections of the channel; each caller is asked for again twice a second. */
export const rosterOf = (parts: ChannelParts, limits: StreamLimits): Roster =>
  new Roster({
    limits,
    ask: (question) => parts.pipeline.identify(question),
    onError: (error) => parts.onError(error, { requestId: "", channel: "graphql" }),
  });

/**
 * The gRPC channel: every operation of every version of every service, on a port of its own.
 *
 *   connection ─► stream ─► dispatch ─► unary | export | items ─► Call ─► pipeline
 *   limits, pings   metadata,  which       messages in, answers out, by src/channels/rpc
 *   drain           messages   method
 *
 * Beside the services: health (grpc.health.v1) and reflection (v1, v1alpha).
 */
import type { ChannelParts } from "../http/index.ts";
import type { Channel } from "./channel.ts";
import { type GrpcLimits, grpcLimits } from "./limits.ts";
import { Listener, type Tls } from "./listener.ts";
import { within } from "./within.ts";

export { type GrpcLimits, grpcLimits } from "./limits.ts";

export interface GrpcOptions {
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** PEM texts. With `ca`, certificates of clients are asked for, and are credentials. */
  readonly tls?: Tls;
  readonly parts: ChannelParts;
  readonly limits?: Partial<GrpcLimits>;
}

export interface GrpcListening {
  readonly port: number;
  /** Connections open now. */
  connections(): number;
  /** Takes no more calls, lets those under way be answered, `withinMs` at most. Returns whether all were. */
  stop(options: { readonly withinMs: number }): Promise<boolean>;
}

/** So long calls that were cut off may take to end. */
const idleMs = 1_000;

/** Starts listening. Rejects with the system's error (`code`: `EADDRINUSE`) when the port cannot be had. */
export const listenGrpc = async ({ host, port, tls, parts, limits: changed }: GrpcOptions): Promise<GrpcListening> => {
  const limits = { ...grpcLimits, ...changed };
  let channel: Channel | undefined;
  const listener = await Listener.listen({
    host,
    port,
    tls,
    limits,
    onError: (error) => parts.onError(error, { requestId: "", channel: "grpc" }),
    async load() {
      const { createChannel } = await import("./channel.ts");
      channel = createChannel(parts, limits);
      return channel.speak;
    },
  });
  return {
    port: listener.port,
    connections: () => listener.connections,
    async stop(options) {
      channel?.health.set(false);
      const isWhole = await listener.stop(options);
      // What was cut off reads from the database a moment longer.
      if (channel !== undefined) await within(channel.idle(), idleMs);
      return isWhole;
    },
  };
};

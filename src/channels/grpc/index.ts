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
import { fileDescriptor, healthFile, reflectionFile } from "./descriptors.ts";
import { createDispatch, type Helper } from "./dispatch.ts";
import { Handling } from "./handling.ts";
import { Health, healthService } from "./health.ts";
import { type GrpcLimits, grpcLimits } from "./limits.ts";
import { Listener, type Tls } from "./listener.ts";
import { Reflection, reflectionServices } from "./reflection.ts";
import { serve } from "./served.ts";
import { Symbols } from "./symbols.ts";

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

/** Starts listening. Rejects with the system's error (`code`: `EADDRINUSE`) when the port cannot be had. */
export const listenGrpc = async ({ host, port, tls, parts, limits: changed }: GrpcOptions): Promise<GrpcListening> => {
  const limits = { ...grpcLimits, ...changed };
  const { methods, services } = serve(parts);
  const health = new Health([...services.map(({ fullName }) => fullName), healthService, ...reflectionServices]);
  const own = [fileDescriptor(healthFile), fileDescriptor(reflectionFile("v1")), fileDescriptor(reflectionFile("v1alpha"))];
  let symbols: Symbols | undefined;
  const reflection = new Reflection({
    handling: new Handling(parts, limits),
    services: [...services.map(({ fullName }) => fullName), healthService, ...reflectionServices],
    symbols: () => (symbols ??= new Symbols([...own, ...services.flatMap(({ files }) => [...files.values()])])),
  });
  const reflect: Helper = { isOpenEnded: true, answer: (stream, connection) => reflection.answer(stream, connection) };
  const helpers = new Map<string, Helper>([
    [`/${healthService}/Check`, { isOpenEnded: false, answer: (stream) => health.check(stream) }],
    [`/${healthService}/List`, { isOpenEnded: false, answer: (stream) => health.list(stream) }],
    [`/${healthService}/Watch`, { isOpenEnded: true, answer: (stream) => health.watch(stream) }],
    ...reflectionServices.map((name) => [`/${name}/ServerReflectionInfo`, reflect] as const),
  ]);
  const listener = await Listener.listen({
    host,
    port,
    tls,
    limits,
    onStream: createDispatch({ parts, limits, methods, helpers }),
  });
  return {
    port: listener.port,
    connections: () => listener.connections,
    stop(options) {
      health.set(false);
      return listener.stop(options);
    },
  };
};

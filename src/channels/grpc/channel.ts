/** What speaks gRPC on a connection: the HTTP/2 layer below, health, reflection and the methods of all services above. */
import { performServerHandshake } from "node:http2";
import type { ChannelParts } from "../http/index.ts";
import { Connection } from "./connection.ts";
import { fileDescriptor, healthFile, reflectionFile } from "./descriptors.ts";
import { createDispatch, type Helper } from "./dispatch.ts";
import { Handling } from "./handling.ts";
import { Health, healthService } from "./health.ts";
import type { GrpcLimits } from "./limits.ts";
import type { Speak } from "./listener.ts";
import { Reflection, reflectionServices } from "./reflection.ts";
import { serve } from "./served.ts";
import { Symbols } from "./symbols.ts";

export interface Channel {
  readonly health: Health;
  readonly speak: Speak;
}

/** Compiles the tables. */
export const createChannel = (parts: ChannelParts, limits: GrpcLimits): Channel => {
  const { methods, services } = serve(parts);
  const names = [...services.map(({ fullName }) => fullName), healthService, ...reflectionServices];
  const health = new Health(names);
  const own = [fileDescriptor(healthFile), fileDescriptor(reflectionFile("v1")), fileDescriptor(reflectionFile("v1alpha"))];
  let symbols: Symbols | undefined;
  const reflection = new Reflection({
    handling: new Handling(parts, limits),
    services: names,
    symbols: () => (symbols ??= new Symbols([...own, ...services.flatMap(({ files }) => [...files.values()])])),
  });
  const reflect: Helper = { isOpenEnded: true, answer: (stream, connection) => reflection.answer(stream, connection) };
  const helpers = new Map<string, Helper>([
    [`/${healthService}/Check`, { isOpenEnded: false, answer: (stream) => health.check(stream) }],
    [`/${healthService}/List`, { isOpenEnded: false, answer: (stream) => health.list(stream) }],
    [`/${healthService}/Watch`, { isOpenEnded: true, answer: (stream) => health.watch(stream) }],
    ...reflectionServices.map((name) => [`/${name}/ServerReflectionInfo`, reflect] as const),
  ]);
  const onStream = createDispatch({ parts, limits, methods, helpers });
  const options = {
    // Bun counts what waits to be sent against it, and ends the session beyond.
    maxSessionMemory: 1_000,
    settings: {
      maxConcurrentStreams: limits.streamsMax,
      maxHeaderListSize: limits.metadataBytesMax,
      initialWindowSize: limits.windowBytes,
      enablePush: false,
    },
  };
  return {
    health,
    speak: (socket, peer, onClose) =>
      new Connection(performServerHandshake(socket, options), peer, limits, { onStream, onClose }),
  };
};

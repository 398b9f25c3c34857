/** What speaks gRPC on a connection: health, reflection and the methods of all services. */
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
  /** Resolves when nothing is under way any more, also of calls whose connections are over. */
  idle(): Promise<void>;
  readonly speak: Speak;
}

/** Compiles the tables. */
export const createChannel = (parts: ChannelParts, limits: GrpcLimits): Channel => {
  const handling = new Handling(parts, limits);
  const { methods, services } = serve(parts);
  const names = [...services.map(({ fullName }) => fullName), healthService, ...reflectionServices];
  const health = new Health(names);
  const own = [fileDescriptor(healthFile), fileDescriptor(reflectionFile("v1")), fileDescriptor(reflectionFile("v1alpha"))];
  let symbols: Symbols | undefined;
  const reflection = new Reflection({
    handling,
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
  const onStream = createDispatch({ handling, methods, helpers });
  const onError = (error: unknown): void => parts.onError(error, { requestId: "", channel: "grpc" });
  return {
    health,
    idle: () => handling.idle(),
    speak: (socket, peer, onClose) => new Connection(socket, peer, limits, { onStream, onClose, onError }),
  };
};

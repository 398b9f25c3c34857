/** The listener without services: what is about connections and frames alone needs no database. */
import { type GrpcLimits, type GrpcListening, type GrpcOptions, listenGrpc } from "../../src/channels/grpc/index.ts";
import { type ChannelParts, LanguageChooser, RequestIds } from "../../src/channels/http/index.ts";
import type { Pipeline } from "../../src/pipeline/pipeline.ts";

export interface Bare extends GrpcListening, AsyncDisposable {
  readonly errors: unknown[];
}

export const listenBare = async (
  limits: Partial<GrpcLimits> = {},
  more: Partial<Pick<GrpcOptions, "tls">> = {},
): Promise<Bare> => {
  const errors: unknown[] = [];
  const parts: ChannelParts = {
    contracts: new Map(),
    pipeline: {} as Pipeline,
    publicOrigin: undefined,
    mode: "development",
    numbersOf: () => ({}),
    onError: (error) => void errors.push(error),
    allowsOrigin: () => false,
    secretOf: () => new Uint8Array(32),
    languages: new LanguageChooser({ available: ["en"], fallback: "en" }),
    requestIds: new RequestIds(),
    now: Date.now,
  };
  const listening = await listenGrpc({ host: "127.0.0.1", port: 0, parts, limits, ...more });
  return {
    ...listening,
    errors,
    [Symbol.asyncDispose]: async () => void (await listening.stop({ withinMs: 0 })),
  };
};

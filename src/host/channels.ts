/**
 * The channels beside REST, each loaded when it is first called: a server need not wait for protocols that nobody speaks. What is known of a channel
 * without its code is here: its segment below a service version, and its methods.
 */
import { connectVersionOf } from "../channels/connect/version-of.ts";
import { type ChannelParts, type HttpChannel, RequestIds, type RootChannel } from "../channels/http/index.ts";
import { languagesOf } from "../channels/rest/index.ts";
import type { Logger } from "../observe/logger.ts";
import type { Booted } from "./boot.ts";
import type { Config } from "./config.ts";
import type { LoadedService } from "./load-services.ts";
import { numbersOf } from "./lock.ts";

interface Mounted {
  readonly name: string;
  readonly segment: string;
  readonly methods: readonly string[];
  readonly bodyBytesMax: number;
  load(parts: ChannelParts): Promise<HttpChannel>;
}

const mounted: readonly Mounted[] = [
  {
    name: "graphql",
    segment: "graphql",
    methods: ["GET", "HEAD", "POST"],
    bodyBytesMax: 1024 * 1024,
    load: async (parts) => (await import("../channels/graphql/index.ts")).createGraphql(parts),
  },
  {
    name: "soap",
    segment: "soap",
    methods: ["GET", "HEAD", "POST"],
    bodyBytesMax: 2 * 1024 * 1024,
    load: async (parts) => (await import("../channels/soap/index.ts")).createSoap(parts),
  },
  {
    name: "stream",
    segment: "stream",
    methods: ["GET"],
    bodyBytesMax: 0,
    load: async (parts) => (await import("../channels/stream/index.ts")).createStream(parts),
  },
  {
    name: "mcp",
    segment: "mcp",
    methods: ["POST"],
    bodyBytesMax: 1024 * 1024,
    load: async (parts) => (await import("../channels/mcp/index.ts")).createMcp(parts),
  },
];

/** The channel at the root: Connect and gRPC-Web. */
const atRoot: Omit<Mounted, "segment"> = {
  name: "connect",
  methods: ["GET", "HEAD", "POST"],
  // 4 MiB in base64, as gRPC-Web may send it.
  bodyBytesMax: 6 * 1024 * 1024,
  load: async (parts) => (await import("../channels/connect/index.ts")).createConnect(parts),
};

/** A channel that loads itself. */
class Lazy implements HttpChannel {
  readonly name: string;
  readonly methods: readonly string[];
  readonly bodyBytesMax: number;
  readonly #load: () => Promise<HttpChannel>;
  #channel: HttpChannel | undefined;
  #loading: Promise<HttpChannel> | undefined;

  constructor({ name, methods, bodyBytesMax, load }: Omit<Mounted, "segment">, parts: ChannelParts) {
    this.name = name;
    this.methods = methods;
    this.bodyBytesMax = bodyBytesMax;
    this.#load = () => load(parts);
  }

  handle(...given: Parameters<HttpChannel["handle"]>): Response | Promise<Response> {
    return this.#channel?.handle(...given) ?? this.#loaded().then((channel) => channel.handle(...given));
  }

  refuse(...given: Parameters<HttpChannel["refuse"]>): Response | Promise<Response> {
    return this.#channel?.refuse(...given) ?? this.#loaded().then((channel) => channel.refuse(...given));
  }

  async close(): Promise<void> {
    const channel = this.#channel ?? (await this.#loading);
    await channel?.close?.();
  }

  async #loaded(): Promise<HttpChannel> {
    this.#loading ??= this.#load();
    try {
      return (this.#channel = await this.#loading);
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }
}

class LazyRoot extends Lazy implements RootChannel {
  readonly versionOf: RootChannel["versionOf"];

  constructor(mounted: Omit<Mounted, "segment">, parts: ChannelParts) {
    super(mounted, parts);
    this.versionOf = connectVersionOf(parts.contracts);
  }
}

export interface Channels {
  readonly parts: ChannelParts;
  readonly bySegment: ReadonlyMap<string, HttpChannel>;
  readonly root: RootChannel | undefined;
  /** Open streams are told and ended. */
  close(): Promise<void>;
}

/** What of a server its channels are made of. */
export interface ChannelsOf {
  readonly app: Pick<Booted["app"], "contracts" | "pipeline" | "managed" | "secrets">;
  readonly config: Pick<Config, "publicUrl" | "mode">;
  readonly services: readonly LoadedService[];
}

/** Makes the channels of a server. */
export const createChannels = ({ app, config, services }: ChannelsOf, { logger }: { readonly logger: Logger }): Channels => {
  const { contracts, pipeline } = app;
  const parts: ChannelParts = {
    contracts,
    pipeline,
    publicOrigin: config.publicUrl,
    mode: config.mode,
    numbersOf: numbersOf(services),
    onError: (error, at) => logger.error("request_failed", { ...at, error }),
    allowsOrigin: (origin) => (app.managed?.origins?.preflight(origin, []).length ?? 0) > 0,
    secretOf: (label) => app.secrets.bytes(label),
    languages: languagesOf([...contracts.values()]),
    requestIds: new RequestIds(),
    now: Date.now,
  };
  const bySegment = new Map(mounted.map((channel) => [channel.segment, new Lazy(channel, parts)]));
  const root = new LazyRoot(atRoot, parts);
  return {
    parts,
    bySegment,
    root,
    async close() {
      await Promise.all([root, ...bySegment.values()].map((channel) => channel.close()));
    },
  };
};

/**
 * Listeners of protocols that do not speak HTTP as the main one does: gRPC, which needs trailers, and the line protocol. Each on a port of its own, on the same
 * address and with the same certificate.
 */
import type { ChannelParts } from "../channels/http/index.ts";
import type { Logger } from "../observe/logger.ts";
import type { Config } from "./config.ts";
import { refusedPort } from "./refused-port.ts";
import type { PortOrOff, SettingName } from "./setting.ts";

/** A protocol's own listener. */
export interface Listener {
  readonly port: number;
  /** Takes no more connections, lets calls under way end, `withinMs` at most. Whether all have ended. */
  stop(options: { readonly withinMs: number }): Promise<boolean>;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** `ca`: authorities of clients, whose certificates are credentials where a protocol asks for them. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Whether other machines may speak without TLS, where a protocol is careful about that. */
  readonly isPlainAllowed?: boolean;
  readonly parts: ChannelParts;
}

interface Kind {
  readonly name: "grpc" | "line";
  readonly setting: SettingName;
  /** How far from the main port. */
  readonly distance: number;
  given(config: ListenersOf): PortOrOff | undefined;
  listen(options: ListenerOptions): Promise<Listener>;
}

const kinds: readonly Kind[] = [
  {
    name: "grpc",
    setting: "PONS_GRPC_PORT",
    distance: 51,
    given: ({ grpcPort }) => grpcPort,
    listen: async (options) => (await import("../channels/grpc/index.ts")).listenGrpc(options),
  },
  {
    name: "line",
    setting: "PONS_LINE_PORT",
    distance: 52,
    given: ({ linePort }) => linePort,
    listen: async (options) => (await import("../channels/line/index.ts")).listenLine(options),
  },
];

/** Where they listen. */
export type ListenersOf = Pick<Config, "host" | "port" | "tls" | "grpcPort" | "linePort"> &
  Partial<Pick<Config, "linePlain" | "mtls">>;

export interface Listeners {
  readonly grpcPort: number | undefined;
  readonly linePort: number | undefined;
  stop(options: { readonly withinMs: number }): Promise<boolean>;
}

const portMax = 65_535;

/** Starts the listeners. Throws `StartError` where a port that was asked for cannot be had; one that is only usual is done without. */
export const startListeners = async (
  config: ListenersOf,
  { port: main, parts, logger }: { readonly port: number; readonly parts: ChannelParts; readonly logger: Logger },
): Promise<Listeners> => {
  const started = new Map<string, Listener>();
  const stop = async (options: { readonly withinMs: number }): Promise<boolean> => {
    const ended = await Promise.all([...started.values()].map((listener) => listener.stop(options)));
    return ended.every(Boolean);
  };
  for (const { name, setting, distance, given, listen } of kinds) {
    const wanted = given(config);
    // Whoever takes any port takes any here too.
    const port = wanted ?? (config.port === 0 ? 0 : main + distance);
    if (port === "off" || port > portMax) continue;
    try {
      const { host, tls, mtls, linePlain = false } = config;
      const certified = tls === undefined || mtls === undefined ? tls : { ...tls, ca: mtls.ca };
      const how = { ...(certified === undefined ? {} : { tls: certified }), isPlainAllowed: linePlain };
      started.set(name, await listen({ host, port, parts, ...how }));
    } catch (error) {
      if (wanted === undefined && (error as { code?: unknown }).code === "EADDRINUSE") {
        logger.warn("port_taken", { protocol: name, port, advice: `choose another one with ${setting}, or switch it off` });
        continue;
      }
      await stop({ withinMs: 0 });
      throw refusedPort(error, { host: config.host, port, setting });
    }
  }
  return { grpcPort: started.get("grpc")?.port, linePort: started.get("line")?.port, stop };
};

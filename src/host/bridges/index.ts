/** Bridges to brokers, as they are configured. Each broker's client is loaded only where it is used. */
import type { Logger } from "../../observe/logger.ts";
import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { Bridge, type BridgeStatus } from "./bridge.ts";
import type { Broker } from "./broker.ts";
import { kafkaBroker } from "./kafka.ts";
import { natsBroker } from "./nats.ts";

export { Bridge, type BridgeStatus } from "./bridge.ts";

export interface Bridges {
  start(): void;
  gained(): void;
  stop(): Promise<void>;
  status(): readonly BridgeStatus[];
}

/** Made before the leases are taken, started behind that. */
export const createBridges = (
  app: Pick<App, "store" | "writer" | "events" | "contracts" | "leases">,
  config: Pick<Config, "natsUrl" | "kafkaUrl" | "eventsPrefix">,
  { logger, origin, clock = Date.now }: { readonly logger: Logger; readonly origin: () => string; readonly clock?: () => number },
): Bridges => {
  const { natsUrl, kafkaUrl, eventsPrefix: prefix } = config;
  const brokers: Broker[] = [];
  if (natsUrl !== undefined) brokers.push(natsBroker(natsUrl, { prefix }));
  if (kafkaUrl !== undefined) brokers.push(kafkaBroker(kafkaUrl, { prefix }));
  const { store, writer, events, contracts, leases } = app;
  const bridges = brokers.map(
    (broker) =>
      new Bridge({
        broker,
        store,
        writer,
        events,
        logger,
        clock,
        holds: (realm) => leases?.holds(realm) ?? true,
        messages: {
          get origin() {
            return origin();
          },
          versionOf: (service) => contracts.get(service)?.version ?? "v1",
          subjectOf: (service, type) => {
            const [resource = "", event = ""] = type.split(".");
            return contracts.get(service)?.resources.get(resource)?.eventSubjects.get(event);
          },
        },
      }),
  );
  return {
    start: () => {
      for (const bridge of bridges) bridge.start();
    },
    gained: () => {
      for (const bridge of bridges) bridge.gained();
    },
    stop: async () => void (await Promise.all(bridges.map((bridge) => bridge.stop()))),
    status: () => bridges.map((bridge) => bridge.status()),
  };
};

/**
 * Kafka and what speaks its protocol: each event a CloudEvent in binary mode (headers `ce_…`, the data as the value) on the topic
 * `{prefix}.{tenant}.{environment}.{service}`. Its key is the row that it is about, so that a row's events are in one partition, in their order; the type is
 * in `ce_type`, not in the name of the topic, because between topics there is no order.
 *
 * The producer is idempotent and waits for all replicas; after a failure it is replaced, and what is not known to be safe is sent anew: a reader tells what
 * comes twice by `ce_id` and `ce_source`.
 */
import { readFileSync } from "node:fs";
import { type BrokerAddress, type Mechanism, shownAddress } from "./address.ts";
import { Away, type Broker } from "./broker.ts";
import { loadKafka } from "./kafka-client.ts";
import { type Message, token, withoutData } from "./message.ts";

const connectMsMax = 5_000;
const requestMsMax = 10_000;
/** Kafka takes a batch of 1 MiB unless it was told otherwise. */
const messageBytesMax = 900_000;
const batchBytesMax = 512_000;
const batchMax = 200;

const saslOf = ({ user, password, options }: BrokerAddress) => {
  if (user === undefined || password === undefined) return {};
  const mechanism = (options["mechanism"] ?? "plain") as Mechanism;
  // Each mechanism has a type of its own, with the same members.
  return { sasl: { mechanism, username: user, password } as never };
};

const topicOf = ({ event: { tenant, environment }, path }: Message, prefix: string): string =>
  [prefix, ...[tenant, environment, path[0] ?? ""].map(token)].join(".");

interface Sent {
  readonly key: string;
  readonly value: string | null;
  readonly headers: Record<string, string>;
  readonly bytes: number;
}

/** Kafka protocol binding of CloudEvents 1.0.2, binary content mode. */
const sentOf = (message: Message): Sent => {
  const { data, datacontenttype, ...attributes } = message.event;
  const value = data === undefined ? null : JSON.stringify(data);
  if (value !== null && Buffer.byteLength(value) > messageBytesMax) return sentOf(withoutData(message));
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, text]) => [`ce_${name}`, text]));
  const all = value === null ? headers : { ...headers, "content-type": datacontenttype };
  const bytes = (value === null ? 0 : Buffer.byteLength(value)) + JSON.stringify(all).length;
  return { key: attributes.partitionkey, value, headers: all, bytes };
};

/** In parts of a size that a broker takes. */
const partsOf = (messages: readonly Message[]): readonly (readonly { readonly message: Message; readonly sent: Sent }[])[] => {
  const parts: { message: Message; sent: Sent }[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const sent = sentOf(message);
    const last = parts.at(-1);
    if (last === undefined || last.length === batchMax || size + sent.bytes > batchBytesMax) {
      parts.push([{ message, sent }]);
      size = sent.bytes;
    } else {
      last.push({ message, sent });
      size += sent.bytes;
    }
  }
  return parts;
};

const reasonOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

export const kafkaBroker = (
  address: BrokerAddress,
  { prefix, retries = 5 }: { readonly prefix: string; readonly retries?: number },
): Broker => ({
  name: "kafka",
  shown: shownAddress(address),
  connect: async () => {
    const { Kafka, logLevel, Partitioners } = await loadKafka();
    const { hosts, scheme, options } = address;
    const kafka = new Kafka({
      clientId: "pons",
      brokers: [...hosts],
      connectionTimeout: connectMsMax,
      authenticationTimeout: connectMsMax,
      requestTimeout: requestMsMax,
      logLevel: logLevel.NOTHING,
      ssl: scheme === "kafkas" ? (options["ca"] === undefined ? true : { ca: readFileSync(options["ca"], "utf8") }) : false,
      retry: { retries, initialRetryTime: 100, maxRetryTime: 2_000 },
      ...saslOf(address),
    });
    const producer = kafka.producer({
      idempotent: options["idempotent"] !== "false",
      maxInFlightRequests: 1,
      allowAutoTopicCreation: true,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    const lost = Promise.withResolvers<void>();
    producer.on(producer.events.DISCONNECT, () => lost.resolve());
    try {
      await producer.connect();
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
    return {
      lost: lost.promise,
      async send(messages, { onSafe, mayGoOn }) {
        for (const part of partsOf(messages)) {
          if (!mayGoOn()) return;
          const topics = new Map<string, Sent[]>();
          for (const { message, sent } of part) {
            const topic = topicOf(message, prefix);
            const list = topics.get(topic);
            if (list === undefined) topics.set(topic, [sent]);
            else list.push(sent);
          }
          try {
            await producer.sendBatch({
              acks: -1,
              topicMessages: [...topics].map(([topic, list]) => ({
                topic,
                messages: list.map(({ key, value, headers }) => ({ key, value, headers })),
              })),
            });
          } catch (error) {
            throw new Away(reasonOf(error), { cause: error });
          }
          const last = part.at(-1);
          if (last !== undefined) onSafe(last.message, part.length);
        }
      },
      close: () => producer.disconnect(),
    };
  },
});

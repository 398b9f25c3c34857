/**
 * NATS JetStream: each event a CloudEvent in structured mode on `{prefix}.{tenant}.{environment}.{service}.{type}`, one after the other per environment, so
 * that none overtakes another whatever is lost on the way. `Nats-Msg-Id` is the event's id: the stream leaves out what comes twice within its window.
 *
 * A stream that takes the subjects is used as it is; where there is none, one is made.
 */
import { readFileSync } from "node:fs";
import { type BrokerAddress, shownAddress } from "./address.ts";
import { Away, type Broker, type Connection } from "./broker.ts";
import { type Message, token, withoutData } from "./message.ts";

const connectMsMax = 5_000;
const ackMsMax = 5_000;
/** Room for subject and headers beside the payload. */
const headersBytes = 1_024;
/** How long a stream made here knows what it has: longer than a bridge that was killed is away, as a rule. */
const duplicateWindowNs = 600_000_000_000;
const contentType = "application/cloudevents+json; charset=UTF-8";

const reasonOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Loads the client: only where it is used. */
const load = async () => {
  const [transport, jetstream] = await Promise.all([import("@nats-io/transport-node"), import("@nats-io/jetstream")]);
  return { ...transport, ...jetstream };
};

const credentialsOf = ({ user, password, options }: BrokerAddress, client: Awaited<ReturnType<typeof load>>) => {
  const { creds } = options;
  if (creds !== undefined) return { authenticator: client.credsAuthenticator(new Uint8Array(readFileSync(creds))) };
  if (user === undefined) return {};
  return password === undefined ? { token: user } : { user, pass: password };
};

export const natsBroker = (address: BrokerAddress, { prefix }: { readonly prefix: string }): Broker => ({
  name: "nats",
  shown: shownAddress(address),
  connect: async () => {
    const client = await load();
    const { hosts, scheme, options } = address;
    const tls = scheme === "tls" || options["ca"] !== undefined;
    const connection = await client.connect({
      servers: [...hosts],
      name: "pons",
      // What was under way is sent anew from where it is known to be safe: the client keeps nothing of its own.
      reconnect: false,
      timeout: connectMsMax,
      maxPingOut: 2,
      pingInterval: 10_000,
      ...(tls ? { tls: options["ca"] === undefined ? {} : { caFile: options["ca"] } } : {}),
      ...credentialsOf(address, client),
    });
    try {
      const manager = await client.jetstreamManager(connection, { timeout: ackMsMax });
      const subjects = `${prefix}.>`;
      const found = await manager.streams.find(`${prefix}.x.x.x.x.x`).catch(() => undefined);
      const { stream = prefix.toUpperCase().replaceAll(".", "_") } = options;
      if (found === undefined)
        await manager.streams.add({ name: stream, subjects: [subjects], duplicate_window: duplicateWindowNs });
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
    const stream = client.jetstream(connection, { timeout: ackMsMax });
    const bytesMax = (connection.info?.max_payload ?? 1_048_576) - headersBytes;
    const encode = (message: Message): Uint8Array => {
      const payload = new TextEncoder().encode(JSON.stringify(message.event));
      return payload.length <= bytesMax ? payload : new TextEncoder().encode(JSON.stringify(withoutData(message).event));
    };
    return {
      lost: connection.closed().then(() => undefined),
      async send(messages, { onSafe, mayGoOn }) {
        for (const message of messages) {
          if (!mayGoOn()) return;
          const { tenant, environment } = message.event;
          const subject = [prefix, ...[tenant, environment, ...message.path].map(token)].join(".");
          const headers = client.headers();
          headers.set("content-type", contentType);
          try {
            await stream.publish(subject, encode(message), { msgID: message.id, headers, timeout: ackMsMax, retries: 1 });
          } catch (error) {
            throw new Away(reasonOf(error), { cause: error });
          }
          onSafe(message, 1);
        }
      },
      close: () => connection.close(),
    } satisfies Connection;
  },
});

/** A private, real nats-server with JetStream on disk. What it has taken outlives a kill. */
import { writeFileSync } from "node:fs";
import { connect, type ConnectionOptions, type NatsConnection } from "@nats-io/transport-node";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { freePort, Program, testWith } from "./debian-server.ts";

export const natsTest = testWith("nats-server", "PONS_TEST_NATS");

const startMs = 10_000;

export interface NatsMessage {
  readonly subject: string;
  readonly id: string;
  readonly contentType: string;
  readonly event: Readonly<Record<string, unknown>>;
}

export class NatsServer implements AsyncDisposable {
  readonly port = freePort();
  readonly url = `nats://127.0.0.1:${this.port}`;
  readonly #program = new Program();
  readonly #settings: string;

  /** `settings`: lines of its configuration file. */
  constructor(settings = "") {
    this.#settings = settings;
  }

  async start(): Promise<void> {
    const file = `${this.#program.folder}/nats.conf`;
    const store = JSON.stringify(`${this.#program.folder}/store`);
    writeFileSync(file, `listen: "127.0.0.1:${this.port}"\njetstream { store_dir: ${store} }\n${this.#settings}\n`);
    await this.#program.start(["nats-server", "-c", file]);
    const until = performance.now() + startMs;
    while (!this.#program.errors.includes("Server is ready")) {
      if (performance.now() > until) throw new Error(`nats-server does not start: ${this.#program.errors}`);
      await Bun.sleep(10);
    }
  }

  get log(): string {
    return this.#program.errors;
  }

  kill(): Promise<void> {
    return this.#program.kill();
  }

  freeze(): void {
    this.#program.freeze();
  }

  go(): void {
    this.#program.go();
  }

  connect(more: ConnectionOptions = {}): Promise<NatsConnection> {
    return connect({ servers: `127.0.0.1:${this.port}`, ...more });
  }

  /** Everything in a stream, in its order; nothing where there is no such stream. */
  async messages(stream = "PONS", more: ConnectionOptions = {}): Promise<readonly NatsMessage[]> {
    const connection = await this.connect(more);
    try {
      const manager = await jetstreamManager(connection);
      const info = await manager.streams.info(stream).catch(() => undefined);
      const count = info?.state.messages ?? 0;
      if (count === 0) return [];
      const consumer = await jetstream(connection).consumers.get(stream);
      const found: NatsMessage[] = [];
      for await (const message of await consumer.fetch({ max_messages: count, expires: 5_000 })) {
        found.push({
          subject: message.subject,
          id: message.headers?.get("Nats-Msg-Id") ?? "",
          contentType: message.headers?.get("content-type") ?? "",
          event: message.json<Record<string, unknown>>(),
        });
        if (found.length === count) break;
      }
      return found;
    } finally {
      await connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}

export const startNats = async (settings = ""): Promise<NatsServer> => {
  const server = new NatsServer(settings);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
};

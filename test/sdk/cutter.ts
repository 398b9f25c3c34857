/**
 * A network between client and server that cuts event streams: connections that ask for one with `x-cut` end in the middle of what is answered, after other
 * numbers of bytes each time; now and then before anything is, or they stay open and nothing comes any more. All else passes.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes of an answer's head and its first events, so that each connection brings at least one event; then a few more each time. */
const firstBytes = 1_700;
const moreBytes = 137;
/** Of so many connections one is cut before it is answered, and one falls silent. */
const kinds = 4;

export class Cutter implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** Connections that were cut; of these the ones in the middle of an event; those that fell silent. */
  cuts = 0;
  midway = 0;
  silent = 0;
  #asked = 0;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, "127.0.0.1")));
  }

  static async before(port: number): Promise<Cutter> {
    const cutter = new Cutter(port);
    await new Promise<void>((resolve) => cutter.#server.listen(0, "127.0.0.1", resolve));
    return cutter;
  }

  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return `http://127.0.0.1:${address.port}`;
  }

  #join(client: Socket, server: Socket): void {
    let left = Number.POSITIVE_INFINITY;
    let fallsSilent = false;
    const end = (): void => {
      client.destroy();
      server.destroy();
      this.#open.delete(client);
    };
    this.#open.add(client);
    for (const socket of [client, server]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (bytes: Buffer) => {
      if (/^x-cut:/im.test(bytes.toString("latin1"))) {
        this.#asked++;
        const kind = this.#asked % kinds;
        left = kind === 0 ? 0 : firstBytes + moreBytes * (this.#asked % 7);
        fallsSilent = kind === 2;
        if (left === 0) {
          this.cuts++;
          return end();
        }
      }
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (left <= 0) return;
      const passed = bytes.subarray(0, left);
      left -= passed.length;
      client.write(passed);
      if (left > 0) return;
      if (fallsSilent) {
        this.silent++;
        return;
      }
      this.cuts++;
      if (!passed.toString("latin1").endsWith("\n\n")) this.midway++;
      // What was sent arrives; then the connection is gone.
      client.end(end);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#open) client.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/**
 * For tests: a TCP proxy before a real Postgres that can cut the line at a chosen message. What the server was sent before stays sent.
 */
import type { Socket } from "bun";

interface Pair {
  upstream: Socket<Pair> | undefined;
  client: Socket<Pair> | undefined;
  /** What the client sent before the server was connected. */
  waiting: Buffer[];
  /** Names of the connection's prepared statements that are not counted. */
  readonly uncounted: Set<string>;
}

export interface SeveringProxyOptions {
  /** Only statements that have this text are counted. */
  readonly counted?: string;
}

export interface SeveringProxy extends AsyncDisposable {
  readonly url: string;
  /** Messages of the extended protocol that carry parameters, counted since the start: one per executed statement; see `counted`. */
  readonly bindCount: number;
  /** How often the line was cut. */
  readonly cutCount: number;
  /** When the client next sends this text, it reaches the server, and the client gets no answer. */
  severAt(text: string): void;
}

/** Type bytes of messages (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const types = { bind: "B".charCodeAt(0), parse: "P".charCodeAt(0) } as const;

/** The text up to the next zero byte. */
const textAt = (data: Buffer, from: number): string => data.toString("utf8", from, data.indexOf(0, from));

/** Counts the Bind messages in whole frontend messages: the driver writes them whole. */
const bindsIn = (data: Buffer, { uncounted }: Pair, text: string): number => {
  let count = 0;
  for (let at = 0; at + 5 <= data.length; at += 1 + data.readUInt32BE(at + 1)) {
    if (data[at] === types.parse) {
      // The statement's name, and what it says.
      const name = textAt(data, at + 5);
      const sql = textAt(data, at + 5 + Buffer.byteLength(name) + 1);
      if (sql.includes(text)) uncounted.delete(name);
      else uncounted.add(name);
    } else if (data[at] === types.bind) {
      // The portal's name, and the statement's.
      const portal = textAt(data, at + 5);
      if (!uncounted.has(textAt(data, at + 5 + Buffer.byteLength(portal) + 1))) count += 1;
    }
  }
  return count;
};

/** A proxy in front of the server in `url`. */
export const severingProxy = (url: string, { counted = "" }: SeveringProxyOptions = {}): SeveringProxy => {
  const target = new URL(url);
  let trap: string | undefined;
  let binds = 0;
  let cuts = 0;
  const listener = Bun.listen<Pair>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (client) => {
        const pair: Pair = { upstream: undefined, client, waiting: [], uncounted: new Set() };
        client.data = pair;
        void Bun.connect<Pair>({
          hostname: target.hostname,
          port: Number(target.port),
          data: pair,
          socket: {
            open: (upstream) => {
              pair.upstream = upstream;
              for (const data of pair.waiting) upstream.write(data);
            },
            data: (upstream, data) => void upstream.data.client?.write(data),
            close: () => void client.end(),
          },
        });
      },
      data: (client, data) => {
        const { upstream, waiting } = client.data;
        if (upstream === undefined) return void waiting.push(Buffer.from(data));
        binds += bindsIn(data, client.data, counted);
        upstream.write(data);
        if (trap === undefined || !data.includes(trap)) return;
        trap = undefined;
        cuts += 1;
        client.data.client = undefined;
        client.terminate();
      },
      close: (client) => void client.data.upstream?.end(),
    },
  });
  const proxied = new URL(url);
  proxied.hostname = "127.0.0.1";
  proxied.port = String(listener.port);
  return {
    url: proxied.href,
    get bindCount() {
      return binds;
    },
    get cutCount() {
      return cuts;
    },
    severAt: (text) => {
      trap = text;
    },
    [Symbol.asyncDispose]: async () => listener.stop(true),
  };
};

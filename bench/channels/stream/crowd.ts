/**
 * Many WebSockets in a process of their own, so that neither their memory nor their CPU time is the server's. They do what clients do: who is refused because the
 * server is busy comes again when he was told to, and who is cut off comes again and goes on behind what he heard last.
 *
 *   → { address, keys, count, subscribe }     opens them, in turn with each key; with `subscribe` each listens to those types
 *   ← { is: "open" }
 *   → "receipts"                               what was heard since the last time
 *   ← { is: "receipts", ms: [ … ], again: 0 }  milliseconds from the commit's time, which stands in the event, to its arrival; how often somebody came again
 *   ← { is: "failed", why }                    somebody was refused for good
 */
const openedAtOnce = 100;

export interface Crowd {
  readonly address: string;
  readonly keys: readonly string[];
  readonly count: number;
  readonly subscribe: readonly string[] | undefined;
}

/** Those that are open, so that nobody takes them for garbage. */
const sockets = new Set<WebSocket>();
let receipts: number[] = [];
let again = 0;
/** The same text comes to every socket: it is read once. */
let last = { text: "", id: "", ms: 0 };

/** The position of the event. */
const heard = (text: string): string | undefined => {
  const nowMs = performance.timeOrigin + performance.now();
  if (text !== last.text) {
    const id = /"id":"(\d+-\d+)"/.exec(text)?.[1];
    const time = /"time":"([^"]+)"/.exec(text)?.[1];
    if (id === undefined || time === undefined) return undefined;
    last = { text, id, ms: Date.parse(time) };
  }
  receipts.push(nowMs - last.ms);
  return last.id;
};

/** Seconds; a refused handshake tells nothing of its headers here. */
const retryAfterDefault = 1;
const triesMax = 20;

interface Told {
  readonly status?: number;
  readonly retryAfter?: number;
  readonly subscribed?: { readonly after: string };
}

/** How an attempt ended: it goes on, it may be made again after so many seconds, or never. */
type Attempt =
  { readonly is: "open" } | { readonly is: "busy"; readonly seconds: number } | { readonly is: "refused"; readonly why: string };

/** Those who were sent away together do not come again together. */
const spread = (seconds: number): number => seconds * (1 + Math.random());

class Connection {
  readonly #crowd: Crowd;
  readonly #key: string;
  #after: string | undefined;

  constructor(crowd: Crowd, key: string) {
    this.#crowd = crowd;
    this.#key = key;
  }

  /** Opens it, however often that takes. */
  async open(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const attempt = await this.#attempt();
      if (attempt.is === "open") return;
      if (attempt.is === "refused") throw new Error(attempt.why);
      if (tries === triesMax) throw new Error(`the server was busy ${triesMax} times`);
      again++;
      await Bun.sleep(spread(attempt.seconds) * 1_000);
    }
  }

  #attempt(): Promise<Attempt> {
    const { promise, resolve } = Promise.withResolvers<Attempt>();
    const { address, subscribe } = this.#crowd;
    const socket = new WebSocket(address, { headers: { authorization: `Bearer ${this.#key}` }, protocols: ["pons.v1"] });
    let isOpen = false;
    const opened = (): void => {
      isOpen = true;
      resolve({ is: "open" });
    };
    socket.addEventListener("close", () => {
      sockets.delete(socket);
      if (!isOpen) return resolve({ is: "busy", seconds: retryAfterDefault });
      again++;
      setTimeout(() => void this.open().catch(fail), spread(retryAfterDefault) * 1_000);
    });
    socket.addEventListener("open", () => {
      sockets.add(socket);
      if (subscribe === undefined) return opened();
      const after = this.#after === undefined ? {} : { after: this.#after };
      socket.send(JSON.stringify({ id: "s", subscribe: { types: subscribe, ...after } }));
    });
    socket.addEventListener("message", ({ data }) => {
      const text = String(data);
      if (text.startsWith('{"id":"s","event"')) {
        this.#after = heard(text) ?? this.#after;
        return;
      }
      const { status, retryAfter, subscribed } = JSON.parse(text) as Told;
      if (subscribed !== undefined) {
        this.#after ??= subscribed.after;
        return opened();
      }
      resolve(
        status === 503 || status === 429
          ? { is: "busy", seconds: retryAfter ?? retryAfterDefault }
          : { is: "refused", why: text },
      );
      socket.close();
    });
    return promise;
  }
}

const fail = (error: unknown): void => void process.send?.({ is: "failed", why: String(error) });

const openAll = async (crowd: Crowd): Promise<void> => {
  for (let at = 0; at < crowd.count; at += openedAtOnce) {
    const part = Array.from(
      { length: Math.min(openedAtOnce, crowd.count - at) },
      (_, one) => crowd.keys[(at + one) % crowd.keys.length] ?? "",
    );
    await Promise.all(part.map((key) => new Connection(crowd, key).open()));
  }
  process.send?.({ is: "open" });
};

process.on("message", (message) => {
  if (message === "receipts") {
    process.send?.({ is: "receipts", ms: receipts, again });
    receipts = [];
    again = 0;
    return;
  }
  openAll(message as Crowd).catch(fail);
});
process.on("disconnect", () => process.exit());

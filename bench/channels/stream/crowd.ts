/**
 * Many WebSockets in a process of their own, so that neither their memory nor their CPU time is the server's.
 *
 *   → { address, keys, count, subscribe }     opens them, in turn with each key; with `subscribe` each listens to those types
 *   ← { is: "open" }
 *   → "receipts"                               what was heard since the last time
 *   ← { is: "receipts", ms: [ … ] }            milliseconds from the commit's time, which stands in the event, to its arrival
 */
const openedAtOnce = 100;

export interface Crowd {
  readonly address: string;
  readonly keys: readonly string[];
  readonly count: number;
  readonly subscribe: readonly string[] | undefined;
}

const sockets: WebSocket[] = [];
let receipts: number[] = [];
/** The same text comes to every socket: its time is read once. */
let last = { text: "", ms: 0 };

const heard = (text: string): void => {
  const nowMs = performance.timeOrigin + performance.now();
  if (text !== last.text) {
    const time = /"time":"([^"]+)"/.exec(text)?.[1];
    if (time === undefined) return;
    last = { text, ms: Date.parse(time) };
  }
  receipts.push(nowMs - last.ms);
};

const open = ({ address, subscribe }: Crowd, key: string): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` }, protocols: ["pons.v1"] });
  sockets.push(socket);
  socket.addEventListener("close", ({ code, reason }) => {
    reject(new Error(`closed: ${code} ${reason}`));
    process.send?.({ is: "closed", code, reason });
  });
  socket.addEventListener("open", () => {
    if (subscribe === undefined) return resolve();
    socket.send(JSON.stringify({ id: "s", subscribe: { types: subscribe } }));
  });
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    if (text.startsWith('{"id":"s","event"')) return heard(text);
    if (text.includes('"subscribed"')) resolve();
    else reject(new Error(text));
  });
  return promise;
};

const openAll = async (crowd: Crowd): Promise<void> => {
  for (let at = 0; at < crowd.count; at += openedAtOnce) {
    const part = Array.from(
      { length: Math.min(openedAtOnce, crowd.count - at) },
      (_, one) => crowd.keys[(at + one) % crowd.keys.length] ?? "",
    );
    await Promise.all(part.map((key) => open(crowd, key)));
  }
  process.send?.({ is: "open" });
};

process.on("message", (message) => {
  if (message === "receipts") {
    process.send?.({ is: "receipts", ms: receipts });
    receipts = [];
    return;
  }
  openAll(message as Crowd).catch((error: unknown) => process.send?.({ is: "failed", why: String(error) }));
});
process.on("disconnect", () => process.exit());

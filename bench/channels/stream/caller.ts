/**
 * Calls over WebSockets in a closed loop, from a process of its own: each connection keeps so many calls under way. Reads one Job as JSON from standard input,
 * writes `{ calls, again, seconds, p99, nextNumber }` to standard output; exit 1 when an answer is no success. A call that the server was too busy for is sent again
 * when its answer says so, as clients do; `again` tells how often.
 */
import { quantile } from "../../harness/statistics.ts";

export interface Job {
  readonly address: string;
  readonly key: string;
  readonly connections: number;
  readonly underWay: number;
  readonly seconds: number;
  /** Messages without their id; taken in turn. `{n}` stands for a number that is never used twice. */
  readonly messages: readonly string[];
  readonly firstNumber: number;
}

/** What it writes. */
export interface Called {
  readonly calls: number;
  readonly again: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p99: number;
  readonly nextNumber: number;
}

const job = (await Bun.stdin.json()) as Job;
const latencies: number[] = [];
let [calls, again, number, isOver] = [0, 0, job.firstNumber, false];
const until = performance.now() + job.seconds * 1_000;

const fail = (why: string): never => {
  process.stderr.write(`${why}\n`);
  process.exit(1);
};

const connect = async (): Promise<void> => {
  const socket = new WebSocket(job.address, { headers: { authorization: `Bearer ${job.key}` } });
  const sentMs = new Map<string, number>();
  const over = Promise.withResolvers<void>();
  let [count, waiting] = [0, 0];
  const send = (): void => {
    const id = String(++count);
    const message = job.messages[number % job.messages.length] ?? "";
    sentMs.set(id, performance.now());
    socket.send(`{"id":"${id}",${message.slice(1).replaceAll("{n}", String(number++))}`);
  };
  socket.addEventListener("close", ({ code, reason }) => (isOver ? undefined : fail(`closed: ${code} ${reason}`)));
  socket.addEventListener("open", () => {
    for (let at = 0; at < job.underWay; at++) send();
  });
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    const id = text.slice(7, text.indexOf('"', 7));
    const nowMs = performance.now();
    if (!text.startsWith(`"success":true`, 9 + id.length)) {
      const { status, retryAfter } = JSON.parse(text) as { readonly status: number; readonly retryAfter?: number };
      if (status !== 503 || retryAfter === undefined) return fail(text.slice(0, 500));
      again++;
      sentMs.delete(id);
      waiting++;
      setTimeout(() => {
        waiting--;
        send();
      }, retryAfter * 1_000);
      return;
    }
    latencies.push(nowMs - (sentMs.get(id) ?? nowMs));
    sentMs.delete(id);
    calls++;
    if (nowMs < until) send();
    else if (sentMs.size === 0 && waiting === 0) over.resolve();
  });
  await over.promise;
  isOver = true;
  socket.close();
};

const startedMs = performance.now();
await Promise.all(Array.from({ length: job.connections }, connect));
const seconds = (performance.now() - startedMs) / 1_000;
const p99 = quantile(Float64Array.from(latencies).toSorted(), 0.99);
process.stdout.write(JSON.stringify({ calls, again, seconds, p99, nextNumber: number } satisfies Called));
process.exit();

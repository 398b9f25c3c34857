/**
 * Packing on other threads: a few workers, one request each at a time, a bounded queue. A request that is cancelled leaves the queue, or stops
 * its worker's search between two arrangements; the worker goes on with the next. Small requests are packed in place: a message to another
 * thread would take longer.
 */
import { pack } from "./pack.ts";
import { type Packing, PackingRefused, type PackingRefusal, type PackRequest } from "./packing.ts";

/** What waits at most; more is refused as `busy`. */
const waitingMax = 256;
/** Pieces that are packed in place, and the arrangements tried for them. */
const inPlace = { pieces: 2, effort: 300 } as const;

/** What a worker is sent; `stop` is one shared number, 1 once the request is cancelled. */
export interface WorkerTask {
  readonly request: PackRequest;
  readonly stop: SharedArrayBuffer;
}

export type WorkerAnswer =
  | { readonly packing: Packing }
  | { readonly refused: { readonly code: PackingRefusal; readonly message: string; readonly item: string | undefined } }
  | { readonly failed: string };

interface Job {
  readonly task: WorkerTask;
  readonly settle: (answer: WorkerAnswer) => void;
}

export interface PackingPool {
  /** The packing of a request; rejects with PackingRefused: `busy` when too many wait, `cancelled` once the signal is aborted. */
  pack(request: PackRequest, options?: { readonly signal?: AbortSignal }): Promise<Packing>;
  /** Ends the workers; what waits or runs is refused as `cancelled`. */
  close(): void;
}

export function packingPool({
  threads,
  waiting = waitingMax,
}: {
  readonly threads: number;
  readonly waiting?: number;
}): PackingPool {
  const queue: Job[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Job>();
  let closed = false;

  const start = (): Worker => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url).href);
    worker.addEventListener("message", ({ data }: MessageEvent<WorkerAnswer>) => finish(worker, data));
    worker.addEventListener("error", (event) => {
      // A worker that broke is not used again.
      const job = running.get(worker);
      running.delete(worker);
      worker.terminate();
      job?.settle({ failed: event.message });
      next();
    });
    return worker;
  };

  const finish = (worker: Worker, answer: WorkerAnswer) => {
    const job = running.get(worker);
    running.delete(worker);
    worker.unref();
    idle.push(worker);
    job?.settle(answer);
    next();
  };

  const next = () => {
    while (!closed && queue.length > 0) {
      const worker = idle.pop() ?? (running.size < threads ? start() : undefined);
      if (worker === undefined) return;
      const job = queue.shift();
      if (job === undefined) return;
      running.set(worker, job);
      worker.ref();
      worker.postMessage(job.task);
    }
  };

  const cancelled = () => new PackingRefused("cancelled", "The packing was cancelled.");

  return {
    async pack(request, { signal } = {}) {
      if (closed || signal?.aborted === true) throw cancelled();
      if (isSmall(request)) return pack(request);
      if (queue.length >= waiting) throw new PackingRefused("busy", `${waiting} requests wait to be packed.`);
      const task: WorkerTask = { request, stop: new SharedArrayBuffer(4) };
      const { promise, resolve } = Promise.withResolvers<WorkerAnswer>();
      const job: Job = { task, settle: resolve };
      const abort = () => {
        Atomics.store(new Int32Array(task.stop), 0, 1);
        const at = queue.indexOf(job);
        if (at >= 0) queue.splice(at, 1);
        const { code, message } = cancelled();
        resolve({ refused: { code, message, item: undefined } });
      };
      signal?.addEventListener("abort", abort, { once: true });
      try {
        queue.push(job);
        next();
        const answer = await promise;
        if ("packing" in answer) return answer.packing;
        if ("refused" in answer) throw new PackingRefused(answer.refused.code, answer.refused.message, answer.refused.item);
        throw new Error(`packing failed: ${answer.failed}`);
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
    close() {
      closed = true;
      const { code, message } = cancelled();
      for (const job of [...queue.splice(0), ...running.values()]) job.settle({ refused: { code, message, item: undefined } });
      for (const worker of [...idle.splice(0), ...running.keys()]) worker.terminate();
      running.clear();
    },
  };
}

function isSmall({ items, mode, effort = 0 }: PackRequest): boolean {
  if (mode.kind !== "box" || effort > inPlace.effort || items.length > inPlace.pieces) return false;
  return items.reduce((sum, { quantity }) => sum + quantity, 0) <= inPlace.pieces;
}

let shared: PackingPool | undefined;

/** Packs with the pool that the process shares: two threads, started when first needed, that do not keep the process alive. */
export function packOffLoop(request: PackRequest, options?: { readonly signal?: AbortSignal }): Promise<Packing> {
  shared ??= packingPool({ threads: 2 });
  return shared.pack(request, options);
}

/** A thread that packs: one request per message, one answer each. */
import type { WorkerAnswer, WorkerTask } from "./off-loop.ts";
import { pack } from "./pack.ts";
import { PackingRefused } from "./packing.ts";

declare const self: Worker;

self.addEventListener("message", ({ data }: MessageEvent<WorkerTask>) => {
  self.postMessage(answer(data));
});

function answer({ request, stop }: WorkerTask): WorkerAnswer {
  const flag = new Int32Array(stop);
  const signal = {
    get aborted() {
      return Atomics.load(flag, 0) === 1;
    },
  };
  try {
    return { packing: pack(request, { signal }) };
  } catch (error) {
    if (error instanceof PackingRefused) return { refused: { code: error.code, message: error.message, item: error.item } };
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The client of Kafka, loaded where it is used, with one flaw mended: kafkajs 2.2.4 looks at its queue of requests a thousand times a second for as long as a
 * connection is open, whether anything waits or not, and with a time that lies before now, of which the runtime warns. It has to look only while something
 * waits: what is answered, or put into the queue, makes it look anyway.
 */
import { createRequire } from "node:module";

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(this: RequestQueue): void;
}

const mended = new WeakSet<object>();

const mend = (): void => {
  const queue = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as { readonly prototype: RequestQueue };
  const { prototype } = queue;
  if (mended.has(prototype)) return;
  mended.add(prototype);
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhereSomethingWaits(): void {
    if (this.pending.length > 0) schedule.call(this);
  };
};

export const loadKafka = async () => {
  const client = await import("kafkajs");
  mend();
  return client;
};

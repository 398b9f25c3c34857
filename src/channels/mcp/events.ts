/** The answer of a request as a stream of events (WHATWG HTML, server-sent events): messages before it, then the answer itself. */
const encoder = new TextEncoder();

/** JSON has no line breaks of its own: one message is one line. */
const eventOf = (json: string): Uint8Array => encoder.encode(`event: message\ndata: ${json}\n\n`);

const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no" };

export interface EventsOptions {
  /** Sent at once. */
  readonly first: readonly string[];
  /** Ends the stream; never rejects. */
  readonly last: Promise<string>;
  /** Between two comments that show that it is alive. */
  readonly heartbeatMs: number;
  /** Whoever reads has left. */
  onLeft?(): void;
}

/** A response of events. */
export const eventResponse = ({ first, last, heartbeatMs, onLeft }: EventsOptions): Response => {
  let timer: ReturnType<typeof setInterval> | undefined;
  let isOver = false;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const json of first) controller.enqueue(eventOf(json));
      timer = setInterval(() => {
        if (!isOver) controller.enqueue(encoder.encode(": alive\n\n"));
      }, heartbeatMs);
      void last.then((json) => {
        clearInterval(timer);
        if (isOver) return;
        isOver = true;
        controller.enqueue(eventOf(json));
        controller.close();
      });
    },
    cancel() {
      isOver = true;
      clearInterval(timer);
      onLeft?.();
    },
  });
  return new Response(stream, { headers });
};

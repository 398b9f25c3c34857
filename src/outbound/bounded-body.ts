/** A body that ends with an error beyond a number of bytes or after a moment, and lets go of its connection then. */
import { OutboundError } from "./outbound-error.ts";

export interface BodyBounds {
  readonly bytesMax: number;
  /** What is to be thrown for an error of the stream. */
  readonly asFault: (error: unknown) => unknown;
  /** Called once: read to the end, cancelled or failed. */
  readonly ended: () => void;
}

/** The same bytes, as they are asked for. */
export const boundedBody = (body: ReadableStream<Uint8Array>, bounds: BodyBounds): ReadableStream<Uint8Array> => {
  const reader = body.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            bounds.ended();
            controller.close();
            return;
          }
          bytes += value.length;
          if (bytes > bounds.bytesMax) throw new OutboundError("too_large", `the answer is larger than ${bounds.bytesMax} bytes`);
          controller.enqueue(value);
        } catch (error) {
          bounds.ended();
          controller.error(bounds.asFault(error));
          await reader.cancel().catch(() => {});
        }
      },
      async cancel(reason) {
        bounds.ended();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
};

/** The first bytes of a body, as many as come in time; the rest is not read. Never rejects. */
export const prefixOf = async (
  body: ReadableStream<Uint8Array>,
  { bytesMax, withinMs }: { readonly bytesMax: number; readonly withinMs: number },
): Promise<Uint8Array<ArrayBuffer>> => {
  const reader = body.getReader();
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), withinMs);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes < bytesMax) {
      const read = await Promise.race([reader.read(), late.promise]);
      if (read === undefined || read.done) break;
      parts.push(read.value.subarray(0, bytesMax - bytes));
      bytes += parts.at(-1)?.length ?? 0;
    }
  } catch {
    // What came until then is there.
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
  return new Uint8Array(Buffer.concat(parts));
};

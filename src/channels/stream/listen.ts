/** Hands the events of a subscription on as fast as they are read, and finds out why it ended. */
import type { PresentedEvent } from "../../events/index.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";

export interface Listener {
  /** The subscriber leaves. */
  readonly signal: AbortSignal;
  /** Whether what was handed on still waits to be read; then nothing more is taken from the log. */
  isFull(): boolean;
  /** Resolves when there is room, or nobody any more. */
  room(): Promise<void>;
  take(event: PresentedEvent): void;
}

/** Why a subscription ended by itself. */
export type Ended = { readonly kind: "stopped" } | { readonly kind: "failed"; readonly error: unknown };

/** Hands events on. Resolves with why there are no more; `undefined` where the subscriber has left. Never rejects. */
export const listen = async (
  events: AsyncIterable<readonly PresentedEvent[]>,
  { signal, isFull, room, take }: Listener,
): Promise<Ended | undefined> => {
  try {
    for await (const batch of events) {
      for (const event of batch) {
        while (isFull() && !signal.aborted) await room();
        if (signal.aborted) return undefined;
        take(event);
      }
    }
    return signal.aborted ? undefined : { kind: "stopped" };
  } catch (error) {
    return signal.aborted ? undefined : { kind: "failed", error };
  }
};

/** The refusal that stands for the end; what is our own fault is told to `onError`. */
export const endOf = (ended: Ended, onError: (error: unknown) => void): Refusal => {
  if (ended.kind === "stopped") return refuse("unavailable", { retryAfter: 1 });
  if (ended.error instanceof StreamEnded) return ended.error.refusal;
  onError(ended.error);
  return refuse("internal", { retryAfter: 1 });
};

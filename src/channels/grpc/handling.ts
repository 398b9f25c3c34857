/** What handlers of methods share: the parts they are made of, how work is counted, and how a stream is refused. */
import type { RpcMethod } from "../../contract/protobuf/index.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { ChannelParts } from "../http/index.ts";
import { metadataOf, refusalStatus, retryMetadata } from "./answer.ts";
import { type Asking, callOf } from "./asking.ts";
import type { GrpcLimits } from "./limits.ts";
import type { GrpcStream, Metadata } from "./stream.ts";

/** Bytes before a message for its prefix. */
export const headroom = 5;

/** How often an open stream asks whether its caller may still call, in milliseconds. */
const lookEveryMs = 400;

/** In the trailers of an answer that was given before, to the same idempotency key. */
export const replayedMetadata: Metadata = [["idempotent-replayed", "true"]];

type Asked = Pick<RpcMethod, "operation">;

/** Ends a stream with a refusal. */
export const refuseStream = (
  stream: GrpcStream,
  asking: Asking,
  { operation }: Asked,
  refusal: Refusal,
  trailers: Metadata = [],
): void => {
  if (stream.isOver) return;
  stream.finish(refusalStatus(asking, operation, refusal), [...metadataOf(asking), ...retryMetadata(refusal), ...trailers]);
};

export class Handling {
  readonly parts: ChannelParts;
  readonly limits: GrpcLimits;
  #underWay = 0;
  #idle: (() => void) | undefined;

  constructor(parts: ChannelParts, limits: GrpcLimits) {
    this.parts = parts;
    this.limits = limits;
  }

  /** Resolves when nothing of all streams is under way any more, also of those that are over. */
  async idle(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => void (this.#idle = resolve));
  }

  /** Counts what is under way. */
  track<T>(outcome: Promise<T>): Promise<T> {
    this.#underWay++;
    return outcome.finally(() => {
      if (--this.#underWay === 0) this.#idle?.();
    });
  }

  /** Does work whose outcome answers a stream. An error is ours: told of, and answered as `internal`. */
  work<T>(stream: GrpcStream, asking: Asking, method: Asked, does: () => T | Promise<T>, then: (outcome: T) => void): void {
    try {
      const outcome = does();
      if (outcome instanceof Promise) this.#later(stream, asking, method, outcome, then);
      else then(outcome);
    } catch (error) {
      this.failed(stream, asking, method, error);
    }
  }

  /** Why the caller may not make the call at all; undefined: he may. */
  barred(asking: Asking, { operation }: Asked): Refusal | undefined | Promise<Refusal | undefined> {
    return this.parts.pipeline.permit(callOf(asking, operation, {}));
  }

  /** Asks several times a second whether the caller of an open stream may still call, and ends it where not, or where its client has long been silent. */
  watch(stream: GrpcStream, asking: Asking, method: Asked): void {
    const { pipeline } = this.parts;
    let lookedMs = Date.now();
    let isLooking = false;
    const look = async (): Promise<void> => {
      const caller = await pipeline.identify({ ...callOf(asking, method.operation, {}), isIdle: true });
      if ("status" in caller) refuseStream(stream, asking, method, caller);
    };
    stream.onLook = (nowMs) => {
      if (nowMs - stream.heardMs > this.limits.silenceMs) stream.onStopping?.();
      if (isLooking || nowMs - lookedMs < lookEveryMs) return;
      lookedMs = nowMs;
      isLooking = true;
      this.track(look())
        // That the database does not answer now says nothing of the caller.
        .catch(() => undefined)
        .finally(() => void (isLooking = false));
    };
  }

  failed(stream: GrpcStream, asking: Asking, method: Asked, error: unknown): void {
    this.parts.onError(error, { requestId: asking.requestId, channel: "grpc" });
    refuseStream(stream, asking, method, refuse("internal"));
  }

  #later<T>(stream: GrpcStream, asking: Asking, method: Asked, outcome: Promise<T>, then: (outcome: T) => void): void {
    const { workload } = stream;
    workload.count++;
    this.track(outcome)
      .finally(() => void workload.count--)
      .then(then)
      .catch((error: unknown) => this.failed(stream, asking, method, error));
  }
}

/** A refusal that no call was made for: it counts like any other, and is told of. */
export const declineStream = (handling: Handling, stream: GrpcStream, asking: Asking, method: Asked, refusal: Refusal): void => {
  if (stream.isOver) return;
  handling.work(
    stream,
    asking,
    method,
    () => handling.parts.pipeline.decline(callOf(asking, method.operation, {}), refusal),
    (told) => refuseStream(stream, asking, method, told),
  );
};

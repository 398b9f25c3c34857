/**
 * `…Stream`: one item after the other, each a call of its own, answered in the order they came.
 *
 *   client ─► inbound ─► items under way (bounded) ─► pipeline.run, as they come: the writer commits together what waits at the same moment
 *   client ◄─ outlet ◄─── answers, in order ◄──────────┘
 *
 * Reading stops while too many items are under way or the client does not read its answers. When the client has said everything and all is answered, the
 * stream ends with OK, whatever became of single items.
 */
import type { RpcMethod } from "../../contract/protobuf/index.ts";
import type { Result } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type Conditions, conditionsOf } from "../http/index.ts";
import { askedOf, verdictOf } from "../rpc/index.ts";
import { metadataOf, toldTo } from "./answer.ts";
import { type Asking, callOf } from "./asking.ts";
import { declineStream, type Handling, headroom, refuseStream } from "./handling.ts";
import { Inbound } from "./inbound.ts";
import { ok } from "./status.ts";
import type { GrpcStream } from "./stream.ts";

/** An item that was read, and what came of it. */
interface Item {
  answer: Uint8Array | undefined;
  /** Bytes of its message. */
  readonly bytes: number;
}

class Items {
  readonly #handling: Handling;
  readonly #stream: GrpcStream;
  readonly #asking: Asking;
  readonly #method: RpcMethod;
  readonly #key: string | undefined;
  readonly #inbound: Inbound;
  /** Read and not answered, in order; and the bytes of their messages. */
  readonly #underWay: Item[] = [];
  #bytes = 0;
  #count = 0;
  #hasEnded = false;
  #isAwaitingRoom = false;
  /** Why the stream ends once what is under way is answered. */
  #refusal: Refusal | undefined;

  constructor(handling: Handling, stream: GrpcStream, asking: Asking, given: { method: RpcMethod; key: string | undefined }) {
    this.#handling = handling;
    this.#stream = stream;
    this.#asking = asking;
    this.#method = given.method;
    this.#key = given.key;
    this.#inbound = new Inbound(stream, {
      bytesMax: handling.limits.messageBytesMax,
      reader: {
        onMessage: (bytes, sent) => this.#take(bytes, sent),
        onEnd: () => this.#end(undefined),
        onFault: (refusal) => this.#end(refusal),
        onError: (error) => handling.failed(stream, asking, given.method, error),
      },
    });
    stream.onStopping = () => this.#end(refuse("unavailable"));
  }

  start(): void {
    this.#inbound.start();
  }

  #end(refusal: Refusal | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#refusal = refusal;
    this.#inbound.stop();
    this.#answer();
  }

  /** So much is under way that nothing more is read. */
  get #isFull(): boolean {
    const { itemsInFlightMax, itemBytesInFlightMax } = this.#handling.limits;
    return this.#underWay.length >= itemsInFlightMax || this.#bytes >= itemBytesInFlightMax;
  }

  #take(bytes: Uint8Array, sent: number): void {
    const item: Item = { answer: undefined, bytes: sent };
    const index = this.#count++;
    this.#underWay.push(item);
    this.#bytes += sent;
    if (this.#isFull) this.#inbound.hold();
    const settle = (result: Result): void => {
      item.answer = this.#encoded(result);
      this.#answer();
    };
    const failed = (error: unknown): void => {
      this.#handling.parts.onError(error, { requestId: this.#asking.requestId, channel: "grpc" });
      settle({ ok: false, refusal: refuse("internal") });
    };
    try {
      const result = this.#run(bytes, sent, index);
      if (result instanceof Promise) this.#handling.track(result).then(settle).catch(failed);
      else settle(result);
    } catch (error) {
      failed(error);
    }
  }

  #run(bytes: Uint8Array, sent: number, index: number): Result | Promise<Result> {
    const { parts, limits } = this.#handling;
    const { operation } = this.#method;
    const asked = askedOf(this.#method, bytes);
    if (!("input" in asked)) {
      const declined = parts.pipeline.decline(callOf(this.#asking, operation, {}), asked);
      if (!(declined instanceof Promise)) return { ok: false, refusal: declined };
      return declined.then((refusal): Result => ({ ok: false, refusal }));
    }
    const { input, ...named } = asked;
    const conditions: Conditions = this.#key === undefined ? named : { idempotencyKey: `${this.#key}/${index}`, ...named };
    const deadline = Math.min(this.#stream.deadlineMs, Date.now() + limits.callMsMax);
    return parts.pipeline.run(callOf(this.#asking, operation, input, { conditions, bodyBytes: sent, deadline }));
  }

  #encoded(result: Result): Uint8Array {
    const { output, operation } = this.#method;
    const replayed = result.replayed === true ? ({ replayed: true } as const) : {};
    const verdict = result.ok ? result : { ...result, told: toldTo(this.#asking, operation, result.refusal), ...replayed };
    return output.encode(verdictOf(this.#method, verdict), headroom);
  }

  /** Sends what can be answered, in order. */
  #answer(): void {
    if (this.#isAwaitingRoom) return;
    const stream = this.#stream;
    while (this.#underWay[0]?.answer !== undefined) {
      const room = stream.room();
      if (room !== undefined) {
        this.#isAwaitingRoom = true;
        this.#inbound.hold();
        void room.then(() => {
          this.#isAwaitingRoom = false;
          this.#answer();
        });
        return;
      }
      const { answer, bytes } = this.#underWay.shift() as Item;
      this.#bytes -= bytes;
      if (answer !== undefined) stream.send(answer);
    }
    if (this.#underWay.length === 0 && this.#hasEnded) this.#finish();
    else if (!this.#isFull) this.#inbound.release();
  }

  #finish(): void {
    if (this.#refusal === undefined) this.#stream.finish(ok, metadataOf(this.#asking).slice(1));
    else refuseStream(this.#stream, this.#asking, this.#method, this.#refusal);
  }
}

/** Answers a stream of a `…Stream`: who may not call it at all is refused before an item is read. */
export const answerItems = (handling: Handling, stream: GrpcStream, asking: Asking, method: RpcMethod): void => {
  const conditions = conditionsOf((name) => stream.get(name));
  if ("type" in conditions) {
    declineStream(handling, stream, asking, method, conditions);
    return;
  }
  if (conditions.ifMatch !== undefined) {
    const explanation = "If-Match is about one row, not about a stream.";
    declineStream(handling, stream, asking, method, refuse("invalid_header", { details: { explanation, header: "If-Match" } }));
    return;
  }
  handling.work(
    stream,
    asking,
    method,
    () => handling.barred(asking, method),
    (barred) => {
      if (stream.isOver) return;
      if (barred !== undefined) {
        refuseStream(stream, asking, method, barred);
        return;
      }
      stream.addMetadata([["x-request-id", asking.requestId]]);
      stream.begin();
      handling.watch(stream, asking, method);
      new Items(handling, stream, asking, { method, key: conditions.idempotencyKey }).start();
    },
  );
};

/**
 * Methods that stream: `Export…` answers rows as fast as they are read and no faster; `…Stream` answers item after item, in order, while they come. What
 * waits in between is bounded, so that memory stays the same whatever the number of rows or items.
 */
import type { Result } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import { type ChannelParts, conditionsOf } from "../http/index.ts";
import { headerBytes, rowsOf, verdictOf } from "../rpc/index.ts";
import { askedOf, encoded } from "./codec.ts";
import { Frames } from "./frames.ts";
import { incoming, IncomingFault, type Incoming, oneOf } from "./incoming.ts";
import { connectLimits } from "./limits.ts";
import { framedHeaders, refusedIn } from "./respond.ts";
import { callFor, type Rpc } from "./rpc.ts";
import { statusFor, toldOf } from "./told.ts";
import { declined } from "./unary.ts";

type Pieces = AsyncGenerator<Uint8Array, void, undefined>;

/** Streams that are open on this node. */
export class Streams {
  readonly #parts: ChannelParts;
  readonly #open = new Set<AbortController>();
  #isClosing = false;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
  }

  /** Why no stream is opened now. */
  #full(): Refusal | undefined {
    if (this.#isClosing) return refuse("unavailable", { retryAfter: 1 });
    if (this.#open.size < connectLimits.streamsMax) return undefined;
    return refuse("concurrency_exceeded", {
      retryAfter: 1,
      details: { limit: "streams", quota: connectLimits.streamsMax },
    });
  }

  /** Open streams are told and ended. */
  close(): void {
    this.#isClosing = true;
    for (const abort of this.#open) abort.abort(refuse("unavailable", { retryAfter: 1 }));
  }

  /**
   * An answer of many pieces. `make` makes them; they end by themselves once the signal says so. `ended` is called once, also where nobody has asked for a
   * piece: a generator that was not begun ends nothing.
   */
  #answer(rpc: Rpc, make: (frames: Frames, signal: AbortSignal) => Pieces, ended: () => void): Response {
    const abort = new AbortController();
    const open = this.#open;
    const left = rpc.exchange.request.signal;
    const pieces = make(new Frames(rpc.form, rpc.answerCoding), abort.signal);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      left.removeEventListener("abort", leave);
      open.delete(abort);
      ended();
    };
    const leave = (): void => {
      abort.abort();
      pieces.return().catch(() => undefined);
      over();
    };
    if (left.aborted) {
      leave();
      return new Response(null, { headers: framedHeaders(rpc) });
    }
    open.add(abort);
    left.addEventListener("abort", leave, { once: true });
    if (rpc.untilMs !== Number.POSITIVE_INFINITY) {
      const late = (): void => abort.abort(refuse("deadline_exceeded"));
      timer = setTimeout(late, Math.max(0, rpc.untilMs - Date.now()));
    }
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done !== true) controller.enqueue(value as Uint8Array<ArrayBuffer>);
        else {
          over();
          controller.close();
        }
      },
      cancel: leave,
    });
    return new Response(body, { headers: framedHeaders(rpc) });
  }

  /** Why a stream ended early: the caller left or may no longer call, the server stops, or an error of ours. */
  #refusalOf(error: unknown, rpc: Rpc): Refusal {
    if (error instanceof StreamEnded || error instanceof IncomingFault) return error.refusal;
    this.#parts.onError(error, { requestId: rpc.exchange.requestId, channel: rpc.exchange.channel });
    return refuse("internal");
  }

  async exported(rpc: Rpc): Promise<Response> {
    const { exchange, form, method, requestCoding } = rpc;
    const { pipeline } = this.#parts;
    const full = this.#full();
    if (full !== undefined) return declined(pipeline, rpc, full);
    const message = await oneOf(exchange, form, requestCoding);
    if (!("bytes" in message)) return declined(pipeline, rpc, message);
    exchange.bodyBytes = message.sent;
    const asked = askedOf(method, form.codec, message.bytes);
    if (!("input" in asked)) return declined(pipeline, rpc, asked);
    const stop = new AbortController();
    const opened = await pipeline.stream(callFor(rpc, asked.input, { signal: stop.signal }));
    if (!opened.ok) return refusedIn(exchange, form, opened.refusal, { method });
    const rows = opened.rows[Symbol.asyncIterator]();
    const ended = (): void => {
      stop.abort();
      rows.return?.().catch(() => undefined);
    };
    return this.#answer(rpc, (frames, signal) => this.#rows(rpc, rows, frames, signal), ended);
  }

  async *#rows(rpc: Rpc, rows: AsyncIterator<readonly unknown[]>, frames: Frames, signal: AbortSignal): Pieces {
    const { exchange, method, form } = rpc;
    let refusal: Refusal | undefined;
    try {
      for (let some = await rows.next(); some.done !== true && !signal.aborted; some = await rows.next())
        if (some.value.length > 0) yield frames.message(encoded(method, form.codec, rowsOf(method, some.value), headerBytes));
    } catch (error) {
      refusal = this.#refusalOf(error, rpc);
    }
    refusal = cutBy(signal) ?? refusal;
    yield frames.end(refusal === undefined ? undefined : statusFor(exchange, refusal, method));
  }

  async items(rpc: Rpc): Promise<Response> {
    const { exchange, form, method, requestCoding } = rpc;
    const { pipeline } = this.#parts;
    const conditions = conditionsOf((name) => exchange.headers.get(name));
    if ("type" in conditions) return declined(pipeline, rpc, conditions);
    if (conditions.ifMatch !== undefined) {
      const explanation = "If-Match is about one row, not about a stream.";
      return declined(pipeline, rpc, refuse("invalid_header", { details: { explanation, header: "If-Match" } }));
    }
    const full = this.#full();
    if (full !== undefined) return declined(pipeline, rpc, full);
    const barred = await pipeline.permit(callFor(rpc, {}));
    if (barred !== undefined) return refusedIn(exchange, form, barred, { method });
    const key = conditions.idempotencyKey;
    const messages = incoming(exchange, form, requestCoding);
    const ended = (): void => void messages.return().catch(() => undefined);
    return this.#answer(rpc, (frames, signal) => this.#verdicts(rpc, messages, { frames, key, signal }), ended);
  }

  async *#verdicts(
    rpc: Rpc,
    messages: AsyncGenerator<Incoming, void, undefined>,
    { frames, key, signal }: { readonly frames: Frames; readonly key: string | undefined; readonly signal: AbortSignal },
  ): Pieces {
    let refusal: Refusal | undefined;
    const answers = inOrder(messages, (message, index) => this.#verdict(rpc, message, { index, key }), signal);
    try {
      for await (const answer of answers) yield frames.message(answer);
    } catch (error) {
      refusal = this.#refusalOf(error, rpc);
    }
    refusal = cutBy(signal) ?? refusal;
    yield frames.end(refusal === undefined ? undefined : statusFor(rpc.exchange, refusal, rpc.method));
  }

  /** What came of one item, as bytes. */
  async #verdict(
    rpc: Rpc,
    message: Incoming,
    { index, key }: { readonly index: number; readonly key: string | undefined },
  ): Promise<Uint8Array> {
    const { method, form, exchange } = rpc;
    const result = await this.#run(rpc, message, { index, key });
    const verdict = result.ok
      ? result
      : {
          ok: false as const,
          refusal: result.refusal,
          told: toldOf(exchange, result.refusal, method),
          ...(result.replayed === true ? { replayed: true as const } : {}),
        };
    return encoded(method, form.codec, verdictOf(method, verdict), headerBytes);
  }

  #run(
    rpc: Rpc,
    { bytes, sent }: Incoming,
    { index, key }: { readonly index: number; readonly key: string | undefined },
  ): MaybePromise<Result> {
    const { pipeline } = this.#parts;
    const nowMs = Date.now();
    const asked = askedOf(rpc.method, rpc.form.codec, bytes);
    if (!("input" in asked)) {
      const told = pipeline.decline(callFor(rpc, {}, { nowMs }), asked);
      return told instanceof Promise ? told.then((refusal): Result => ({ ok: false, refusal })) : { ok: false, refusal: told };
    }
    const { input, ...named } = asked;
    const conditions = key === undefined ? named : { idempotencyKey: `${key}/${index}`, ...named };
    return pipeline.run(callFor(rpc, input, { conditions, nowMs, bodyBytes: sent }));
  }
}

/** Why a signal cut a stream off; undefined where it did not, or the caller has left. */
const cutBy = ({ aborted, reason }: AbortSignal): Refusal | undefined =>
  aborted && typeof reason === "object" && reason !== null && "type" in reason && "status" in reason
    ? (reason as Refusal)
    : undefined;

/**
 * Results of `work` in the order of what it was given, as soon as they are there, while more comes. At most `itemsInFlightMax` are under way, or wait to
 * be taken.
 */
async function* inOrder<T, R>(
  source: AsyncGenerator<T, void, undefined>,
  work: (item: T, index: number) => Promise<R>,
  signal: AbortSignal,
): AsyncGenerator<R, void, undefined> {
  const stopped = new Promise<"stopped">((resolve) => {
    if (signal.aborted) resolve("stopped");
    else signal.addEventListener("abort", () => resolve("stopped"), { once: true });
  });
  const underWay: Promise<R>[] = [];
  let index = 0;
  let next: Promise<IteratorResult<T, void>> | undefined;
  let failed: unknown;
  let isOver = false;
  try {
    for (;;) {
      if (!isOver && underWay.length < connectLimits.itemsInFlightMax) next ??= source.next();
      const [first] = underWay;
      if (next === undefined && first === undefined) break;
      const racers: Promise<unknown>[] = [stopped];
      if (next !== undefined)
        racers.push(
          next.then(
            () => "read",
            (error: unknown) => ((failed = error), "failed"),
          ),
        );
      if (first !== undefined) racers.push(first.then(() => "done"));
      const what = await Promise.race(racers);
      if (what === "stopped") return;
      if (what === "done" && first !== undefined) {
        void underWay.shift();
        yield await first;
      } else if (what === "failed") {
        // What was read before is answered.
        isOver = true;
        next = undefined;
      } else if (next !== undefined) {
        const read = await next;
        next = undefined;
        if (read.done === true) isOver = true;
        else {
          const item = work(read.value, index++);
          // Taken later: until then a failure is nobody's.
          item.catch(() => undefined);
          underWay.push(item);
        }
      }
    }
    if (failed !== undefined) throw failed;
  } finally {
    source.return().catch(() => undefined);
  }
}

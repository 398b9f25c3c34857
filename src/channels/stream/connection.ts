/**
 * One WebSocket: messages in, answers and events out. Each message is a call of its own: it is identified, limited, authorized, metered and recorded by itself.
 *
 *   closes with   because
 *   1001          the server stops
 *   1003          a message was not text
 *   1013          to be tried again later: `slow_consumer` does not read what is sent; too many connections
 *   4401          no credentials within the time for them, or they no longer count; the reason is the type of the refusal
 *   4403          no policy lets the page's origin read what was answered
 *   4429          too many messages
 *
 * The listener itself closes with 1002, 1007 and 1009 what is no WebSocket, no UTF-8, or too large.
 */
import type { Operation } from "../../contract/contract.ts";
import type { Findings, Result } from "../../pipeline/call.ts";
import { invalid, type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import type { ChannelParts, Socket, SocketSession } from "../http/index.ts";
import { authenticate } from "./authenticate.ts";
import { readBatch } from "./batch.ts";
import { CallQueue, type Work } from "./call-queue.ts";
import { answerText, notice, noticeOf, refusalMembers, refusalText, type Telling, verdictOf } from "./envelope.ts";
import { readInput } from "./input.ts";
import type { StreamLimits } from "./limits.ts";
import { type Message, readMessage, type Remarks } from "./message.ts";
import { Outbox } from "./outbox.ts";
import type { Member, Roster } from "./roster.ts";
import type { Seat } from "./seat.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What all connections share. */
export interface Shared {
  readonly parts: ChannelParts;
  readonly limits: StreamLimits;
  readonly roster: Roster;
}

/** Close codes of this channel; the others are of RFC 6455 section 7.4.1. */
export const closeCodes = {
  goingAway: 1001,
  textOnly: 1003,
  later: 1013,
  unauthenticated: 4401,
  originRefused: 4403,
  tooManyMessages: 4429,
} as const;

/** A reason has 123 bytes at most (RFC 6455 section 5.5). */
const reasonLengthMax = 120;
const secondMs = 1_000;

const isRefusal = (value: object): value is Refusal => "type" in value && "status" in value;

export class Connection implements SocketSession, Member {
  readonly seat: Seat;
  readonly #shared: Shared;
  readonly #isForeign: boolean;
  readonly #openedMs = performance.now();
  #socket: Socket | undefined;
  #outbox: Outbox | undefined;
  #queue: CallQueue | undefined;
  #subscriptions: Subscriptions | undefined;
  /** Ends functions that only read when nobody is there any more. */
  #reading: AbortController | undefined;
  #heardMs = this.#openedMs;
  #pingedMs: number | undefined;
  /** Messages of the second that began then. */
  #secondMs = this.#openedMs;
  #secondCount = 0;
  #count = 0;
  #isLeaving = false;
  #isOver = false;

  constructor(seat: Seat, shared: Shared, options: { readonly isForeign: boolean }) {
    this.seat = seat;
    this.#shared = shared;
    this.#isForeign = options.isForeign;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    this.#outbox = new Outbox(socket, { bytesMax: this.#shared.limits.bufferedBytesMax });
    if (this.#isLeaving) this.cut();
  }

  message(data: string | Uint8Array): void {
    if (this.#isOver) return;
    const nowMs = performance.now();
    this.#heardMs = nowMs;
    const { limits } = this.#shared;
    if (nowMs - this.#secondMs >= secondMs) {
      this.#secondMs = nowMs;
      this.#secondCount = 0;
    }
    if (++this.#secondCount > limits.messagesPerSecondMax) return this.#end(closeCodes.tooManyMessages, "too_many_messages");
    if (typeof data !== "string") return this.#end(closeCodes.textOnly, "text_only");
    const message = readMessage(data, { limits, service: this.seat.version.service });
    if (message.kind === "unread") return this.#refuse(message.id, message.refusal);
    if (this.#isLeaving) return this.#refuse(message.id, refuse("unavailable", { retryAfter: 1 }));
    this.#take(message, Buffer.byteLength(data));
  }

  drain(): void {
    this.#outbox?.drained();
    this.#queue?.resume();
  }

  pong(): void {
    this.#heardMs = performance.now();
    this.#pingedMs = undefined;
  }

  close(): void {
    this.#over();
  }

  tick(nowMs: number): void {
    const { authenticateMs, heartbeatMs, deadMs, slowMs } = this.#shared.limits;
    const socket = this.#socket;
    if (socket === undefined) return;
    if (!this.seat.isKnown && nowMs - this.#openedMs >= authenticateMs)
      return this.#end(closeCodes.unauthenticated, "authentication_timeout");
    if ((this.#outbox?.fullForMs(nowMs) ?? 0) >= slowMs) return this.#end(closeCodes.later, "slow_consumer");
    if (this.#pingedMs !== undefined && this.#heardMs > this.#pingedMs) this.#pingedMs = undefined;
    if (this.#pingedMs === undefined) {
      if (nowMs - this.#heardMs < heartbeatMs) return;
      this.#pingedMs = nowMs;
      socket.ping();
    } else if (nowMs - this.#pingedMs >= deadMs) {
      // Nobody is there to be told.
      this.#over();
      socket.terminate();
    }
  }

  revoke(refusal: Refusal): void {
    this.#end(closeCodes.unauthenticated, refusal.type);
  }

  leave(): void {
    this.#isLeaving = true;
    this.#subscriptions?.end();
    this.#leaveWhenDone();
  }

  cut(): void {
    this.#end(closeCodes.goingAway, "shutdown");
  }

  #leaveWhenDone(): void {
    if (this.#isLeaving && (this.#queue?.isIdle ?? true)) this.cut();
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#over();
    this.#socket?.close(code, reason.slice(0, reasonLengthMax));
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#shared.roster.leave(this);
    this.#subscriptions?.end();
    this.#reading?.abort();
    this.#queue?.close();
    this.#outbox?.close();
  }

  #send(text: string): void {
    this.#outbox?.send(text);
  }

  /** The words of an answer; its request id has the number of its message. */
  #telling({ language, requestId }: Remarks): Telling | Refusal {
    const locale = language === undefined ? this.seat.locale : this.#shared.parts.languages.lookup(language);
    if (locale === undefined) return invalid({ language: [{ code: "bad_format", params: { format: "language" } }] });
    return {
      locale,
      requestId:
        requestId === undefined
          ? `${this.seat.requestId}.${(++this.#count).toString(36)}`
          : this.#shared.parts.requestIds.of(requestId),
      messages: this.seat.version.contract.messages,
    };
  }

  #refuse(id: string | undefined, refusal: Refusal, telling?: Telling): void {
    const words = telling ?? this.#telling({ language: undefined, requestId: undefined });
    if (!isRefusal(words)) this.#send(refusalText(id, refusal, words));
  }

  #take(message: Message, bytes: number): void {
    switch (message.kind) {
      case "ping":
        return this.#send(noticeOf(message.id, "pong", message.value));
      case "unsubscribe":
        return this.#unsubscribe(message.id);
      case "authenticate":
        this.#add(message.id, { bytes, kind: "barrier", run: () => this.#authenticate(message) });
        return;
      case "call":
      case "batch":
      case "subscribe": {
        const telling = this.#telling(message);
        if (isRefusal(telling)) return this.#refuse(message.id, telling);
        if (message.kind === "subscribe") return this.#subscribe(message, bytes, telling);
        const operation = message.kind === "call" ? this.#operation(message.operation) : undefined;
        if (message.kind === "call" && operation === undefined)
          return this.#refuse(
            message.id,
            refuse("not_found", { details: { operation: message.operation.slice(0, 100) } }),
            telling,
          );
        const kind = message.kind === "batch" || operation?.kind === "command" ? "command" : "query";
        this.#add(message.id, {
          bytes,
          kind,
          run: (isBegun) =>
            message.kind === "batch"
              ? this.#batch(message, telling, bytes)
              : this.#call(message, operation as Operation, telling, bytes, isBegun),
        });
        return;
      }
    }
  }

  /** Puts work in line, where it never rejects; false, and refused, where too much waits. */
  #add(id: string | undefined, work: Work): boolean {
    const { limits, parts } = this.#shared;
    this.#queue ??= new CallQueue({ ...limits, isFull: () => this.#outbox?.isFull === true });
    const failed = (error: unknown): void => {
      parts.onError(error, { requestId: this.seat.requestId, channel: "stream" });
      this.#refuse(id, refuse("internal"));
    };
    const run: Work["run"] = (isBegun) => {
      try {
        const running = work.run(isBegun);
        return running instanceof Promise ? running.catch(failed).finally(() => this.#doneLater()) : running;
      } catch (error) {
        return failed(error);
      }
    };
    if (this.#queue.add({ ...work, run })) return true;
    const quota = limits.waitingMax;
    this.#refuse(id, refuse("concurrency_exceeded", { retryAfter: 1, details: { limit: "calls", quota } }));
    return false;
  }

  #doneLater(): void {
    if (this.#isLeaving) setTimeout(() => this.#leaveWhenDone());
  }

  #operation(name: string): Operation | undefined {
    return this.seat.contract.operations.has(name) ? this.seat.version.contract.operations.get(name) : undefined;
  }

  #call(
    message: Extract<Message, { kind: "call" }>,
    operation: Operation,
    telling: Telling,
    bodyBytes: number,
    isBegun: () => void,
  ): MaybePromise<void> {
    const { parts, limits } = this.#shared;
    const { locale, requestId } = telling;
    const { id, idempotencyKey, ifMatch } = message;
    const findings: Findings = {};
    const input = readInput(operation, message.input, limits);
    const answer = (result: Result): void => {
      if (this.#isUnreadable(findings)) return;
      this.#send(answerText(id, result, { operation, telling, findings, bytesMax: limits.answerBytesMax }));
    };
    const shared = { locale, requestId, findings, bodyBytes, deadline: parts.now() + limits.callMsMax };
    if (isRefusal(input)) {
      // What cannot be read counts like any other call.
      const declined = parts.pipeline.decline(this.seat.callOf(operation, {}, shared), input);
      return declined instanceof Promise
        ? declined.then((refusal) => answer({ ok: false, refusal }))
        : answer({ ok: false, refusal: declined });
    }
    const isCommand = operation.kind === "command";
    const result = parts.pipeline.run(
      this.seat.callOf(operation, input, {
        ...shared,
        ifMatch,
        ...(isCommand ? { idempotencyKey, onRun: isBegun } : {}),
        ...(operation.function !== undefined && !isCommand ? { signal: this.#signal() } : {}),
      }),
    );
    return result instanceof Promise ? result.then(answer) : answer(result);
  }

  #signal(): AbortSignal {
    this.#reading ??= new AbortController();
    return this.#reading.signal;
  }

  async #batch(message: Extract<Message, { kind: "batch" }>, telling: Telling, bodyBytes: number): Promise<void> {
    const { parts, limits } = this.#shared;
    const { locale, requestId } = telling;
    const findings: Findings = {};
    const shared = { locale, requestId, findings, bodyBytes, deadline: parts.now() + limits.callMsMax };
    const batch = readBatch(message.calls, {
      limits,
      idempotencyKey: message.idempotencyKey,
      operationNamed: (name) => this.#operation(name),
      callOf: (operation, input, idempotencyKey) => this.seat.callOf(operation, input, { ...shared, idempotencyKey }),
    });
    if (isRefusal(batch)) return this.#refuse(message.id, batch, telling);
    const results = await parts.pipeline.runBatch(batch.steps, { strategy: message.strategy });
    if (this.#isUnreadable(findings)) return;
    const succeeded = results.filter(({ ok }) => ok).length;
    const data = results.map((result, index) => verdictOf(result, telling, batch.operations[index]?.resource?.name));
    const members =
      succeeded === 0 && results.length > 0
        ? { ...refusalMembers(refuse("batch_failed"), telling), data }
        : { success: true, status: succeeded < results.length ? 207 : 200, data };
    this.#send(notice(message.id, findings.limits === undefined ? members : { ...members, limits: findings.limits }));
  }

  /** A page of another origin, and the caller's own tenant lets it read nothing: as a browser would keep it from an answer over HTTP. */
  #isUnreadable({ caller, cors }: Findings): boolean {
    if (!this.#isForeign || caller === undefined || (cors?.length ?? 0) > 0) return false;
    this.#end(closeCodes.originRefused, "origin_not_allowed");
    return true;
  }

  async #authenticate({ id, shown }: Extract<Message, { kind: "authenticate" }>): Promise<void> {
    const { parts, roster } = this.#shared;
    roster.leave(this);
    const refusal = (await authenticate(this.seat, shown, parts.pipeline)) ?? roster.admits(this.seat);
    if (this.#isOver) return;
    if (refusal === undefined) {
      roster.enter(this);
      return this.#send(notice(id, { success: true, status: 200, authenticated: true }));
    }
    this.#refuse(id, refusal);
    this.#end(refusal.status === 429 || refusal.status === 503 ? closeCodes.later : closeCodes.unauthenticated, refusal.type);
  }

  #unsubscribe(id: string): void {
    if (this.#subscriptions?.close(id) !== true) return this.#refuse(id, refuse("not_found", { details: { subscription: id } }));
    this.#send(notice(id, { success: true, status: 200, unsubscribed: true }));
  }

  #subscribe({ id, query }: Extract<Message, { kind: "subscribe" }>, bytes: number, telling: Telling): void {
    const { parts, limits } = this.#shared;
    const outbox = this.#outbox;
    if (outbox === undefined) return;
    const { seat } = this;
    const subscriptions = (this.#subscriptions ??= new Subscriptions(
      { seat, outbox, isUnreadable: (findings) => this.#isUnreadable(findings), revoke: (refusal) => this.revoke(refusal) },
      parts,
      { max: limits.subscriptionsMax },
    ));
    const reserved = subscriptions.reserve(id);
    if (isRefusal(reserved)) return this.#refuse(id, reserved, telling);
    const isTaken = this.#add(id, { bytes, kind: "query", run: () => subscriptions.open(reserved, query, telling, bytes) });
    if (!isTaken) subscriptions.close(id);
  }
}

/**
 * GraphQL over WebSocket (`graphql-transport-ws`, protocol by graphql-ws): queries, mutations and subscriptions, many at a time.
 *
 *   4400 a message that is none · 4401 an operation before `connection_init`, credentials that no longer count · 4403 credentials that are no good
 *   4406 another subprotocol · 4408 no `connection_init` in time · 4409 an id that is in use · 4429 a second `connection_init`, too many messages
 *   1009 a message that is too large · 1013 a reader who is too slow · 1001 the server stops
 *
 * Credentials are those of the request that opened it, or the payload of `connection_init`: `{ "authorization": "Bearer …" }`, for a page with a session's cookie
 * `{ "csrfToken": "…" }`. An own answer for every message goes out in order; nothing is made for a reader who does not read.
 */
import { type GraphQLFormattedError, GraphQLError, OperationTypeNode } from "graphql";
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer, type ServerOptions, type SubscribePayload } from "graphql-ws";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";
import {
  type ChannelParts,
  type HttpExchange,
  type HttpVersion,
  reasonHeader,
  type Socket,
  type SocketSession,
  upgraded,
} from "../http/index.ts";
import { authenticate, knownCaller } from "../stream/authenticate.ts";
import type { StreamLimits } from "../stream/limits.ts";
import { refusedOrigin } from "../stream/origins.ts";
import { Outbox } from "../stream/outbox.ts";
import type { Member, Roster } from "../stream/roster.ts";
import { Seat } from "../stream/seat.ts";
import { bodyOf } from "./answer.ts";
import { type Asking, ofSeat } from "./asking.ts";
import { graphqlLimits } from "./limits.ts";
import { type Answer, Performance, type Ready } from "./perform.ts";
import { Problem } from "./problem.ts";
import { requestOf } from "./request.ts";
import type { Served } from "./served.ts";
import { subscribe, type Subscribed } from "./subscription.ts";

/** What graphql-ws hands to the executor, as its context. */
interface Running {
  readonly performance: Performance;
  readonly ready: Ready;
  readonly subscribed: Subscribed | undefined;
  readonly controller: AbortController;
}

const reasonLengthMax = 120;
const secondMs = 1_000;
const messagesPerSecondMax = 1_000;

/** Whole numbers keep their digits. */
const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && context?.source !== undefined && /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;

const errorsOf = ({ errors = [] }: Answer): readonly GraphQLError[] =>
  errors.map(
    ({ message, path, extensions }) => new GraphQLError(message, { extensions, ...(path === undefined ? {} : { path }) }),
  );

class Connection implements SocketSession, Member {
  readonly seat: Seat;
  readonly #parts: ChannelParts;
  readonly #roster: Roster;
  readonly #served: Served;
  readonly #protocol: string;
  readonly #limits: StreamLimits;
  #socket: Socket | undefined;
  #outbox: Outbox | undefined;
  #closed: ((code?: number, reason?: string) => Promise<void>) | undefined;
  #receive: ((data: string) => Promise<void>) | undefined;
  readonly #running = new Set<AbortController>();
  #heardMs = performance.now();
  #pingedMs: number | undefined;
  #secondMs = this.#heardMs;
  #secondCount = 0;
  #count = 0;
  #isOver = false;

  constructor(
    parts: ChannelParts,
    roster: Roster,
    seat: Seat,
    { served, protocol, limits }: { readonly served: Served; readonly protocol: string; readonly limits: StreamLimits },
  ) {
    this.#parts = parts;
    this.#roster = roster;
    this.seat = seat;
    this.#served = served;
    this.#protocol = protocol;
    this.#limits = limits;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    const outbox = new Outbox(socket, { bytesMax: this.#limits.bufferedBytesMax });
    this.#outbox = outbox;
    this.#closed = makeServer<Record<string, unknown>, undefined>(this.#options()).opened(
      {
        protocol: this.#protocol,
        send: (text) => {
          outbox.send(text);
          return outbox.room();
        },
        close: (code, reason) => this.#end(code ?? 1000, reason ?? ""),
        onMessage: (receive) => void (this.#receive = receive),
      },
      undefined,
    );
  }

  message(data: string | Uint8Array): void {
    if (this.#isOver) return;
    const nowMs = performance.now();
    this.#heardMs = nowMs;
    if (nowMs - this.#secondMs >= secondMs) {
      this.#secondMs = nowMs;
      this.#secondCount = 0;
    }
    if (++this.#secondCount > messagesPerSecondMax) return this.#end(4429, "Too many messages");
    if (typeof data !== "string") return this.#end(4400, "Invalid message received");
    if (Buffer.byteLength(data) > graphqlLimits.messageBytesMax) return this.#end(1009, "Message too large");
    this.#receive?.(data).catch((error: unknown) => {
      if (this.#isOver) return;
      // What graphql-ws throws is about the message; what is ours was told of already.
      if (!(error instanceof Error)) this.#parts.onError(error, { requestId: this.seat.requestId, channel: "graphql" });
      this.#end(4400, "Invalid message received");
    });
  }

  drain(): void {
    this.#outbox?.drained();
  }

  pong(): void {
    this.#heardMs = performance.now();
    this.#pingedMs = undefined;
  }

  close(code: number, reason: string): void {
    this.#over(code, reason);
  }

  tick(nowMs: number): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if ((this.#outbox?.fullForMs(nowMs) ?? 0) >= this.#limits.slowMs) return this.#end(1013, "slow_consumer");
    if (this.#pingedMs !== undefined && this.#heardMs > this.#pingedMs) this.#pingedMs = undefined;
    if (this.#pingedMs === undefined) {
      if (nowMs - this.#heardMs < this.#limits.heartbeatMs) return;
      this.#pingedMs = nowMs;
      socket.ping();
    } else if (nowMs - this.#pingedMs >= this.#limits.deadMs) {
      // Nobody is there to be told.
      this.#over(1006, "");
      socket.terminate();
    }
  }

  revoke(refusal: Refusal): void {
    this.#end(4401, refusal.type);
  }

  leave(): void {
    this.#end(1001, "shutdown");
  }

  cut(): void {
    this.leave();
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#over(code, reason);
    this.#socket?.close(code, reason.slice(0, reasonLengthMax));
  }

  #over(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#roster.leave(this);
    for (const controller of this.#running) controller.abort();
    this.#outbox?.close();
    this.#closed?.(code, reason).catch((error: unknown) =>
      this.#parts.onError(error, { requestId: this.seat.requestId, channel: "graphql" }),
    );
  }

  #options(): ServerOptions<Record<string, unknown>, undefined> {
    return {
      connectionInitWaitTimeout: graphqlLimits.initMsMax,
      jsonMessageReviver: exact,
      onConnect: async ({ connectionParams = {} }) => (await this.#connect(connectionParams)) === undefined,
      onSubscribe: async (context, _id, payload) => {
        const { performance, prepared, controller } = await this.#prepare(payload, Object.keys(context.subscriptions).length);
        if (!("plan" in prepared)) return errorsOf(prepared);
        let subscribed: Subscribed | undefined;
        if (prepared.plan.operation === OperationTypeNode.SUBSCRIPTION) {
          const opened = await this.#subscribe(prepared, performance, controller);
          if ("status" in opened) return errorsOf(opened);
          subscribed = opened;
        }
        const running: Running = { performance, ready: prepared, subscribed, controller };
        return {
          schema: this.#served.schema,
          document: prepared.document.node,
          operationName: prepared.operation.name?.value ?? null,
          contextValue: running,
        };
      },
      execute: async ({ contextValue }) => {
        const { performance, ready, controller } = contextValue as Running;
        try {
          return resultOf(await performance.execute(ready));
        } finally {
          this.#running.delete(controller);
        }
      },
      subscribe: ({ contextValue }) => {
        const { subscribed, controller, performance } = contextValue as Running;
        if (subscribed === undefined) throw new Error("a subscription that was not opened");
        return this.#results(subscribed, controller, performance);
      },
      onNext: (_context, _id, _payload, _args, result) => result as { readonly errors?: readonly GraphQLFormattedError[] },
    };
  }

  /** The credentials of `connection_init`; without any, those of the request. */
  async #connect(payload: Readonly<Record<string, unknown>>): Promise<Refusal | undefined> {
    const { csrfToken } = payload;
    const headers = new Headers();
    try {
      for (const [name, value] of Object.entries(payload)) {
        const header = name.toLowerCase();
        if (typeof value !== "string" || !connectionHeaders.has(header)) continue;
        headers.set(header, header === "pons-reason" ? reasonHeader(value) : value);
      }
    } catch {
      return refuse("invalid_credentials");
    }
    const shows = headers.has("authorization") || headers.has("x-api-key") || typeof csrfToken === "string";
    if (!shows) return this.seat.isKnown ? knownCaller(this.seat, this.#parts.pipeline) : undefined;
    // The seat is another caller's from here on: it is counted and asked for as that one's.
    this.#roster.leave(this);
    const refusal = await authenticate(
      this.seat,
      { headers, csrfToken: typeof csrfToken === "string" ? csrfToken : undefined },
      this.#parts.pipeline,
    );
    const barred = refusal ?? this.#roster.admits(this.seat);
    if (barred === undefined && !this.#isOver) this.#roster.enter(this);
    return barred;
  }

  async #prepare(
    payload: SubscribePayload,
    count: number,
  ): Promise<{ readonly performance: Performance; readonly prepared: Ready | Answer; readonly controller: AbortController }> {
    // Nothing is begun whose answer would only wait.
    await this.#outbox?.room();
    const controller = new AbortController();
    const performance = new Performance(this.#served, this.#parts.pipeline, this.#asking(controller));
    const prepared = await this.#read(performance, payload, count);
    if ("plan" in prepared) this.#running.add(controller);
    return { performance, prepared, controller };
  }

  async #read(performance: Performance, payload: SubscribePayload, count: number): Promise<Ready | Answer> {
    const quota = graphqlLimits.operationsPerSocketMax;
    if (count > quota) return performance.refused(refuse("concurrency_exceeded", { details: { limit: "operations", quota } }));
    try {
      return await performance.prepare(requestOf({ ...payload }), { isSafe: false });
    } catch (error) {
      if (error instanceof Problem) return performance.problem(error);
      this.#parts.onError(error, { requestId: this.seat.requestId, channel: "graphql" });
      return performance.refused(refuse("internal"));
    }
  }

  #asking({ signal }: AbortController): Asking {
    return ofSeat(this.seat, { requestId: `${this.seat.requestId}.${(++this.#count).toString(36)}`, signal });
  }

  async #subscribe(ready: Ready, performance: Performance, controller: AbortController): Promise<Subscribed | Answer> {
    const opened = await subscribe(
      ready,
      { pipeline: this.#parts.pipeline, served: this.#served, signal: controller.signal, asking: () => this.#asking(controller) },
      null,
    );
    if ("answers" in opened) return opened;
    this.#running.delete(controller);
    return performance.refused(opened);
  }

  /** The answers of a subscription. Leaving ends it at once, not with the next event. */
  #results(
    { answers }: Subscribed,
    controller: AbortController,
    performance: Performance,
  ): AsyncGenerator<ReturnType<typeof resultOf>> {
    const iterator = answers[Symbol.asyncIterator]();
    const running = this.#running;
    const done = { done: true as const, value: undefined };
    const end = (): Promise<IteratorResult<never>> => {
      running.delete(controller);
      // Whoever waits for the next event waits no longer.
      controller.abort();
      return Promise.resolve(done);
    };
    const next = async (): Promise<IteratorResult<ReturnType<typeof resultOf>>> => {
      try {
        for (;;) {
          const found = await iterator.next();
          if (found.done === true || controller.signal.aborted) return await end();
          if (found.value !== undefined) return { done: false, value: resultOf(found.value.answer) };
        }
      } catch (error) {
        if (controller.signal.aborted) return done;
        const refusal = error instanceof StreamEnded ? error.refusal : refuse("internal");
        if (!(error instanceof StreamEnded)) this.#parts.onError(error, { requestId: this.seat.requestId, channel: "graphql" });
        void end();
        return { done: false, value: resultOf(performance.refused(refusal)) };
      }
    };
    return {
      next,
      return: end,
      throw: end,
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.asyncDispose]: async () => void (await end()),
    } as AsyncGenerator<ReturnType<typeof resultOf>>;
  }
}

/** Parts of `connection_init` that stand for headers. */
const connectionHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "pons-tenant",
  "pons-act-for",
  "pons-reason",
]);

/** An answer as graphql-ws hands it on, unchanged. */
const resultOf = (answer: Answer): { readonly data?: Record<string, unknown>; readonly errors?: readonly GraphQLError[] } =>
  bodyOf(answer) as { readonly data?: Record<string, unknown>; readonly errors?: readonly GraphQLError[] };

export class Sockets {
  readonly #parts: ChannelParts;
  readonly #roster: Roster;
  readonly #limits: StreamLimits;

  constructor(parts: ChannelParts, roster: Roster, limits: StreamLimits) {
    this.#parts = parts;
    this.#roster = roster;
    this.#limits = limits;
  }

  /** Takes the connection over; a refusal where it may not be. */
  async open(exchange: HttpExchange, version: HttpVersion, served: Served): Promise<Response | Refusal> {
    const { caller, headers } = exchange;
    if (caller.upgrade === undefined)
      return refuse("not_implemented", { details: { explanation: "There are no WebSockets here." } });
    const refusal = refusedOrigin(exchange, (origin) => this.#parts.allowsOrigin(origin));
    if (refusal !== undefined) return refusal;
    const offered =
      headers
        .get("sec-websocket-protocol")
        ?.split(",")
        .map((one) => one.trim()) ?? [];
    const protocol = offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : "";
    const seat = new Seat(exchange, version, exchange.path);
    const barred = (seat.isKnown ? await knownCaller(seat, this.#parts.pipeline) : undefined) ?? this.#roster.admits(seat);
    if (barred !== undefined) return barred;
    const connection = new Connection(this.#parts, this.#roster, seat, { served, protocol, limits: this.#limits });
    this.#roster.enter(connection);
    const isOpen = caller.upgrade(connection, protocol === "" ? {} : { headers: { "Sec-WebSocket-Protocol": protocol } });
    if (isOpen) return upgraded;
    this.#roster.leave(connection);
    return refuse("invalid_request", { details: { explanation: "This is no handshake of a WebSocket (RFC 6455 section 4.1)." } });
  }
}

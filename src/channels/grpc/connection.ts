/**
 * One connection of a client: its streams, and what is held against it. Who floods it with pings, with calls that are taken back (CVE-2023-44487), or does
 * not answer, loses it; frames that HTTP/2 forbids, floods of other frames and header blocks beyond their bound end it in the HTTP/2 layer.
 */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { refuse } from "../../pipeline/refusal.ts";
import { Budget } from "./budget.ts";
import type { Peer } from "./asking.ts";
import type { GrpcLimits } from "./limits.ts";
import { Outlet } from "./outlet.ts";
import { GrpcStream } from "./stream.ts";

/** HTTP/2 error codes (RFC 9113 section 7). */
const noError = 0;
const refusedStream = 7;
const enhanceYourCalm = 11;
/** "All streams so far": the first of two GOAWAYs of a graceful end (RFC 9113 section 6.8). */
const everyStream = 2 ** 31 - 1;

export interface ConnectionHooks {
  onStream(stream: GrpcStream, connection: Connection): void;
  onClose(connection: Connection): void;
}

export class Connection {
  readonly peer: Peer;
  readonly streams = new Set<GrpcStream>();
  /** Calls of this connection that run, also those that were taken back. */
  readonly workload = { count: 0 };
  readonly #session: ServerHttp2Session;
  readonly #limits: GrpcLimits;
  readonly #hooks: ConnectionHooks;
  readonly #outlet = new Outlet();
  readonly #pings: Budget;
  readonly #resets: Budget;
  readonly #openedMs: number;
  /** When something came from the client; when it last had calls. Milliseconds since the epoch. */
  #heardMs: number;
  #busyMs: number;
  #pingedMs: number | undefined;
  #sentAtPing = 0;
  #isSettled = false;
  #drainedMs: number | undefined;

  constructor(session: ServerHttp2Session, peer: Peer, limits: GrpcLimits, hooks: ConnectionHooks) {
    const now = Date.now();
    this.#session = session;
    this.peer = peer;
    this.#limits = limits;
    this.#hooks = hooks;
    this.#openedMs = now;
    this.#heardMs = now;
    this.#busyMs = now;
    this.#pings = new Budget({ max: limits.pingsMax, everyMs: limits.pingMs });
    this.#resets = new Budget({ max: limits.resetsMax, everyMs: limits.resetMs });
    session.once("remoteSettings", () => void (this.#isSettled = true));
    session.on("ping", () => this.#pinged());
    session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => this.#opened(stream, headers));
    // The client's doing, or its network's: nothing to answer.
    session.on("error", () => undefined);
    session.once("close", () => {
      this.#outlet.close();
      for (const stream of this.streams) stream.closed();
      hooks.onClose(this);
    });
  }

  /** Takes no new calls and ends when those under way are answered. The client is told first that this is coming, then which was the last call. */
  drain(): void {
    if (this.#drainedMs !== undefined || this.#session.destroyed) return;
    this.#drainedMs = Date.now();
    this.#session.goaway(noError, everyStream);
    const close = (): void => {
      if (!this.#session.destroyed) this.#session.close();
    };
    // What the client has sent before it heard of the end is here when its answer to a ping is.
    if (!this.#session.ping(close)) close();
    setTimeout(close, drainMs).unref();
  }

  destroy(): void {
    this.#session.destroy();
  }

  /** Streams that stay open are brought to their ends. */
  endStreams(): void {
    for (const stream of this.streams) stream.onStopping?.();
  }

  /** What is not answered yet is refused. */
  refuseStreams(): void {
    for (const stream of this.streams) stream.refuse(refuse("unavailable"));
  }

  /** Looks at times: deadlines of calls, streams on which nothing moves, and the connection itself. */
  check(now: number): void {
    for (const stream of this.streams) this.#checkStream(stream, now);
    if (this.streams.size > 0) this.#busyMs = now;
  }

  /** As `check`, for what is looked at less often. */
  checkConnection(now: number): void {
    const { handshakeMs, idleMs, keepaliveMs, keepaliveAnswerMs, connectionAgeMs, connectionGraceMs } = this.#limits;
    if (!this.#isSettled) {
      if (now - this.#openedMs > handshakeMs) this.destroy();
      return;
    }
    if (this.#pingedMs !== undefined) {
      if (now - this.#pingedMs > keepaliveAnswerMs) this.destroy();
    } else if (now - this.#heardMs > keepaliveMs) {
      this.#ping(now);
    }
    if (this.#drainedMs !== undefined) {
      if (now - this.#drainedMs > connectionGraceMs) this.destroy();
    } else if (now - this.#busyMs > idleMs || (connectionAgeMs > 0 && now - this.#openedMs > connectionAgeMs)) {
      this.drain();
    }
  }

  #checkStream(stream: GrpcStream, now: number): void {
    const { stallMs } = this.#limits;
    if (!stream.isOver) {
      if (now >= stream.deadlineMs) stream.refuse(refuse("deadline_exceeded"));
      else stream.onLook?.(now);
    }
    // Whoever works for it may take its time; what is to be read may not.
    if (now - stream.movedMs > stallMs && stream.isBlocked) stream.abort();
  }

  #ping(now: number): void {
    this.#pingedMs = now;
    this.#session.ping(() => {
      this.#pingedMs = undefined;
      this.#heardMs = Date.now();
    });
  }

  #opened(http: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const nowMs = Date.now();
    this.#heardMs = nowMs;
    this.#busyMs = nowMs;
    const stream = new GrpcStream(http, { headers, outlet: this.#outlet, workload: this.workload, nowMs });
    this.streams.add(stream);
    http.on("error", () => undefined);
    http.once("close", () => {
      this.streams.delete(stream);
      const isTakenBack = !stream.isOver;
      stream.closed();
      if (isTakenBack && !this.#resets.take(Date.now())) this.#calm("too_many_resets");
    });
    if (this.streams.size > this.#limits.streamsMax || this.workload.count > this.#limits.streamsMax) {
      http.close(refusedStream);
      return;
    }
    this.#hooks.onStream(stream, this);
  }

  #pinged(): void {
    const now = Date.now();
    this.#heardMs = now;
    // Clients measure the connection by pings while they are answered.
    if (this.#outlet.sent !== this.#sentAtPing) this.#pings.refill();
    this.#sentAtPing = this.#outlet.sent;
    if (!this.#pings.take(now)) this.#calm("too_many_pings");
  }

  #calm(why: string): void {
    if (this.#session.destroyed) return;
    this.#session.goaway(enhanceYourCalm, 0, Buffer.from(why));
    this.#session.destroy(new Error(why), enhanceYourCalm);
  }
}

/** Longest wait for the client's answer before the last call is named. */
const drainMs = 1_000;

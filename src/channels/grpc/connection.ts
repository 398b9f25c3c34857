/**
 * One connection of a client: its calls, and the times they and it are held to. What a client may not do on it at all is for the HTTP/2 layer below
 * (`http2/http2-session.ts`).
 */
import type { Socket } from "node:net";
import { refuse } from "../../pipeline/refusal.ts";
import type { Peer } from "./asking.ts";
import { Http2Session } from "./http2/http2-session.ts";
import type { Http2Stream } from "./http2/http2-stream.ts";
import { errors, streamIdMax } from "./http2/protocol.ts";
import type { GrpcLimits } from "./limits.ts";
import { GrpcStream } from "./stream.ts";

/** Longest wait for the client's answer before the last call is named, in milliseconds. */
const drainMs = 1_000;

export interface ConnectionHooks {
  onStream(stream: GrpcStream, connection: Connection): void;
  onClose(connection: Connection): void;
  onError(error: unknown): void;
}

export class Connection {
  readonly peer: Peer;
  readonly #streams = new Set<GrpcStream>();
  /** Calls of this connection that run, also those that were taken back. */
  readonly #workload = { count: 0 };
  readonly #session: Http2Session;
  readonly #limits: GrpcLimits;
  readonly #hooks: ConnectionHooks;
  readonly #openedMs: number;
  /** When something came from the client; when it last had calls. Milliseconds since the epoch. */
  #heardMs: number;
  #busyMs: number;
  #pingedMs: number | undefined;
  #drainedMs: number | undefined;

  constructor(socket: Socket, peer: Peer, limits: GrpcLimits, hooks: ConnectionHooks) {
    const now = Date.now();
    this.peer = peer;
    this.#limits = limits;
    this.#hooks = hooks;
    this.#openedMs = now;
    this.#heardMs = now;
    this.#busyMs = now;
    this.#session = new Http2Session(socket, limits, {
      onStream: (stream) => this.#opened(stream),
      onHeard: () => void (this.#heardMs = Date.now()),
      onClose: () => hooks.onClose(this),
      onError: (error) => hooks.onError(error),
    });
  }

  /** Takes no new calls and ends when those under way are answered. The client is told first that this is coming, then which was the last call. */
  drain(): void {
    if (this.#drainedMs !== undefined || this.#session.isClosed) return;
    this.#drainedMs = Date.now();
    this.#session.goaway(errors.none, "", streamIdMax);
    let isTold = false;
    const close = (): void => {
      if (!isTold) this.#session.close();
      isTold = true;
    };
    // What the client has sent before it heard of the end is here when its answer to a ping is.
    this.#session.ping(close);
    setTimeout(close, drainMs).unref();
  }

  destroy(): void {
    this.#session.destroy();
  }

  /** Streams that stay open are brought to their ends. */
  endStreams(): void {
    for (const stream of this.#streams) stream.onStopping?.();
  }

  /** What is not answered yet is refused. */
  refuseStreams(): void {
    for (const stream of this.#streams) stream.refuse(refuse("unavailable"));
  }

  /** Looks at times of calls: deadlines, and streams on which nothing moves. */
  check(now: number): void {
    if (this.#streams.size === 0) return;
    this.#busyMs = now;
    for (const stream of this.#streams) {
      if (stream.http.isClosed) this.#streams.delete(stream);
      else this.#checkStream(stream, now);
    }
  }

  /** Looks at times of the connection. */
  checkConnection(now: number): void {
    const { handshakeMs, idleMs, keepaliveMs, keepaliveAnswerMs, connectionAgeMs, connectionGraceMs } = this.#limits;
    if (!this.#session.hasSettings) {
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
    if (!stream.isOver) {
      if (now >= stream.deadlineMs) stream.refuse(refuse("deadline_exceeded"));
      else stream.onLook?.(now);
    }
    // Whoever works for it may take its time; what is to be read may not.
    if (stream.isBlocked && now - stream.movedMs > this.#limits.stallMs) stream.abort();
  }

  #ping(now: number): void {
    this.#pingedMs = now;
    this.#session.ping(() => void (this.#pingedMs = undefined));
  }

  #opened(http: Http2Stream): void {
    const nowMs = Date.now();
    this.#busyMs = nowMs;
    // Work for calls that were taken back goes on for a while.
    if (this.#workload.count > this.#limits.streamsMax) {
      http.reset(errors.refusedStream);
      return;
    }
    const stream = new GrpcStream(http, { workload: this.#workload, nowMs });
    this.#hooks.onStream(stream, this);
    // What is answered later is looked at meanwhile.
    this.#streams.add(stream);
  }
}

/** WebSockets as channels see them; the listener gives them (RFC 6455). */

/** The listener's end of a connection. */
export interface Socket {
  /** Bytes that were sent; 0: dropped, the connection is over; -1: kept until the other side reads, `drain` tells when it has. */
  send(data: string | Uint8Array): number;
  /** Ends the connection with a code of RFC 6455 section 7.4 or of the channel's own (4000 to 4999). */
  close(code?: number, reason?: string): void;
  /** Bytes that are kept because the other side does not read. */
  readonly buffered: number;
  ping(): void;
  /** Cuts the connection without a word: the other side does not read. */
  terminate(): void;
}

/** What the events of one connection go to. */
export interface SocketSession {
  open(socket: Socket): void;
  message(data: string | Uint8Array): void;
  /** What was kept has been sent. */
  drain(): void;
  /** The other side answered a ping. */
  pong?(): void;
  close(code: number, reason: string): void;
}

export interface UpgradeOptions {
  /** Of the answer: `Sec-WebSocket-Protocol`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Stands for the answer to a request whose connection was taken over. */
export const upgraded: Response = new Response(null, { status: 204 });

/** Frames on their way to the socket: gathered in slabs, so that what is answered in one turn is one write. */
import type { Socket } from "node:net";
import { flags, frameBytesMax, frameHeaderBytes, types } from "./protocol.ts";

const slabBytes = 32 * 1024;

export class FrameWriter {
  readonly #socket: Socket;
  #slab: Buffer | undefined;
  /** What of the slab was handed to the socket, and what is filled. */
  #sent = 0;
  #filled = 0;
  /** The socket's buffer is full, until it drains. */
  isBlocked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that the system has not taken. */
  get pending(): number {
    return this.#socket.writableLength + this.#filled - this.#sent;
  }

  frame(type: number, flag: number, stream: number, payload: Uint8Array): void {
    const { length } = payload;
    const slab = this.#room(frameHeaderBytes + length);
    const at = this.#filled;
    slab[at] = length >>> 16;
    slab[at + 1] = (length >>> 8) & 255;
    slab[at + 2] = length & 255;
    slab[at + 3] = type;
    slab[at + 4] = flag;
    slab.writeUInt32BE(stream, at + 5);
    slab.set(payload, at + frameHeaderBytes);
    this.#filled = at + frameHeaderBytes + length;
  }

  /** HEADERS, and CONTINUATION for a block beyond one frame. */
  headers(stream: number, block: Uint8Array, isEnd: boolean): void {
    const end = isEnd ? flags.endStream : 0;
    if (block.length <= frameBytesMax) {
      this.frame(types.headers, end | flags.endHeaders, stream, block);
      return;
    }
    for (let at = 0; at < block.length; at += frameBytesMax) {
      const isLast = at + frameBytesMax >= block.length;
      const part = block.subarray(at, at + frameBytesMax);
      const flag = (at === 0 ? end : 0) | (isLast ? flags.endHeaders : 0);
      this.frame(at === 0 ? types.headers : types.continuation, flag, stream, part);
    }
  }

  uint32(type: number, stream: number, value: number): void {
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32BE(value);
    this.frame(type, 0, stream, payload);
  }

  /** Hands what was gathered to the socket. */
  flush(): void {
    if (this.#slab === undefined || this.#filled === this.#sent) return;
    const bytes = this.#slab.subarray(this.#sent, this.#filled);
    this.#sent = this.#filled;
    if (!this.#socket.writable) return;
    if (!this.#socket.write(bytes)) this.isBlocked = true;
  }

  /** The slab is let go: the connection may be idle for long. */
  release(): void {
    if (this.#filled !== this.#sent) return;
    this.#slab = undefined;
    this.#sent = 0;
    this.#filled = 0;
  }

  /** A slab with room for so many bytes. What was given to the socket is never written to again. */
  #room(bytes: number): Buffer {
    if (this.#slab !== undefined && this.#slab.length - this.#filled >= bytes) return this.#slab;
    this.flush();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
    this.#sent = 0;
    this.#filled = 0;
    return this.#slab;
  }
}

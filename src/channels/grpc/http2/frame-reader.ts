/** Frames out of the pieces a connection brings (RFC 9113 section 4.1). Holds at most one frame that is not all there. */
import { ConnectionError, errors, frameBytesMax, frameHeaderBytes } from "./protocol.ts";

/** `payload` may be kept: its bytes are not written to again. */
export type TakeFrame = (type: number, flags: number, stream: number, payload: Buffer) => void;

export class FrameReader {
  readonly #take: TakeFrame;
  /** A frame, or its head, that has begun. */
  #held: Buffer | undefined;
  #filled = 0;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** Throws `ConnectionError` for a frame that is larger than allowed, before its payload is there. */
  push(piece: Buffer): void {
    let at = this.#held === undefined ? 0 : this.#complete(piece);
    while (piece.length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + lengthOf(piece, at);
      if (end > piece.length) break;
      this.#give(piece, at, end);
      at = end;
    }
    if (at < piece.length) this.#hold(piece, at);
  }

  /** Keeps the beginning of a frame. */
  #hold(piece: Buffer, at: number): void {
    const isHeadWhole = piece.length - at >= frameHeaderBytes;
    this.#held = Buffer.allocUnsafe(frameHeaderBytes + (isHeadWhole ? lengthOf(piece, at) : 0));
    this.#filled = piece.copy(this.#held, 0, at);
  }

  /** Adds to the frame that has begun, and gives it where it is whole; how many bytes of the piece were taken. */
  #complete(piece: Buffer): number {
    let at = this.#fill(piece, 0);
    let held = this.#held as Buffer;
    if (this.#filled === frameHeaderBytes && held.length === frameHeaderBytes) {
      const length = lengthOf(held, 0);
      if (length > 0) {
        const whole = Buffer.allocUnsafe(frameHeaderBytes + length);
        held.copy(whole);
        this.#held = held = whole;
        at = this.#fill(piece, at);
      }
    }
    if (this.#filled === held.length && held.length >= frameHeaderBytes) {
      this.#held = undefined;
      this.#give(held, 0, held.length);
    }
    return at;
  }

  #fill(piece: Buffer, at: number): number {
    const copied = piece.copy(this.#held as Buffer, this.#filled, at);
    this.#filled += copied;
    return at + copied;
  }

  #give(bytes: Buffer, at: number, end: number): void {
    const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    this.#take(bytes[at + 3] as number, bytes[at + 4] as number, stream, bytes.subarray(at + frameHeaderBytes, end));
  }
}

const lengthOf = (bytes: Buffer, at: number): number => {
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  if (length > frameBytesMax) throw new ConnectionError(errors.frameSize, "a frame larger than allowed");
  return length;
};

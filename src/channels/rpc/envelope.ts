/**
 * Messages in a row: five bytes before each, flags and length (gRPC over HTTP2, "Length-Prefixed-Message"; the same for gRPC-Web and Connect streams).
 * What arrives in pieces of any size is put together here, within a limit: no more than one message is held.
 */

export const headerBytes = 5;

/** Of a message whose bytes are compressed. */
export const compressedFlag = 0x01;

export interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array;
}

/** A message longer than the limit; its bytes are not read. */
export class EnvelopeTooLarge extends Error {
  override readonly name = "EnvelopeTooLarge";
  readonly bytes: number;

  constructor(bytes: number) {
    super(`a message of ${bytes} bytes is larger than allowed`);
    this.bytes = bytes;
  }
}

/** Pieces that wait to be put together are few and large, or small and soon joined. */
const joinPiecesMin = 64;

/** Takes pieces, gives messages. */
export class Envelopes {
  readonly #bytesMax: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax;
  }

  /** Whether something was begun that has not ended. */
  get isPartial(): boolean {
    return this.#length > 0;
  }

  /**
   * Messages that are whole now, in order; their bytes are only valid as long as the pieces are. Throws `EnvelopeTooLarge` as soon as a length says so.
   */
  *push(piece: Uint8Array): Generator<Envelope, void, undefined> {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#pieces.length > joinPiecesMin) this.#join();
    for (;;) {
      if (this.#length < headerBytes) return;
      const head = this.#first(headerBytes);
      const size =
        (((head[1] as number) << 24) >>> 0) + (((head[2] as number) << 16) | ((head[3] as number) << 8) | (head[4] as number));
      if (size > this.#bytesMax) throw new EnvelopeTooLarge(size);
      if (this.#length < headerBytes + size) return;
      const whole = this.#first(headerBytes + size);
      const envelope = { flags: whole[0] as number, data: whole.subarray(headerBytes, headerBytes + size) };
      this.#pieces[0] = whole.subarray(headerBytes + size);
      if (this.#pieces[0].length === 0) this.#pieces.shift();
      this.#length -= headerBytes + size;
      yield envelope;
    }
  }

  /** The first piece, with at least so many bytes. */
  #first(bytes: number): Uint8Array {
    const first = this.#pieces[0] as Uint8Array;
    return first.length >= bytes ? first : this.#join();
  }

  #join(): Uint8Array {
    const joined = this.#pieces.length === 1 ? (this.#pieces[0] as Uint8Array) : new Uint8Array(Buffer.concat(this.#pieces));
    this.#pieces = [joined];
    return joined;
  }
}

/** Fills in the header of a message that was written behind five bytes of headroom. */
export const sealEnvelope = (bytes: Uint8Array, flags = 0): Uint8Array => {
  const size = bytes.length - headerBytes;
  bytes[0] = flags;
  bytes[1] = size >>> 24;
  bytes[2] = size >>> 16;
  bytes[3] = size >>> 8;
  bytes[4] = size;
  return bytes;
};

/** Flags, length, data. */
export const envelopeBytes = (data: Uint8Array, flags = 0): Uint8Array => {
  const bytes = new Uint8Array(headerBytes + data.length);
  bytes.set(data, headerBytes);
  return sealEnvelope(bytes, flags);
};

/**
 * Messages of a request as they come in, one after the other, unpacked. While whoever gets them holds them, HTTP/2's flow control stops
 * the client: what waits here is what its window lets it send.
 */
import type { Refusal } from "../../pipeline/refusal.ts";
import { refuse } from "../../pipeline/refusal.ts";
import { tooLarge } from "../http/index.ts";
import { type Envelope, Envelopes } from "../rpc/index.ts";
import { unpack, type Unpacked } from "./coding.ts";
import type { GrpcStream } from "./stream.ts";

/** A message beyond it is read only for who may make the call: until then nothing of it is taken but the first window. */
const unknownBytesMax = 32 * 1024;

export interface Reader {
  /** A message; `bytes` are only valid during the call. `sent`: bytes on the wire or unpacked, whichever are more. */
  onMessage(bytes: Uint8Array, sent: number): void;
  /** Asked once, when a message is long: why its sender may not make the call. */
  onLong?(): Refusal | undefined | Promise<Refusal | undefined>;
  /** The client has said everything. */
  onEnd(): void;
  /** Nothing more can be read: what came is no message, or too large. */
  onFault(refusal: Refusal): void;
  /** One of the others threw: an error of ours. */
  onError(error: unknown): void;
}

const broken = (explanation: string): Refusal => refuse("invalid_body", { details: { reason: "malformed", explanation } });

export class Inbound {
  readonly #stream: GrpcStream;
  readonly #reader: Reader;
  readonly #envelopes: Envelopes;
  readonly #bytesMax: number;
  /** Messages that came while another is unpacked or reading is held. */
  readonly #waiting: Envelope[] = [];
  /** Bytes that came of a message that is not whole. */
  #begun = 0;
  /** Bytes that came and were not used yet. */
  #unused = 0;
  #isUnpacking = false;
  #isAsking = false;
  #isKnown = false;
  #isHeld = false;
  #hasEnded = false;
  #isOver = false;

  constructor(stream: GrpcStream, { bytesMax, reader }: { readonly bytesMax: number; readonly reader: Reader }) {
    this.#stream = stream;
    this.#reader = reader;
    this.#bytesMax = bytesMax;
    this.#envelopes = new Envelopes({ bytesMax });
  }

  /** Begins to read; what came already is given out at once. */
  start(): void {
    this.#stream.http.read({
      onData: (piece) => this.#take(piece),
      onEnd: () => {
        this.#hasEnded = true;
        this.#drain();
      },
    });
  }

  /** No message is given out until `release`, and the client may not send more than its window. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#drain();
  }

  /** What else comes is thrown away. */
  stop(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#use();
  }

  /** The client may send more. */
  #use(): void {
    if (this.#isAsking && !this.#isKnown && !this.#isOver) return;
    if (this.#unused > 0) this.#stream.http.use(this.#unused);
    this.#unused = 0;
  }

  #take(piece: Uint8Array): void {
    this.#unused += piece.length;
    if (this.#isOver) {
      this.#use();
      return;
    }
    const now = Date.now();
    this.#stream.movedMs = now;
    this.#stream.heardMs = now;
    try {
      for (const envelope of this.#envelopes.push(piece)) {
        if (this.#waiting.length > 0 || this.#isUnpacking || this.#isHeld) this.#waiting.push(envelope);
        else this.#open(envelope);
        if (this.#isOver) return;
      }
    } catch (error) {
      if ((error as Error).name !== "EnvelopeTooLarge") throw error;
      this.#fault(tooLarge(this.#bytesMax));
    }
    this.#begun = this.#envelopes.isPartial ? this.#begun + piece.length : 0;
    if (this.#begun > unknownBytesMax) this.#ask();
    if (this.#waiting.length === 0 && !this.#isHeld && !this.#isUnpacking) this.#use();
  }

  /** Before more of a long message is taken. */
  #ask(): void {
    if (this.#isAsking || this.#isOver) return;
    this.#isAsking = true;
    const answered = (barred: Refusal | undefined): void => {
      this.#isKnown = true;
      if (barred !== undefined) this.#fault(barred);
      else if (this.#waiting.length === 0 && !this.#isHeld && !this.#isUnpacking) this.#use();
    };
    this.#tell(() => {
      const barred = this.#reader.onLong?.();
      if (barred instanceof Promise) barred.then(answered).catch((error: unknown) => this.#reader.onError(error));
      else answered(barred);
    });
  }

  #drain(): void {
    while (!this.#isOver && !this.#isUnpacking && !this.#isHeld) {
      const envelope = this.#waiting.shift();
      if (envelope === undefined) {
        this.#settle();
        return;
      }
      this.#open(envelope);
    }
  }

  #settle(): void {
    if (!this.#hasEnded) {
      this.#use();
      return;
    }
    this.#isOver = true;
    const isCut = this.#envelopes.isPartial;
    this.#tell(() => (isCut ? this.#reader.onFault(broken("The stream ended within a message.")) : this.#reader.onEnd()));
  }

  #open({ flags, data }: Envelope): void {
    this.#begun = 0;
    if (flags === 0) {
      this.#tell(() => this.#reader.onMessage(data, data.length));
      return;
    }
    const { coding } = this.#stream;
    if (flags !== 1) this.#fault(broken("The first byte of a message is neither 0 nor 1."));
    else if (coding === "identity") this.#fault(broken("A message is compressed, and no grpc-encoding says how."));
    else this.#unpacked(unpack(data, coding, { bytesMax: this.#bytesMax }), data.length);
  }

  #unpacked(unpacked: Unpacked | Promise<Unpacked>, sent: number): void {
    if (unpacked instanceof Promise) {
      this.#isUnpacking = true;
      void unpacked.then((bytes) => {
        this.#isUnpacking = false;
        this.#unpacked(bytes, sent);
        this.#drain();
      });
    } else if (unpacked === "too_large") {
      this.#fault(tooLarge(this.#bytesMax));
    } else if (unpacked === "corrupt") {
      this.#fault(refuse("invalid_encoding", { details: { explanation: "A compressed message is corrupt." } }));
    } else if (!this.#isOver) {
      this.#tell(() => this.#reader.onMessage(unpacked, Math.max(sent, unpacked.length)));
    }
  }

  #fault(refusal: Refusal): void {
    if (this.#isOver) return;
    this.stop();
    this.#tell(() => this.#reader.onFault(refusal));
  }

  /** Nothing that goes wrong in what is told stops the connection. */
  #tell(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#reader.onError(error);
    }
  }
}

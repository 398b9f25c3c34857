/**
 * One gRPC call on the wire (PROTOCOL-HTTP2), whatever it is about: its metadata, its messages one after the other, its answers, and its end.
 *
 *   head      Content-Type, grpc-encoding, grpc-timeout                 415, 405 · UNIMPLEMENTED, INVALID_ARGUMENT
 *   messages  5 bytes and a message; unpacked; held while they wait     RESOURCE_EXHAUSTED, INVALID_ARGUMENT
 *   answers   headers with the first message, in turns with others
 *   end       trailers; without a message before them in the headers (Trailers-Only)
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Refusal } from "../../pipeline/refusal.ts";
import { type Coding, pack } from "./coding.ts";
import { compressedFlag, envelopeBytes, headerBytes, sealEnvelope } from "../rpc/index.ts";
import { type Outlet, Sender } from "./outlet.ts";
import { encodeMessage, ok, type Status } from "./status.ts";

export type Metadata = readonly (readonly [name: string, value: string])[];

const noMetadata: Metadata = [];
/** A single answer up to this size is handed on at once; longer ones take turns. */
const directBytesMax = 8 * 1024;
/** HTTP/2 CANCEL and NO_ERROR (RFC 9113 section 7). */
const cancel = 8;
const noError = 0;

/** Work under way, also for streams that were taken back: it counts against what a connection may have at the same time. */
export interface Workload {
  count: number;
}

export interface StreamParts {
  readonly headers: IncomingHttpHeaders;
  readonly outlet: Outlet;
  readonly workload: Workload;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export class GrpcStream {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly workload: Workload;
  readonly #outlet: Outlet;
  /** When something moved last: a message came, bytes were flushed. Milliseconds since the epoch. */
  movedMs: number;
  /** When the client sent last. */
  heardMs: number;
  /** From then on it is answered with DEADLINE_EXCEEDED, milliseconds since the epoch. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** How messages of the request are packed, and those of the answer. */
  coding: Coding = "identity";
  answerCoding: Coding = "identity";
  /** Told once when nothing more can be answered before the end was: the client has gone or taken the call back, or its time is over. */
  onCancelled: (() => void) | undefined;
  /** Ends it with a refusal, in the words of whoever answers it. */
  onRefused: ((refusal: Refusal) => void) | undefined;
  /** The server stops: an open stream is brought to its end. */
  onStopping: (() => void) | undefined;
  /** Looks whether it may still go on: called several times a second. */
  onLook: ((nowMs: number) => void) | undefined;
  /** The client has said everything. */
  hasRequestEnded = false;
  #sender: Sender | undefined;
  #metadata: Metadata = noMetadata;
  #hasHead = false;
  #isFinished = false;
  #isClosed = false;
  #trailers: OutgoingHttpHeaders | undefined;

  constructor(stream: ServerHttp2Stream, { headers, outlet, workload, nowMs }: StreamParts) {
    this.stream = stream;
    this.headers = headers;
    this.workload = workload;
    this.#outlet = outlet;
    this.movedMs = nowMs;
    this.heardMs = nowMs;
  }

  /** A value of the metadata; those of a repeated name are joined. */
  get(name: string): string | null {
    const value = this.headers[name];
    if (value === undefined) return null;
    return typeof value === "string" ? value : value.join(", ");
  }

  /** The end was said, or nothing more can be. */
  get isOver(): boolean {
    return this.#isFinished || this.#isClosed;
  }

  /** Something was sent that its client has not taken. */
  get isBlocked(): boolean {
    return this.#isFinished || (this.#sender !== undefined && this.#sender.unflushed > 0);
  }

  /** What the answer's headers have beside what they must have; before the first message or the end. */
  addMetadata(metadata: Metadata): void {
    if (metadata.length > 0) this.#metadata = this.#metadata.length === 0 ? metadata : [...this.#metadata, ...metadata];
  }

  /** Sends a message. `frame`: five bytes for its prefix, then the message. */
  send(frame: Uint8Array): void {
    if (this.isOver) return;
    this.#begin();
    this.#queue().write(this.#packed(frame));
  }

  /** Resolves when another message may be sent, or the stream is over; undefined: now. */
  room(): Promise<void> | undefined {
    return this.isOver ? undefined : this.#sender?.room();
  }

  /** The headers, without waiting for a message. */
  begin(): void {
    if (!this.isOver) this.#begin();
  }

  /** The one message of the answer, and OK. */
  answer(frame: Uint8Array, trailers: Metadata = noMetadata): void {
    if (this.isOver) return;
    const bytes = this.#packed(frame);
    this.#begin();
    this.#isFinished = true;
    this.#trailers = trailers.length === 0 ? okTrailers : trailersOf(ok, trailers);
    this.#settleLater();
    if (this.#sender === undefined && bytes.length <= directBytesMax) {
      this.stream.end(bytes);
      return;
    }
    const sender = this.#queue();
    sender.write(bytes);
    sender.end();
  }

  /** Ends the call. */
  finish(status: Status, trailers: Metadata = noMetadata): void {
    if (this.isOver) return;
    this.#isFinished = true;
    this.#outlet.sent++;
    this.#settleLater();
    if (this.#hasHead) {
      this.#trailers = trailersOf(status, trailers);
      if (this.#sender === undefined) this.stream.end();
      else this.#sender.end();
      return;
    }
    this.#hasHead = true;
    const head = trailersOf(status, trailers);
    head[":status"] = 200;
    head["content-type"] = "application/grpc";
    for (const [name, value] of this.#metadata) put(head, name, value);
    this.#respond(head, true);
  }

  /** An answer to what is no gRPC call. */
  refuseHttp(status: number, headers: OutgoingHttpHeaders = {}): void {
    if (this.isOver) return;
    this.#isFinished = true;
    this.#hasHead = true;
    this.#settleLater();
    this.#respond({ ":status": status, ...headers }, true);
  }

  /** Breaks off without a status: its client does not read. */
  abort(): void {
    this.#isFinished = true;
    this.cancelled();
    if (!this.#isClosed) this.stream.close(cancel);
  }

  /** Its time is over, or the server's: it is answered with that, and whoever works for it is told to stop. */
  refuse(refusal: Refusal): void {
    if (this.isOver) return;
    this.onRefused?.(refusal);
    this.cancelled();
  }

  /** The stream is over. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sender?.close();
    if (!this.#isFinished) this.cancelled();
  }

  /** Whoever works for the call is told to stop. */
  cancelled(): void {
    const told = this.onCancelled;
    this.onCancelled = undefined;
    told?.();
  }

  /** All was said; what the client may still be sending is of no use to anybody. */
  #settleLater(): void {
    this.movedMs = Date.now();
    if (this.hasRequestEnded) return;
    this.stream.once("finish", () => {
      if (!this.#isClosed && !this.hasRequestEnded) this.stream.close(noError);
    });
  }

  #begin(): void {
    if (this.#hasHead) return;
    this.#hasHead = true;
    this.#outlet.sent++;
    const head: OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };
    if (this.answerCoding !== "identity") head["grpc-encoding"] = this.answerCoding;
    for (const [name, value] of this.#metadata) put(head, name, value);
    this.#respond(head, false);
  }

  #respond(head: OutgoingHttpHeaders, isEnd: boolean): void {
    try {
      if (isEnd) {
        this.stream.respond(head, endOnly);
        return;
      }
      this.stream.on("wantTrailers", () => this.stream.sendTrailers(this.#trailers ?? {}));
      this.stream.respond(head, withTrailers);
    } catch {
      // The stream was closed between two events: nobody hears this answer.
      this.#isFinished = true;
    }
  }

  #queue(): Sender {
    this.#sender ??= new Sender(this.#outlet, this.stream, () => void (this.movedMs = Date.now()));
    return this.#sender;
  }

  #packed(frame: Uint8Array): Uint8Array {
    if (this.answerCoding !== "identity") {
      const packed = pack(frame.subarray(headerBytes), this.answerCoding);
      if (packed !== undefined) return envelopeBytes(packed, compressedFlag);
    }
    return sealEnvelope(frame);
  }
}

const okTrailers: OutgoingHttpHeaders = Object.freeze({ "grpc-status": "0" });
const endOnly = Object.freeze({ endStream: true, sendDate: false });
const withTrailers = Object.freeze({ waitForTrailers: true, sendDate: false });

const put = (headers: OutgoingHttpHeaders, name: string, value: string): void => {
  const before = headers[name];
  headers[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [String(before), value];
};

const trailersOf = ({ code, message, details }: Status, more: Metadata): OutgoingHttpHeaders => {
  const trailers: OutgoingHttpHeaders = { "grpc-status": String(code) };
  if (message !== "") trailers["grpc-message"] = encodeMessage(message);
  if (details !== undefined) trailers["grpc-status-details-bin"] = details.toBase64({ omitPadding: true });
  for (const [name, value] of more) put(trailers, name, value);
  return trailers;
};

/**
 * One gRPC call on the wire (PROTOCOL-HTTP2), whatever it is about: its metadata, its answers, and its end. Answers go out with their headers before the first one
 * and trailers behind the last; without any, trailers stand in the headers (Trailers-Only).
 */
import type { Refusal } from "../../pipeline/refusal.ts";
import { compressedFlag, envelopeBytes, headerBytes, sealEnvelope } from "../rpc/index.ts";
import { type Coding, pack } from "./coding.ts";
import { encodeFields, type Field } from "./http2/hpack.ts";
import type { Http2Stream } from "./http2/http2-stream.ts";
import { errors } from "./http2/protocol.ts";
import type { RequestFields } from "./http2/request-fields.ts";
import { encodeMessage, ok, type Status } from "./status.ts";

export type Metadata = readonly Field[];

const noMetadata: Metadata = [];

/** Work under way, also for streams that were taken back: it counts against what a connection may have at the same time. */
export interface Workload {
  count: number;
}

export class GrpcStream {
  /** Metadata, and HTTP/2's own fields: `:path`. */
  readonly headers: RequestFields;
  readonly workload: Workload;
  readonly http: Http2Stream;
  /** When something moved last: a message came, or one that waited was sent. Milliseconds since the epoch. */
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
  #metadata: Metadata = noMetadata;
  #hasHead = false;
  #isFinished = false;

  constructor(http: Http2Stream, given: { readonly workload: Workload; readonly nowMs: number }) {
    this.http = http;
    this.headers = http.fields;
    this.workload = given.workload;
    this.movedMs = given.nowMs;
    this.heardMs = given.nowMs;
    http.onSent = () => void (this.movedMs = Date.now());
    http.onClose = () => {
      if (!this.#isFinished) this.cancelled();
    };
  }

  /** A value of the metadata; those of a repeated name are joined. */
  get(name: string): string | null {
    return this.headers[name] ?? null;
  }

  /** The end was said, or nothing more can be. */
  get isOver(): boolean {
    return this.#isFinished || this.http.isClosed;
  }

  /** Something waits for the client to read. */
  get isBlocked(): boolean {
    return this.http.isWaiting;
  }

  /** What the answer's headers have beside what they must have; before the first message or the end. */
  addMetadata(metadata: Metadata): void {
    if (metadata.length > 0) this.#metadata = this.#metadata.length === 0 ? metadata : [...this.#metadata, ...metadata];
  }

  /** Sends a message. `frame`: five bytes for its prefix, then the message. */
  send(frame: Uint8Array): void {
    if (this.isOver) return;
    this.begin();
    if (!this.http.isWaiting) this.movedMs = Date.now();
    this.http.sendData(this.#packed(frame));
  }

  /** Resolves when another message may be sent, or the stream is over; undefined: now. */
  room(): Promise<void> | undefined {
    return this.isOver ? undefined : this.http.room();
  }

  /** Sends the headers, once. */
  begin(): void {
    if (this.#hasHead || this.isOver) return;
    this.#hasHead = true;
    const coding = this.answerCoding === "identity" ? [] : [["grpc-encoding", this.answerCoding] as const];
    const more = encodeFields([...coding, ...this.#metadata]);
    this.http.sendFields(more.length === 0 ? head : Buffer.concat([head, more]), { isEnd: false });
  }

  /** The one message of the answer, and OK. */
  answer(frame: Uint8Array, trailers: Metadata = noMetadata): void {
    this.send(frame);
    this.finish(ok, trailers);
  }

  /** Ends the call. */
  finish(status: Status, trailers: Metadata = noMetadata): void {
    if (this.isOver) return;
    this.#isFinished = true;
    this.movedMs = Date.now();
    const fields = status === ok && trailers.length === 0 ? okTrailers : encodeFields([...trailersOf(status), ...trailers]);
    const block = this.#hasHead ? fields : Buffer.concat([head, fields, encodeFields(this.#metadata)]);
    this.http.sendFields(block, { isEnd: true });
  }

  /** An answer to what is no gRPC call. */
  refuseHttp(status: number, headers: Metadata = noMetadata): void {
    if (this.isOver) return;
    this.#isFinished = true;
    this.http.sendFields(encodeFields([[":status", String(status)], ...headers]), { isEnd: true });
  }

  /** Breaks off without a status: its client does not read. */
  abort(): void {
    this.#isFinished = true;
    this.cancelled();
    this.http.reset(errors.cancel);
  }

  /** Its time is over, or the server's: it is answered with that, and whoever works for it is told to stop. */
  refuse(refusal: Refusal): void {
    if (this.isOver) return;
    this.onRefused?.(refusal);
    this.cancelled();
  }

  /** Whoever works for the call is told to stop. */
  cancelled(): void {
    const told = this.onCancelled;
    this.onCancelled = undefined;
    told?.();
  }

  #packed(frame: Uint8Array): Uint8Array {
    if (this.answerCoding !== "identity") {
      const packed = pack(frame.subarray(headerBytes), this.answerCoding);
      if (packed !== undefined) return envelopeBytes(packed, compressedFlag);
    }
    return sealEnvelope(frame);
  }
}

const head = encodeFields([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const okTrailers = encodeFields([["grpc-status", "0"]]);

const trailersOf = ({ code, message, details }: Status): Metadata => [
  ["grpc-status", String(code)],
  ...(message === "" ? [] : [["grpc-message", encodeMessage(message)] as const]),
  ...(details === undefined ? [] : [["grpc-status-details-bin", details.toBase64({ omitPadding: true })] as const]),
];

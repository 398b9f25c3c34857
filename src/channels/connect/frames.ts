/**
 * Answers of many messages: each behind its header, at the end one that says how it ended.
 *
 *   Connect    flags 0x02: { "error": { … }, "metadata": { … } }
 *   gRPC-Web   flags 0x80: trailers as header lines; in the text form every piece is base64 by itself
 */
import { type Coding, pack } from "../grpc/coding.ts";
import { encodeMessage } from "../grpc/status.ts";
import { compressedFlag, envelopeBytes, headerBytes, type RpcStatus, sealEnvelope } from "../rpc/index.ts";
import type { Form } from "./form.ts";
import { errorJson } from "./told.ts";

const endFlag = 0x02;
const trailerFlag = 0x80;
const encoder = new TextEncoder();

export type Trailers = readonly (readonly [name: string, value: string])[];

/** Trailers of gRPC-Web: names in lower case, one per line. */
const trailerBytes = (status: RpcStatus | undefined, trailers: Trailers): Uint8Array => {
  const lines = [
    ["grpc-status", String(status?.code ?? 0)],
    ...(status === undefined ? [] : [["grpc-message", encodeMessage(status.message)]]),
    ...(status === undefined ? [] : [["grpc-status-details-bin", status.bytes.toBase64({ omitPadding: true })]]),
    ...trailers,
  ];
  return encoder.encode(lines.map(([name = "", value = ""]) => `${name}: ${value}\r\n`).join(""));
};

/** Writes the pieces of one answer. */
export class Frames {
  readonly #form: Form;
  readonly #coding: Coding;

  constructor(form: Form, coding: Coding) {
    this.#form = form;
    this.#coding = coding;
  }

  /** A message that was written behind five bytes of headroom. */
  message(bytes: Uint8Array): Uint8Array {
    const packed = this.#coding === "identity" ? undefined : pack(bytes.subarray(headerBytes), this.#coding);
    return this.#out(packed === undefined ? sealEnvelope(bytes) : envelopeBytes(packed, compressedFlag));
  }

  /** The end; without a status all went well. */
  end(status?: RpcStatus, trailers: Trailers = []): Uint8Array {
    if (this.#form.protocol === "grpcWeb") return this.#out(envelopeBytes(trailerBytes(status, trailers), trailerFlag));
    const metadata = Object.fromEntries(trailers.map(([name, value]) => [name, [value]]));
    const end = {
      ...(status === undefined ? {} : { error: errorJson(status) }),
      ...(trailers.length === 0 ? {} : { metadata }),
    };
    return envelopeBytes(encoder.encode(JSON.stringify(end)), endFlag);
  }

  #out(bytes: Uint8Array): Uint8Array {
    return this.#form.isText ? encoder.encode(bytes.toBase64()) : bytes;
  }
}

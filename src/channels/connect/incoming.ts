/**
 * Messages of a request that has headers before each: read as they come, unpacked, within limits. Nothing is read ahead of who takes them, so that a
 * client that sends faster than it is answered waits.
 */
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type HttpExchange, tooLarge } from "../http/index.ts";
import { type Coding, unpack } from "../grpc/coding.ts";
import { compressedFlag, type Envelope, EnvelopeTooLarge, Envelopes } from "../rpc/index.ts";
import type { Form } from "./form.ts";
import { connectLimits } from "./limits.ts";

export interface Incoming {
  readonly bytes: Uint8Array;
  /** Bytes on the wire or unpacked, whichever are more. */
  readonly sent: number;
}

/** What comes is no message. */
export class IncomingFault extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const malformed = (explanation: string): IncomingFault =>
  new IncomingFault(refuse("invalid_body", { details: { reason: "malformed", explanation } }));

/** A body that says it is no longer is read at once, which costs less than to read it as a stream. */
const wholeBytesMax = 64 * 1024;

const brokenOff = (): IncomingFault =>
  new IncomingFault(refuse("invalid_request", { details: { explanation: "The body broke off." } }));

const isShort = ({ headers }: Request): boolean => {
  const length = headers.get("content-length");
  return length !== null && /^[0-9]{1,6}$/.test(length) && Number(length) <= wholeBytesMax;
};

/** The body's bytes; in one piece where they were read already for a signature, or are few. */
async function* piecesOf({ content, request }: HttpExchange): AsyncGenerator<Uint8Array, void, undefined> {
  const whole =
    content ??
    (isShort(request)
      ? await request.bytes().catch(() => {
          throw brokenOff();
        })
      : undefined);
  if (whole !== undefined) {
    if (whole.length > 0) yield whole;
    return;
  }
  const stream = request.body as ReadableStream<Uint8Array> | null;
  if (stream === null) return;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch {
    throw brokenOff();
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Base64 in pieces: of any length, each part of it padded by itself or not. */
async function* fromText(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let rest = "";
  for await (const piece of pieces) {
    const text = rest + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("latin1");
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    for (const part of text.slice(0, whole).match(/[^=]+={0,2}/g) ?? []) yield bytesOf(part);
    if (whole > 0 && text.startsWith("=")) throw malformed("The body is not base64.");
  }
  if (rest !== "") throw malformed("The body is not base64.");
}

const bytesOf = (text: string): Uint8Array => {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    throw malformed("The body is not base64.");
  }
};

const opened = async ({ flags, data }: Envelope, coding: Coding): Promise<Incoming> => {
  if (flags === 0) return { bytes: data, sent: data.length };
  if (flags !== compressedFlag) throw malformed("The first byte of a message is neither 0 nor 1.");
  if (coding === "identity") throw malformed("A message is compressed, and no header says how.");
  const bytes = await unpack(data, coding, { bytesMax: connectLimits.messageBytesMax });
  if (bytes === "too_large") throw new IncomingFault(tooLarge(connectLimits.messageBytesMax));
  if (bytes === "corrupt") throw malformed("A compressed message is corrupt.");
  return { bytes, sent: Math.max(bytes.length, data.length) };
};

/** The messages, one after the other. Throws `IncomingFault`. */
export async function* incoming(exchange: HttpExchange, form: Form, coding: Coding): AsyncGenerator<Incoming, void, undefined> {
  const envelopes = new Envelopes({ bytesMax: connectLimits.messageBytesMax });
  const pieces = piecesOf(exchange);
  try {
    for await (const piece of form.isText ? fromText(pieces) : pieces)
      for (const envelope of envelopes.push(piece)) yield await opened(envelope, coding);
  } catch (error) {
    throw error instanceof EnvelopeTooLarge ? new IncomingFault(tooLarge(connectLimits.messageBytesMax)) : error;
  }
  if (envelopes.isPartial) throw malformed("The body ended within a message.");
}

/** The one message of a request. */
export const oneOf = async (exchange: HttpExchange, form: Form, coding: Coding): Promise<Incoming | Refusal> => {
  let found: Incoming | undefined;
  try {
    for await (const message of incoming(exchange, form, coding)) {
      if (found !== undefined)
        return refuse("not_implemented", { details: { explanation: "The method takes one message, and there were more." } });
      found = message;
    }
  } catch (error) {
    if (error instanceof IncomingFault) return error.refusal;
    throw error;
  }
  return found ?? refuse("not_implemented", { details: { explanation: "The method takes one message, and there was none." } });
};

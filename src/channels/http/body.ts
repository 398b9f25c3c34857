/**
 * Bodies as bytes: read within their limits and unpacked. A refusal is returned, nothing is thrown.
 *
 *   413 too_large                by Content-Length before a byte is read, and while a chunked body comes
 *   415 unsupported_media_type   an unknown Content-Encoding
 *   400 invalid_request          two Content-Length headers, a body that breaks off
 */
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal, RefusalType } from "../../pipeline/refusal.ts";
import { decompressBody } from "./encoding.ts";
import type { HttpExchange } from "./exchange.ts";
import { FormatError } from "./format-error.ts";

const typeOf = (error: FormatError): RefusalType => {
  switch (error.type) {
    case "invalid_encoding":
    case "too_deep":
    case "duplicate_key":
    case "too_large":
      return error.type;
    case "unsupported_media_type":
    case "unsupported_charset":
    case "unsupported_encoding":
      return "unsupported_media_type";
    default:
      return "invalid_body";
  }
};

/** A format's error as a refusal; its message, in English, explains the localized one. */
export const refusalOfFormat = (error: FormatError): Refusal =>
  refuse(typeOf(error), {
    details: { reason: error.type, explanation: error.message, ...(error.at === undefined ? {} : { at: error.at }) },
  });

export const tooLarge = (bytesMax: number): Refusal => refuse("too_large", { details: { maxBytes: bytesMax } });

const brokenOff = (): Refusal => refuse("invalid_request", { details: { explanation: "The body broke off." } });

/** A body of unknown length, at most `bytesMax`; what is more is not read. */
const readStream = async (stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<Uint8Array | Refusal> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 ? (chunks[0] as Uint8Array) : new Uint8Array(Buffer.concat(chunks));
    size += value.length;
    if (size > bytesMax) {
      await reader.cancel();
      return tooLarge(bytesMax);
    }
    chunks.push(value);
  }
};

/** Rejects when the body breaks off. */
const readBytes = (request: Request, bytesMax: number): Uint8Array | Refusal | Promise<Uint8Array | Refusal> => {
  const length = request.headers.get("content-length");
  if (length !== null) {
    if (!/^[0-9]{1,15}$/.test(length))
      return refuse("invalid_request", { details: { explanation: "Content-Length is not one number." } });
    if (Number(length) > bytesMax) return tooLarge(bytesMax);
    if (length === "0") return new Uint8Array(0);
  }
  if (length !== null) return request.bytes();
  const stream = request.body as ReadableStream<Uint8Array> | null;
  return stream === null ? new Uint8Array(0) : readStream(stream, bytesMax);
};

/** The bytes of a body as they came, before its Content-Encoding is undone. */
export const readContent = async (request: Request, bytesMax: number): Promise<Uint8Array | Refusal> => {
  try {
    return await readBytes(request, bytesMax);
  } catch {
    return brokenOff();
  }
};

/** The body, unpacked; also where its bytes were read already for a signature. Empty where there is none. Notes in the exchange how large it is. */
export const contentOf = async (exchange: HttpExchange, bytesMax: number): Promise<Uint8Array | Refusal> => {
  const bytes = exchange.content ?? (await readContent(exchange.request, bytesMax));
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (bytes.length > bytesMax) return tooLarge(bytesMax);
  const encoding = exchange.headers.get("content-encoding");
  const content = encoding === null || bytes.length === 0 ? bytes : await decompressBody(bytes, encoding, { bytesMax });
  if (content instanceof FormatError) return refusalOfFormat(content);
  exchange.bodyBytes = Math.max(bytes.length, content.length);
  return content;
};

/**
 * Bodies: read within their limits, decompressed, parsed by their Content-Type. A refusal is returned, nothing is thrown.
 *
 *   413 too_large                by Content-Length before a byte is read, and while a chunked body comes
 *   415 unsupported_media_type   no Content-Type, an unknown one, a charset but UTF-8, an unknown Content-Encoding
 *   400 invalid_body …           not well-formed; `details.reason` says how, `details.at` where
 *   400 invalid_request          two Content-Length headers, a body that breaks off
 *
 * A body needs a Content-Type: guessing one invites confusion. A body of GET, HEAD, OPTIONS or of the DELETE of one thing means nothing
 * (RFC 9110 section 9.3.1) and is not read.
 */
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal, RefusalType } from "../../pipeline/refusal.ts";
import { decompressBody } from "../http/index.ts";
import type { Body } from "./input.ts";
import { defaultLimits, FormatError, inputFormat } from "./formats/index.ts";
import type { InputFormat, SchemaHint } from "./formats/index.ts";

export interface BodyWanted {
  readonly bytesMax: number;
  readonly need: "required" | "optional";
  /** Lists (CSV, NDJSON) make sense. */
  readonly takesMany: boolean;
  readonly hint?: SchemaHint | undefined;
  /** The bytes, where they were read already: those of a signed request. */
  readonly content?: Uint8Array | undefined;
}

/** What was read; without `body` there was none. */
export interface ReadBody {
  readonly body?: Body;
  /** Packed or unpacked, whichever are more. */
  readonly bytes: number;
  readonly kind: InputFormat["kind"];
}

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

const tooLarge = (bytesMax: number): Refusal => refuse("too_large", { details: { maxBytes: bytesMax } });

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

const formatOf = (request: Request, wanted: BodyWanted): InputFormat | Refusal => {
  const format = inputFormat(request.headers.get("content-type"));
  if (format === undefined) {
    return refuse("unsupported_media_type", { details: { reason: "missing", explanation: "A body needs a Content-Type." } });
  }
  if (format instanceof FormatError) return refusalOfFormat(format);
  const isPatch = request.method === "PATCH";
  const fits =
    format.kind === "plain" ||
    (format.kind === "merge" && isPatch) ||
    (format.kind === "jsonPatch" && isPatch && !wanted.takesMany);
  if (!fits || (format.format.listsOnly && !wanted.takesMany)) {
    return refuse("unsupported_media_type", { details: { mediaType: format.mediaType } });
  }
  return format;
};

/** The bytes of a body as they came, before its Content-Encoding is undone. */
export const readContent = async (request: Request, bytesMax: number): Promise<Uint8Array | Refusal> => {
  try {
    return await readBytes(request, bytesMax);
  } catch {
    return brokenOff();
  }
};

/** Reads and parses the body of a request. */
export const readBody = async (request: Request, wanted: BodyWanted): Promise<ReadBody | Refusal> => {
  const bytes = wanted.content ?? (await readContent(request, wanted.bytesMax));
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (bytes.length > wanted.bytesMax) return tooLarge(wanted.bytesMax);
  if (bytes.length === 0) {
    if (wanted.need === "optional") return { kind: "plain", bytes: 0 };
    return refuse("invalid_body", { details: { reason: "missing", explanation: "The request needs a body." } });
  }
  const input = formatOf(request, wanted);
  if ("status" in input) return input;
  const encoding = request.headers.get("content-encoding");
  const content = encoding === null ? bytes : await decompressBody(bytes, encoding, { bytesMax: wanted.bytesMax });
  if (content instanceof FormatError) return refusalOfFormat(content);
  const limits = { ...defaultLimits, bytesMax: wanted.bytesMax };
  const value = input.format.parse(content, { limits, ...(wanted.hint === undefined ? {} : { hint: wanted.hint }) });
  if (value instanceof FormatError) return refusalOfFormat(value);
  const text = input.format.name === "xml" || input.format.name === "csv";
  return { body: { value, text }, kind: input.kind, bytes: Math.max(bytes.length, content.length) };
};

/**
 * Compression of answers by Accept-Encoding (RFC 9110 section 12.5.3). Small answers stay as they are; middling ones are compressed at once,
 * which takes well under a millisecond; large ones on the thread pool, so that nobody waits for them.
 */
import { chooseCoding, compressBody, promised, zlib } from "../http/index.ts";
import type { ContentCoding } from "../http/index.ts";

const syncBytesMax = 64 * 1024;
const encoder = new TextEncoder();

const later = (bytes: Uint8Array, coding: ContentCoding): Promise<Uint8Array> => {
  switch (coding) {
    case "gzip":
      return promised((done) => zlib().gzip(bytes, done));
    case "br":
      return promised((done) => zlib().brotliCompress(bytes, { params: { [zlib().constants.BROTLI_PARAM_QUALITY]: 4 } }, done));
    case "zstd":
      return promised((done) => zlib().zstdCompress(bytes, done));
    case "identity":
      return Promise.resolve(bytes);
  }
};

/** Names of the codings in CompressionStream. */
const streamFormats = { gzip: "gzip", br: "brotli", zstd: "zstd" } as const;

export interface Compressed {
  readonly coding: Exclude<ContentCoding, "identity">;
  readonly bytes: Uint8Array | Promise<Uint8Array>;
}

/** The body in the coding the caller wants, or undefined when it goes out as it is. */
export const compress = (
  body: string | Uint8Array,
  options: { readonly acceptEncoding: string | null; readonly bytesMin: number },
): Compressed | undefined => {
  const coding = chooseCoding(options.acceptEncoding);
  if (coding === "identity" || body.length < options.bytesMin) return undefined;
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  return { coding, bytes: bytes.length <= syncBytesMax ? compressBody(bytes, coding) : later(bytes, coding) };
};

/** A stream in the coding the caller wants; cancelling it cancels the source. */
export const compressStream = (
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  acceptEncoding: string | null,
): { readonly coding?: Compressed["coding"]; readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> } => {
  const coding = chooseCoding(acceptEncoding);
  if (coding === "identity") return { stream };
  const compression = new CompressionStream(streamFormats[coding]);
  return { coding, stream: stream.pipeThrough(compression) };
};

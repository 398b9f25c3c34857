/**
 * Content codings: which one to answer with (RFC 9110 section 12.5.3), and bounded decompression of request bodies.
 *
 * Limits: one coding per body; at most `bytesMax` bytes come out and at most `ratioMax` times what came in (small
 * bodies may always grow to 1 MiB). What would be more is stopped while it inflates: 413, never memory.
 */
import { BoundedCache } from "./bounded-cache.ts";
import { FormatError } from "./format-error.ts";
import { parseWeighted } from "./weighted.ts";
import { promised, zlib } from "./zlib.ts";
import { isWholeZstd } from "./zstd-frame.ts";

export type ContentCoding = "zstd" | "br" | "gzip" | "identity";

/** What the server prefers among codings of equal weight, best first. */
const PREFERENCE: readonly ContentCoding[] = ["zstd", "br", "gzip"];
const chosen = new BoundedCache<ContentCoding>();

/**
 * The coding to answer with. The greatest weight wins, among equals zstd, br, gzip, and identity last unless it
 * alone has the greatest weight. A client that excludes identity and everything we have gets identity all the same
 * (RFC 9110 section 12.5.3 lets a server answer rather than refuse).
 */
export function chooseCoding(header: string | null | undefined): ContentCoding {
  if (header === null || header === undefined || header === "") return "identity";
  const known = chosen.get(header);
  if (known !== undefined) return known;
  const coding = decide(header);
  chosen.set(header, coding);
  return coding;
}

function decide(header: string): ContentCoding {
  const weights = new Map<string, number>();
  for (const { value, q } of parseWeighted(header) ?? []) {
    const name = value === "x-gzip" ? "gzip" : value;
    weights.set(name, Math.max(q, weights.get(name) ?? 0));
  }
  const wildcard = weights.get("*") ?? 0;
  let best: ContentCoding = "identity";
  // Identity without a weight of its own is acceptable, but anything named is wanted more.
  let bestWeight = weights.get("identity") ?? 0;
  let strictly = weights.has("identity");
  for (const coding of PREFERENCE) {
    const q = weights.get(coding) ?? wildcard;
    if (q > bestWeight || (strictly && q === bestWeight && q > 0)) {
      best = coding;
      bestWeight = q;
      strictly = false;
    }
  }
  return best;
}

/** Bounds of one decompression. */
export interface DecompressLimits {
  /** Bytes that may come out. */
  readonly bytesMax: number;
  /** How many times more than came in may come out; zlib itself reaches 1,032. */
  readonly ratioMax?: number;
}

const RATIO_MAX = 200;
/** Below this size of output the ratio does not count: a thousand rows that are nearly alike are no attack. */
const RATIO_FREE_BYTES = 1024 * 1024;
/** Compressed bodies beyond this are inflated on the thread pool, so that they do not stop the others. */
const SYNC_BYTES_MAX = 32 * 1024;

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
type InflateLater = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;
const CODECS: Readonly<Record<string, readonly [Inflate, InflateLater]>> = {
  gzip: [
    (bytes, options) => zlib().gunzipSync(bytes, options),
    (bytes, options) => promised((done) => zlib().gunzip(bytes, options, done)),
  ],
  "x-gzip": [
    (bytes, options) => zlib().gunzipSync(bytes, options),
    (bytes, options) => promised((done) => zlib().gunzip(bytes, options, done)),
  ],
  deflate: [
    (bytes, options) => zlib().inflateSync(bytes, options),
    (bytes, options) => promised((done) => zlib().inflate(bytes, options, done)),
  ],
  br: [
    (bytes, options) => zlib().brotliDecompressSync(bytes, options),
    (bytes, options) => promised((done) => zlib().brotliDecompress(bytes, options, done)),
  ],
  zstd: [
    (bytes, options) => zlib().zstdDecompressSync(bytes, options),
    (bytes, options) => promised((done) => zlib().zstdDecompress(bytes, options, done)),
  ],
};

/**
 * A request body as it was before Content-Encoding. Without one (or `identity`) the same bytes.
 * Errors: 415 unsupported_encoding (unknown, or more than one), 413 too_large, 400 invalid_encoding (corrupt).
 */
export async function decompressBody(
  bytes: Uint8Array,
  contentEncoding: string | null | undefined,
  { bytesMax, ratioMax = RATIO_MAX }: DecompressLimits,
): Promise<Uint8Array | FormatError> {
  const coding = (contentEncoding ?? "").trim().toLowerCase();
  if (coding === "" || coding === "identity") {
    return bytes.length > bytesMax ? tooLarge(bytesMax) : bytes;
  }
  const codec = Object.hasOwn(CODECS, coding) ? CODECS[coding] : undefined;
  if (codec === undefined) {
    return new FormatError(415, "unsupported_encoding", "Content-Encoding must be one of gzip, deflate, br, zstd.");
  }
  if (bytes.length === 0 || (coding === "zstd" && !isWholeZstd(bytes))) return corrupt();
  const maxOutputLength = Math.min(bytesMax, Math.max(RATIO_FREE_BYTES, bytes.length * ratioMax));
  try {
    const options = { maxOutputLength };
    return bytes.length <= SYNC_BYTES_MAX ? codec[0](bytes, options) : await codec[1](bytes, options);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    return code === "ERR_BUFFER_TOO_LARGE" || code === "ERR_OUT_OF_RANGE" ? tooLarge(maxOutputLength) : corrupt();
  }
}

function tooLarge(bytesMax: number): FormatError {
  return new FormatError(413, "too_large", `The decompressed body is larger than ${bytesMax} bytes.`);
}

function corrupt(): FormatError {
  return new FormatError(400, "invalid_encoding", "The compressed body is corrupt.");
}

/** Compresses an answer held in memory, at the levels that pay on the fly (zstd 3, br 4, gzip 6). */
export function compressBody(bytes: Uint8Array, coding: ContentCoding): Uint8Array {
  switch (coding) {
    case "zstd":
      return zlib().zstdCompressSync(bytes);
    case "br":
      return zlib().brotliCompressSync(bytes, { params: { [zlib().constants.BROTLI_PARAM_QUALITY]: 4 } });
    case "gzip":
      return zlib().gzipSync(bytes);
    case "identity":
      return bytes;
  }
}

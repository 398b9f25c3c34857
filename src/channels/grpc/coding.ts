/**
 * Compression of messages (grpc/doc/compression.md): gzip, deflate (which is zlib, RFC 1950) and identity. What comes out of a message is bounded
 * while it inflates, so that a bomb costs no memory. Answers are packed as the request was, where the client takes that and it pays.
 */
import { promised, zlib } from "../http/index.ts";

export type Coding = "identity" | "gzip" | "deflate";

/** As `grpc-accept-encoding` names them. */
export const acceptedCodings = "identity,deflate,gzip";

/** The coding a `grpc-encoding` names; undefined for one that is not served. */
export const codingOf = (header: string | undefined): Coding | undefined => {
  if (header === undefined || header === "identity") return "identity";
  return header === "gzip" || header === "deflate" ? header : undefined;
};

/** Packed messages beyond this are inflated on the thread pool, so that they do not stop the others. */
const syncBytesMax = 32 * 1024;
/** Below, a message is sent as it is: the header would eat what is gained. */
const packBytesMin = 1024;
/** Above too: packing it would keep all others waiting. */
const packBytesMax = 1024 * 1024;

export type Unpacked = Uint8Array | "corrupt" | "too_large";

const faultOf = (error: unknown): "corrupt" | "too_large" => {
  const { code } = error as { readonly code?: unknown };
  return code === "ERR_BUFFER_TOO_LARGE" || code === "ERR_OUT_OF_RANGE" ? "too_large" : "corrupt";
};

/** A message as it was before it was packed; at most `bytesMax`. */
export const unpack = (
  bytes: Uint8Array,
  coding: Exclude<Coding, "identity">,
  { bytesMax }: { readonly bytesMax: number },
): Unpacked | Promise<Unpacked> => {
  if (bytes.length === 0) return "corrupt";
  const options = { maxOutputLength: bytesMax };
  const { gunzip, gunzipSync, inflate, inflateSync } = zlib();
  if (bytes.length > syncBytesMax) {
    const inflated = promised<Uint8Array>((done) =>
      coding === "gzip" ? gunzip(bytes, options, done) : inflate(bytes, options, done),
    );
    return inflated.catch(faultOf);
  }
  try {
    return coding === "gzip" ? gunzipSync(bytes, options) : inflateSync(bytes, options);
  } catch (error) {
    return faultOf(error);
  }
};

/** The coding to answer in: that of the request, where the client takes it. */
export const answerCoding = (requested: Coding, accepted: string | undefined): Coding => {
  if (requested === "identity") return "identity";
  const names = (accepted ?? requested).split(",", 8).map((name) => name.trim());
  return names.includes(requested) ? requested : "identity";
};

/** A message packed; undefined where it is sent as it is. */
export const pack = (bytes: Uint8Array, coding: Coding): Uint8Array | undefined => {
  if (coding === "identity" || bytes.length < packBytesMin || bytes.length > packBytesMax) return undefined;
  const packed = coding === "gzip" ? zlib().gzipSync(bytes, { level: 1 }) : zlib().deflateSync(bytes, { level: 1 });
  return packed.length < bytes.length ? packed : undefined;
};

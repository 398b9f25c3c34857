/**
 * The last step of every answer: the headers that all answers have, compression, and the Response.
 *
 * `Vary` names every dimension an answer may depend on, always the same text; `Cache-Control: private, no-cache` lets a client keep a read and
 * ask with its entity tag, `no-store` everything else. Relevant: RFC 9110 section 12.5.5, RFC 9111 section 5.2.2, RFC 7240 section 2.
 */
import type { Preferences } from "../http/index.ts";
import { preferenceApplied } from "../http/index.ts";
import type { Link } from "../http/index.ts";
import { compress, compressStream } from "./compress.ts";
import type { Exchange } from "./exchange.ts";
import { linksOf } from "./served.ts";

const vary = "Accept, Accept-Language, Accept-Encoding, Prefer, Authorization, X-Api-Key";

export interface Answer {
  readonly status: number;
  readonly contentType?: string;
  /** Absent: no body. */
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** A strong tag of this representation before compression. */
  readonly entityTag?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly links?: readonly Link[];
  /** Preferences that were honoured. */
  readonly applied?: Preferences;
  /** May be kept by the client and asked for again with its tag. */
  readonly isRead?: boolean;
}

/** `"9f2c"` and `gzip` → `"9f2c-gzip"`: another coding is another representation. */
export const suffixed = (tag: string, suffix: string): string => `${tag.slice(0, -1)}-${suffix}"`;

const addRare = (headers: Record<string, string>, exchange: Exchange, answer: Answer): void => {
  const { version, startedMs } = exchange;
  for (const [name, value] of version?.headers ?? []) headers[name] = value;
  for (const [name, value] of answer.headers ?? []) headers[name] = value;
  const link = linksOf(version, answer.links ?? []);
  if (link !== undefined) headers["Link"] = link;
  if (exchange.traceparent !== undefined) headers["traceparent"] = exchange.traceparent;
  let applied = answer.applied === undefined ? undefined : preferenceApplied(answer.applied);
  if (startedMs !== undefined) {
    headers["Server-Timing"] = `total;dur=${(performance.now() - startedMs).toFixed(3)}`;
    applied = applied === undefined ? "timing" : `${applied}, timing`;
  }
  if (applied !== undefined) headers["Preference-Applied"] = applied;
};

/** Makes the response; waits only for the compression of large bodies. */
export const send = (
  exchange: Exchange,
  answer: Answer,
  options: { readonly compressBytesMin: number },
): Response | Promise<Response> => {
  const { status, body, contentType, entityTag } = answer;
  const headers: Record<string, string> = {
    "Cache-Control": answer.isRead === true ? "private, no-cache" : "no-store",
    "Content-Language": exchange.locale,
    Vary: vary,
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": exchange.requestId,
  };
  if (contentType !== undefined) headers["Content-Type"] = contentType;
  if (entityTag !== undefined) headers["ETag"] = entityTag;
  const isPlain = answer.headers === undefined && answer.links === undefined && answer.applied === undefined;
  if (
    !isPlain ||
    exchange.traceparent !== undefined ||
    exchange.startedMs !== undefined ||
    exchange.version?.older !== undefined
  ) {
    addRare(headers, exchange, answer);
  }
  if (body === undefined) return new Response(null, { status, headers });
  if (body instanceof ReadableStream) {
    const { coding, stream } = compressStream(body, exchange.headers.get("accept-encoding"));
    if (coding !== undefined) headers["Content-Encoding"] = coding;
    return new Response(stream, { status, headers });
  }
  if (body.length < options.compressBytesMin) return new Response(body as string, { status, headers });
  const compressed = compress(body, {
    acceptEncoding: exchange.headers.get("accept-encoding"),
    bytesMin: options.compressBytesMin,
  });
  if (compressed === undefined) return new Response(body as string, { status, headers });
  const { coding, bytes } = compressed;
  headers["Content-Encoding"] = coding;
  if (entityTag !== undefined) headers["ETag"] = suffixed(entityTag, coding);
  const respond = (content: Uint8Array): Response => new Response(content as Uint8Array<ArrayBuffer>, { status, headers });
  return bytes instanceof Uint8Array ? respond(bytes) : bytes.then(respond);
};

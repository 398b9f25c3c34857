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
import { addManaged, isManaged, vary } from "../http/index.ts";
import { linksOf } from "./served.ts";

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

/** Headers that are the same for every answer of a kind, made once: copying them costs half of naming them anew. */
class Kinds {
  /** Content-Type (empty: none) → language → headers. Both are of fixed lists, so it stays small. */
  readonly #byType = new Map<string, Map<string, ResponseInit>>();
  readonly #cacheControl: string;

  constructor(cacheControl: string) {
    this.#cacheControl = cacheControl;
  }

  of(contentType: string, language: string): ResponseInit {
    return this.#byType.get(contentType)?.get(language) ?? this.#make(contentType, language);
  }

  #make(contentType: string, language: string): ResponseInit {
    const headers = new Headers({
      "Cache-Control": this.#cacheControl,
      "Content-Language": language,
      Vary: vary,
      "X-Content-Type-Options": "nosniff",
    });
    if (contentType !== "") headers.set("Content-Type", contentType);
    const kind: ResponseInit = { headers };
    const byLanguage = this.#byType.get(contentType) ?? new Map<string, ResponseInit>();
    this.#byType.set(contentType, byLanguage.set(language, kind));
    return kind;
  }
}

const reads = new Kinds("private, no-cache");
const others = new Kinds("no-store");

const addRare = (headers: Headers, exchange: Exchange, answer: Answer): void => {
  const { version, startedMs } = exchange;
  for (const [name, value] of version?.headers ?? []) headers.set(name, value);
  for (const [name, value] of answer.headers ?? []) headers.set(name, value);
  const link = linksOf(version, answer.links ?? []);
  if (link !== undefined) headers.set("Link", link);
  if (exchange.traceparent !== undefined) headers.set("traceparent", exchange.traceparent);
  let applied = answer.applied === undefined ? undefined : preferenceApplied(answer.applied);
  if (startedMs !== undefined) {
    headers.set("Server-Timing", `total;dur=${(performance.now() - startedMs).toFixed(3)}`);
    applied = applied === undefined ? "timing" : `${applied}, timing`;
  }
  if (applied !== undefined) headers.set("Preference-Applied", applied);
};

/** Puts body and headers together. */
const respond = (
  exchange: Exchange,
  answer: Answer,
  body: Response["body"] | string | Uint8Array | null,
  coding?: string,
): Response => {
  const { status, contentType = "", entityTag } = answer;
  const kind = (answer.isRead === true ? reads : others).of(contentType, exchange.locale);
  const response = new Response(body as string, status === 200 ? kind : { ...kind, status });
  const { headers } = response;
  headers.set("X-Request-Id", exchange.requestId);
  if (entityTag !== undefined) headers.set("ETag", coding === undefined ? entityTag : suffixed(entityTag, coding));
  if (coding !== undefined) headers.set("Content-Encoding", coding);
  const isPlain = answer.headers === undefined && answer.links === undefined && answer.applied === undefined;
  if (
    !isPlain ||
    exchange.traceparent !== undefined ||
    exchange.startedMs !== undefined ||
    exchange.version?.older !== undefined
  ) {
    addRare(headers, exchange, answer);
  }
  if (isManaged(exchange)) addManaged(headers, exchange, answer.isRead === true);
  return response;
};

/** Makes the response; waits only for the compression of large bodies. */
export const send = (
  exchange: Exchange,
  answer: Answer,
  options: { readonly compressBytesMin: number },
): Response | Promise<Response> => {
  const { body } = answer;
  if (body === undefined) return respond(exchange, answer, null);
  if (body instanceof ReadableStream) {
    const { coding, stream } = compressStream(body, exchange.headers.get("accept-encoding"));
    return respond(exchange, answer, stream, coding);
  }
  if (body.length < options.compressBytesMin) return respond(exchange, answer, body);
  const compressed = compress(body, {
    acceptEncoding: exchange.headers.get("accept-encoding"),
    bytesMin: options.compressBytesMin,
  });
  if (compressed === undefined) return respond(exchange, answer, body);
  const { coding, bytes } = compressed;
  if (bytes instanceof Uint8Array) return respond(exchange, answer, bytes, coding);
  return bytes.then((content) => respond(exchange, answer, content, coding));
};

/**
 * A document as bytes: made when it is first asked for, kept, and compressed once. Answered with a strong entity tag and `no-cache`, so that a
 * reader asks every time and gets 304 until the document changes (RFC 9110 section 13.1.2, RFC 9111 section 5.2.2.4).
 */

/** Answers GET and HEAD. */
export type DocumentHandler = (request: Request) => Response;

export interface Served {
  readonly contentType: string;
  /** Further headers, such as the policy of a page. */
  readonly headers?: Readonly<Record<string, string>>;
  make(): string | Uint8Array;
}

/** Smaller bodies are sent as they are. */
const compressBytesMin = 1024;

interface Made {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer> | undefined;
  readonly tag: string;
}

const make = (served: Served): Made => {
  const content = served.make();
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
  return {
    bytes,
    gzip: bytes.length < compressBytesMin ? undefined : new Uint8Array(Bun.gzipSync(bytes)),
    tag: Bun.hash(bytes).toString(16),
  };
};

/** Whether `gzip` is named in Accept-Encoding without the weight 0. */
const takesGzip = (header: string | null): boolean =>
  header !== null && /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(header);

/** Whether If-None-Match names the tag, compressed or not; weak comparison. */
const names = (header: string | null, tag: string): boolean =>
  header !== null &&
  header
    .split(",", 64)
    .some((part) => part.trim() === "*" || part.trim().replace(/^W\//, "").replace("-gzip", "") === `"${tag}"`);

/** The handler of one document. */
export const serve = (served: Served): DocumentHandler => {
  let made: Made | undefined;
  return (request) => {
    made ??= make(served);
    const useGzip = made.gzip !== undefined && takesGzip(request.headers.get("accept-encoding"));
    const headers: Record<string, string> = {
      "Content-Type": served.contentType,
      "Cache-Control": "no-cache",
      ETag: `"${made.tag}${useGzip ? "-gzip" : ""}"`,
      Vary: "Accept-Encoding",
      "X-Content-Type-Options": "nosniff",
      ...served.headers,
    };
    if (names(request.headers.get("if-none-match"), made.tag)) return new Response(null, { status: 304, headers });
    if (useGzip) headers["Content-Encoding"] = "gzip";
    const body = useGzip ? (made.gzip as Uint8Array<ArrayBuffer>) : made.bytes;
    if (request.method === "HEAD") {
      headers["Content-Length"] = String(body.length);
      return new Response(null, { status: 200, headers });
    }
    return new Response(body, { status: 200, headers });
  };
};

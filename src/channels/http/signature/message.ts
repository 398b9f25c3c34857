/** The message a signature is about, as RFC 9421 section 2 sees it. */

/** Values of header or trailer fields. `Headers` is one. */
export interface Fields {
  /** All lines of a field in order, joined by `, `; null where it is missing. The name is in small letters. */
  get(name: string): string | null;
  /** The lines one by one, where they are known: `Headers` has joined them. */
  lines?(name: string): readonly string[];
}

export interface RequestMessage {
  readonly kind: "request";
  readonly method: string;
  /** In small letters: `https`. */
  readonly scheme: string;
  /** Host in small letters, and the port where it is not the scheme's own: `api.example.com:8443`. */
  readonly authority: string;
  /** Path and query as sent, still percent-encoded: `/foo?param=Value`. */
  readonly target: string;
  /** Scheme and authority in one: `https://api.example.com`. Absent: made of the two. */
  readonly origin?: string;
  readonly headers: Fields;
  readonly trailers?: Fields;
}

export interface ResponseMessage {
  readonly kind: "response";
  readonly status: number;
  readonly headers: Fields;
  readonly trailers?: Fields;
  /** What it answers: for components with `;req`. */
  readonly request?: RequestMessage;
}

export type Message = RequestMessage | ResponseMessage;

/** Where clients reach us. */
export interface Origin {
  readonly scheme: string;
  readonly authority: string;
  /** Both: `https://api.example.com`. */
  readonly origin: string;
}

/** `https://API.example.com:443/` → `{ scheme: "https", authority: "api.example.com" }`; undefined where it is no http(s) URL. */
export const originOf = (url: string): Origin | undefined => {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return undefined;
  return { scheme: protocol.slice(0, -1), authority: host, origin: `${protocol}//${host}` };
};

/** `https://api.example.com/a?b#c` → `/a?b`. Of a URL as `Request` has it: absolute and normalised. */
const targetOf = (url: string): string => {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  const fragment = url.indexOf("#", start);
  return fragment === -1 ? url.slice(start) : url.slice(start, fragment);
};

/**
 * A request as a signature sees it. With an origin, scheme and authority are those: neither Host nor X-Forwarded-* of the request count.
 * Undefined where the request's own URL is needed and is no http(s) URL.
 */
export const messageOf = (request: Request, origin = originOf(request.url)): RequestMessage | undefined => {
  if (origin === undefined) return undefined;
  const { method, url, headers } = request;
  const { scheme, authority } = origin;
  return { kind: "request", method, scheme, authority, target: targetOf(url), origin: origin.origin, headers };
};

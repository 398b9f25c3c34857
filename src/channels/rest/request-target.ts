/**
 * The one string everything is decided on. Bun hands over `req.url` already normalised by the URL standard (dot segments resolved, `\` made
 * `/`), so the path sliced out of it is the `pathname` that `new URL(req.url)` would give, at a tenth of its cost (a property test compares
 * the two over a real socket). With a Host header that is missing or no host, Bun gives no absolute URL: that is refused here.
 */
export interface RequestTarget {
  /** Starts with "/", still percent-encoded. */
  readonly path: string;
  /** Without the "?"; empty when there is none. */
  readonly query: string;
}

/** Path and query of `http(s)://host/path?query`, or undefined for anything else (`CONNECT a:80`, a bad Host header). */
export const targetOf = (url: string): RequestTarget | undefined => {
  if (!url.startsWith("http")) return undefined;
  // "http://" has 7 characters and a host at least one, so the first "/" from 8 on begins the path for both schemes.
  const start = url.indexOf("/", 8);
  if (start === -1) return undefined;
  const fragment = url.indexOf("#", start);
  const end = fragment === -1 ? url.length : fragment;
  const mark = url.indexOf("?", start);
  if (mark === -1 || mark > end) return { path: url.slice(start, end), query: "" };
  return { path: url.slice(start, mark), query: url.slice(mark + 1, end) };
};

/** C0 controls and DEL: no name and no id has one, and they have no business in a log. */
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f]/;

/**
 * One percent-encoded segment, decoded: `caf%C3%A9` → `café`, `a%2Fb` → `a/b` (still one segment). Undefined for escapes that are malformed or
 * no UTF-8, and for control characters.
 */
export const decodeSegment = (segment: string): string | undefined => {
  if (!segment.includes("%")) return segment;
  try {
    const text = decodeURIComponent(segment);
    return control.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
};

/** `/de/bank/v1/accounts` → `["de", "bank", "v1", "accounts"]`; undefined when a segment cannot be decoded. */
export const segmentsOf = (path: string): string[] | undefined => {
  const segments = path.split("/");
  segments.shift();
  if (!path.includes("%")) return segments;
  for (let index = 0; index < segments.length; index++) {
    const decoded = decodeSegment(segments[index] as string);
    if (decoded === undefined) return undefined;
    segments[index] = decoded;
  }
  return segments;
};

/** Headers that policies add to an answer: age (RFC 9745, RFC 8594), caching, what a page of another origin may read (Fetch standard). */
import type { PolicySettings } from "../../define/policy.ts";
import type { Findings } from "../../pipeline/call.ts";
import type { Applied } from "./applied.ts";

type Header = readonly [name: string, value: string];

/** Headers of our own that a page may read. */
export const exposed =
  "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotent-Replayed, Deprecation, Sunset, " +
  "Accept-Signature, Content-Disposition, Preference-Applied, Server-Timing, Traceparent, WWW-Authenticate, X-CSRF-Token, " +
  "X-Max-Per-Page, X-Next-Cursor, X-Page, X-Per-Page, X-Total-Count, X-Total-Pages, " +
  "Connect-Content-Encoding, Grpc-Encoding, Grpc-Message, Grpc-Status, Grpc-Status-Details-Bin";

/** Whether a policy lets pages of an origin call. `null`, the origin of sandboxed and local pages, never. */
const allowsOrigin = ({ origins }: PolicySettings["cors"], origin: string): boolean =>
  origin !== "null" && (origins.includes(origin) || origins.includes("*"));

const corsHeaders = (policies: readonly PolicySettings["cors"][], origin: string): readonly Header[] => {
  const cors = policies.findLast((one) => allowsOrigin(one, origin));
  if (cors === undefined) return [];
  const isNamed = cors.origins.includes(origin);
  return [
    ["Access-Control-Allow-Origin", isNamed ? origin : "*"],
    ["Access-Control-Expose-Headers", exposed],
    ...(cors.allowCredentials && isNamed ? ([["Access-Control-Allow-Credentials", "true"]] as const) : []),
  ];
};

const headersOf = ({ deprecation, cache }: Pick<Applied, "deprecation" | "cache">): readonly Header[] => {
  const headers: Header[] = [];
  if (deprecation !== undefined) {
    headers.push(["Deprecation", `@${Math.floor(Date.parse(deprecation.deprecatedAt) / 1_000)}`]);
    if (typeof deprecation.sunsetAt === "string") headers.push(["Sunset", new Date(deprecation.sunsetAt).toUTCString()]);
    if (typeof deprecation.link === "string") headers.push(["Link", `<${deprecation.link}>; rel="deprecation"`]);
  }
  if (cache !== undefined) headers.push(["Cache-Control", `private, max-age=${cache.maxAgeSeconds}`]);
  return headers;
};

/** What is told of a call of a request beside what others have told: each header once, links side by side. */
const besides = (kept: readonly Header[], told: readonly Header[]): readonly Header[] => [
  ...kept.filter(([name, value]) => !told.some(([other, text]) => other === name && (name !== "Link" || text === value))),
  ...told,
];

/** Notes what policies say of a call; `origin` is that of the page, where one calls. A page may read what all calls of its request let it. */
export const tellHeaders = (
  findings: Findings,
  applied: Pick<Applied, "deprecation" | "cache" | "cors">,
  origin: string | undefined,
): void => {
  const told = headersOf(applied);
  if (told.length > 0) findings.headers = besides(findings.headers ?? [], told);
  if (origin === undefined) return;
  const cors = corsHeaders(applied.cors, origin);
  findings.cors = findings.cors === undefined || Bun.deepEquals(findings.cors, cors) ? cors : [];
};

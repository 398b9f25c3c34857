/** Headers that policies add to an answer: age (RFC 9745, RFC 8594), caching, what a page of another origin may read (Fetch standard). */
import type { PolicySettings } from "../../define/policy.ts";
import type { Applied } from "./applied.ts";

type Header = readonly [name: string, value: string];

/** Headers of our own that a page may read. */
const exposed =
  "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotent-Replayed, Deprecation, Sunset";

/** Whether a policy lets pages of an origin call. `null`, the origin of sandboxed and local pages, never. */
export const allowsOrigin = ({ origins }: PolicySettings["cors"], origin: string): boolean =>
  origin !== "null" && (origins.includes(origin) || origins.includes("*"));

export const corsHeaders = (cors: PolicySettings["cors"], origin: string): readonly Header[] => {
  if (!allowsOrigin(cors, origin)) return [];
  const isNamed = cors.origins.includes(origin);
  return [
    ["Access-Control-Allow-Origin", isNamed ? origin : "*"],
    ["Access-Control-Expose-Headers", exposed],
    ...(cors.allowCredentials && isNamed ? ([["Access-Control-Allow-Credentials", "true"]] as const) : []),
  ];
};

export const headersOf = (
  { deprecation, cache, cors }: Pick<Applied, "deprecation" | "cache" | "cors">,
  origin: string | undefined,
  _nowMs: number,
): readonly Header[] => {
  const headers: Header[] = [];
  if (deprecation !== undefined) {
    headers.push(["Deprecation", `@${Math.floor(Date.parse(deprecation.deprecatedAt) / 1_000)}`]);
    if (typeof deprecation.sunsetAt === "string") headers.push(["Sunset", new Date(deprecation.sunsetAt).toUTCString()]);
    if (typeof deprecation.link === "string") headers.push(["Link", `<${deprecation.link}>; rel="deprecation"`]);
  }
  if (cache !== undefined) headers.push(["Cache-Control", `private, max-age=${cache.maxAgeSeconds}`]);
  if (cors !== undefined && origin !== undefined) headers.push(...corsHeaders(cors, origin));
  return headers;
};

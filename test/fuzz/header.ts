/** Headers a caller may send: each one the server reads, with values good, odd and hostile; some twice, some long. None holds a line end. */
import fc from "fast-check";
import type { Harvest } from "./harvest.ts";
import type { Headers } from "./target.ts";

const junk = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'",;=()[]{}*/\\:?!#%&@ \t\x80\xff'), maxLength: 40 }),
  fc.constantFrom(
    "",
    " ",
    ",",
    ",,,",
    ";",
    "=",
    '"',
    '\\"',
    "a".repeat(2_000),
    "*",
    "null",
    "\xff\xfe",
    "%0d%0aX-Injected: 1",
    "${7*7}",
    "../../x",
    "1".repeat(400),
  ),
);

const weighted = (values: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...values),
        fc.constantFrom("", ";q=0", ";q=1", ";q=0.5", ";q=1.0001", ";q=-1", ";q=x", ";q=", "; q = 0.1", ";a=b;q=0.2", ';q="1"'),
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((list) => list.map((parts) => parts.join("")).join(", "));

const types = [
  "application/json",
  "application/xml",
  "application/yaml",
  "text/csv",
  "application/x-ndjson",
  "application/msgpack",
  "application/problem+json",
  "application/problem+xml",
  "text/html",
  "*/*",
  "application/*",
  "text/*",
  "*",
  "/",
  "application/",
  "application/json;version=1",
  "image/png",
];
const languages = [
  "de",
  "de-AT",
  "en",
  "fr",
  "bg",
  "ru",
  "hu",
  "es",
  "pt",
  "pt-BR",
  "zh-Hant-TW",
  "*",
  "x-private",
  "i-klingon",
  "de-",
  "-",
  "ÄÖ",
  "d",
  "constructor",
  "__proto__",
];
const codings = ["gzip", "br", "zstd", "deflate", "identity", "*", "compress", "x-gzip", "GZIP"];
const preferences = [
  "return=minimal",
  "return=representation",
  "return=x",
  "envelope=none",
  "envelope=x",
  "atomic",
  "independent",
  "respond-async",
  "wait=0",
  "wait=1",
  "wait=-1",
  "wait=99999999999999999999",
  "handling=strict",
  "handling=lenient",
  "timing",
  "__proto__=1",
  'return="minimal"',
  "return",
  "=",
  "a=b; c=d",
];
const keys = [
  '"abc"',
  '""',
  '"a',
  "abc",
  "a b",
  '"' + "k".repeat(300) + '"',
  '"\xff"',
  '"a", "b"',
  '"a";p=1',
  ":YWJj:",
  "1",
  "?1",
];
const traces = [
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "00-00000000000000000000000000000000-0000000000000000-00",
  "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
  "00",
  "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-is-this",
];
const requestIds = ["abc", "a b", "<script>", "a".repeat(128), "a".repeat(129), "\xff", "a\tb", "{{7*7}}", "a;b", "0"];
const dates = ["Wed, 21 Oct 2015 07:28:00 GMT", "x", "0", "9".repeat(30)];
const authorizations = [
  "Bearer",
  "Bearer ",
  "Bearer x",
  "Bearer pons_sandbox_x",
  "Basic YTpi",
  "Basic !!!",
  "Digest x",
  `Bearer ${"a".repeat(5_000)}`,
  "bearer  a b",
  "Bearer \xff",
  "eyJhbGciOiJub25lIn0.e30.",
  "Bearer eyJhbGciOiJub25lIn0.e30.",
];
const forwarded = [
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Proto",
  "Forwarded",
  "X-Real-IP",
  "X-HTTP-Method-Override",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-Method-Override",
  "Origin",
  "Referer",
  "Cookie",
  "User-Agent",
  "Via",
  "X-Tenant",
  "X-Realm",
];

const valuesOf = ({ tag }: Harvest): Readonly<Record<string, fc.Arbitrary<string>>> => {
  const tags = fc.constantFrom(
    tag,
    `W/${tag}`,
    "*",
    '"x"',
    `${tag}, "y"`,
    '"',
    "x",
    '"a"b"',
    "W/",
    'w/"a"',
    '"-gzip"',
    '"\xff"',
    Array.from({ length: 300 }, (_, index) => `"${index}"`).join(","),
  );
  return {
    Accept: weighted(types),
    "Accept-Language": weighted(languages),
    "Accept-Encoding": weighted(codings),
    "Accept-Charset": weighted(["utf-8", "utf-16", "*"]),
    Prefer: fc.array(fc.constantFrom(...preferences), { minLength: 1, maxLength: 6 }).map((list) => list.join(", ")),
    "If-Match": tags,
    "If-None-Match": tags,
    "If-Modified-Since": fc.constantFrom(...dates),
    "If-Unmodified-Since": fc.constantFrom(...dates),
    "If-Range": tags,
    Range: fc.constantFrom("bytes=0-1", "bytes=-1", "bytes=0-0,1-1,2-2", "items=0-5", "bytes=9999999999999999999-"),
    "Idempotency-Key": fc.constantFrom(...keys),
    traceparent: fc.constantFrom(...traces),
    tracestate: fc.constantFrom("a=b", "a=b,".repeat(100), "="),
    "X-Request-Id": fc.constantFrom(...requestIds),
    "Content-Type": fc.constantFrom(
      ...types,
      "application/json; charset=utf-16",
      "application/json; charset=",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
      "application/json, text/plain",
      'application/json; a="',
      "application/merge-patch+json",
      "application/json-patch+json",
    ),
    "Content-Encoding": fc.constantFrom(
      "gzip",
      "br",
      "zstd",
      "deflate",
      "identity",
      "gzip, gzip",
      "gzip,br,zstd,gzip,br",
      "x",
      "*",
    ),
    "Content-Language": weighted(languages),
    "X-Api-Key": fc.constantFrom(...authorizations),
    Authorization: fc.constantFrom(...authorizations),
    Expect: fc.constantFrom("100-continue"),
    "Cache-Control": fc.constantFrom("no-cache", "max-age=x", "only-if-cached"),
    Connection: fc.constantFrom("keep-alive", "close", "X-Request-Id", "Upgrade"),
    Upgrade: fc.constantFrom("websocket", "h2c", "TLS/1.0"),
  };
};

/** Up to eight headers; a name may come twice. */
export const headersOf = (harvest: Harvest): fc.Arbitrary<Headers> => {
  const values = valuesOf(harvest);
  const one = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .constantFrom(...Object.keys(values))
        .chain((name) =>
          fc.tuple(fc.constant(name), fc.oneof({ weight: 4, arbitrary: values[name]! }, { weight: 1, arbitrary: junk })),
        ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...forwarded), junk) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.string({ unit: fc.constantFrom(..."abcXYZ-_!#$%&'*+.^`|~09"), minLength: 1, maxLength: 40 }), junk),
    },
  );
  const sendable = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/gu, "?");
  return fc
    .array(one, { minLength: 1, maxLength: 8 })
    .map((list) => list.filter(([name]) => !/^(?:content-length|transfer-encoding|host|keep-alive)$/i.test(name)))
    .map((list) => list.map(([name, value]) => [name, sendable(value)] as const));
};

/** Requests whose framing contradicts itself, or that are none: what is sent, and what a server may answer to it (RFC 9112). */

/** A request that nobody has sent: it stands in the body of another. */
export const hidden = "GET /bank/v2/hidden HTTP/1.1\r\nHost: a\r\nX-Request-Id: hidden\r\n\r\n";
/** A body that is a request. Its length is that of `hidden`. */
export const framed = (...lines: string[]) =>
  `POST /bank/v2/quoteFee HTTP/1.1\r\nHost: a\r\nX-Request-Id: first\r\nContent-Type: application/json\r\n${lines.join("\r\n")}\r\n\r\n`;
const get = (...lines: string[]) =>
  `GET /bank/v2/accounts HTTP/1.1\r\nX-Request-Id: first\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const target = (path: string, method = "GET") => `${method} ${path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: first\r\n\r\n`;

export interface Case {
  readonly name: string;
  readonly bytes: string;
  /** What may be answered; none: closed without a word. */
  readonly statuses: readonly (number | "closed")[];
}

const refused = [400, "closed"] as const;
/** What cannot be told from another version's request line. */
const unread = [...refused, 505] as const;
const large = [400, 413, 414, 431, "closed"] as const;

export const cases: readonly Case[] = [
  // RFC 9112 section 3.2: exactly one Host.
  { name: "no Host", bytes: get(), statuses: refused },
  { name: "two Hosts", bytes: get("Host: a", "Host: b"), statuses: refused },
  { name: "two equal Hosts", bytes: get("Host: a", "Host: a"), statuses: refused },
  { name: "a Host that is none", bytes: get("Host: a b@/c"), statuses: refused },
  { name: "an empty Host", bytes: get("Host:"), statuses: [...refused, 401] },
  { name: "a Host of brackets", bytes: get("Host: [::1"), statuses: [...refused, 401] },
  // Section 6.3: lengths that contradict each other.
  { name: "two lengths", bytes: framed("Content-Length: 0", `Content-Length: ${hidden.length}`) + hidden, statuses: refused },
  {
    name: "two equal lengths",
    bytes: framed(`Content-Length: ${hidden.length}`, `Content-Length: ${hidden.length}`) + hidden,
    statuses: refused,
  },
  { name: "a list of lengths", bytes: framed(`Content-Length: 0, ${hidden.length}`) + hidden, statuses: refused },
  { name: "a length with a sign", bytes: framed("Content-Length: +0") + hidden, statuses: refused },
  { name: "a negative length", bytes: framed("Content-Length: -1") + hidden, statuses: refused },
  { name: "a hexadecimal length", bytes: framed("Content-Length: 0x0") + hidden, statuses: refused },
  { name: "an empty length", bytes: framed("Content-Length:") + hidden, statuses: refused },
  { name: "a length of words", bytes: framed("Content-Length: zero") + hidden, statuses: refused },
  { name: "a length beyond 64 bits", bytes: framed("Content-Length: 18446744073709551616") + hidden, statuses: large },
  {
    name: "a length and chunks",
    bytes: `${framed(`Content-Length: ${hidden.length + 5}`, "Transfer-Encoding: chunked")}0\r\n\r\n${hidden}`,
    statuses: refused,
  },
  {
    name: "chunks and a length",
    bytes: `${framed("Transfer-Encoding: chunked", "Content-Length: 4")}0\r\n\r\n${hidden}`,
    statuses: refused,
  },
  {
    name: "an unknown transfer coding",
    bytes: `${framed("Transfer-Encoding: xchunked")}0\r\n\r\n${hidden}`,
    statuses: [...refused, 501],
  },
  {
    name: "chunked that is not last",
    bytes: `${framed("Transfer-Encoding: chunked, identity")}0\r\n\r\n${hidden}`,
    statuses: [...refused, 501],
  },
  {
    name: "chunked twice",
    bytes: `${framed("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")}0\r\n\r\n${hidden}`,
    statuses: [...refused, 501],
  },
  {
    name: "chunked and its double",
    bytes: `${framed("Transfer-Encoding: chunked", "Transfer-Encoding: cow", "Content-Length: 3")}0\r\n\r\n${hidden}`,
    statuses: [...refused, 501],
  },
  {
    name: "a space before the colon",
    bytes: `${framed("Transfer-Encoding : chunked", `Content-Length: ${hidden.length}`)}${hidden}`,
    statuses: refused,
  },
  {
    name: "a vertical tab before chunked",
    bytes: `${framed("Transfer-Encoding: \x0bchunked", `Content-Length: ${hidden.length}`)}${hidden}`,
    statuses: [...refused, 501],
  },
  // Section 7.1: chunks.
  { name: "a chunk without a size", bytes: `${framed("Transfer-Encoding: chunked")}zz\r\n\r\n${hidden}`, statuses: refused },
  { name: "a chunk of negative size", bytes: `${framed("Transfer-Encoding: chunked")}-1\r\n\r\n${hidden}`, statuses: refused },
  { name: "a chunk size with 0x", bytes: `${framed("Transfer-Encoding: chunked")}0x0\r\n\r\n${hidden}`, statuses: refused },
  {
    name: "a chunk size beyond 64 bits",
    bytes: `${framed("Transfer-Encoding: chunked")}FFFFFFFFFFFFFFFFF\r\nabc\r\n${hidden}`,
    statuses: large,
  },
  {
    name: "a chunk longer than it says",
    bytes: `${framed("Transfer-Encoding: chunked")}2\r\nabcdef\r\n0\r\n\r\n${hidden}`,
    statuses: refused,
  },
  {
    name: "a chunk that ends with LF only",
    bytes: `${framed("Transfer-Encoding: chunked")}2\nab\n0\n\n${hidden}`,
    statuses: refused,
  },
  // Section 2.2 and 5: lines and fields.
  { name: "lines that end with LF only", bytes: get("Host: a").replaceAll("\r\n", "\n"), statuses: unread },
  { name: "a header that goes on in the next line", bytes: get("Host: a", "X-Long: a", " b"), statuses: refused },
  { name: "a CR within a header", bytes: get("Host: a", "X-Bad: a\rX-Injected: b"), statuses: refused },
  { name: "a NUL within a header", bytes: get("Host: a", "X-Bad: a\0b"), statuses: refused },
  { name: "a NUL within a name", bytes: get("Host: a", "X\0Bad: b"), statuses: refused },
  { name: "a space within a name", bytes: get("Host: a", "X Bad: b"), statuses: refused },
  { name: "a header without a colon", bytes: get("Host: a", "nothing"), statuses: refused },
  { name: "a header without a name", bytes: get("Host: a", ": b"), statuses: refused },
  { name: "a space before the first header", bytes: get(" Host: a"), statuses: refused },
  {
    name: "a thousand headers",
    bytes: get("Host: a", ...Array.from({ length: 1000 }, (_, index) => `X-${index}: 1`)),
    statuses: large,
  },
  { name: "a header of 64 KiB", bytes: get("Host: a", `X-Long: ${"a".repeat(65_536)}`), statuses: large },
  { name: "a name of 64 KiB", bytes: get("Host: a", `${"a".repeat(65_536)}: b`), statuses: large },
  { name: "an address of 64 KiB", bytes: target(`/${"a".repeat(65_536)}`), statuses: large },
  { name: "an address of 4 KiB", bytes: target(`/bank/v2/${"a".repeat(4_096)}`), statuses: [414] },
  { name: "a query of 10 KiB", bytes: target(`/bank/v2/accounts?${"a".repeat(10_240)}`), statuses: [414] },
  // Section 3: request lines.
  { name: "TRACE", bytes: target("/bank/v2/accounts", "TRACE"), statuses: [405] },
  { name: "CONNECT", bytes: `CONNECT internal:80 HTTP/1.1\r\nHost: internal:80\r\n\r\n`, statuses: [405, ...refused] },
  { name: "CONNECT to a path", bytes: target("/bank/v2/accounts", "CONNECT"), statuses: [405, ...refused] },
  { name: "a method that does not exist", bytes: target("/bank/v2/accounts", "STEAL"), statuses: [405, 501, ...refused] },
  { name: "a method in small letters", bytes: target("/bank/v2/accounts", "get"), statuses: [405, 501, ...refused] },
  { name: "a method of 1 KiB", bytes: target("/bank/v2/accounts", "A".repeat(1024)), statuses: [405, 501, ...large] },
  { name: "no method", bytes: " / HTTP/1.1\r\nHost: a\r\n\r\n", statuses: [405, ...refused] },
  { name: "an address that is no path", bytes: target("bank/v2/accounts"), statuses: refused },
  { name: "an asterisk", bytes: target("*", "OPTIONS"), statuses: [200, 204, 404, ...refused] },
  {
    name: "an absolute address of another host",
    bytes: target("http://internal/bank/v2/accounts"),
    statuses: [401, 404, ...refused],
  },
  { name: "an absolute address of another scheme", bytes: target("file:///bank/v2/accounts"), statuses: [404, ...refused] },
  { name: "two spaces", bytes: "GET  /bank/v2/accounts HTTP/1.1\r\nHost: a\r\n\r\n", statuses: refused },
  { name: "a space within the address", bytes: "GET /bank/v2 /accounts HTTP/1.1\r\nHost: a\r\n\r\n", statuses: unread },
  { name: "a tab for a space", bytes: "GET\t/bank/v2/accounts\tHTTP/1.1\r\nHost: a\r\n\r\n", statuses: unread },
  { name: "a NUL within the address", bytes: target("/bank/v2/a\0b"), statuses: unread },
  { name: "no version", bytes: "GET /bank/v2/accounts\r\nHost: a\r\n\r\n", statuses: unread },
  { name: "version 9.9", bytes: "GET /bank/v2/accounts HTTP/9.9\r\nHost: a\r\n\r\n", statuses: [505, ...refused] },
  { name: "version 0.9", bytes: "GET /\r\n\r\n", statuses: unread },
  {
    name: "TLS on a plain port",
    bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefghijklmnop\r\n\r\n",
    statuses: refused,
  },
  { name: "bytes without meaning", bytes: `${"\xff\xfe\x80".repeat(500)}\r\n\r\n`, statuses: large },
  { name: "HTTP/2 that goes wrong", bytes: `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(200)}`, statuses: ["closed"] },
];

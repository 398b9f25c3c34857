/**
 * What no HTTP client sends, byte by byte: framing that contradicts itself, requests within requests, halves, floods. Never two answers to one
 * request, never an answer to what stood in a body, never a connection that answers the next one wrongly; the server goes on.
 *
 * How requests are framed does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { testDatabases } from "../postgres/index.ts";
import { checkBooks } from "./books.ts";
import { judge } from "./judge.ts";
import { holds, isLong, testMsMax } from "./runs.ts";
import { answerMsMax, startTarget, type Target } from "./target.ts";
import { type Heard, headerOf, Wire } from "./wire.ts";

const memoryMax = 400 * 1024 * 1024;
const headLimitMs = 18_000;

const hidden = "GET /bank/v2/hidden HTTP/1.1\r\nHost: a\r\nX-Request-Id: hidden\r\n\r\n";
/** A body that is a request. Its length is that of `hidden`. */
const framed = (...lines: string[]) =>
  `POST /bank/v2/quoteFee HTTP/1.1\r\nHost: a\r\nX-Request-Id: first\r\nContent-Type: application/json\r\n${lines.join("\r\n")}\r\n\r\n`;
const get = (...lines: string[]) =>
  `GET /bank/v2/accounts HTTP/1.1\r\nX-Request-Id: first\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const target = (path: string, method = "GET") => `${method} ${path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: first\r\n\r\n`;

interface Case {
  readonly name: string;
  readonly bytes: string;
  /** What may be answered; none: closed without a word. */
  readonly statuses: readonly (number | "closed")[];
}

const refused = [400, "closed"] as const;
/** What cannot be told from another version's request line. */
const unread = [...refused, 505] as const;
const large = [400, 413, 414, 431, "closed"] as const;

const cases: readonly Case[] = [
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

for (const { engine, create } of testDatabases().filter(({ engine }) => engine === "sqlite")) {
  describe(engine, () => {
    let server: Target;
    beforeAll(async () => {
      server = await startTarget(await create());
    }, testMsMax);
    afterAll(async () => server[Symbol.asyncDispose]());

    /** All that is answered to some bytes, until the connection closes or is silent. */
    const allOf = async (
      wire: Wire,
      options: { readonly silenceMs: number },
    ): Promise<{ answers: Heard[]; isClosed: boolean }> => {
      const answers: Heard[] = [];
      for (;;) {
        const heard = await wire.hear({ method: "GET", withinMs: answers.length === 0 ? answerMsMax : options.silenceMs });
        if (typeof heard === "string") return { answers, isClosed: heard === "closed" };
        answers.push(heard);
      }
    };

    const isHealthy = async (): Promise<void> => {
      const heard = await server.ask({ method: "GET", path: "/bank/v2/accounts?perPage=1", as: "teller" });
      expect(heard.status).toBe(200);
      judge(heard, server.secrets);
    };

    test.each(cases.map((one) => [one.name, one] as const))("%s", async (name, { bytes, statuses }) => {
      const wire = await Wire.open(server.port);
      wire.send(bytes);
      // What is hidden would be answered at once, if it were taken for a request.
      const { answers, isClosed } = await allOf(wire, { silenceMs: 60 });
      wire.close();
      expect(answers.length).toBeLessThanOrEqual(1);
      const [first] = answers;
      const outcome = first?.status ?? (isClosed ? "closed" : "silent");
      expect(statuses as readonly unknown[]).toContain(outcome);
      if (first !== undefined) {
        expect(headerOf(first, "x-request-id")).not.toBe("hidden");
        expect(Buffer.from(first.body).toString()).not.toMatch(/\.ts|stack|Bun/);
      }
      // Who cannot tell where a request ends must not read on. Equal lengths leave no doubt (RFC 9110 section 8.6).
      if (bytes.includes(hidden) && name !== "two equal lengths") expect(isClosed).toBe(true);
      await isHealthy();
    });

    test(
      "requests in a row are answered in order, however the bytes come",
      async () => {
        const line = fc.constantFrom(
          "GET /bank/v2/accounts?perPage=1",
          "GET /bank/v2/nothing",
          "POST /bank/v2/quoteFee",
          "HEAD /bank/v2/accounts",
          "PUT /bank/v2/accounts",
          "OPTIONS /bank/v2/accounts",
          "POST /bank/v2/transfers",
        );
        const inputs = fc.record({
          lines: fc.array(line, { minLength: 1, maxLength: 8 }),
          isChunked: fc.boolean(),
          cuts: fc.array(fc.nat({ max: 2_000 }), { maxLength: 6 }),
        });
        await holds(inputs, { runs: 150 }, async ({ lines, isChunked, cuts }) => {
          const body = '{"amount":100,"currency":"EUR"}';
          const requests = lines.map((start, index) => {
            const head = `${start} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.keys.teller}\r\nX-Request-Id: r${index}\r\n`;
            if (!start.startsWith("P")) return `${head}\r\n`;
            const type = `${head}Content-Type: application/json\r\n`;
            return isChunked
              ? `${type}Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`
              : `${type}Content-Length: ${body.length}\r\n\r\n${body}`;
          });
          const bytes = requests.join("");
          const wire = await Wire.open(server.port);
          const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
          for (const [index, from] of places.entries()) {
            wire.send(bytes.slice(from, places[index + 1]));
            await Bun.sleep(0);
          }
          for (const [index, start] of lines.entries()) {
            const heard = await wire.hear({ method: start.split(" ")[0] ?? "", withinMs: answerMsMax });
            if (typeof heard === "string") throw new Error(`answer ${index} of ${lines.length}: ${heard}`);
            expect(headerOf(heard, "x-request-id")).toBe(`r${index}`);
            judge(heard, server.secrets);
          }
          expect(wire.surplus.length).toBe(0);
          wire.close();
        });
      },
      testMsMax,
    );

    test(
      "SECURITY 47: a request bent at random is answered once at most, and what stands in its body never",
      async () => {
        const pieces = [
          "\r",
          "\n",
          "\r\n",
          "\0",
          " ",
          "\t",
          ":",
          ",",
          ";",
          "0",
          "\x0b",
          "\xff",
          "chunked",
          "Transfer-Encoding: chunked\r\n",
          "Content-Length: 0\r\n",
          "Content-Length: 5\r\n",
          "\r\nX: y",
        ];
        const sound = framed(`Content-Length: ${hidden.length}`) + hidden;
        const headLength = sound.length - hidden.length;
        const inputs = fc.array(fc.tuple(fc.nat({ max: headLength - 5 }), fc.constantFrom(...pieces), fc.boolean()), {
          minLength: 1,
          maxLength: 3,
        });
        await holds(inputs, { runs: 120 }, async (changes) => {
          let bytes = sound;
          for (const [at, piece, replaces] of changes)
            bytes = bytes.slice(0, at) + piece + bytes.slice(at + (replaces ? piece.length : 0));
          // Bytes that happen to frame the hidden request lawfully (the head ends early, another length) prove nothing.
          const [head = ""] = bytes.split("\r\n\r\n");
          const isStillOne =
            head.split("\r\n").filter((line) => line === `Content-Length: ${hidden.length}`).length === 1 &&
            bytes.slice(head.length + 4) === hidden;
          const wire = await Wire.open(server.port);
          wire.send(bytes);
          const { answers } = await allOf(wire, { silenceMs: 15 });
          wire.close();
          if (!isStillOne) return;
          expect(answers.length).toBeLessThanOrEqual(1);
          for (const answer of answers) expect(headerOf(answer, "x-request-id")).not.toBe("hidden");
        });
        await isHealthy();
      },
      testMsMax,
    );

    test(
      "SECURITY 55: a body that stops halfway, and one that breaks off, take nothing from the others",
      async () => {
        const slow = await Promise.all(Array.from({ length: 100 }, () => Wire.open(server.port)));
        for (const wire of slow) wire.send(`${framed("Content-Length: 1000000")}{"amount":`);
        const times: number[] = [];
        for (let count = 0; count < 30; count++) {
          const { ms } = await server.ask({ method: "GET", path: "/bank/v2/accounts?perPage=1", as: "teller" });
          times.push(ms);
        }
        expect(times.toSorted((a, b) => a - b)[28]).toBeLessThan(250);
        for (const wire of slow) wire.close();
        const broken = await Wire.open(server.port);
        broken.send(`${framed("Transfer-Encoding: chunked")}5\r\nabc`);
        broken.finish();
        const heard = await broken.hear({ method: "POST", withinMs: answerMsMax });
        if (typeof heard !== "string") expect(heard.status).toBe(400);
        broken.close();
        await isHealthy();
      },
      testMsMax,
    );

    test(
      "SECURITY 55: five hundred connections that say nothing do not keep others out",
      async () => {
        const idle = await Promise.all(Array.from({ length: 500 }, () => Wire.open(server.port)));
        for (let count = 0; count < 10; count++) await isHealthy();
        for (const wire of idle) wire.close();
      },
      testMsMax,
    );

    // Twelve seconds of waiting: only in a long run.
    if (isLong) {
      test(
        "SECURITY 55: half a head is cut off, not waited for",
        async () => {
          const half = await Wire.open(server.port);
          half.send("GET /bank/v2/accounts HTTP/1.1\r\nHost: a\r\nX-Never");
          expect(await half.closes(headLimitMs)).toBe(true);
        },
        testMsMax,
      );
    }

    test("nothing was logged as a fault, memory is bounded, and the books are right", async () => {
      expect(server.faults()).toEqual([]);
      expect(server.isAlive()).toBe(true);
      expect(await server.memory()).toBeLessThan(memoryMax);
      await checkBooks(server);
    });
  });
}

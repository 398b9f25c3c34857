/**
 * SECURITY 47: a server behind nginx and behind haproxy. Whatever is sent to them, they and the server agree where each request ends: what stands in a body
 * is answered to nobody, nobody gets the answer to another's request, and connections between them stay good.
 */
import { afterAll, describe, expect } from "bun:test";
import { testWith } from "../bridges/debian-server.ts";
import { cases, framed, hidden } from "../fuzz/framing.ts";
import { headersFrame } from "../fuzz/frames.ts";
import { headerOf, type Heard, Wire } from "../fuzz/wire.ts";
import { dataOf, Raw } from "../grpc/raw.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { type Front, Haproxy, mark, Nginx, Tap } from "./front-server.ts";

const minute = 60_000;
const answerMsMax = 6_000;
/** For the sender himself: fronts leave much of what is sent here without an answer for as long as they wait for more, and that is theirs to do. */
const senderMsMax = 1_000;
const victims = 3;

/** Transfer codings in disguise: one side might take them for chunks and the other for nothing. */
const disguised = [
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: identity, chunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding:\tchunked",
  "Transfer-Encoding: chunked\r\n ,x",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding\t: chunked",
  "X: y\nTransfer-Encoding: chunked",
  "X: y\rTransfer-Encoding: chunked",
  "transfer_encoding: chunked",
  "Transfer-Encoding: CHUNKED",
].flatMap((line) => [
  {
    name: `${JSON.stringify(line)} and a length`,
    bytes: `${framed(`Content-Length: ${hidden.length + 5}`, line)}0\r\n\r\n${hidden}`,
  },
  { name: `a length and ${JSON.stringify(line)}`, bytes: `${framed(line, "Content-Length: 4")}5c\r\n${hidden}\r\n0\r\n\r\n` },
]);
const extensions = [';a="\r\n"', ";\n", "\n", ";x\r", " ;x", "\x00"].map((extension) => ({
  name: `a chunk with ${JSON.stringify(extension)}`,
  bytes: `${framed("Transfer-Encoding: chunked")}2${extension}\r\nab\r\n0\r\n\r\n${hidden}`,
}));
/** A trailer that is a length, a body of another length than it says. */
const others = [
  {
    name: "trailers that frame",
    bytes: `${framed("Transfer-Encoding: chunked")}2\r\n{}\r\n0\r\nContent-Length: 90\r\n\r\n${hidden}`,
  },
  { name: "Expect", bytes: `${framed("Expect: 100-continue", `Content-Length: ${hidden.length}`)}${hidden}` },
  {
    name: "an upgrade to HTTP/2",
    bytes: `${framed("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", `Content-Length: ${hidden.length}`)}${hidden}`,
  },
  {
    name: "a WebSocket that is refused",
    bytes: `${framed("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 777", `Content-Length: ${hidden.length}`)}${hidden}`,
  },
  {
    name: "a body of GET",
    bytes: `GET /bank/v2/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  },
  {
    name: "HTTP/1.0 with chunks",
    bytes: `${framed("Transfer-Encoding: chunked").replace("HTTP/1.1", "HTTP/1.0")}0\r\n\r\n${hidden}`,
  },
];

/** What HTTP/2 lets a client say that HTTP/1.1 would read otherwise. */
const downgraded: readonly (readonly [name: string, fields: readonly (readonly [string, string])[], body: string])[] = [
  ["chunks", [["transfer-encoding", "chunked"]], `0\r\n\r\n${hidden}`],
  ["a length that is too short", [["content-length", "4"]], `abcd${hidden}`],
  ["a length of nothing", [["content-length", "0"]], hidden],
  [
    "two lengths",
    [
      ["content-length", "0"],
      ["content-length", String(hidden.length)],
    ],
    hidden,
  ],
  ["a line's end in a value", [["x-note", "a\r\nTransfer-Encoding: chunked"]], `0\r\n\r\n${hidden}`],
  ["a line's end in a name", [["x-note\r\ntransfer-encoding", "chunked"]], `0\r\n\r\n${hidden}`],
  ["a head's end in a value", [["x-note", `a\r\n\r\n${hidden}`]], ""],
  ["a colon in a name", [["transfer-encoding: chunked\r\nx", "y"]], `0\r\n\r\n${hidden}`],
  [
    "what belongs to a connection",
    [
      ["connection", "close"],
      ["te", "chunked"],
    ],
    hidden,
  ],
];

for (const [name, Made, variable] of [
  ["nginx", Nginx, "PONS_TEST_NGINX"],
  ["haproxy", Haproxy, "PONS_TEST_HAPROXY"],
] as const) {
  const test = testWith(name, variable);
  describe(`behind ${name}`, () => {
    const folder = new TemporaryFolder();
    let server: TestServer | undefined;
    let tap: Tap | undefined;
    let front: Front | undefined;

    const opened = (): { readonly tap: Tap; readonly front: Front } => {
      if (tap === undefined || front === undefined) throw new Error(`${name} was not started`);
      return { tap, front };
    };
    const start = async (): Promise<void> => {
      server = await startServer({ data: folder.at("data") });
      tap = await Tap.before(Number(new URL(server.facts.baseUrl).port));
      front = new Made(tap.port);
      await front.start();
    };
    afterAll(async () => {
      await front?.[Symbol.asyncDispose]();
      await tap?.[Symbol.asyncDispose]();
      await server?.stop();
      folder[Symbol.dispose]();
    });

    /** Others who ask meanwhile: each has an answer, and it is his own. */
    const askAsOthers = async (after: string): Promise<void> => {
      for (let count = 0; count < victims; count++) {
        const wire = await Wire.open(opened().front.port);
        wire.send(`GET /healthz?victim=${count} HTTP/1.1\r\nHost: a\r\n\r\n`);
        const heard = await wire.hear({ method: "GET", withinMs: answerMsMax });
        wire.close();
        if (typeof heard === "string") throw new Error(`another's request after ${after}: ${heard}`);
        expect([after, heard.status, isItsOwn(heard), wire.surplus.length]).toEqual([after, 200, true, 0]);
      }
    };
    /** Whether an answer of the server is to the request that the front has asked it. */
    const isItsOwn = (heard: Heard): boolean => headerOf(heard, "x-request-id") === headerOf(heard, "x-front");

    /** What passed between the two: an answer at most to each request, to none that the front does not know of, and the last on a connection says so. */
    const judge = (what: string): void => {
      const { asked, answered, brokenOff } = opened().tap.take();
      expect([what, brokenOff]).toEqual([what, []]);
      const requests = new Set(asked.match(new RegExp(`${mark}[\\w-]+`, "g")));
      const answers = [...answered.matchAll(/^x-request-id: (.*)\r$/gim)].map(([, id]) => id ?? "");
      expect(answers.filter((id) => !requests.has(id))).toEqual([]);
      expect(new Set(answers).size).toBe(answers.length);
    };

    test(
      "SECURITY 47: no framing is read otherwise by the one than by the other",
      async () => {
        await start();
        const all = [...cases.filter(({ bytes }) => bytes.length < 20_000), ...disguised, ...extensions, ...others];
        let passed = 0;
        for (const { name: what, bytes } of all) {
          const wire = await Wire.open(opened().front.port);
          wire.send(bytes);
          const heard: Heard[] = [];
          for (;;) {
            const next = await wire.hear({ method: "GET", withinMs: heard.length === 0 ? senderMsMax : 60 });
            if (typeof next === "string") break;
            heard.push(next);
          }
          wire.close();
          for (const answer of heard) {
            // What the front answers itself has no number of ours.
            const id = headerOf(answer, "x-request-id");
            if (id !== undefined) passed++;
            expect([what, id === undefined || isItsOwn(answer)]).toEqual([what, true]);
          }
          await askAsOthers(what);
          judge(what);
        }
        // Not everything is refused by the front already.
        expect(passed).toBeGreaterThan(5);
        // Connections are shared: otherwise there is nothing to poison.
        expect(opened().tap.connections).toBeLessThan(all.length * (victims + 1));
      },
      4 * minute,
    );

    test(
      "SECURITY 47: what comes as HTTP/2 and is passed on as HTTP/1.1 is one request",
      async () => {
        for (const [what, fields, body] of downgraded) {
          await using raw = await Raw.open(opened().front.h2Port);
          const head = [
            [":method", "POST"],
            [":scheme", "http"],
            [":authority", "a"],
            [":path", "/bank/v2/quoteFee"],
            ["content-type", "application/json"],
            ...fields,
          ] as const;
          raw.send(headersFrame(1, head, body === "" ? 5 : 4), ...(body === "" ? [] : [dataOf(1, Buffer.from(body), 1)]));
          await raw
            .until(({ type, stream }) => type === "GOAWAY" || (stream === 1 && ["HEADERS", "RST_STREAM"].includes(type)))
            .catch(() => undefined);
          await askAsOthers(what);
          judge(what);
          expect([what, opened().tap.connections > 0]).toEqual([what, true]);
        }
        // A request without faults passes.
        const wire = await Wire.open(opened().front.port);
        wire.send(framed("Content-Length: 2") + "{}");
        const heard = await wire.hear({ method: "POST", withinMs: answerMsMax });
        wire.close();
        expect(typeof heard === "string" ? heard : [heard.status, isItsOwn(heard)]).toEqual([401, true]);
      },
      minute,
    );
  });
}

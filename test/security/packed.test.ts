/** SECURITY 45: what a packed body may become is bounded while it is unpacked, on every channel over HTTP. WebSockets: test/stream/bounds.test.ts; gRPC: test/grpc. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliCompressSync, constants, deflateSync, zstdCompressSync } from "node:zlib";
import { callText } from "../channels/drivers/mcp.ts";
import { openStand, type Stand } from "../channels/stand.ts";
import { testDatabases } from "../postgres/index.ts";

const mebibyte = 1024 * 1024;
/** Beyond what any channel reads. */
const unpackedBytes = 256 * mebibyte;
/** What may be unpacked at a time, twice, and what a process needs for unpacking. */
const grownMax = 96 * mebibyte;
const answerMsMax = 5_000;

const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const codings: readonly (readonly [name: string, pack: (bytes: Uint8Array) => Uint8Array])[] = [
  ["gzip", (bytes) => Bun.gzipSync(Buffer.from(bytes))],
  ["br", (bytes) => brotliCompressSync(bytes, quick)],
  ["zstd", (bytes) => zstdCompressSync(bytes)],
];

interface Door {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A request that is answered. */
  readonly good: string;
  /** What its answer has. */
  readonly answered: string;
}

const meta = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "greet" };
const envelope = (body: string): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
const doors: readonly Door[] = [
  { name: "REST", path: "/bazaar/v2/greet", type: "application/json", good: '{"name":"you"}', answered: "Hello you" },
  {
    name: "GraphQL",
    path: "/bazaar/v2/graphql",
    type: "application/json",
    good: JSON.stringify({ query: '{ greet(input: { name: "you" }) { text } }' }),
    answered: "Hello you",
  },
  {
    name: "SOAP",
    path: "/bazaar/v2/soap",
    type: "text/xml; charset=utf-8",
    good: envelope('<Greet xmlns="urn:pons:bazaar:v2"><name>you</name></Greet>'),
    answered: "Hello you",
  },
  {
    name: "MCP",
    path: "/bazaar/v2/mcp",
    type: "application/json",
    headers: { accept: "application/json, text/event-stream", ...meta },
    good: callText("greet", { name: "you" }),
    answered: "Hello you",
  },
  {
    name: "Connect",
    path: "/bazaar.v2.BazaarService/Greet",
    type: "application/json",
    good: '{"name":"you"}',
    answered: "Hello you",
  },
];

describe("SECURITY 45: packed bodies", () => {
  let stand: Stand;
  const bombs = new Map<string, Uint8Array>();
  beforeAll(async () => {
    const [database] = testDatabases();
    if (database === undefined) throw new Error("there is no database");
    stand = await openStand(await database.create());
    const plain = Buffer.alloc(unpackedBytes, " ");
    for (const [name, pack] of codings) bombs.set(name, pack(plain));
  }, 60_000);
  afterAll(async () => {
    expect(stand.plane.errors).toEqual([]);
    await stand[Symbol.asyncDispose]();
  });

  const post = (door: Door, body: Uint8Array, coding: string): Promise<Response> =>
    stand.target.fetch(door.path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${stand.keys.get("seller")}`,
        "content-type": door.type,
        ...door.headers,
        ...(coding === "" ? {} : { "content-encoding": coding }),
      },
      body: Buffer.from(body),
    });

  for (const door of doors) {
    test(`${door.name}: a body that is packed once is what it was`, async () => {
      const plain = Buffer.from(door.good);
      for (const [name, pack] of [["", (bytes: Uint8Array) => bytes] as const, ...codings]) {
        const response = await post(door, pack(plain), name);
        // Connect has a list of its own of what it unpacks.
        if (door.name === "Connect" && response.status === 501) continue;
        const text = await response.text();
        expect([name, response.status, text.includes(door.answered) ? "answered" : text]).toEqual([name, 200, "answered"]);
      }
    });

    test(`${door.name}: a bomb is refused before it is unpacked, soon, and takes no memory`, async () => {
      for (const [name] of codings) {
        const bomb = bombs.get(name) ?? new Uint8Array();
        expect(bomb.length).toBeLessThan(mebibyte);
        Bun.gc(true);
        const before = process.memoryUsage().rss;
        const start = performance.now();
        const response = await post(door, bomb, name);
        const text = await response.text();
        if (door.name === "Connect" && response.status === 501) continue;
        expect([name, text.includes(door.answered), text.includes("too_large") ? "" : text]).toEqual([name, false, ""]);
        expect([name, [413, 429, 500, 200].includes(response.status)]).toEqual([name, true]);
        expect(performance.now() - start).toBeLessThan(answerMsMax);
        expect(process.memoryUsage().rss - before).toBeLessThan(grownMax);
      }
      expect(await (await post(door, Buffer.from(door.good), "")).text()).toContain(door.answered);
    });

    test(`${door.name}: what is packed twice, or is not what it says, is no request`, async () => {
      const [[, gzip]] = codings as [(typeof codings)[0]];
      const once = gzip(Buffer.from(door.good));
      const cases: readonly (readonly [coding: string, body: Uint8Array])[] = [
        ["gzip, gzip", gzip(once)],
        ["gzip", Buffer.from(door.good)],
        ["gzip", once.subarray(0, -9)],
        ["gzip", deflateSync(Buffer.from(door.good))],
        ["compress", once],
      ];
      for (const [coding, body] of cases) {
        const text = await (await post(door, body, coding)).text();
        expect([coding, text.includes(door.answered), /internal|stack/i.test(text)]).toEqual([coding, false, false]);
      }
    });
  }
});

/** Connections that stay open: how they begin and end, and what nobody may do to a server by them. None of it depends on the database. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { frame, opcodes, Raw } from "../stream/raw.ts";
import { ByHand, within } from "./by-hand.ts";
import { type Data, type Library, openLibrary } from "./library.ts";

const [engine] = testDatabases();

describe("connections", () => {
  let library: Library;
  let key: string;
  let socketUrl: string;
  let url: string;

  beforeAll(async () => {
    if (engine === undefined) throw new Error("there is no engine");
    library = await openLibrary(await engine.create(), { limits: { slowMs: 500, tickMs: 50, bufferedBytesMax: 64 * 1024 } });
    key = await library.grant("librarian");
    url = `${library.origin}/library/v2/graphql`;
    socketUrl = url.replace("http", "ws");
  });
  afterAll(async () => {
    expect(library.errors).toEqual([]);
    await library[Symbol.asyncDispose]();
  });

  const openedWith = async (payload: Data | undefined, headers: Record<string, string> = {}): Promise<ByHand> => {
    const raw = new ByHand(socketUrl, { headers });
    expect(await raw.begin(payload)).toEqual({ type: "connection_ack" });
    return raw;
  };
  const subscribe = { type: "subscribe", payload: { query: "subscription { bookAdded { id } }" } };

  test("SECURITY 54: how connections end that break the protocol", async () => {
    const ends: [string, () => Promise<ByHand>, number][] = [
      [
        "another subprotocol",
        async () => {
          const raw = new ByHand(socketUrl, { protocols: [] });
          await raw.open();
          return raw;
        },
        4406,
      ],
      [
        "an operation before connection_init",
        async () => {
          const raw = new ByHand(socketUrl);
          await raw.open();
          raw.send({ id: "1", ...subscribe });
          return raw;
        },
        4401,
      ],
      [
        "connection_init twice",
        async () => {
          const raw = await openedWith(undefined);
          raw.send({ type: "connection_init" });
          return raw;
        },
        4429,
      ],
      [
        "an id that is in use",
        async () => {
          const raw = await openedWith({ authorization: `Bearer ${key}` });
          raw.send({ id: "1", ...subscribe });
          raw.send({ id: "1", ...subscribe });
          return raw;
        },
        4409,
      ],
      [
        "no JSON",
        async () => {
          const raw = await openedWith(undefined);
          raw.send("{");
          return raw;
        },
        4400,
      ],
      [
        "no message",
        async () => {
          const raw = await openedWith(undefined);
          raw.send({ type: "nothing" });
          return raw;
        },
        4400,
      ],
      [
        "no string",
        async () => {
          const raw = await openedWith(undefined);
          raw.send({ id: 7, type: "subscribe", payload: { query: 7 } });
          return raw;
        },
        4400,
      ],
      [
        "bytes",
        async () => {
          const raw = await openedWith(undefined);
          raw.socket.send(new Uint8Array([1]));
          return raw;
        },
        4400,
      ],
      [
        "credentials that are no good",
        async () => {
          const raw = new ByHand(socketUrl);
          await raw.open();
          raw.send({ type: "connection_init", payload: { authorization: "Bearer pons_sandbox_x" } });
          return raw;
        },
        4403,
      ],
      [
        "too many messages",
        async () => {
          const raw = await openedWith(undefined);
          for (let at = 0; at < 1_100; at++) raw.send({ type: "pong" });
          return raw;
        },
        4429,
      ],
    ];
    for (const [name, begin, code] of ends) {
      const raw = await begin();
      expect([name, (await raw.end()).code]).toEqual([name, code]);
    }
  });

  test("SECURITY 5: credentials that are revoked end what is open, within a second, with a reason", async () => {
    const mine = await library.grant("librarian");
    const raw = await openedWith({ authorization: `Bearer ${mine}` });
    const headers = await openedWith(undefined, { authorization: `Bearer ${mine}` });
    for (const one of [raw, headers]) one.send({ id: "1", ...subscribe });
    const response = await fetch(`${url}?query=${encodeURIComponent("subscription { bookAdded { id } }")}`, {
      headers: { authorization: `Bearer ${mine}`, accept: "text/event-stream" },
    });
    await Bun.sleep(100);
    const begin = performance.now();
    await library.revoke(mine);
    const [one, two, text] = await Promise.all([raw.end(), headers.end(), within(response.text(), "the end of a stream")]);
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect([one, two]).toEqual([
      { code: 4401, reason: "invalid_credentials" },
      { code: 4401, reason: "invalid_credentials" },
    ]);
    expect(text).toMatch(/event: next\ndata: \{"errors":\[\{.*"type":"invalid_credentials".*\n\nevent: complete\ndata:\n\n$/);
  });

  test("SECURITY 54: pages of other origins may not connect with a session's cookie; operations of one socket are bounded", async () => {
    const foreign = new ByHand(socketUrl, {
      headers: { origin: "https://evil.example.com", cookie: `__Host-pons=${"a".repeat(43)}` },
    });
    expect(
      await foreign.open().then(
        () => "open",
        () => "refused",
      ),
    ).toBe("refused");
    const raw = await openedWith({ authorization: `Bearer ${key}` });
    for (let at = 0; at < 101; at++) raw.send({ id: `s${at}`, ...subscribe });
    const message = await raw.next();
    expect([message["type"], (message["payload"] as { extensions: Data }[])[0]?.extensions["type"]]).toEqual([
      "error",
      "concurrency_exceeded",
    ]);
    raw.send({ id: "s0", type: "complete" });
    raw.socket.close();
    await raw.end();
  });

  test("SECURITY 54: a reader who does not read is cut, and little was made for him", async () => {
    const slow = await Raw.open(Number(new URL(library.origin).port), "/library/v2/graphql", {
      Authorization: `Bearer ${key}`,
      "Sec-WebSocket-Protocol": "graphql-transport-ws",
    });
    slow.send(frame(opcodes.text, '{"type":"connection_init"}'));
    await slow.until(() => slow.body.includes("connection_ack"));
    slow.socket.pause();
    const query = "query ($any: JSON) { echo(input: { any: $any }) { any } }";
    for (let at = 0; at < 300; at++)
      slow.send(
        frame(
          opcodes.text,
          JSON.stringify({ id: `q${at}`, type: "subscribe", payload: { query, variables: { any: "x".repeat(200_000) } } }),
        ),
      );
    await Bun.sleep(1_500);
    slow.socket.resume();
    expect(await slow.closes()).toBe("1013");
    expect(slow.body.length).toBeLessThan(24_000_000);
  }, 20_000);

  test("the server stops: what is open ends with a reason", async () => {
    const raw = await openedWith({ authorization: `Bearer ${key}` });
    raw.send({ id: "1", ...subscribe });
    const response = await fetch(`${url}?query=${encodeURIComponent("subscription { bookAdded { id } }")}`, {
      headers: { authorization: `Bearer ${key}`, accept: "text/event-stream" },
    });
    await Bun.sleep(50);
    await library.channel.close?.();
    expect(await raw.end()).toEqual({ code: 1001, reason: "shutdown" });
    expect(await within(response.text(), "the end of a stream")).toContain('"type":"unavailable"');
  });
});

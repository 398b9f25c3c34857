/**
 * SECURITY 53: what a client may cost. Every flood ends its own connection, or is refused, and the server goes on for others; a client that keeps to what
 * gRPC's clients do is never mistaken for one. Frames by hand; the calls are those of the health service, which need no database.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { continuationFrame, flags, headersFrame, pingFrame, resetFrame, settingsFrame } from "../fuzz/frames.ts";
import { type Bare, listenBare } from "./bare.ts";
import { dataOf, fieldsOf, frame, messageOf, Raw, settingFrame, windowFrame } from "./raw.ts";

const check = "/grpc.health.v1.Health/Check";
const watch = "/grpc.health.v1.Health/Watch";
const calm = 11;
const refused = 7;
/** Most bytes that a flood may cost; other tests have been in this process before. */
const memoryMax = 200 * 1024 * 1024;
const memoryBefore = process.memoryUsage().rss;
/** The answer of Check: SERVING. */
const isServing = "00000000020801";

const settledMsMax = 20_000;
/** Waits until so many connections are closed, on a busy machine too; how many are open then. */
const openOf = async (all: readonly Raw[], closedMin: number): Promise<number> => {
  const open = (): number => all.filter(({ isClosed }) => !isClosed).length;
  for (const until = performance.now() + settledMsMax; all.length - open() < closedMin && performance.now() < until;)
    await Bun.sleep(20);
  return open();
};

describe("SECURITY 53", () => {
  let server: Bare;
  beforeAll(async () => {
    server = await listenBare({ streamsMax: 50, connectionsMax: 100 });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** A sound call on a connection of its own. */
  const isHealthy = async (): Promise<void> => {
    await using raw = await Raw.open(server.port);
    raw.send(raw.call(1, check), dataOf(1, messageOf(""), flags.endStream));
    const data = await raw.until(({ type, stream }) => type === "DATA" && stream === 1);
    expect(data?.payload.toString("hex")).toBe(isServing);
  };

  /** Sends rounds of a flood until the server ends the connection; how many were sent. */
  const flooded = async (raw: Raw, rounds: number, make: (round: number) => readonly Uint8Array[]): Promise<number> => {
    for (let round = 0; round < rounds; round++) {
      if (raw.isClosed) return round;
      await raw.flood(...make(round));
      await Bun.sleep(1);
    }
    return rounds;
  };

  test("pings without calls are answered with ENHANCE_YOUR_CALM", async () => {
    await using raw = await Raw.open(server.port);
    await raw.until(({ type }) => type === "SETTINGS");
    for (let sent = 0; sent < 30 && !raw.isClosed; sent++) {
      raw.send(pingFrame());
      await Bun.sleep(2);
    }
    const goaway = await raw.until(({ type }) => type === "GOAWAY");
    expect({ code: goaway?.code, debug: goaway?.debug }).toEqual({ code: calm, debug: "too_many_pings" });
    expect(await raw.closes()).toBe(true);
    await isHealthy();
  });

  test("a flood of pings without waiting ends the connection", async () => {
    await using raw = await Raw.open(server.port);
    await flooded(raw, 100, () => Array.from({ length: 200 }, pingFrame));
    expect(await raw.closes()).toBe(true);
    await isHealthy();
  });

  test("pings between answers are what clients measure with, and count nothing", async () => {
    await using raw = await Raw.open(server.port);
    for (let call = 0; call < 60; call++) {
      const stream = 2 * call + 1;
      raw.send(raw.call(stream, check), dataOf(stream, messageOf(""), flags.endStream), pingFrame());
      await raw.until(({ type, stream: of }) => type === "DATA" && of === stream);
    }
    expect(raw.frames.filter(({ type }) => type === "GOAWAY")).toEqual([]);
    expect(raw.isClosed).toBe(false);
  });

  test("CVE-2023-44487: calls that are opened and taken back", async () => {
    for (const isEnd of [false, true]) {
      await using raw = await Raw.open(server.port);
      const path = isEnd ? watch : check;
      const rounds = await flooded(raw, 200, (round) =>
        Array.from({ length: 20 }, (_, index) => {
          const stream = 2 * (20 * round + index) + 1;
          const body = isEnd ? [dataOf(stream, messageOf(""), flags.endStream)] : [];
          return [raw.call(stream, path), ...body, resetFrame(stream)];
        }).flat(),
      );
      expect(await raw.closes()).toBe(true);
      expect(rounds).toBeLessThan(100);
      await isHealthy();
    }
  });

  test("CVE-2025-8671: streams that the server is made to reset", async () => {
    await using raw = await Raw.open(server.port);
    await flooded(raw, 200, (round) =>
      Array.from({ length: 20 }, (_, index) => {
        const stream = 2 * (20 * round + index) + 1;
        // An increment of 0 is an error of the stream (RFC 9113 section 6.9).
        return [raw.call(stream, check), windowFrame(stream, 0)];
      }).flat(),
    );
    expect(await raw.closes()).toBe(true);
    await isHealthy();
  });

  test("a caller who cancels some of many calls is no attacker", async () => {
    await using raw = await Raw.open(server.port);
    for (let call = 0; call < 200; call++) {
      const stream = 2 * call + 1;
      raw.send(raw.call(stream, watch), dataOf(stream, messageOf(""), flags.endStream));
      await raw.until(({ type, stream: of }) => type === "DATA" && of === stream);
      raw.send(resetFrame(stream));
    }
    expect(raw.isClosed).toBe(false);
  });

  test("CONTINUATION without end: beyond the bound, and of nothing at all", async () => {
    for (const bytes of [16_000, 1_000, 0]) {
      await using raw = await Raw.open(server.port);
      raw.send(headersFrame(1, fieldsOf(check), flags.endStream));
      await flooded(raw, 100, () => Array.from({ length: 100 }, () => continuationFrame(1, bytes)));
      expect(bytes === 0 || (await raw.closes())).toBe(true);
      await isHealthy();
    }
    expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(memoryMax);
  });

  test("metadata beyond its bound is refused, however it is packed", async () => {
    const long = (bytes: number) => fieldsOf(check, [["x-long", "a".repeat(bytes)]]);
    await using sound = await Raw.open(server.port);
    sound.send(headersFrame(1, long(8_000), flags.endHeaders), dataOf(1, messageOf(""), flags.endStream));
    expect(await sound.until(({ type, stream }) => type === "DATA" && stream === 1)).toBeDefined();
    await using large = await Raw.open(server.port);
    large.send(headersFrame(1, long(16_100), flags.endHeaders | flags.endStream));
    const answer = await large.until(({ type }) => type === "RST_STREAM" || type === "GOAWAY");
    expect(answer?.code).toBe(calm);
    // One entry of the table, named ten thousand times.
    await using bomb = await Raw.open(server.port);
    const entry = Buffer.concat([
      Buffer.from([0x40, 1]),
      Buffer.from("x"),
      Buffer.from([127, 0x81, 0x1e]),
      Buffer.alloc(3_968, "v"),
    ]);
    bomb.send(frame(1, flags.endHeaders | flags.endStream, 1, Buffer.concat([entry, Buffer.alloc(10_000, 0x80 | 62)])));
    expect(await bomb.until(({ type }) => type === "RST_STREAM" || type === "GOAWAY")).toBeDefined();
    await isHealthy();
  });

  test("more streams than allowed are refused, not kept", async () => {
    await using raw = await Raw.open(server.port);
    await raw.until(({ type }) => type === "SETTINGS");
    for (let call = 0; call < 60; call++) raw.send(raw.call(2 * call + 1, watch));
    const reset = await raw.until(({ type }) => type === "RST_STREAM");
    expect({ stream: reset?.stream, code: reset?.code }).toEqual({ stream: 101, code: refused });
    await isHealthy();
  });

  test("more connections than allowed are closed at once; those there are stay", async () => {
    await using first = await Raw.open(server.port);
    const more = await Promise.all(Array.from({ length: 110 }, () => Raw.open(server.port)));
    const open = await openOf(more, 11);
    expect(open).toBeLessThan(100);
    expect(open).toBeGreaterThan(50);
    first.send(first.call(1, check), dataOf(1, messageOf(""), flags.endStream));
    expect(await first.until(({ type }) => type === "DATA")).toBeDefined();
    await Promise.all(more.map((raw) => raw[Symbol.asyncDispose]()));
    // The server sees them go in its own time; then there is room again.
    let isLetIn = false;
    for (const until = performance.now() + settledMsMax; !isLetIn && performance.now() < until;) {
      await using again = await Raw.open(server.port);
      isLetIn = (await again.until(({ type }) => type === "SETTINGS", 1_000)) !== undefined;
    }
    await isHealthy();
  });

  test("nobody takes all connections: one address has so many", async () => {
    await using strict = await listenBare({ connectionsPerAddressMax: 5 });
    for (let round = 0; round < 2; round++) {
      let open = 0;
      // Never more than five; and five again as soon as the server has seen the earlier ones go.
      for (const until = performance.now() + settledMsMax; open < 5 && performance.now() < until;) {
        const all = await Promise.all(Array.from({ length: 8 }, () => Raw.open(strict.port)));
        open = await openOf(all, 3);
        expect(open).toBeLessThanOrEqual(5);
        await Promise.all(all.map((raw) => raw[Symbol.asyncDispose]()));
      }
      expect(open).toBe(5);
    }
  });

  test("frames that say nothing: empty DATA, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown ones", async () => {
    const floods: Readonly<Record<string, () => Buffer>> = {
      data: () => dataOf(1, Buffer.alloc(0), 0),
      settings: settingsFrame,
      priority: () => frame(2, 0, 1, Buffer.from([0, 0, 0, 0, 1])),
      window: () => windowFrame(0, 1),
      unknown: () => frame(0x77, 0, 0, Buffer.alloc(8)),
    };
    for (const make of Object.values(floods)) {
      await using raw = await Raw.open(server.port);
      raw.send(raw.call(1, check));
      await flooded(raw, 40, () => Array.from({ length: 500 }, make));
      await isHealthy();
    }
    expect(process.memoryUsage().rss - memoryBefore).toBeLessThan(memoryMax);
  });

  test("who does not read his answers keeps little in memory and loses the streams", async () => {
    await using strict = await listenBare({ stallMs: 300 });
    // A window of one byte: nothing that is answered can be sent.
    await using raw = await Raw.open(strict.port, settingFrame(4, 1));
    for (let call = 0; call < 40; call++)
      raw.send(raw.call(2 * call + 1, check), dataOf(2 * call + 1, messageOf(""), flags.endStream));
    const reset = await raw.until(({ type }) => type === "RST_STREAM");
    expect(reset?.code).toBe(8);
    await Bun.sleep(500);
    expect(new Set(raw.frames.filter(({ type }) => type === "RST_STREAM").map(({ stream }) => stream)).size).toBe(40);
  });

  test("who says nothing is let go: without settings, without calls, without an answer to a ping", async () => {
    await using strict = await listenBare({ handshakeMs: 300, idleMs: 300, keepaliveMs: 300, keepaliveAnswerMs: 300 });
    const silent = connect({ host: "127.0.0.1", port: strict.port });
    const ended = Promise.withResolvers<void>();
    silent.once("close", () => ended.resolve());
    silent.resume();
    silent.on("error", () => undefined);
    await using idle = await Raw.open(strict.port);
    const goaway = await idle.until(({ type }) => type === "GOAWAY");
    expect(goaway?.code).toBe(0);
    expect(await idle.closes()).toBe(true);
    await ended.promise;
    // An open call, and a client that has gone without a word: it does not answer pings.
    await using gone = await Raw.open(strict.port);
    gone.send(gone.call(1, watch), dataOf(1, messageOf(""), flags.endStream));
    expect(await gone.until(({ type }) => type === "PING")).toBeDefined();
    expect(await gone.closes()).toBe(true);
  });
});

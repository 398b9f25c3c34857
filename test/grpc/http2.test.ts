/**
 * HTTP/2 as RFC 9113 has it, by hand: what is odd but right is answered, and each thing that is wrong ends its stream or the connection with its code. The calls
 * are those of the health service.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { continuationFrame, type Field, flags, headersFrame, pingFrame, resetFrame } from "../fuzz/frames.ts";
import { type Bare, listenBare } from "./bare.ts";
import { dataOf, fieldsOf, frame, messageOf, Raw, settingFrame, windowFrame } from "./raw.ts";

const check = "/grpc.health.v1.Health/Check";
const watch = "/grpc.health.v1.Health/Watch";
const padded = 0x8;
const prioritized = 0x20;

const codes = { protocol: 1, flowControl: 3, streamClosed: 5, frameSize: 6, compression: 9, calm: 11 } as const;

const call = (stream: number, more: readonly Field[] = []): Buffer =>
  headersFrame(stream, fieldsOf(check, more), flags.endHeaders);
const body = (stream: number): Buffer => dataOf(stream, messageOf(""), flags.endStream);
/** The payload of a frame made above. */
const payloadOf = (bytes: Buffer): Buffer => bytes.subarray(9);
const without = (name: string): Field[] => fieldsOf(check).filter(([other]) => other !== name);
const instead = (name: string, value: string): Field[] =>
  fieldsOf(check).map((field) => (field[0] === name ? [name, value] : field));
const headers = (fields: readonly Field[], stream = 1): Buffer => headersFrame(stream, fields, flags.endHeaders);

describe("HTTP/2", () => {
  let server: Bare;
  beforeAll(async () => {
    server = await listenBare();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    expect(server.errors).toEqual([]);
  });

  const answered = (raw: Raw, stream: number) =>
    raw.until(
      ({ type, stream: of, flags: flag }) => type === "HEADERS" && of === stream && (flag & flags.endStream) !== 0,
      2_000,
    );

  const right: readonly (readonly [what: string, frames: readonly Uint8Array[]])[] = [
    ["a call", [call(1), body(1)]],
    ["byte by byte", Array.from(Buffer.concat([call(1), body(1)]), (byte) => Buffer.from([byte]))],
    [
      "padding",
      [
        frame(1, flags.endHeaders | padded, 1, Buffer.concat([Buffer.from([3]), payloadOf(call(1)), Buffer.alloc(3)])),
        frame(0, flags.endStream | padded, 1, Buffer.concat([Buffer.from([200]), messageOf(""), Buffer.alloc(200)])),
      ],
    ],
    ["padding alone", [call(1), frame(0, padded, 1, Buffer.concat([Buffer.from([10]), Buffer.alloc(10)])), body(1)]],
    [
      "a priority in HEADERS",
      [frame(1, flags.endHeaders | prioritized, 1, Buffer.concat([Buffer.from([0, 0, 0, 0, 15]), payloadOf(call(1))])), body(1)],
    ],
    ["PRIORITY of streams that are not there", [frame(2, 0, 5, Buffer.from([0, 0, 0, 3, 1])), call(1), body(1)]],
    [
      "a block in three frames",
      [
        frame(1, 0, 1, payloadOf(call(1)).subarray(0, 10)),
        frame(9, 0, 1, payloadOf(call(1)).subarray(10, 20)),
        frame(9, flags.endHeaders, 1, payloadOf(call(1)).subarray(20)),
        body(1),
      ],
    ],
    [
      "a block with an empty CONTINUATION",
      [frame(1, 0, 1, payloadOf(call(1))), continuationFrame(1, 0), frame(9, flags.endHeaders, 1, Buffer.alloc(0)), body(1)],
    ],
    ["frames and settings of an unknown kind", [frame(0x42, 0xff, 1, Buffer.alloc(20)), settingFrame(0x99, 7), call(1), body(1)]],
    [
      "trailers of the request",
      [call(1), dataOf(1, messageOf(""), 0), headersFrame(1, [["x-checksum", "1"]], flags.endHeaders | flags.endStream)],
    ],
    ["END_STREAM in an empty DATA", [call(1), dataOf(1, messageOf(""), 0), dataOf(1, Buffer.alloc(0), flags.endStream)]],
    ["a Content-Length that is right", [call(1, [["content-length", "5"]]), body(1)]],
    ["no table at all", [settingFrame(1, 0), call(1), body(1)]],
    ["larger frames and lists than we send", [settingFrame(5, 0xffffff), settingFrame(6, 100), call(1), body(1)]],
    [
      "cookies in several fields",
      [
        call(1, [
          ["cookie", "a=b"],
          ["cookie", "c=d"],
        ]),
        body(1),
      ],
    ],
    ["GOAWAY of the client: what it has asked is answered", [call(1), body(1), frame(7, 0, 0, Buffer.alloc(8))]],
  ];
  test.each(right)("right: %s", async (_, frames) => {
    await using raw = await Raw.open(server.port);
    for (const one of frames) raw.send(one);
    expect(await answered(raw, 1)).toBeDefined();
    expect(raw.frames.filter(({ type }) => type === "RST_STREAM")).toEqual([]);
  });

  test("a window of nothing, widened while the answer waits", async () => {
    await using raw = await Raw.open(server.port, settingFrame(4, 0));
    raw.send(call(1), body(1));
    expect(await raw.until(({ type, stream }) => type === "HEADERS" && stream === 1)).toBeDefined();
    expect(await raw.until(({ type }) => type === "DATA", 150)).toBeUndefined();
    raw.send(settingFrame(4, 3));
    await raw.until(({ type, stream }) => type === "DATA" && stream === 1);
    raw.send(windowFrame(1, 1));
    await Bun.sleep(50);
    raw.send(settingFrame(4, 100));
    expect(await answered(raw, 1)).toBeDefined();
    const lengths = raw.frames.filter(({ type }) => type === "DATA").map(({ payload }) => payload.length);
    expect([lengths.slice(0, 2), lengths.reduce((a, b) => a + b, 0)]).toEqual([[3, 1], 7]);
  });

  test("a window made smaller than what was sent", async () => {
    await using raw = await Raw.open(server.port, settingFrame(4, 7));
    raw.send(headers(fieldsOf(watch)), body(1));
    await raw.until(({ type }) => type === "DATA");
    raw.send(settingFrame(4, 0), call(3), body(3));
    await Bun.sleep(50);
    // Of each stream, 7 less than nothing and nothing.
    raw.send(windowFrame(3, 7));
    expect(await answered(raw, 3)).toBeDefined();
    expect(raw.isClosed).toBe(false);
  });

  test("a window of the connection that is used up lets all wait, and all go on", async () => {
    await using raw = await Raw.open(server.port);
    const count = Math.ceil(65_535 / 7) + 5;
    let ended = 0;
    for (let at = 0; at < count; at++) {
      const stream = 2 * at + 1;
      raw.send(call(stream), body(stream));
      if (at % 50 !== 49) continue;
      await answered(raw, at < 9_300 ? stream : stream - 98);
    }
    await Bun.sleep(100);
    const endedStreams = () =>
      raw.frames.filter(({ type, flags: flag }) => type === "HEADERS" && (flag & flags.endStream) !== 0).length;
    ended = endedStreams();
    expect(ended).toBeLessThan(count);
    raw.send(windowFrame(0, 1_000));
    await answered(raw, 2 * count - 1);
    expect(endedStreams()).toBe(count);
  }, 20_000);

  const streamErrors: readonly (readonly [what: string, frames: readonly Uint8Array[], code: number])[] = [
    ["no method", [headers(without(":method")), body(1)], codes.protocol],
    ["no path", [headers(without(":path")), body(1)], codes.protocol],
    ["no scheme", [headers(without(":scheme")), body(1)], codes.protocol],
    ["an empty path", [headers(instead(":path", "")), body(1)], codes.protocol],
    ["a path that is none", [headers(instead(":path", "a b")), body(1)], codes.protocol],
    ["two paths", [headers([[":path", "/"], ...fieldsOf(check)]), body(1)], codes.protocol],
    ["an unknown pseudo field", [headers([[":evil", "1"], ...fieldsOf(check)]), body(1)], codes.protocol],
    ["a pseudo field of an answer", [headers([[":status", "200"], ...fieldsOf(check)]), body(1)], codes.protocol],
    ["a pseudo field after others", [headers([...fieldsOf(check), [":authority", "a"]]), body(1)], codes.protocol],
    ["a name in capitals", [call(1, [["X-Upper", "1"]]), body(1)], codes.protocol],
    ["an empty name", [call(1, [["", "1"]]), body(1)], codes.protocol],
    ["a name with a space", [call(1, [["x a", "1"]]), body(1)], codes.protocol],
    ["a line end in a value", [call(1, [["x-a", "a\r\nx-b: 1"]]), body(1)], codes.protocol],
    ["a NUL in a value", [call(1, [["x-a", "a\0b"]]), body(1)], codes.protocol],
    ["white space around a value", [call(1, [["x-a", " a"]]), body(1)], codes.protocol],
    ["Connection", [call(1, [["connection", "close"]]), body(1)], codes.protocol],
    ["Transfer-Encoding", [call(1, [["transfer-encoding", "chunked"]]), body(1)], codes.protocol],
    ["TE other than trailers", [call(1, [["te", "gzip"]]), body(1)], codes.protocol],
    ["a Content-Length that is too long", [call(1, [["content-length", "6"]]), body(1)], codes.protocol],
    ["a Content-Length that is too short", [call(1, [["content-length", "4"]]), body(1)], codes.protocol],
    [
      "two Content-Lengths",
      [
        call(1, [
          ["content-length", "5"],
          ["content-length", "5"],
        ]),
        body(1),
      ],
      codes.protocol,
    ],
    [
      "a pseudo field in trailers",
      [call(1), headersFrame(1, [[":path", "/"]], flags.endHeaders | flags.endStream)],
      codes.protocol,
    ],
    ["trailers that do not end", [call(1), headersFrame(1, [["a", "b"]], flags.endHeaders)], codes.protocol],
    ["a window widened by nothing", [call(1), windowFrame(1, 0)], codes.protocol],
    ["a window beyond 2^31-1", [call(1), windowFrame(1, 0x7fffffff)], codes.flowControl],
    ["DATA after its end", [headers(fieldsOf(watch)), body(1), dataOf(1, messageOf(""), 0)], codes.streamClosed],
    [
      "HEADERS after its end",
      [headers(fieldsOf(watch)), body(1), headersFrame(1, [["a", "b"]], flags.endHeaders | flags.endStream)],
      codes.streamClosed,
    ],
  ];
  test.each(streamErrors)("of one stream: %s", async (_, frames, code) => {
    await using raw = await Raw.open(server.port);
    raw.send(...frames);
    const reset = await raw.until(({ type }) => type === "RST_STREAM" || type === "GOAWAY", 2_000);
    expect([reset?.type, reset?.stream, reset?.code]).toEqual(["RST_STREAM", 1, code]);
    // The connection goes on, and its tables are the same.
    raw.send(call(3), body(3));
    expect(await answered(raw, 3)).toBeDefined();
  });

  const connectionErrors: readonly (readonly [what: string, frames: readonly Uint8Array[], code: number])[] = [
    ["DATA of no stream", [dataOf(0, Buffer.alloc(1), 0)], codes.protocol],
    ["DATA of a stream that was never opened", [dataOf(5, Buffer.alloc(1), 0)], codes.protocol],
    ["HEADERS of a server's stream", [headersFrame(2, fieldsOf(check), flags.endHeaders)], codes.protocol],
    ["HEADERS of no stream", [headersFrame(0, fieldsOf(check), flags.endHeaders)], codes.protocol],
    [
      "HEADERS that depend on themselves",
      [frame(1, flags.endHeaders | prioritized, 1, Buffer.concat([Buffer.from([0, 0, 0, 1, 15]), payloadOf(call(1))]))],
      codes.protocol,
    ],
    ["HEADERS too short for a priority", [frame(1, flags.endHeaders | prioritized, 1, Buffer.alloc(3))], codes.frameSize],
    ["padding longer than its frame", [call(1), frame(0, padded, 1, Buffer.from([9, 0]))], codes.protocol],
    ["another frame within a block", [frame(1, 0, 1, payloadOf(call(1))), pingFrame()], codes.protocol],
    ["CONTINUATION of another stream", [frame(1, 0, 1, payloadOf(call(1))), continuationFrame(3, 1)], codes.protocol],
    ["CONTINUATION of nothing", [continuationFrame(1, 1)], codes.protocol],
    [
      "a block that is none",
      [frame(1, flags.endHeaders, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
      codes.compression,
    ],
    ["RST_STREAM of no stream", [frame(3, 0, 0, Buffer.alloc(4))], codes.protocol],
    ["RST_STREAM of a stream that was never opened", [resetFrame(7)], codes.protocol],
    ["RST_STREAM of another length", [call(1), frame(3, 0, 1, Buffer.alloc(5))], codes.frameSize],
    ["SETTINGS of a stream", [frame(4, 0, 1, Buffer.alloc(0))], codes.protocol],
    ["SETTINGS of another length", [frame(4, 0, 0, Buffer.alloc(5))], codes.frameSize],
    ["an acknowledgement with settings", [frame(4, flags.ack, 0, Buffer.alloc(6))], codes.frameSize],
    ["ENABLE_PUSH of 2", [settingFrame(2, 2)], codes.protocol],
    ["INITIAL_WINDOW_SIZE of 2^31", [settingFrame(4, 0x80000000)], codes.flowControl],
    ["MAX_FRAME_SIZE too small", [settingFrame(5, 16_383)], codes.protocol],
    ["MAX_FRAME_SIZE too large", [settingFrame(5, 0x1000000)], codes.protocol],
    ["PUSH_PROMISE", [frame(5, flags.endHeaders, 1, Buffer.alloc(8))], codes.protocol],
    ["PING of a stream", [frame(6, 0, 1, Buffer.alloc(8))], codes.protocol],
    ["PING of another length", [frame(6, 0, 0, Buffer.alloc(6))], codes.frameSize],
    ["GOAWAY of a stream", [frame(7, 0, 1, Buffer.alloc(8))], codes.protocol],
    ["GOAWAY too short", [frame(7, 0, 0, Buffer.alloc(4))], codes.frameSize],
    ["WINDOW_UPDATE of another length", [frame(8, 0, 0, Buffer.alloc(3))], codes.frameSize],
    ["WINDOW_UPDATE of a stream that was never opened", [windowFrame(9, 1)], codes.protocol],
    ["a window of the connection widened by nothing", [windowFrame(0, 0)], codes.protocol],
    ["a window of the connection beyond 2^31-1", [windowFrame(0, 0x7fffffff)], codes.flowControl],
    ["PRIORITY of no stream", [frame(2, 0, 0, Buffer.alloc(5))], codes.protocol],
    ["PRIORITY of another length", [frame(2, 0, 1, Buffer.alloc(4))], codes.frameSize],
    [
      "a frame larger than allowed",
      [Buffer.concat([call(1), Buffer.from([0x00, 0x40, 0x01, 0, 0, 0, 0, 0, 1]), Buffer.alloc(16_385)])],
      codes.frameSize,
    ],
  ];
  test.each(connectionErrors)("of the connection: %s", async (_, frames, code) => {
    await using raw = await Raw.open(server.port);
    raw.send(...frames);
    const goaway = await raw.until(({ type }) => type === "GOAWAY", 2_000);
    expect([goaway?.code, (goaway?.debug ?? "") !== ""]).toEqual([code, true]);
    expect(await raw.closes()).toBe(true);
  });

  test("more DATA than the windows of a stream and of the connection", async () => {
    await using raw = await Raw.open(server.port);
    // A method that does not read: nothing is given back. Its message is longer than all that is sent.
    const endless = Buffer.concat([Buffer.from([0, 0, 0x3f, 0xff, 0xff]), Buffer.alloc(16_000)]);
    raw.send(headers(fieldsOf("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")));
    raw.send(dataOf(1, endless.subarray(0, 16_000), 0));
    const reset = await raw.until(({ type, stream }) => (type === "HEADERS" && stream === 1) || type === "RST_STREAM", 2_000);
    expect(reset).toBeDefined();
    await using greedy = await Raw.open(server.port);
    greedy.send(call(1));
    for (let sent = 0; sent < 200 && !greedy.isClosed; sent++) greedy.send(dataOf(1, Buffer.alloc(16_000), 0));
    expect(
      await greedy.until(({ type }) => type === "RST_STREAM" || type === "GOAWAY" || type === "HEADERS", 2_000),
    ).toBeDefined();
  });

  test("the first frame has to be SETTINGS; the preface has to be one", async () => {
    const sent = async (bytes: string | Uint8Array): Promise<string> => {
      const socket = connect({ host: "127.0.0.1", port: server.port });
      const parts: Buffer[] = [];
      socket.on("data", (part: Buffer) => void parts.push(part));
      socket.on("error", () => undefined);
      socket.write(bytes);
      await new Promise((resolve) => void socket.once("close", resolve));
      return Buffer.concat(parts).toString("latin1");
    };
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    expect(await sent(Buffer.concat([Buffer.from(preface), pingFrame()]))).toContain("no settings first");
    expect(await sent("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 505 [^]*\r\n\r\nThis port speaks gRPC, over HTTP\/2\.\n$/,
    );
    expect(await sent(`${preface.slice(0, 20)}XXXX`)).toContain("505");
    expect(await sent(Buffer.from([0x16, 3, 1, 0, 5]))).toBe("");
  });

  test("streams beyond the last one of a GOAWAY are not answered", async () => {
    await using own = await listenBare();
    await using raw = await Raw.open(own.port);
    raw.send(headers(fieldsOf(watch)), body(1));
    await raw.until(({ type }) => type === "DATA");
    const stopped = own.stop({ withinMs: 2_000 });
    const first = await raw.until(({ type }) => type === "GOAWAY");
    expect([first?.payload.readUInt32BE(0), first?.code]).toEqual([0x7fffffff, 0]);
    const ping = await raw.until(({ type }) => type === "PING");
    // A call that was on its way is answered; then the last one is named.
    raw.send(call(3), body(3));
    expect(await answered(raw, 3)).toBeDefined();
    raw.send(frame(6, flags.ack, 0, ping?.payload ?? Buffer.alloc(8)));
    const second = await raw.until(({ type, payload }) => type === "GOAWAY" && payload.readUInt32BE(0) !== 0x7fffffff);
    expect([second?.payload.readUInt32BE(0), second?.code]).toEqual([3, 0]);
    expect(await raw.closes()).toBe(true);
    expect(await stopped).toBe(true);
  });
});

/**
 * gRPC under arbitrary bytes: header blocks, frames, messages. Nothing that is sent is told of as an error of ours, is answered with INTERNAL, hangs, or keeps the
 * next caller from being answered. Requests themselves, as protobuf, are for protobuf.test.ts.
 *
 * How bytes are framed does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ClientHttp2Session, connect } from "node:http2";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { FrameReader } from "../../src/channels/grpc/http2/frame-reader.ts";
import { encodeFields, HpackDecoder } from "../../src/channels/grpc/http2/hpack.ts";
import { decodeHuffman } from "../../src/channels/grpc/http2/huffman.ts";
import { ConnectionError } from "../../src/channels/grpc/http2/protocol.ts";
import { RequestFieldReader } from "../../src/channels/grpc/http2/request-fields.ts";
import { openHall, type Hall } from "../grpc/hall.ts";
import { fieldsOf, frame, messageOf, Raw } from "../grpc/raw.ts";
import { testDatabases } from "../postgres/index.ts";
import { holds, testMsMax } from "./runs.ts";

const [sqlite] = testDatabases().filter(({ engine }) => engine === "sqlite");
const answerMsMax = 5_000;
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const isOurs = (error: unknown): boolean => error instanceof ConnectionError;

describe("header blocks", () => {
  const names = fc.oneof(
    fc.constantFrom(":path", ":method", "te", "cookie", "content-length", "x-a"),
    fc.string({ maxLength: 12 }),
  );
  const fields = fc.array(fc.tuple(names, fc.string({ maxLength: 40 })), { maxLength: 12 });
  /** A sound block, with some of its bytes changed. */
  const changed = fc
    .tuple(fields, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), bytes(8))
    .map(([given, changes, behind]) => {
      const block = Buffer.concat([encodeFields(given), behind]);
      for (const [at, byte] of changes) if (at < block.length) block[at] = byte;
      return block;
    });

  test(
    "are read, or are no blocks; a request of them is one, or malformed",
    async () => {
      const decoder = { current: new HpackDecoder() };
      await holds(fc.oneof(bytes(120), changed), { runs: 10_000 }, async (block) => {
        const read = new RequestFieldReader({ bytesMax: 16_384, isTrailers: false });
        try {
          decoder.current.decode(block, (field) => read.take(field));
        } catch (error) {
          expect(isOurs(error)).toBe(true);
          decoder.current = new HpackDecoder();
          return;
        }
        if (read.isMalformed || read.isTooLarge) return;
        for (const [name, value] of Object.entries(read.fields)) {
          expect(name).toMatch(/^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/);
          // oxlint-disable-next-line no-control-regex
          expect(value).not.toMatch(/[\0-\x08\x0a-\x1f\x7f]/);
        }
      });
    },
    testMsMax,
  );

  test(
    "texts of Huffman codes are read, or are none",
    async () => {
      await holds(bytes(60), { runs: 10_000 }, async (coded) => {
        const text = decodeHuffman(coded, 0, coded.length);
        expect(text === undefined || text.length <= (coded.length * 8) / 5).toBe(true);
      });
    },
    testMsMax,
  );

  test(
    "frames are the same however they are cut",
    async () => {
      const frames = fc.array(fc.tuple(fc.nat(9), fc.nat(255), fc.nat(99), bytes(300)), { maxLength: 6 });
      await holds(fc.tuple(frames, fc.array(fc.nat(40), { maxLength: 200 })), { runs: 2_000 }, async ([given, cuts]) => {
        const whole = Buffer.concat(given.map(([type, flag, stream, payload]) => frame(type, flag, stream, payload)));
        const heard: unknown[] = [];
        const reader = new FrameReader(
          (type, flag, stream, payload) => void heard.push([type, flag, stream, Buffer.from(payload)]),
        );
        let at = 0;
        for (const cut of cuts) {
          reader.push(whole.subarray(at, at + cut));
          at = Math.min(whole.length, at + cut);
        }
        reader.push(whole.subarray(at));
        expect(heard).toEqual(given.map(([type, flag, stream, payload]) => [type, flag, stream, Buffer.from(payload)]));
      });
    },
    testMsMax,
  );
});

describe("a server", () => {
  let hall: Hall;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    if (sqlite === undefined) throw new Error("no engine");
    hall = await openHall(await sqlite.create(), { limits: { callMsMax: 2_000 } });
    session = connect(`http://127.0.0.1:${hall.port}`);
  });
  afterAll(async () => {
    session.destroy();
    await hall[Symbol.asyncDispose]();
    expect(hall.nodes.errors).toEqual([]);
  });

  interface Heard {
    readonly http: number | undefined;
    readonly status: string | undefined;
  }

  /** Sends pieces of a body to a method; how it ended. */
  const ask = (path: string, pieces: readonly Uint8Array[], coding?: string): Promise<Heard> =>
    new Promise((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        authorization: `Bearer ${hall.keys.seller}`,
        ...(coding === undefined ? {} : { "grpc-encoding": coding }),
      });
      let heard: Heard = { http: undefined, status: undefined };
      const timer = setTimeout(() => reject(new Error(`no answer: ${path}`)), answerMsMax);
      stream.on(
        "response",
        (headers) => (heard = { http: headers[":status"], status: headers["grpc-status"] as string | undefined }),
      );
      stream.on("trailers", (trailers) => (heard = { ...heard, status: trailers["grpc-status"] as string | undefined }));
      stream.on("data", () => undefined);
      stream.on("error", () => undefined);
      stream.on("close", () => {
        clearTimeout(timer);
        resolve(heard);
      });
      for (const piece of pieces) stream.write(piece);
      stream.end();
    });

  const isHealthy = async (): Promise<void> => {
    const { http, status } = await ask("/grpc.health.v1.Health/Check", [messageOf("")]);
    expect([http, status]).toEqual([200, "0"]);
  };

  const paths = fc.constantFrom(
    "/bazaar.v2.BazaarService/Greet",
    "/bazaar.v2.BazaarService/ListWares",
    "/bazaar.v2.BazaarService/ExportWares",
    "/bazaar.v2.BazaarService/CreateStall",
    "/bazaar.v2.BazaarService/SellWareStream",
    "/bazaar.v1.BazaarService/UpdateWareStream",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/List",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  );
  const message = fc.oneof(
    bytes(80).map((body) => messageOf(body)),
    fc.tuple(bytes(80), fc.nat(255)).map(([body, flag]) => messageOf(body, flag)),
    bytes(80).map((body) => messageOf(gzipSync(body), 1)),
    bytes(40),
    fc.nat(2 ** 32 - 1).map((length) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(length, 1);
      return head;
    }),
  );
  const asked = fc.record({
    path: paths,
    body: fc.array(message, { maxLength: 4 }),
    coding: fc.option(fc.constantFrom("gzip", "deflate", "identity", "br"), { nil: undefined }),
  });

  test(
    "bodies: each is answered, and none with INTERNAL or UNKNOWN",
    async () => {
      await holds(fc.array(asked, { minLength: 20, maxLength: 20 }), { runs: 250, each: 20 }, async (batch) => {
        const heard = await Promise.all(batch.map(({ path, body, coding }) => ask(path, body, coding)));
        for (const [at, { http, status }] of heard.entries()) {
          expect([batch[at]?.path, http, Number(status) >= 0 && !["2", "13", "15"].includes(String(status))]).toEqual([
            batch[at]?.path,
            200,
            true,
          ]);
        }
      });
      await isHealthy();
    },
    testMsMax,
  );

  const id = fc.oneof(fc.constantFrom(0, 1, 3, 5), fc.nat(12));
  const flag = fc.oneof(fc.constantFrom(0, 1, 4, 5, 8), fc.nat(255));
  const block = fc.oneof(
    paths.map((path) => encodeFields(fieldsOf(path))),
    bytes(60),
  );
  const anyFrame = fc.oneof(
    fc.tuple(id, flag, block).map(([stream, flags, payload]) => frame(1, flags, stream, payload)),
    fc.tuple(id, flag, message).map(([stream, flags, payload]) => frame(0, flags, stream, payload)),
    fc.tuple(fc.nat(10), flag, id, bytes(20)).map(([type, flags, stream, payload]) => frame(type, flags, stream, payload)),
    bytes(30).map((raw) => Buffer.from(raw)),
  );

  test(
    "frames: the connection goes on or ends, and others are answered",
    async () => {
      let runs = 0;
      await holds(fc.array(anyFrame, { minLength: 1, maxLength: 12 }), { runs: 900 }, async (frames) => {
        await using raw = await Raw.open(hall.port);
        raw.send(...frames);
        raw.send(frame(6, 0, 0, Buffer.from("the end!")));
        // Either the ping behind them is answered, or the connection is over, or it waits for the rest of a frame.
        await raw.until(({ type, payload }) => type === "GOAWAY" || (type === "PING" && payload.toString() === "the end!"), 20);
        if (++runs % 100 === 0) await isHealthy();
      });
      await isHealthy();
    },
    testMsMax,
  );
});

/**
 * What gRPC over HTTP/2 says byte by byte (grpc/doc/PROTOCOL-HTTP2.md): headers, prefixes, codings, numbers of messages, and requests that are no gRPC at all.
 * Nothing that is sent is answered with INTERNAL, and nothing is told of as an error of ours.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { refusalOf } from "../channels/drivers/protobuf.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Hall, openHall } from "./hall.ts";
import { messageOf } from "./raw.ts";

const [sqlite] = testDatabases().filter(({ engine }) => engine === "sqlite");
const service = "/bazaar.v2.BazaarService";
const greet = `${service}/Greet`;

const text = (number: number, value: string): Uint8Array =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).string(value).finish();
/** GreetRequest: `{ name: "you" }`. */
const you = text(1, "you");
const hello = "Hello you";

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly body: Buffer;
  readonly rstCode: number;
}

describe("the protocol", () => {
  let hall: Hall;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    if (sqlite === undefined) throw new Error("no engine");
    hall = await openHall(await sqlite.create(), { limits: { messageBytesMax: 64 * 1024, callMsMax: 1_500 } });
    session = connect(`http://127.0.0.1:${hall.port}`);
  });
  afterAll(async () => {
    session.destroy();
    await hall[Symbol.asyncDispose]();
    expect(hall.nodes.errors).toEqual([]);
  });

  const send = (headers: OutgoingHttpHeaders, pieces: readonly Uint8Array[] | undefined, pauseMs = 0): Promise<Heard> =>
    new Promise((resolve) => {
      const stream = session.request(
        {
          ":method": "POST",
          ":path": greet,
          "content-type": "application/grpc",
          te: "trailers",
          authorization: `Bearer ${hall.keys.watcher}`,
          ...headers,
        },
        { endStream: pieces === undefined },
      );
      let heard: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders | undefined;
      const parts: Buffer[] = [];
      stream.on("response", (given) => void (heard = given));
      stream.on("trailers", (given) => void (trailers = given));
      stream.on("data", (part: Buffer) => void parts.push(part));
      stream.on("error", () => undefined);
      stream.on("close", () => resolve({ headers: heard, trailers, body: Buffer.concat(parts), rstCode: stream.rstCode ?? 0 }));
      const write = async (): Promise<void> => {
        for (const piece of pieces ?? []) {
          stream.write(piece);
          if (pauseMs > 0) await Bun.sleep(pauseMs);
        }
        if (pieces !== undefined) stream.end();
      };
      void write();
    });
  const statusOf = ({ headers, trailers }: Heard): string => String((trailers ?? headers)["grpc-status"]);
  const outcomeOf = ({ headers, trailers }: Heard): string =>
    refusalOf(Buffer.from(String((trailers ?? headers)["grpc-status-details-bin"] ?? ""), "base64")).outcome;

  test("an answer: headers, one message with its prefix, trailers", async () => {
    const heard = await send({}, [messageOf(you)]);
    expect(heard.headers).toMatchObject({ ":status": 200, "content-type": "application/grpc" });
    expect([heard.body.readUInt8(0), heard.body.readUInt32BE(1), heard.body.subarray(7).toString()]).toEqual([0, 11, hello]);
    expect(statusOf(heard)).toBe("0");
    expect(heard.trailers?.["grpc-message"]).toBeUndefined();
  });

  test("a refusal is headers alone: Trailers-Only, with a percent-encoded message", async () => {
    const heard = await send({ authorization: "", "accept-language": "bg" }, [messageOf(you)]);
    expect([heard.headers[":status"] as unknown, statusOf(heard), heard.trailers, heard.body.length]).toEqual([
      200,
      "16",
      undefined,
      0,
    ]);
    expect(decodeURIComponent(String(heard.headers["grpc-message"]))).toMatch(/\p{Script=Cyrillic}/u);
    expect(String(heard.headers["grpc-message"])).toMatch(/^[\x20-\x7e]+$/);
  });

  test("a message may come in pieces of any size", async () => {
    const bytes = messageOf(you);
    for (const pieces of [[...bytes].map((byte) => Buffer.from([byte])), [bytes.subarray(0, 3), bytes.subarray(3)]]) {
      expect(statusOf(await send({}, pieces, 2))).toBe("0");
    }
  });

  const http: readonly (readonly [what: string, headers: OutgoingHttpHeaders, status: number, more: IncomingHttpHeaders])[] = [
    ["no Content-Type", { "content-type": "" }, 415, {}],
    ["JSON", { "content-type": "application/json" }, 415, {}],
    ["gRPC-Web", { "content-type": "application/grpc-web+proto" }, 415, {}],
    ["a codec that is not served", { "content-type": "application/grpc+json" }, 415, {}],
    ["GET", { ":method": "GET" }, 405, { allow: "POST" }],
    ["PUT", { ":method": "PUT" }, 405, { allow: "POST" }],
  ];
  test.each(http)("what is no gRPC is answered in HTTP: %s", async (_, headers, status, more) => {
    const heard = await send(headers, headers[":method"] === "GET" ? undefined : [messageOf(you)]);
    expect(heard.headers).toMatchObject({ ":status": status, ...more });
    expect(heard.headers["grpc-status"]).toBeUndefined();
  });

  test.each(["application/grpc", "application/grpc+proto", "application/grpc; a=b", "Application/GRPC"])(
    "Content-Type may be %s",
    async (type) => expect(statusOf(await send({ "content-type": type }, [messageOf(you)]))).toBe("0"),
  );

  test.each([
    `${service}/Nothing`,
    "/bazaar.v2.Nothing/Greet",
    "/",
    "",
    "/bazaar.v2.BazaarService",
    `${greet}/`,
    `${greet}?a=b`,
    greet.toLowerCase(),
    "/bazaar.v2.BazaarService/%47reet",
    "//bazaar.v2.BazaarService/Greet",
    "/__proto__/constructor",
  ])("no such method: %s", async (path) => {
    const heard = await send({ ":path": path }, [messageOf(you)]);
    // A path that is none at all is not HTTP/2.
    if (path === "") expect(heard.headers["grpc-status"]).toBeUndefined();
    else expect([heard.headers[":status"] as unknown, statusOf(heard)]).toEqual([200, "12"]);
  });

  const wrong: readonly (readonly [
    what: string,
    headers: OutgoingHttpHeaders,
    body: Uint8Array[],
    status: string,
    outcome: string,
  ])[] = [
    ["no message", {}, [], "3", "invalid_request"],
    ["two messages", {}, [messageOf(you), messageOf(you)], "3", "invalid_request"],
    ["half a prefix", {}, [Buffer.from([0, 0, 0])], "3", "invalid_body"],
    ["half a message", {}, [messageOf(you).subarray(0, 8)], "3", "invalid_body"],
    ["a flag that is none", {}, [messageOf(you, 2)], "3", "invalid_body"],
    ["a message packed, and nothing says how", {}, [messageOf(gzipSync(you), 1)], "3", "invalid_body"],
    ["packed as identity", { "grpc-encoding": "identity" }, [messageOf(gzipSync(you), 1)], "3", "invalid_body"],
    ["what is not gzip", { "grpc-encoding": "gzip" }, [messageOf(you, 1)], "3", "invalid_encoding"],
    ["gzip cut off", { "grpc-encoding": "gzip" }, [messageOf(gzipSync(you).subarray(0, 12), 1)], "3", "invalid_encoding"],
    ["packed nothing", { "grpc-encoding": "gzip" }, [messageOf("", 1)], "3", "invalid_encoding"],
    ["no protobuf", {}, [messageOf(Buffer.from("ffffffffff", "hex"))], "3", "invalid_body"],
    [
      "a field of another type",
      {},
      [messageOf(new BinaryWriter().tag(1, WireType.Varint).int32(1).finish())],
      "3",
      "invalid_body",
    ],
    ["a field that there is none of", {}, [messageOf(Buffer.concat([you, text(99, "x")]))], "3", "invalid_body"],
    ["text that is no UTF-8", {}, [messageOf(Buffer.from("0a02c328", "hex"))], "3", "invalid_encoding"],
    ["a length beyond the bound", {}, [Buffer.from([0, 0xff, 0xff, 0xff, 0xff])], "8", "too_large"],
    ["a message beyond the bound", {}, [messageOf(text(1, "a".repeat(70_000)))], "8", "too_large"],
    ["a timeout that is none", { "grpc-timeout": "soon" }, [messageOf(you)], "3", "invalid_header"],
    ["a timeout of nine digits", { "grpc-timeout": "123456789m" }, [messageOf(you)], "3", "invalid_header"],
    ["a timeout that is over", { "grpc-timeout": "0m" }, [], "4", "deadline_exceeded"],
  ];
  test.each(wrong)("SECURITY 41: refused, never INTERNAL: %s", async (_, headers, body, status, outcome) => {
    const heard = await send(headers, body, 30);
    expect([statusOf(heard), outcomeOf(heard)]).toEqual([status, outcome]);
  });

  test("packed messages: gzip and deflate are read, and answered alike where it pays", async () => {
    for (const [name, pack] of [
      ["gzip", gzipSync],
      ["deflate", deflateSync],
    ] as const) {
      const heard = await send({ "grpc-encoding": name }, [messageOf(pack(you), 1)]);
      expect([statusOf(heard), heard.headers["grpc-encoding"], heard.body.readUInt8(0)]).toEqual(["0", name, 0]);
      // A message that is not packed in a stream that says how they would be.
      expect(statusOf(await send({ "grpc-encoding": name }, [messageOf(you)]))).toBe("0");
    }
    const plain = await send({ "grpc-encoding": "gzip", "grpc-accept-encoding": "identity" }, [messageOf(gzipSync(you), 1)]);
    expect(plain.headers["grpc-encoding"]).toBeUndefined();
  });

  test("SECURITY 45: what a packed message may become is bounded while it inflates", async () => {
    for (const bytes of [1, 64]) {
      const bomb = gzipSync(Buffer.alloc(bytes * 1024 * 1024, "a"), { level: 9 });
      const before = process.memoryUsage().rss;
      const heard = await send({ "grpc-encoding": "gzip" }, [messageOf(bomb.subarray(0, 60_000), 1)]);
      expect(statusOf(heard)).not.toBe("0");
      expect(["too_large", "invalid_encoding"]).toContain(outcomeOf(heard));
      expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024);
    }
  });

  test.each(["br", "zstd", "snappy", "gzip, gzip"])("a coding that is not served says which are: %s", async (coding) => {
    const heard = await send({ "grpc-encoding": coding }, [messageOf(you)]);
    expect([statusOf(heard), heard.headers["grpc-accept-encoding"]]).toEqual(["12", "identity,deflate,gzip"]);
  });

  test("SECURITY 53: a body that does not come is over when its deadline is, the server's own at the latest", async () => {
    const began = performance.now();
    const stalled = (timeout: string | undefined): Promise<Heard> =>
      send(timeout === undefined ? {} : { "grpc-timeout": timeout }, [messageOf(you).subarray(0, 4), Buffer.alloc(0)], 60_000);
    const [own, servers] = await Promise.all([stalled("200m"), stalled(undefined)]);
    expect([statusOf(own), statusOf(servers)]).toEqual(["4", "4"]);
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  test("credentials twice, in the path, of another scheme", async () => {
    const twice = await send({ "x-api-key": "pons_sandbox_other" }, [messageOf(you)]);
    expect([statusOf(twice), outcomeOf(twice)]).toEqual(["3", "invalid_header"]);
    const scheme = await send({ authorization: "Negotiate abc" }, [messageOf(you)]);
    expect([statusOf(scheme), outcomeOf(scheme)]).toEqual(["16", "invalid_credentials"]);
    const key = await send({ authorization: `Bearer ${hall.keys.watcher}`, "x-api-key": hall.keys.watcher }, [messageOf(you)]);
    expect(statusOf(key)).toBe("0");
  });

  test("SECURITY 46: what is sent back is harmless", async () => {
    const heard = await send({ "x-request-id": "a b\tc" }, [messageOf(you)]);
    expect(heard.headers["x-request-id"]).toMatch(/^[\w-]+$/);
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    expect((await send({ traceparent: trace }, [messageOf(you)])).headers["traceparent"]).toBe(trace);
  });

  test("answers in gzip are what they were", async () => {
    for (let at = 0; at < 20; at++) {
      const keeper = { authorization: `Bearer ${hall.keys.keeper}`, ":path": "/archive.v1.ArchiveService/CreatePaper" };
      expect(
        statusOf(await send(keeper, [messageOf(Buffer.concat([text(2, `Paper ${at}`), text(3, "long ".repeat(60))]))])),
      ).toBe("0");
    }
    const asked = { authorization: `Bearer ${hall.keys.reader}`, ":path": "/archive.v1.ArchiveService/ListPapers" };
    const plain = await send(asked, [messageOf("")]);
    const packed = await send({ ...asked, "grpc-encoding": "gzip", "grpc-accept-encoding": "gzip" }, [messageOf("")]);
    expect([packed.headers["grpc-encoding"], packed.body.readUInt8(0)]).toEqual(["gzip", 1]);
    expect(gunzipSync(packed.body.subarray(5)).equals(plain.body.subarray(5))).toBe(true);
    expect(packed.body.length).toBeLessThan(plain.body.length / 3);
  });
});

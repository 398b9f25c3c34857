/** SECURITY 56: what limits and counts calls does so for each of them, whatever stream they came on; and what stands of a limit is told. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import bazaar from "../channels/bazaar.ts";
import { exchange } from "../channels/drivers/grpc.ts";
import { refusalOf } from "../channels/drivers/protobuf.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";

const [sqlite] = testDatabases().filter(({ engine }) => engine === "sqlite");
const service = "/bazaar.v2.BazaarService";
const minute = (limit: number) => ({ limits: [{ name: "minute", kind: "rate", limit, windowSeconds: 60 }] });
const text = (number: number, value: string): Uint8Array =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).string(value).finish();
const item = (message: Uint8Array): Uint8Array => new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(message).finish();

describe("limits", () => {
  let plane: Plane;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    if (sqlite === undefined) throw new Error("no engine");
    plane = await openPlane(await sqlite.create(), { service: bazaar });
    const port = (await plane.nodes[0]?.listeners())?.grpcPort;
    session = connect(`http://127.0.0.1:${port}`);
  });
  afterAll(async () => {
    session.destroy();
    await plane[Symbol.asyncDispose]();
  });

  const outcomeOf = (trailers: IncomingHttpHeaders): string =>
    trailers["grpc-status"] === "0"
      ? "done"
      : refusalOf(Buffer.from(String(trailers["grpc-status-details-bin"]), "base64")).outcome;

  test("stand in the metadata of what is answered and of what is refused, with when to come again", async () => {
    const { key } = await plane.app(minute(2), ["watcher"]);
    const ask = () => exchange(session, `${service}/Greet`, [text(1, "you")], { authorization: `Bearer ${key}` });
    const [first, second, third] = [await ask(), await ask(), await ask()];
    expect([first, second, third].map(({ trailers }) => outcomeOf(trailers))).toEqual(["done", "done", "too_many_requests"]);
    expect(first.headers["ratelimit-policy"]).toBe('"minute";q=2;w=60');
    expect(String(first.headers["ratelimit"])).toMatch(/^"minute";r=1;t=\d+$/);
    expect(third.trailers["grpc-status"]).toBe("8");
    expect(Number(third.trailers["retry-after"])).toBeGreaterThan(0);
    expect(String(third.trailers["ratelimit"])).toMatch(/^"minute";r=0;t=\d+$/);
  });

  test("count each item of a stream", async () => {
    const { key } = await plane.app(minute(3), ["seller"]);
    const items = Array.from({ length: 5 }, (_, at) => item(text(2, `Limited ${at}`)));
    const { messages, trailers } = await exchange(session, `${service}/CreateStallStream`, items, {
      authorization: `Bearer ${key}`,
    });
    expect(trailers["grpc-status"]).toBe("0");
    const refused = messages.map((message) => Buffer.from(message).includes("too_many_requests"));
    expect(refused).toEqual([false, false, false, true, true]);
    expect(String(trailers["ratelimit"])).toMatch(/^"minute";r=0/);
  });

  test("are the same whatever method, stream or connection asks", async () => {
    const { key } = await plane.app(minute(2), ["seller"]);
    const metadata = { authorization: `Bearer ${key}` };
    const other = connect(session.originSet?.[0] ?? `http://127.0.0.1:${session.socket.remotePort}`);
    const outcomes = [
      await exchange(session, `${service}/ExportWares`, [Buffer.alloc(0)], metadata),
      await exchange(other, `${service}/ListWares`, [Buffer.alloc(0)], metadata),
      await exchange(session, `${service}/ExportWares`, [Buffer.alloc(0)], metadata),
      await exchange(other, `${service}/Greet`, [text(1, "you")], metadata),
    ].map(({ trailers }) => outcomeOf(trailers));
    other.destroy();
    expect(outcomes).toEqual(["done", "done", "too_many_requests", "too_many_requests"]);
  });

  /** A greeting of so many bytes, some millions: of a field that comes twice the last one counts. */
  const greetingOf = (bytes: number): Uint8Array => {
    const you = text(1, "you");
    const rest = bytes - you.length;
    const filling = text(1, "a".repeat(rest - 5));
    expect(filling.length).toBe(rest);
    return Buffer.concat([filling, you]);
  };

  test("SECURITY 53: a message of 4 MiB is taken, one byte more is RESOURCE_EXHAUSTED, and the connection goes on", async () => {
    const { key } = await plane.app({}, ["watcher", "seller"]);
    const metadata = { authorization: `Bearer ${key}` };
    const most = 4 * 1024 * 1024;
    // So many messages of four megabytes are more than a client holds unless it is told to.
    const own = connect(`http://127.0.0.1:${session.socket.remotePort}`, { maxSessionMemory: 100 });
    const ask = async (message: Uint8Array, more: Readonly<Record<string, string>> = {}): Promise<readonly unknown[]> => {
      const { trailers, messages } = await exchange(own, `${service}/Greet`, [message], { ...metadata, ...more });
      return [trailers["grpc-status"], outcomeOf(trailers), messages.map((bytes) => Buffer.from(bytes.subarray(2)).toString())];
    };
    const greeted = ["0", "done", ["Hello you"]];
    expect(await ask(greetingOf(most))).toEqual(greeted);
    for (const bytes of [most + 1, 2 * most]) {
      expect(await ask(greetingOf(bytes))).toEqual(["8", "too_large", []]);
      expect(await ask(text(1, "you"))).toEqual(greeted);
    }
    // Calls that were under way before, during and after it on the same connection.
    const all = await Promise.all([
      ask(text(1, "you")),
      ask(greetingOf(most)),
      ask(greetingOf(most + 1)),
      ask(greetingOf(most)),
      ask(text(1, "you")),
    ]);
    expect(all.map(([status]) => status)).toEqual(["0", "0", "8", "0", "0"]);
    // An item of a stream that is too large ends the stream, after what came before it.
    const items = [item(text(2, "Before")), item(text(2, "a".repeat(most)))];
    const streamed = await exchange(own, `${service}/CreateStallStream`, items, metadata);
    expect([streamed.messages.length, streamed.trailers["grpc-status"], outcomeOf(streamed.trailers)]).toEqual([
      1,
      "8",
      "too_large",
    ]);
    expect([own.closed, own.destroyed]).toEqual([false, false]);
    expect(await ask(text(1, "you"))).toEqual(greeted);
    own.destroy();
  });

  test.each([
    ["in one language", "nothing", {}],
    ["and another", "nothing", { "accept-language": "ru" }],
    ["in names of the caller's", "😀", { "accept-language": "bg" }],
  ])("what a refusal says fits into what clients take as metadata, however much is wrong, %s", async (_, name, headers) => {
    const { key } = await plane.app({}, ["seller"]);
    const { trailers } = await exchange(
      session,
      `${service}/ListWares`,
      [
        Buffer.concat(
          Array.from({ length: 100 }, (_, at) =>
            new BinaryWriter()
              .tag(5, WireType.LengthDelimited)
              .string(`${name.repeat(20)}${at} desc`)
              .finish(),
          ),
        ),
      ],
      { authorization: `Bearer ${key}`, ...headers },
    );
    expect(trailers["grpc-status"]).toBe("3");
    const size = Object.entries(trailers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0);
    expect(size).toBeLessThan(8 * 1024);
    const { issues = {} } = refusalOf(Buffer.from(String(trailers["grpc-status-details-bin"]), "base64"));
    expect(Object.values(issues).flat().length).toBeGreaterThan(2);
    expect(decodeURIComponent(String(trailers["grpc-message"]))).toContain(name.repeat(10));
  });
});

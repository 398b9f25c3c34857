/**
 * HTTP/2 as no client speaks it: header fields that would be another request in HTTP/1.1, lengths that contradict the frames, floods. Each stream is
 * answered, reset, or ends the connection; nothing that was smuggled in is answered, and the server goes on.
 *
 * How requests are framed does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import {
  continuationFrame,
  dataFrame,
  exchange,
  type Field,
  flags,
  headersFrame,
  pingFrame,
  resetFrame,
  settingsFrame,
} from "./frames.ts";
import { testMsMax } from "./runs.ts";
import { answerMsMax, startTarget, type Target } from "./target.ts";

const memoryMax = 400 * 1024 * 1024;
const whole = flags.endStream | flags.endHeaders;
const body = '{"amount":100,"currency":"EUR"}';

/** Fields that RFC 9113 section 8.2 and 8.3 forbid; each is added to a sound request. */
const forbidden: readonly (readonly [name: string, field: Field])[] = [
  ["Transfer-Encoding", ["transfer-encoding", "chunked"]],
  ["Connection", ["connection", "close"]],
  ["Keep-Alive", ["keep-alive", "timeout=5"]],
  ["Upgrade", ["upgrade", "websocket"]],
  ["TE other than trailers", ["te", "gzip"]],
  ["a name in capitals", ["X-Upper", "a"]],
  ["a line end in a value", ["x-a", "a\r\nx-injected: 1"]],
  ["a LF in a value", ["x-a", "a\nx-injected: 1"]],
  ["a NUL in a value", ["x-a", "a\0b"]],
  ["a line end in a name", ["x-a: 1\r\nx-b", "1"]],
  ["a space in a name", ["x a", "1"]],
  ["no name", ["", "x"]],
  ["a pseudo field after the others", [":path", "/bank/v2/hidden"]],
  ["a pseudo field of one's own", [":evil", "x"]],
  ["another Host", ["host", "internal"]],
  ["a length without a body", ["content-length", "5"]],
];

/** Values of `:path` and `:method` that are none. */
const pseudo: readonly Field[] = [
  [":path", ""],
  [":path", "bank/v2/accounts"],
  [":path", "/bank/v2/a b"],
  [":path", "/bank/v2/accounts HTTP/1.1\r\nx-injected: 1\r\n\r\n"],
  [":path", "/bank/v2/a\0b"],
  [":path", "http://internal/bank/v2/accounts"],
  [":method", ""],
  [":method", "GET /bank/v2/hidden HTTP/1.1"],
  [":method", "CONNECT"],
  [":method", "GET\r\nx-injected: 1"],
  [":authority", "a@internal"],
  [":authority", ""],
];

for (const { engine, create } of testDatabases().filter(({ engine }) => engine === "sqlite")) {
  describe(engine, () => {
    let server: Target;
    let sound: readonly Field[];
    let post: readonly Field[];
    beforeAll(async () => {
      server = await startTarget(await create());
      const key: Field = ["authorization", `Bearer ${server.keys.teller}`];
      const to = (method: string, path: string): Field[] => [
        [":method", method],
        [":scheme", "http"],
        [":authority", "a"],
        [":path", path],
        key,
      ];
      sound = to("GET", "/bank/v2/accounts?perPage=1");
      post = [...to("POST", "/bank/v2/quoteFee"), ["content-type", "application/json"]];
    }, testMsMax);
    afterAll(async () => server[Symbol.asyncDispose]());

    const send = (frames: readonly Uint8Array[], until = 1) => exchange(server.port, frames, { withinMs: answerMsMax, until });
    const isHealthy = async (): Promise<void> => {
      const { answered, data } = await send([headersFrame(1, sound, whole)]);
      expect([...answered]).toEqual([1]);
      expect(data.get(1)).toContain('{"success":true');
      expect((await server.ask({ method: "GET", path: "/bank/v2/accounts?perPage=1", as: "teller" })).status).toBe(200);
    };
    /** The stream was refused: reset, or the connection ended with it. */
    const isRefused = async (frames: readonly Uint8Array[]): Promise<void> => {
      const { answered, reset, isEnded } = await send(frames);
      expect({ answered: [...answered], isRefused: reset.has(1) || isEnded }).toEqual({ answered: [], isRefused: true });
    };

    test("sound requests are answered, with and without a body", async () => {
      await isHealthy();
      const { data } = await send([headersFrame(1, post, flags.endHeaders), dataFrame(1, body, flags.endStream)]);
      expect(data.get(1)).toContain('"fee":10');
    });

    test.each(forbidden)("%s is refused", async (_, field) => {
      await isRefused([headersFrame(1, [...sound, field], whole)]);
      await isHealthy();
    });

    test.each(pseudo)("%s cannot be %j", async (name, value) => {
      await isRefused([
        headersFrame(
          1,
          sound.map((field): Field => (field[0] === name ? [name, value] : field)),
          whole,
        ),
      ]);
      await isHealthy();
    });

    test.each([":method", ":path", ":scheme"])("%s is needed", async (name) => {
      await isRefused([
        headersFrame(
          1,
          sound.filter(([other]) => other !== name),
          whole,
        ),
      ]);
    });

    test("a length that is not that of the frames is refused", async () => {
      for (const length of ["5", "500", "x", "-1"]) {
        await isRefused([
          headersFrame(1, [...post, ["content-length", length]], flags.endHeaders),
          dataFrame(1, body, flags.endStream),
        ]);
      }
      const twice: readonly Field[] = [...post, ["content-length", String(body.length)], ["content-length", "5"]];
      await isRefused([headersFrame(1, twice, flags.endHeaders), dataFrame(1, body, flags.endStream)]);
    });

    test("trailers hold no pseudo field; streams of the server's and without headers end the connection", async () => {
      await isRefused([
        headersFrame(1, post, flags.endHeaders),
        dataFrame(1, body, 0),
        headersFrame(1, [[":path", "/bank/v2/hidden"]], whole),
      ]);
      for (const frames of [
        [headersFrame(2, sound, whole)],
        [headersFrame(0, sound, whole)],
        [dataFrame(1, body, flags.endStream)],
      ]) {
        expect((await send(frames)).isEnded).toBe(true);
      }
      await isHealthy();
    });

    test(
      "floods: streams opened and reset, headers without end, pings and settings",
      async () => {
        const rapid = Array.from({ length: 2_000 }, (_, index) => [
          headersFrame(2 * index + 1, sound, whole),
          resetFrame(2 * index + 1),
        ]).flat();
        const endless = [
          headersFrame(1, sound, flags.endStream),
          ...Array.from({ length: 2_000 }, () => continuationFrame(1, 16_000)),
        ];
        const pings = Array.from({ length: 20_000 }, pingFrame);
        const settings = Array.from({ length: 20_000 }, settingsFrame);
        for (const flood of [rapid, endless, pings, settings]) {
          await exchange(server.port, flood, { withinMs: 300, until: Number.POSITIVE_INFINITY });
          await isHealthy();
        }
        expect(await server.memory()).toBeLessThan(memoryMax);
      },
      testMsMax,
    );

    test("nothing was logged as a fault", () => {
      expect(server.faults()).toEqual([]);
      expect(server.isAlive()).toBe(true);
    });
  });
}

/**
 * SECURITY 55: who reads slowly, or not at all, costs little and keeps nobody else waiting: neither calls of other connections nor those of his own. And who
 * sends faster than is answered is made to wait.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:http2";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { createSeeder } from "../../src/host/seeder.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { exchange } from "../channels/drivers/grpc.ts";
import { flags } from "../fuzz/frames.ts";
import { testDatabases } from "../postgres/index.ts";
import { papers } from "../security/registry.ts";
import { type Hall, openHall } from "./hall.ts";
import { dataOf, messageOf, Raw, windowFrame } from "./raw.ts";

const [sqlite] = testDatabases().filter(({ engine }) => engine === "sqlite");
const exportPapers = "/archive.v1.ArchiveService/ExportPapers";
const look = "/archive.v1.ArchiveService/Look";
const createStream = "/archive.v1.ArchiveService/CreatePaperStream";
const paperCount = 4_000;
const textLength = 1_500;
const window = 65_535;

describe("SECURITY 55", () => {
  let hall: Hall;
  beforeAll(async () => {
    if (sqlite === undefined) throw new Error("no engine");
    hall = await openHall(await sqlite.create(), { limits: { itemsInFlightMax: 64, stallMs: 1_500 } });
    const { app, caller } = hall.nodes.running;
    const contract = app.contracts.get("archive");
    if (contract === undefined) throw new Error("no archive");
    const text = "x".repeat(textLength);
    const rows = Array.from({ length: paperCount }, () => ({ id: `pap_${newIdentifier()}`, title: "long", text }));
    await createSeeder(app, contract, caller("keeper")).insert(papers, rows);
  });
  afterAll(async () => {
    await hall[Symbol.asyncDispose]();
    expect(hall.nodes.errors).toEqual([]);
  });

  const fields = () => [["authorization", `Bearer ${hall.keys.keeper}`] as const];
  const opened = (raw: Raw, stream: number, path: string): void =>
    raw.send(raw.call(stream, path, { fields: fields() }), dataOf(stream, messageOf(""), flags.endStream));
  const sentOn = (raw: Raw, stream: number): number =>
    raw.frames
      .filter((one) => one.type === "DATA" && one.stream === stream)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  const metadata = () => ({ authorization: `Bearer ${hall.keys.keeper}` });

  test("long answers of one connection take turns, and short ones do not wait for them", async () => {
    const session = connect(`http://127.0.0.1:${hall.port}`);
    // A client's window of the connection is 64 KB unless it says otherwise, and all its streams share it.
    const exports = Array.from({ length: 8 }, () => exchange(session, exportPapers, [Buffer.alloc(0)], metadata()));
    const waits: number[] = [];
    let isDone = false;
    const ended: number[] = [];
    const began = performance.now();
    const done = Promise.all(exports.map((one) => one.then(() => ended.push(performance.now() - began)))).then(
      () => (isDone = true),
    );
    while (!isDone) {
      const asked = performance.now();
      const { trailers } = await exchange(session, look, [Buffer.alloc(0)], metadata());
      expect(trailers["grpc-status"]).toBe("0");
      waits.push(performance.now() - asked);
    }
    await done;
    session.close();
    const total = ended.at(-1) ?? 0;
    // In turns all end at about the same time; one after the other, the first would at an eighth of it.
    expect((ended[0] ?? 0) / total).toBeGreaterThan(0.5);
    expect(waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)] ?? 0).toBeLessThan(Math.max(250, total / 4));
    expect(waits.length).toBeGreaterThan(10);
  });

  test("streams that are not read do not stop others of their connection", async () => {
    await using raw = await Raw.open(hall.port);
    raw.send(windowFrame(0, 1_000_000_000));
    // Their own windows are closed after 64 KB.
    for (let stream = 1; stream <= 19; stream += 2) opened(raw, stream, exportPapers);
    await raw.until(({ stream }) => stream === 19 && sentOn(raw, 19) >= window);
    await Bun.sleep(200);
    for (let stream = 1; stream <= 19; stream += 2) expect(sentOn(raw, stream)).toBe(window);
    opened(raw, 21, look);
    expect(await raw.until(({ type, stream }) => type === "DATA" && stream === 21, 1_000)).toBeDefined();
    raw.send(windowFrame(0, 1_000_000_000));
    opened(raw, 23, exportPapers);
    raw.send(windowFrame(23, 1_000_000_000));
    const end = await raw.until(
      ({ type, stream, flags: flag }) => type === "HEADERS" && stream === 23 && (flag & 1) !== 0,
      8_000,
    );
    expect(end).toBeDefined();
    expect(sentOn(raw, 23)).toBeGreaterThan(paperCount * textLength);
    // Who does not read for long loses the stream, and only that.
    const reset = await raw.until(({ type, stream }) => type === "RST_STREAM" && stream === 1, 4_000);
    expect(reset?.code).toBe(8);
    expect(raw.isClosed).toBe(false);
  });

  test("connections that are not read do not stop others; their memory is bounded", async () => {
    const before = process.memoryUsage().rss;
    const slow = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const raw = await Raw.open(hall.port);
        raw.send(windowFrame(0, 1_000_000_000));
        for (let stream = 1; stream <= 3; stream += 2) {
          opened(raw, stream, exportPapers);
          raw.send(windowFrame(stream, 1_000_000_000));
        }
        raw.pause();
        return raw;
      }),
    );
    // Until what the system takes of them is full.
    const settled = performance.now() + 15_000;
    for (let lag = 99; lag > 20 && performance.now() < settled;) {
      const began = performance.now();
      await Bun.sleep(50);
      lag = performance.now() - began - 50;
    }
    const session = connect(`http://127.0.0.1:${hall.port}`);
    const waits: number[] = [];
    for (let at = 0; at < 100; at++) {
      const asked = performance.now();
      await exchange(session, look, [Buffer.alloc(0)], metadata());
      waits.push(performance.now() - asked);
    }
    session.close();
    expect(waits.toSorted((a, b) => a - b)[90] ?? 0).toBeLessThan(100);
    // Of each export what was read of the table at once; the rest is the system's.
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    await Promise.all(slow.map((raw) => raw[Symbol.asyncDispose]()));
  });

  test("…Stream: who does not read answers is not read any more", async () => {
    await using raw = await Raw.open(hall.port);
    raw.send(raw.call(1, createStream, { fields: fields() }));
    // The item is field 1; the paper's text is long, so that answers soon fill the window.
    const paper = new BinaryWriter()
      .tag(2, WireType.LengthDelimited)
      .string("stream")
      .tag(3, WireType.LengthDelimited)
      .string("y".repeat(2_000))
      .finish();
    const item = messageOf(new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(paper).finish());
    const sent = { bytes: 0 };
    const granted = { connection: window, stream: window };
    let seen = 0;
    const grant = (): void => {
      for (; seen < raw.frames.length; seen++) {
        const one = raw.frames[seen];
        if (one?.type !== "WINDOW_UPDATE") continue;
        if (one.stream === 0) granted.connection += one.payload.readUInt32BE(0);
        else granted.stream += one.payload.readUInt32BE(0);
      }
    };
    const count = 2_000;
    let items = 0;
    const until = performance.now() + 1_000;
    while (items < count && performance.now() < until) {
      grant();
      if (sent.bytes + item.length > Math.min(granted.stream, granted.connection)) {
        await Bun.sleep(5);
        continue;
      }
      raw.send(dataOf(1, item, 0));
      sent.bytes += item.length;
      items++;
    }
    // 64 KB of answers, what is under way, and what HTTP/2 lets us send ahead.
    expect(items).toBeGreaterThan(50);
    expect(items).toBeLessThan(400);
    expect(sentOn(raw, 1)).toBeLessThanOrEqual(window);
    // Read on, and all is answered.
    raw.send(windowFrame(0, 1_000_000_000), windowFrame(1, 1_000_000_000));
    raw.send(dataOf(1, Buffer.alloc(0), flags.endStream));
    const end = await raw.until(({ type, flags: flag }) => type === "HEADERS" && (flag & 1) !== 0, 8_000);
    expect(end).toBeDefined();
    let answers = 0;
    const bytes = Buffer.concat(raw.frames.filter(({ type }) => type === "DATA").map(({ payload }) => payload));
    for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) answers++;
    expect(answers).toBe(items);
  });
});

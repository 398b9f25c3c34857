/**
 * What nobody may do to a server by connections that stay open: too many of them, too much, too fast, too slow, or dead. None of it depends on the database:
 * SQLite only.
 */
import { describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import type { Told } from "./client.ts";
import { type Office, openOffice, type OfficeOptions } from "./office.ts";
import { frame, opcodes, Raw } from "./raw.ts";

const outcomeOf = ({ status, error }: Told): string => (error === undefined ? String(status) : `${status} ${error.type}`);
const path = "/post/v2/stream";

const open = async (limits: OfficeOptions["limits"] = {}): Promise<Office> => {
  const sqlite = testDatabases().find(({ engine }) => engine === "sqlite");
  if (sqlite === undefined) throw new Error("there is no SQLite");
  return openOffice(await sqlite.create(), { limits: { tickMs: 50, ...limits } });
};

const rawOf = (office: Office, key: string, target = path, headers: Readonly<Record<string, string>> = {}): Promise<Raw> =>
  Raw.open(office.at(0).port, target, { Authorization: `Bearer ${key}`, ...headers });

const freedMsMax = 20_000;
/** Resolves when a caller who has all the connections that he may have has one less: the server has given one of them up. */
const freed = async (office: Office, key: string): Promise<void> => {
  for (const until = performance.now() + freedMsMax; performance.now() < until; await Bun.sleep(50)) {
    const probe = await rawOf(office, key);
    const { status } = probe;
    probe.destroy();
    if (status === 101) return;
    expect(status).toBe(429);
  }
  throw new Error("nobody was cut");
};

/** Events of `bytes` each. */
const alarm = async (office: Office, key: string, count: number, bytes: number): Promise<void> => {
  const writer = await office.connect({ key });
  const text = "x".repeat(bytes);
  const perBatch = 20;
  for (let done = 0; done < count; done += perBatch) {
    const calls = Array.from({ length: perBatch }, () => ({ operation: "alarms.create", input: { body: { text } } }));
    expect((await writer.ask({ calls, strategy: "atomic" })).success).toBe(true);
  }
  writer.close();
};

describe("bounds of connections", () => {
  const frames: readonly (readonly [string, Buffer, string])[] = [
    ["invalid UTF-8", frame(opcodes.text, Uint8Array.from([0xff, 0xfe])), "1007"],
    ["UTF-8 that breaks off", frame(opcodes.text, Uint8Array.from([0xe2, 0x82])), "1007"],
    ["more than a message may have", frame(opcodes.text, "x".repeat(1024 * 1024 + 1)), "1009"],
    ["bytes that are no text", frame(opcodes.binary, '{"ping":1}'), "1003"],
    ["no mask", frame(opcodes.text, '{"ping":1}', { isMasked: false }), "1002"],
    ["the bit of a compression that was not agreed on", frame(opcodes.text, "x", { bits: 0x40 }), "1002"],
    ["an opcode that is none", frame(3, "x"), "1002"],
    ["a part of nothing", frame(opcodes.continuation, "x"), "1002"],
    ["a ping in parts", frame(opcodes.ping, "x", { isFinal: false }), "1002"],
    ["a ping that is too long", frame(opcodes.ping, "x".repeat(126)), "1002"],
  ];
  test("SECURITY 54: frames that are none end their connection, with the code that says why", async () => {
    await using office = await open();
    const key = await office.grant("clerk");
    for (const [name, bytes, code] of frames) {
      const raw = await rawOf(office, key);
      raw.send(bytes);
      expect([name, await raw.closes()]).toEqual([name, code]);
      raw.destroy();
    }
    const raw = await rawOf(office, key);
    raw.send(frame(opcodes.text, '{"pi', { isFinal: false }));
    raw.send(frame(opcodes.ping, "in between"));
    raw.send(frame(opcodes.continuation, 'ng":1}'));
    await raw.until(() => raw.body.includes('{"pong":1}'));
    raw.destroy();
    const healthy = await office.connect({ key });
    expect(outcomeOf(await healthy.ask({ operation: "ring" }))).toBe("204");
    healthy.close();
    expect(office.errors).toEqual([]);
  });

  test("SECURITY 45: compression of messages is not agreed on", async () => {
    await using office = await open();
    const key = await office.grant("clerk");
    const raw = await rawOf(office, key, path, { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" });
    expect([raw.status, /extensions/i.test(raw.head)]).toEqual([101, false]);
    raw.destroy();
  });

  test("SECURITY 54: connections of one caller, of strangers, and of all", async () => {
    await using office = await open({ connectionsMax: 6, connectionsPerCallerMax: 3, connectionsPerStrangerMax: 2 });
    const [one, two] = [await office.grant("clerk"), await office.grant("clerk")];
    const first = await office.connect({ key: one });
    await office.connect({ key: one });
    const stream = await office.events("", { key: one });
    const full = await rawOf(office, one);
    expect([full.status, full.refusal, /retry-after: 1/i.test(full.head)]).toEqual([429, "concurrency_exceeded", true]);
    const another = await office.events("", { key: one });
    expect([another.status, await another.refusal()]).toEqual([429, "concurrency_exceeded"]);
    first.close();
    await first.closed;
    await office.connect({ key: one });
    await stream.close();
    await Bun.sleep(50);
    const strangers = [await office.connect(), await office.connect()];
    expect((await Raw.open(office.at(0).port, path)).status).toBe(429);
    // Whoever says who he is counts as himself from then on, and not beyond his own.
    expect(await strangers[0]!.ask({ authenticate: { authorization: `Bearer ${two}` } })).toMatchObject({ authenticated: true });
    await office.connect();
    expect(await strangers[1]!.ask({ authenticate: { authorization: `Bearer ${one}` } })).toMatchObject({ authenticated: true });
    const last = await office.connect();
    expect(outcomeOf(await last.ask({ authenticate: { authorization: `Bearer ${one}` } }))).toBe("429 concurrency_exceeded");
    expect(await last.ends()).toBe("1013 concurrency_exceeded");
    await office.connect({ key: two });
    const beyond = await rawOf(office, two);
    expect([beyond.status, beyond.refusal]).toEqual([503, "overloaded"]);
    expect(office.errors).toEqual([]);
  });

  test("SECURITY 54: too many messages end the connection, and nobody else's", async () => {
    await using office = await open({ messagesPerSecondMax: 100 });
    const key = await office.grant("clerk");
    const [flood, calm] = [await office.connect({ key }), await office.connect({ key })];
    for (let count = 0; count < 200; count++) flood.send("{");
    expect(await flood.ends()).toBe("4429 too_many_messages");
    expect(outcomeOf(await calm.ask({ operation: "ring" }))).toBe("204");
  });

  test("SECURITY 54: calls of one connection wait in line, and the line has an end", async () => {
    await using office = await open({ runningMax: 2, waitingMax: 3 });
    const socket = await office.connect({ key: await office.grant("clerk") });
    for (let count = 0; count < 8; count++)
      socket.send({ id: `w${count}`, operation: "wait", input: { body: { ms: 60, name: String(count) } } });
    const told = [];
    for (let count = 0; count < 8; count++) told.push(await socket.next());
    expect(told.filter(({ status }) => status === 429).map(({ id, error }) => [id, error?.type])).toEqual([
      ["w5", "concurrency_exceeded"],
      ["w6", "concurrency_exceeded"],
      ["w7", "concurrency_exceeded"],
    ]);
    expect(told.filter(({ status }) => status === 200).map(({ id }) => id)).toEqual(["w0", "w1", "w2", "w3", "w4"]);
    expect(outcomeOf(await socket.ask({ operation: "ring" }))).toBe("204");
  });

  test("SECURITY 54: what waits has so many bytes at most", async () => {
    await using office = await open({ runningMax: 1, waitingBytesMax: 1_000 });
    const socket = await office.connect({ key: await office.grant("clerk") });
    socket.send({ id: "w", operation: "wait", input: { body: { ms: 100 } } });
    socket.send({ id: "a", operation: "ring", requestId: "x".repeat(120) });
    socket.send({ id: "b", operation: "hello", input: { body: { more: "x".repeat(900) } } });
    expect(await socket.next()).toMatchObject({ id: "b", status: 429 });
    expect(await socket.next(({ id }) => id === "a")).toMatchObject({ status: 204 });
  });

  test("SECURITY 54: subscriptions of one connection", async () => {
    await using office = await open({ subscriptionsMax: 2 });
    const socket = await office.connect({ key: await office.grant("clerk") });
    expect(outcomeOf(await socket.ask({ id: "a", subscribe: {} }))).toBe("200");
    expect(outcomeOf(await socket.ask({ id: "b", subscribe: {} }))).toBe("200");
    expect(outcomeOf(await socket.ask({ id: "c", subscribe: {} }))).toBe("429 concurrency_exceeded");
    await socket.ask({ id: "a", unsubscribe: true });
    expect(outcomeOf(await socket.ask({ id: "c", subscribe: {} }))).toBe("200");
  });

  test("SECURITY 54: a subscriber that does not read is cut, and little was kept for him", async () => {
    await using office = await open({ slowMs: 500, heartbeatMs: 60_000, connectionsPerCallerMax: 1 });
    const [key, other, writer] = [await office.grant("clerk"), await office.grant("clerk"), await office.grant("clerk")];
    const slow = await rawOf(office, key);
    const quick = await office.connect({ key: other });
    slow.send(frame(opcodes.text, '{"id":"s","subscribe":{}}'));
    await quick.ask({ id: "s", subscribe: {} });
    await slow.until(() => slow.body.includes("subscribed"));
    slow.socket.pause();
    const count = 1_000;
    await alarm(office, writer, count, 20_000);
    expect((await quick.events(count, "s")).length).toBe(count);
    await freed(office, key);
    slow.socket.resume();
    expect(await slow.closes()).toBe("1013");
    // What the system itself buffers, and a little more; not the 20 MB that there were.
    expect(slow.body.length).toBeLessThan(12_000_000);
    expect(outcomeOf(await quick.ask({ operation: "ring" }))).toBe("204");
    expect(office.errors).toEqual([]);
  }, 30_000);

  test("SECURITY 54: who asks and does not read gets no more answers made, and is cut", async () => {
    await using office = await open({ slowMs: 500, heartbeatMs: 60_000, connectionsPerCallerMax: 1 });
    const key = await office.grant("clerk");
    const slow = await rawOf(office, key);
    slow.socket.pause();
    for (let count = 0; count < 300; count++)
      slow.send(frame(opcodes.text, `{"id":"${count}","operation":"fill","input":{"body":{"bytes":200000}}}`));
    await freed(office, key);
    slow.socket.resume();
    expect(await slow.closes()).toBe("1013");
    expect(slow.body.length).toBeLessThan(24_000_000);
    expect(office.errors).toEqual([]);
  }, 30_000);

  test("SECURITY 54: a reader of an event stream that does not read is cut, and little was kept for him", async () => {
    await using office = await open({ slowMs: 500, heartbeatMs: 60_000, lastWordsSeconds: 60, connectionsPerCallerMax: 1 });
    const [key, other, writer] = [await office.grant("clerk"), await office.grant("clerk"), await office.grant("clerk")];
    const slow = await Raw.open(office.at(0).port, path, {
      Authorization: `Bearer ${key}`,
      Upgrade: "",
      Connection: "keep-alive",
    });
    await using quick = await office.events("", { key: other });
    expect(slow.status).toBe(200);
    slow.socket.pause();
    const count = 1_000;
    const reading = quick.events(count);
    await alarm(office, writer, count, 20_000);
    expect((await reading).length).toBe(count);
    await freed(office, key);
    slow.socket.resume();
    await slow.until(() => slow.body.includes("event: end"));
    expect(slow.body.subarray(-200).toString()).toContain('data: {"reason":"slow_consumer","retryAfter":1}');
    expect(slow.body.length).toBeLessThan(12_000_000);
    expect(office.errors).toEqual([]);
  }, 30_000);

  test("who is gone without a word is noticed; who is merely quiet stays", async () => {
    await using office = await open({ heartbeatMs: 150, deadMs: 200 });
    const key = await office.grant("clerk");
    const quiet = await office.connect({ key });
    const dead = await rawOf(office, key);
    await dead.until(() => dead.isClosed, 2_000);
    expect(dead.body[0]).toBe(0x80 | opcodes.ping);
    await Bun.sleep(500);
    expect(outcomeOf(await quiet.ask({ operation: "ring" }))).toBe("204");
  });

  test("a server that stops answers what is under way, and says that it goes", async () => {
    const office = await open();
    const key = await office.grant("clerk");
    const [busy, idle, stranger] = [await office.connect({ key }), await office.connect({ key }), await office.connect()];
    const stream = await office.events("", { key });
    busy.send({ id: "w", operation: "wait", input: { body: { ms: 300, name: "done" } } });
    busy.send({ id: "c", operation: "alarms.create", input: { body: { text: "written" } } });
    await busy.next(({ id }) => id === "c");
    const closing = office.at(0).channel.close?.();
    expect(await idle.ends()).toBe("1001 shutdown");
    expect(await stranger.ends()).toBe("1001 shutdown");
    expect(await stream.last()).toMatchObject({ reason: "shutdown" });
    expect(outcomeOf(await busy.ask({ operation: "ring" }))).toBe("503 unavailable");
    const late = await rawOf(office, key);
    expect([late.status, late.refusal]).toEqual([503, "unavailable"]);
    expect(await busy.next(({ id }) => id === "w")).toMatchObject({ data: { name: "done" } });
    expect(await busy.ends()).toBe("1001 shutdown");
    await closing;
    expect(office.errors).toEqual([]);
    await office[Symbol.asyncDispose]();
  });

  test("SECURITY 55: five hundred connections that send half a message, and a hundred that do not read, do not keep others out", async () => {
    await using office = await open();
    const [key, other] = [await office.grant("clerk"), await office.grant("clerk")];
    const healthy = await office.connect({ key: other });
    const p99 = async (): Promise<number> => {
      const times: number[] = [];
      for (let count = 0; count < 200; count++) {
        const start = performance.now();
        await healthy.ask({ operation: "alarms.list", input: {} });
        times.push(performance.now() - start);
      }
      return times.toSorted((a, b) => a - b)[197] ?? 0;
    };
    await p99();
    const before = Math.min(await p99(), await p99(), await p99());
    const halves = await Promise.all(Array.from({ length: 500 }, () => rawOf(office, key)));
    for (const half of halves) half.send(frame(opcodes.text, '{"id":"1","operation":', { isFinal: false }).subarray(0, 12));
    const deaf = await Promise.all(Array.from({ length: 100 }, () => rawOf(office, key)));
    for (const one of deaf) {
      one.send(frame(opcodes.text, '{"id":"s","subscribe":{}}'));
      one.socket.pause();
    }
    // A busy machine makes some rounds slow and none fast: the quickest of them tells what the server makes of it, and the others are there in each.
    let during = await p99();
    for (let round = 1; round < 20 && during >= 2 * before + 20; round++) during = Math.min(during, await p99());
    expect([...halves, ...deaf].filter((one) => one.isClosed).length).toBe(0);
    for (const one of [...halves, ...deaf]) one.destroy();
    expect(during).toBeLessThan(2 * before + 20);
    expect(office.errors).toEqual([]);
  }, 30_000);
});

/** What nobody may do to a server by the line protocol: lines without end, too many of them, connections that only wait, answers that nobody reads. */
import { connect } from "node:net";
import { describe, expect, test } from "bun:test";
import { CertificateAuthority } from "../security/certificate-authority.ts";
import { LineClient } from "./client.ts";
import { openHarbour } from "./harbour.ts";

const raw = async (port: number, bytes: string | Uint8Array, host = "127.0.0.1"): Promise<string> => {
  const socket = connect({ port, host });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  socket.on("error", () => socket.destroy());
  socket.write(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("utf8");
};

const typeOf = (text: string): string => /^Error:([a-z_]+)/.exec(text.trimEnd().split("\n").at(-1) ?? "")?.[1] ?? text;

describe("bounds of lines", () => {
  test("SECURITY 51: a line is so long at most, and shorter for strangers", async () => {
    await using harbour = await openHarbour();
    expect(typeOf(await raw(harbour.port, `Operation:hours,Name:${"x".repeat(8_200)}\n`))).toBe("too_large");
    expect(typeOf(await raw(harbour.port, "x".repeat(9_000)))).toBe("too_large");
    const client = await harbour.client("keeper");
    const note = "x".repeat(2_001);
    expect((await client.ask(`Operation:boxes.create,Name:a,Note:${note}`)).last.first[1]).toBe("validation_failed");
    expect((await client.ask(`Operation:boxes.create,Name:a,Note:${"x".repeat(250_000)}`)).last.first[1]).toBe(
      "validation_failed",
    );
    client.send(`Operation:boxes.create,Name:a,Note:${"x".repeat(262_144)}\n`);
    expect((await client.answer()).last.first[1]).toBe("too_large");
    await client.closed;
    expect(harbour.errors).toEqual([]);
  });

  test("SECURITY 41: invalid UTF-8, NUL and control characters are told by column", async () => {
    await using harbour = await openHarbour();
    const client = await harbour.client("keeper");
    client.send(Uint8Array.from([...Buffer.from("Operation:hours,X:"), 0xff, 0x0a]));
    expect((await client.answer()).text).toMatch(/^Error:invalid_encoding,.*,Column:19,/);
    client.send("Operation:hours,X:a\0b\n");
    expect((await client.answer()).text).toMatch(/^Error:invalid_request,.*,Column:20,/);
    client.send("Operation:hours,X:a\rb\n");
    expect((await client.answer()).text).toMatch(/^Error:invalid_request,.*,Column:20,/);
    expect((await client.ask("Operation:hours")).last.first[1]).toBe("ok");
    // So many in a row, and it speaks another protocol.
    client.send("?\n".repeat(20));
    for (let more = 0; more < 10; more++) expect((await client.answer()).last.first[1]).toBe("invalid_request");
    await client.closed;
  });

  test("SECURITY 47: another protocol is told off with its first line, and nothing behind it is carried out", async () => {
    await using harbour = await openHarbour();
    const key = await harbour.grant("keeper");
    const smuggled = `Key:${key}\nOperation:boxes.create,Name:Smuggled\n`;
    for (const hello of [
      `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      `GET /${encodeURIComponent("x")} HTTP/1.1\r\nKey: x\r\n\r\n${smuggled}`,
      `EHLO example\r\n${smuggled}`,
      `\u0016\u0003\u0001\u0002\n${smuggled}`,
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`,
    ])
      expect([hello.slice(0, 20), (await raw(harbour.port, hello)).split("\n").length]).toEqual([hello.slice(0, 20), 2]);
    const client = await harbour.client("keeper");
    expect((await client.ask("Operation:boxes.count,Name:Smuggled")).text).toBe("Status:ok,Value:0");
  });

  test("an end without a line's end is no request; what was asked before is answered", async () => {
    await using harbour = await openHarbour();
    const client = await harbour.client("keeper");
    client.send("Operation:boxes.create,Name:Whole\nOperation:boxes.create,Name:Hal");
    client.socket.end();
    expect((await client.answer()).text).toContain(",Name:Whole,");
    await client.closed;
    const other = await harbour.client("keeper");
    expect((await other.ask("Operation:boxes.count")).text).toBe("Status:ok,Value:1");
  });
});

describe("bounds of time", () => {
  test("SECURITY 55: strangers who do not come to the point, lines that do not end, silence", async () => {
    await using harbour = await openHarbour({ limits: { strangerMsMax: 150, lineMsMax: 150, idleMsMax: 400, tickMs: 20 } });
    const stranger = await LineClient.open(harbour.port);
    expect((await stranger.answer()).last.first[1]).toBe("request_timeout");
    await stranger.closed;
    const slow = await harbour.client("keeper");
    const drip = setInterval(() => slow.send("x"), 20);
    slow.send("Operation:hours,X:");
    expect((await slow.answer()).last.first[1]).toBe("request_timeout");
    clearInterval(drip);
    await slow.closed;
    const silent = await harbour.client("keeper");
    await Bun.sleep(200);
    expect((await silent.ask("Ping:")).text).toBe("Status:ok");
    await Bun.sleep(200);
    expect((await silent.ask("Ping:")).text).toBe("Status:ok");
    expect((await silent.answer()).last.first[1]).toBe("request_timeout");
    await silent.closed;
    expect(harbour.errors).toEqual([]);
  });

  test("SECURITY 55: whoever reads nothing is cut, with bounded memory, and nobody else waits for him", async () => {
    await using harbour = await openHarbour({ limits: { unreadMsMax: 400, tickMs: 50, unsentBytesMax: 64 * 1024 } });
    const client = await harbour.client("keeper");
    for (let more = 0; more < 60; more++) await client.ask(`Operation:boxes.create,Name:Big ${more},Note:${"x".repeat(2_000)}`);
    const key = await harbour.grant("keeper");
    const deaf = connect({ port: harbour.port, host: "127.0.0.1" });
    deaf.on("error", () => deaf.destroy());
    deaf.pause();
    const before = process.memoryUsage().rss;
    deaf.write(`Key:${key}\n${"Operation:boxes.list,@PerPage:100\n".repeat(2_000)}`);
    const start = performance.now();
    let slowest = 0;
    while (performance.now() - start < 1_500) {
      const asked = performance.now();
      await client.ask("Ping:");
      slowest = Math.max(slowest, performance.now() - asked);
      await Bun.sleep(20);
    }
    expect(harbour.line.connections()).toBe(1);
    expect(slowest).toBeLessThan(500);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    deaf.destroy();
  });

  test("SECURITY 55: a flood of lines waits its turn, without a bound being passed", async () => {
    await using harbour = await openHarbour();
    const client = await harbour.client("keeper");
    const count = 20_000;
    client.send(`${"Ping:\n".repeat(count - 1)}Ping:,@Tag:last\n`);
    for (let more = 1; more < count; more++) await client.answer();
    expect((await client.answer()).text).toBe("Status:ok,@Tag:last");
  });
});

describe("bounds of connections", () => {
  test("SECURITY 55: so many in all, and from one address", async () => {
    await using harbour = await openHarbour({ limits: { connectionsMax: 4, connectionsPerAddressMax: 3 } });
    const clients = [await harbour.client("keeper"), await harbour.client("keeper"), await harbour.client("keeper")];
    expect(typeOf(await raw(harbour.port, "Ping:\n"))).toBe("overloaded");
    await clients[0]?.close();
    await Bun.sleep(50);
    const next = await harbour.client("keeper");
    expect((await next.ask("Ping:")).text).toBe("Status:ok");
    expect(harbour.line.connections()).toBe(3);
  });

  test("over TLS everybody may speak; without it, other machines may not unless that is allowed", async () => {
    const authority = new CertificateAuthority("line");
    const tls = authority.issue({ name: "localhost", usages: ["serverAuth"], hosts: ["localhost", "127.0.0.1"] });
    await using harbour = await openHarbour({ tls });
    const key = await harbour.grant("keeper");
    const client = await LineClient.open(harbour.port, { ca: authority.cert });
    expect((await client.ask(`Key:${key}`)).text).toBe("Status:ok");
    expect((await client.ask("Operation:hours")).text).toBe("Status:ok,From:09:00,To:17:00");
    await client.close();
    // Whoever speaks no TLS there is not understood.
    expect(await raw(harbour.port, "Ping:\n")).not.toContain("Status:ok");
    const outside = Object.values((await import("node:os")).networkInterfaces())
      .flat()
      .find((one) => one?.family === "IPv4" && !one.internal)?.address;
    // A machine without a network has no other address to come from.
    if (outside === undefined) return;
    await using plain = await openHarbour({ host: "0.0.0.0" });
    expect(typeOf(await raw(plain.port, "Ping:\n", outside))).toBe("forbidden");
    const near = await plain.client("keeper");
    expect((await near.ask("Ping:")).text).toBe("Status:ok");
    await using open = await openHarbour({ host: "0.0.0.0", isPlainAllowed: true });
    const far = await LineClient.open(open.port, { host: outside });
    expect((await far.ask("Ping:")).text).toBe("Status:ok");
    await far.close();
  });

  test("a stop answers what was asked, and tells those who wait", async () => {
    await using harbour = await openHarbour();
    const busy = await harbour.client("keeper");
    const idle = await harbour.client("keeper");
    busy.send(Array.from({ length: 50 }, (_, at) => `Operation:boxes.create,Name:Last ${at}\n`).join(""));
    await busy.answer();
    const stopping = harbour.line.stop({ withinMs: 2_000 });
    expect((await idle.answer()).last.first[1]).toBe("unavailable");
    const outcomes: unknown[] = [];
    for (let more = 1; more < 50; more++) {
      const { last } = await busy.answer();
      outcomes.push(last.first[1]);
      if (last.first[1] === "unavailable") break;
    }
    expect(outcomes.every((outcome) => outcome === "ok" || outcome === "unavailable")).toBe(true);
    await Promise.all([busy.closed, idle.closed]);
    expect(await stopping).toBe(true);
    expect(harbour.errors).toEqual([]);
  });
});

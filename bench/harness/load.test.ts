/** The load generator as it is used: a process of its own against a real server. */
import { describe, expect, test } from "bun:test";
import { load } from "./load.ts";
import type { CallPlan, Running } from "./peer.ts";

const row = (id: string) => ({ id, name: "Account", currency: "EUR" });

function server(answer: (request: Request) => Response | Promise<Response>): Running & Disposable {
  const listening = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  const stop = async () => listening.stop(true);
  const url = `http://127.0.0.1:${listening.port}`;
  return { url, pids: [process.pid], serverPids: [], calls: {}, stop, [Symbol.dispose]: () => void stop() };
}

const get: CallPlan = { method: "GET", paths: ["/accounts/a", "/accounts/b"], headers: {}, status: 200, check: "item", rows: 1 };
const right = (request: Request) => Response.json({ data: row(request.url.slice(-1)) });

test("counts calls, their time and the server's CPU time", async () => {
  using running = server(right);
  const measured = await load(running, { call: get, connections: 4, seconds: 0.3 });
  expect(measured.calls).toBeGreaterThan(50);
  expect(measured.cpuSeconds).toBeGreaterThan(0);
  expect(measured.callsPerSecond).toBeCloseTo(measured.calls / measured.seconds);
  expect(measured.latency.p50).toBeLessThanOrEqual(measured.latency.p99);
});

test("numbers are never used twice, also not by the next load", async () => {
  const seen = new Set<string>();
  let received = 0;
  using running = server(async (request) => {
    received++;
    const sent = (await request.json()) as { name: string };
    seen.add(sent.name);
    return Response.json({ data: { id: "1", ...sent } }, { status: 201 });
  });
  const headers = { "content-type": "application/json" };
  const call: CallPlan = {
    method: "POST",
    paths: ["/"],
    headers,
    body: '{"name":"{n}"}',
    status: 201,
    check: "created",
    rows: 1,
  };
  const first = await load(running, { call, connections: 2, seconds: 0.2 });
  const second = await load(running, { call, connections: 2, seconds: 0.2 });
  expect(received).toBe(first.calls + second.calls);
  expect(seen.size).toBe(received);
});

test("a paced load keeps its rate and charges a stall to every call that waited", async () => {
  let calls = 0;
  using running = server(async (request) => {
    // Of about 280 calls in 1.4 s, the 140th holds the only connection for 300 ms: the 60 calls due meanwhile wait.
    if (++calls === 140) await Bun.sleep(300);
    return right(request);
  });
  const measured = await load(running, { call: get, connections: 1, seconds: 1.4, rate: 200 });
  expect(measured.calls).toBe(280);
  expect(measured.latency.p50).toBeLessThan(100);
  expect(measured.latency.p90).toBeGreaterThan(100);
});

describe("a wrong answer is no result", () => {
  test.each([
    { what: "another row", answer: () => Response.json({ data: row("z") }), says: "asked for" },
    { what: "another status", answer: () => Response.json({}, { status: 500 }), says: "500" },
    { what: "no JSON", answer: () => new Response("oops"), says: "JSON" },
  ])("$what", async ({ answer, says }) => {
    using running = server(answer);
    const failure = await load(running, { call: get, connections: 1, seconds: 0.1 }).catch((error: unknown) => error);
    expect((failure as Error).message).toContain(says);
  });
});

test("words fill the body: known ones only, never the same twice in a row", async () => {
  const words = ["aaa", "bbb", "ccc"];
  const seen = new Set<string>();
  let alike = 0;
  using running = server(async (request) => {
    const text = await request.text();
    const { from, to } = JSON.parse(text) as { from: string; to: string };
    if (from === to) alike++;
    seen.add(from).add(to);
    return new Response(text, { status: 201 });
  });
  const call: CallPlan = {
    method: "POST",
    paths: ["/"],
    headers: { "content-type": "application/json" },
    body: '{"from":"{word}","to":"{word}","number":"{n}"}',
    words,
    status: 201,
    check: "echo",
    rows: 1,
  };
  const measured = await load(running, { call, connections: 2, seconds: 0.2 });
  expect(measured.calls).toBeGreaterThan(20);
  expect([...seen].toSorted()).toEqual(words);
  expect(alike).toBe(0);
});

test("a transfer that is not the one sent ends the load", async () => {
  using running = server(async (request) => {
    const sent = (await request.json()) as { amount: number };
    return Response.json({ data: { id: "trf", ...sent, amount: sent.amount + 1 } }, { status: 201 });
  });
  const call: CallPlan = {
    method: "POST",
    paths: ["/"],
    headers: { "content-type": "application/json" },
    body: '{"debit":"a","credit":"b","amount":1,"reference":"{n}"}',
    status: 201,
    check: "transfer",
    rows: 1,
  };
  expect(load(running, { call, connections: 1, seconds: 0.2 })).rejects.toThrow("not the transfer that was sent: amount");
});

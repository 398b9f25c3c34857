/**
 * The load generator: a process of its own, so that its CPU time is never the server's. Reads one Job as JSON from standard input, writes one
 * Load as JSON to standard output. Exit 1 with a sentence on standard error when any answer is wrong, missing or late.
 *
 * Closed loop: each connection sends its next call when the last one is answered, until the time is over; what is under way is awaited.
 *
 * Paced: calls are due at a fixed rate, whether or not earlier ones are answered, and their latency counts from the moment they were due, so
 * that a server that stalls is charged for every call it kept waiting (no coordinated omission). A call is due at the first timer tick after
 * its instant; ticks are 1 ms apart. When the generator itself is more than 2 ms late, that counts as well. The latency of calls due in the
 * first 300 ms is left out: the generator and the new connections are cold.
 *
 * Every status is checked, and each connection's first body and every eighth one.
 */
import { readFileSync } from "node:fs";
import { checks } from "./check.ts";
import { Connection, type Reply } from "./http-client.ts";
import type { CallPlan } from "./peer.ts";
import { quantile } from "./statistics.ts";

export interface Job {
  readonly url: string;
  readonly call: CallPlan;
  readonly connections: number;
  readonly seconds: number;
  /** Calls per second to pace at; absent: closed loop. */
  readonly rate?: number;
  /** The first value of `{n}`. */
  readonly firstNumber: number;
}

export interface Load {
  readonly calls: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  /** The first value of `{n}` that was not used. */
  readonly nextNumber: number;
}

/** `{n}` has nine digits. */
const numberMax = 999_999_999;
const answerMs = 60_000;
const tickLateMs = 2;
const coldMs = 300;
const sampleEvery = 8;
const callsMax = 5_000_000;

if (import.meta.main) {
  const job = (await Bun.stdin.json()) as Job;
  const load = await generate(job);
  process.stdout.write(JSON.stringify(load));
  process.exit(0);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Makes the requests one after the other: the bytes, and what was sent for the check. */
function requestsOf(job: Job): { next: () => { bytes: Buffer; path: string; sent: () => string }; number: () => number } {
  const { call } = job;
  const host = new URL(job.url).host;
  const headers = Object.entries({ host, ...call.headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  if (call.requestsFile !== undefined) {
    const lines = readFileSync(call.requestsFile, "utf8").trimEnd().split("\n");
    const next = () => {
      const [key, path = "/"] = (lines[Math.floor(Math.random() * lines.length)] ?? "").split(" ");
      const bytes = Buffer.from(`${call.method} ${path} HTTP/1.1\r\n${headers.join("")}authorization: Bearer ${key}\r\n\r\n`);
      return { bytes, path, sent: () => "" };
    };
    return { next, number: () => job.firstNumber };
  }
  let index = Math.floor(Math.random() * call.paths.length);
  const nextPath = () => call.paths[index++ % call.paths.length] ?? "/";
  if (call.body === undefined) {
    const head = (path: string) => Buffer.from(`${call.method} ${path} HTTP/1.1\r\n${headers.join("")}\r\n`);
    const heads = new Map(call.paths.map((path) => [path, head(path)]));
    const next = () => {
      const path = nextPath();
      return { bytes: heads.get(path) ?? head(path), path, sent: () => "" };
    };
    return { next, number: () => job.firstNumber };
  }
  const template = templateOf(call.body, call.words ?? []);
  let number = job.firstNumber;
  const holes = { number: () => String(number++), word: wordsOf(call.words ?? []) };
  const next = () => {
    const path = nextPath();
    const body = template.render(holes);
    if (number > numberMax) fail("the run used up its numbers");
    const bytes = Buffer.from(
      `${call.method} ${path} HTTP/1.1\r\n${headers.join("")}content-length: ${template.length}\r\n\r\n${body}`,
    );
    return { bytes, path, sent: () => body };
  };
  return { next, number: () => number };
}

interface Holes {
  readonly number: () => string;
  readonly word: () => string;
}

/** The body with its holes; every filled body has the same length, in bytes. */
function templateOf(
  body: string,
  words: readonly string[],
): { readonly length: number; readonly render: (holes: Holes) => string } {
  const parts = body.split(/(\{n\}|\{word\})/);
  const wordLength = words[0]?.length ?? 0;
  if (words.some((word) => Buffer.byteLength(word) !== wordLength)) fail("words of different lengths");
  if (parts.includes("{word}") && words.length < 2) fail("too few words");
  const lengths: Readonly<Record<string, number>> = { "{n}": 9, "{word}": wordLength };
  const length = parts.reduce((sum, part) => sum + (lengths[part] ?? Buffer.byteLength(part)), 0);
  const render = ({ number, word }: Holes): string => {
    let text = "";
    for (const part of parts) text += part === "{n}" ? number() : part === "{word}" ? word() : part;
    return text;
  };
  return { length, render };
}

/** Any of the words, never the same twice in a row. */
function wordsOf(words: readonly string[]): () => string {
  let at = 0;
  return () => {
    at = (at + 1 + Math.floor(Math.random() * (words.length - 1))) % words.length;
    return words[at] ?? "";
  };
}

async function generate(job: Job): Promise<Load> {
  const target = new URL(job.url);
  const where = { hostname: target.hostname, port: Number(target.port) };
  const connections = Array.from({ length: job.connections }, () => new Connection(where, (error) => fail(error.message)));
  await Promise.all(connections.map((connection) => connection.open()));
  const requests = requestsOf(job);
  const check = checks[job.call.check];
  const latencies: number[] = [];
  let calls = 0;
  const started = performance.now();
  const end = started + job.seconds * 1000;
  const countedFrom = job.rate === undefined ? started : started + Math.min(coldMs, job.seconds * 500);
  setTimeout(() => fail(`not every call was answered within ${answerMs / 1000} s`), job.seconds * 1000 + answerMs).unref();

  const send = (connection: Connection, due: number, then: () => void) => {
    const request = requests.next();
    connection.send(request.bytes, (reply: Reply) => {
      calls++;
      if (due >= countedFrom) latencies.push(performance.now() - due);
      if (reply.status !== job.call.status)
        fail(`${job.call.method} ${request.path}: ${reply.status} ${reply.text().slice(0, 300)}`);
      if (calls <= job.connections || calls % sampleEvery === 0) {
        const wrong = check({ path: request.path, sent: request.sent(), body: reply.text() });
        if (wrong !== undefined) fail(`${job.call.method} ${request.path}: ${wrong}`);
      }
      if (calls > callsMax) fail(`more than ${callsMax} calls`);
      then();
    });
  };

  await (job.rate === undefined ? closedLoop : pacedLoop(job.rate))({ connections, send, started, end });
  const seconds = (performance.now() - started) / 1000;
  for (const connection of connections) connection.close();
  const sorted = Float64Array.from(latencies).toSorted();
  const at = (share: number) => quantile(sorted, share);
  const latency = { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  return { calls, seconds, latency, nextNumber: requests.number() };
}

interface Loop {
  readonly connections: readonly Connection[];
  readonly send: (connection: Connection, due: number, then: () => void) => void;
  readonly started: number;
  readonly end: number;
}

/** Resolves when every connection's last call is answered. */
function closedLoop({ connections, send, end }: Loop): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let open = connections.length;
  for (const connection of connections) {
    const next = () => {
      const now = performance.now();
      if (now < end) send(connection, now, next);
      else if (--open === 0) resolve();
    };
    next();
  }
  return promise;
}

/** Resolves when all that was due is answered. */
function pacedLoop(rate: number): (loop: Loop) => Promise<void> {
  return ({ connections, send, started, end }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const idle = [...connections];
    const waiting: number[] = [];
    const total = Math.floor(((end - started) / 1000) * rate);
    let taken = 0;
    let due = 0;
    let answered = 0;
    const start = () => {
      while (taken < waiting.length && idle.length > 0) {
        const connection = idle.pop();
        const since = waiting[taken++];
        if (connection === undefined || since === undefined) return;
        send(connection, since, () => {
          idle.push(connection);
          if (++answered === total) resolve();
          else start();
        });
      }
    };
    let planned = started;
    const tick = () => {
      const now = performance.now();
      const since = now - planned > tickLateMs ? planned : now;
      for (const until = Math.min(total, Math.floor(((now - started) / 1000) * rate)); due < until; due++) waiting.push(since);
      start();
      planned = now + 1;
      if (due < total) setTimeout(tick, 1);
    };
    tick();
    return promise;
  };
}

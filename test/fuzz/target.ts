/**
 * The server under attack, as a process of its own: it may hang, crash or grow without taking the tests with it.
 *
 *   await using target = await startTarget(await create());
 *   const heard = await target.ask({ method: "GET", path: "/bank/v2/accounts", as: "teller" });
 *   target.faults()   →  what it logged as an error; empty, or a test fails
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Subprocess } from "bun";
import type { TestDatabase } from "../postgres/index.ts";
import { type Heard, Wire } from "./wire.ts";

const root = join(import.meta.dir, "..", "..");
const startMsMax = 120_000;
/** No answer may take longer, on a machine that does other things as well. */
export const answerMsMax = 6_000;

export type Caller = "teller" | "supervisor" | "auditor" | "customer" | "other" | "clerk" | "guest" | "stranger";

export type Headers = readonly (readonly [name: string, value: string])[];

export interface Asking<C extends string = Caller> {
  readonly method: string;
  /** Sent as it is, so it has neither spaces nor line ends. */
  readonly path: string;
  /** Whose key; none: no key. */
  readonly as?: C;
  readonly headers?: Headers;
  /** Sent with its Content-Length. An object is sent as JSON. */
  readonly body?: string | Uint8Array | object;
}

export interface Target<C extends string = Caller> extends AsyncDisposable {
  readonly engine: string;
  readonly port: number;
  readonly keys: Readonly<Record<C, string>>;
  /** Ids of the customers that two keys stand for. */
  readonly customer: string;
  readonly other: string;
  /** What no answer may show: keys, folders, names of database and files. */
  readonly secrets: readonly string[];
  /** Asks over a connection that is kept; the next is opened where the server closed it, as it said. */
  ask(asking: Asking<C>): Promise<Heard>;
  /** Events of weight error and what was printed beside the log, so far. */
  faults(): readonly string[];
  isAlive(): boolean;
  /** Resident memory after a collection of garbage. */
  memory(): Promise<number>;
}

/** The bytes of a request. */
export const written = ({ method, path, headers = [], body }: Omit<Asking, "as">, key: string | undefined): Uint8Array => {
  const isPlain = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const bytes = body === undefined ? undefined : Buffer.from(isPlain ? (body as string) : JSON.stringify(body));
  const lines = [`${method} ${path} HTTP/1.1`, "Host: 127.0.0.1"];
  if (key !== undefined) lines.push(`Authorization: Bearer ${key}`);
  if (!isPlain && !headers.some(([name]) => name.toLowerCase() === "content-type")) lines.push("Content-Type: application/json");
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (bytes !== undefined) lines.push(`Content-Length: ${bytes.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return bytes === undefined ? head : Buffer.concat([head, bytes]);
};

interface Told<C extends string> {
  readonly baseUrl: string;
  readonly keys: Record<C, string>;
  readonly customer: string;
  readonly other: string;
}

/** Lines of the log that tell of a fault; whatever is no line of the log was printed by an accident. */
const faultsIn = (log: string): string[] =>
  log
    .split("\n")
    .filter((line) => line !== "")
    .filter((line) => {
      try {
        return (JSON.parse(line) as { level?: unknown }).level === "error";
      } catch {
        return true;
      }
    });

const collect = async (stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> => {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
};

/** Starts a server over a fresh database, which is dropped at the end: that of serve.ts unless another program of this folder is named. */
export const startTarget = async <C extends string = Caller>(
  database: TestDatabase,
  program = "serve.ts",
): Promise<Target<C>> => {
  const data = mkdtempSync(join(tmpdir(), "pons-fuzz-"));
  const started = Promise.withResolvers<Told<C>>();
  let measured: PromiseWithResolvers<number> | undefined;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PONS_")));
  const child: Subprocess<"ignore", "pipe", "pipe"> = Bun.spawn([process.execPath, join(import.meta.dir, program)], {
    cwd: root,
    env: { ...env, PONS_DATA: data, PONS_DATABASE_URL: database.url.replace("sqlite://", "sqlite:") },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    serialization: "json",
    ipc(message) {
      const told = message as Told<C> | { rssBytes: number };
      if ("rssBytes" in told) measured?.resolve(told.rssBytes);
      else started.resolve(told);
    },
  });
  let log = "";
  void collect(child.stderr, (text) => void (log += text));
  void collect(child.stdout, (text) => void (log += text));
  void child.exited.then((code) => {
    log += `the server ended with ${code}\n`;
    started.reject(new Error(log));
    measured?.reject(new Error(log));
  });
  const timer = setTimeout(() => started.reject(new Error(`not started after ${startMsMax} ms: ${log}`)), startMsMax);
  const { baseUrl, keys, customer, other } = await started.promise.finally(() => clearTimeout(timer));
  const port = Number(new URL(baseUrl).port);
  const { password, pathname } = new URL(database.url);
  let wire: Wire | undefined;

  const listening = async (): Promise<Wire> => {
    if (wire === undefined || wire.isClosed) wire = await Wire.open(port);
    return wire;
  };
  const ask = async (asking: Asking<C>): Promise<Heard> => {
    const open = await listening();
    open.send(written(asking, asking.as === undefined ? undefined : keys[asking.as]));
    const heard = await open.hear({ method: asking.method, withinMs: answerMsMax * 4 });
    if (typeof heard === "string") {
      open.close();
      throw new Error(`${heard}: ${asking.method} ${asking.path}`);
    }
    if (open.surplus.length > 0) {
      open.close();
      throw new Error(`more than one answer: ${JSON.stringify(Buffer.from(open.surplus).toString("latin1").slice(0, 200))}`);
    }
    const closes = ([name, value]: readonly [string, string]) =>
      name.toLowerCase() === "connection" && value.toLowerCase() === "close";
    if (heard.headers.some(closes) || asking.headers?.some(closes) === true) open.close();
    return heard;
  };
  return {
    engine: database.engine,
    port,
    keys,
    customer,
    other,
    secrets: [...Object.values<string>(keys), root, data, basename(pathname), ...(password === "" ? [] : [password])],
    ask,
    faults: () => faultsIn(log),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    memory: async () => {
      measured = Promise.withResolvers<number>();
      child.send("memory");
      return measured.promise;
    },
    [Symbol.asyncDispose]: async () => {
      wire?.close();
      if (child.exitCode === null) child.disconnect();
      const killer = setTimeout(() => child.kill("SIGKILL"), 12_000);
      await child.exited;
      clearTimeout(killer);
      rmSync(data, { recursive: true, force: true });
      await database.drop();
    },
  };
};

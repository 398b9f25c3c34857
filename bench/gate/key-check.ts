/**
 * What it costs to know who calls by a key, within the process: credentials → caller, with everything known, beside one SHA-256 of the key. Both by turns,
 * on keys taken at random.
 */
import type { App } from "../../src/host/app.ts";
import type { Call } from "../../src/pipeline/call.ts";
import { summarize } from "../harness/statistics.ts";
import { medianNs } from "./stopwatch.ts";

export interface KeyFigures {
  /** Nanoseconds, median over the rounds. */
  readonly checkNs: number;
  readonly hashNs: number;
  /** Check ÷ hash, round by round. */
  readonly ratios: readonly number[];
}

export interface Warmed {
  readonly calls: number;
  readonly seconds: number;
}

export interface Request {
  readonly key: string;
  /** Id of an account that the key may see. */
  readonly id: string;
}

/** `key path` a line; a million of them are read in a second. */
export const readRequests = async (file: string): Promise<readonly Request[]> => {
  const text = await Bun.file(file).text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => ({ key: line.slice(0, line.indexOf(" ")), id: line.slice(line.lastIndexOf("/") + 1) }));
};

const atOnce = 64;
const rounds = 11;
/** So few that they are seldom interrupted: the median is of those that were not. */
const checksPerChunk = 256;
const chunksPerRound = 60;

const callOf = (app: App, { key, id }: Request): Call => {
  const operation = app.contracts.get("desk")?.operations.get("accounts.get");
  if (operation === undefined) throw new Error("there is no account to get");
  return {
    operation,
    input: { id },
    credentials: { kind: "key", secret: key },
    locale: "en",
    requestId: "warm-up",
    channel: "bench",
  };
};

/** How long is waited before calls are made again that came when there was too much to do. */
const overloadedMs = 250;

/** Makes every call once. Throws when one is refused. */
export const warmUp = async (app: App, requests: readonly Request[]): Promise<Warmed> => {
  const started = performance.now();
  for (let at = 0; at < requests.length; at += atOnce) {
    const made = await Promise.all(
      requests.slice(at, at + atOnce).map(async (request) => app.pipeline.run(callOf(app, request))),
    );
    const refused = made.find((result) => !result.ok);
    if (refused?.ok === false && refused.refusal.type === "overloaded") {
      // A collection of garbage took long: the process takes no more for a moment, and says so.
      await Bun.sleep(overloadedMs);
      at -= atOnce;
      continue;
    }
    if (refused !== undefined) throw new Error(`refused: ${JSON.stringify(refused)}`);
    // A server that answers at once must still hear of changes.
    await new Promise(setImmediate);
  }
  Bun.gc(true);
  return { calls: requests.length, seconds: (performance.now() - started) / 1000 };
};

export const measureKeys = async (app: App, requests: readonly Request[]): Promise<KeyFigures> => {
  const samples: { readonly checkNs: number; readonly hashNs: number }[] = [];
  const anyone = (): Call => callOf(app, requests[Math.floor(Math.random() * requests.length)] ?? { key: "", id: "" });
  for (let round = 0; round <= rounds; round++) {
    const [checkNs, hashNs] = await medianNs(chunksPerRound, async () => {
      // What is known counts as long as changes are heard of, for which a loop leaves no time.
      await app.directory.refresh();
      const calls = Array.from({ length: checksPerChunk }, anyone);
      const secrets = calls.map(({ credentials }) => (credentials.kind === "key" ? credentials.secret : ""));
      return [() => checkAll(app, calls), () => hashAll(secrets)];
    });
    // The first round warms up.
    if (round > 0) samples.push({ checkNs: checkNs / checksPerChunk, hashNs: hashNs / checksPerChunk });
  }
  const median = (values: readonly number[]): number => summarize(values).median;
  return {
    checkNs: median(samples.map(({ checkNs }) => checkNs)),
    hashNs: median(samples.map(({ hashNs }) => hashNs)),
    ratios: samples.map(({ checkNs, hashNs }) => checkNs / hashNs),
  };
};

const checkAll = (app: App, calls: readonly Call[]): void => {
  for (const call of calls) {
    const caller = app.identity.callerOf(call);
    if (caller instanceof Promise || !("tenant" in caller)) throw new Error("a key that is not known at once");
  }
};

const hashAll = (secrets: readonly string[]): void => {
  let length = 0;
  for (const secret of secrets) length += Bun.SHA256.hash(secret, "hex").length;
  if (length !== secrets.length * 64) throw new Error("not all keys were hashed");
};

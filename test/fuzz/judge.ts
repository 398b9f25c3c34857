/**
 * What holds of every answer, whatever was asked. `judge` throws `Flaw` with the first thing that does not:
 *
 *   status        one of the documented ones, never 5xx; of the operation's, where the OpenAPI document has the address
 *   headers       one X-Request-Id of harmless characters, nosniff, a Content-Type where there is a body, what the status asks for (Allow, …)
 *   body          what its Content-Type and Content-Encoding say it is; the envelope or a problem document, complete
 *   refusals      a type that the contract knows, with its status, the same in status line and body; with the request id of the header
 *   silence       no stack, SQL, table, file, folder or key, in body and headers
 *   time          within `answerMsMax`
 */
import { decode } from "@msgpack/msgpack";
import bank from "../../services/bank/index.ts";
import platform from "../../services/platform/index.ts";
import type { Contract } from "../../src/contract/index.ts";
import { compileServices } from "../../src/host/app.ts";
import { refusalTypes } from "../../src/pipeline/refusal.ts";
import shop from "../fixtures/shop.ts";
import { Documents } from "./documented.ts";
import kinds from "./kinds.ts";
import { answerMsMax, type Asking, type Target } from "./target.ts";
import { type Heard, headerOf } from "./wire.ts";

export class Flaw extends Error {
  override readonly name = "Flaw";
}

/** The services that are attacked, by name. */
export const contracts: ReadonlyMap<string, Contract> = compileServices([bank, shop, kinds]);

/** With the control plane, which is attacked by itself. */
const known: readonly Contract[] = [...contracts.values(), ...compileServices([platform]).values()];

const documents = new Documents(known);

const successes: ReadonlySet<number> = new Set([200, 201, 202, 204, 207, 304]);

/** Type of refusal → its statuses; a type of two functions may have two. */
const statusesByType: ReadonlyMap<string, ReadonlySet<number>> = (() => {
  const all = new Map<string, Set<number>>();
  const add = (type: string, status: number) => void all.set(type, (all.get(type) ?? new Set()).add(status));
  for (const [type, { status }] of Object.entries(refusalTypes)) add(type, status);
  for (const { operations } of known) {
    for (const { refusals } of operations.values()) for (const [type, { status }] of Object.entries(refusals)) add(type, status);
  }
  return all;
})();

const tables: readonly string[] = known.flatMap((contract) => contract.tables.map(({ name }) => name));

/** What would tell of the inside. None of it stands in anything that the tests send. */
const telltales: readonly RegExp[] = [
  /\bat (?:async )?(?:[\w$.<>]+ \()?(?:file:|\/|native)/,
  /\bat <anonymous>/,
  /\.(?:ts|js|mjs):\d+/,
  /node_modules|\bbun:|file:\/\//,
  /SQLITE_|SQLiteError|PostgresError|\bSQLSTATE\b|ERR_POSTGRES/,
  /UNIQUE constraint|FOREIGN KEY constraint|CHECK constraint|NOT NULL constraint|violates .* constraint|datatype mismatch/,
  /no such (?:table|column)|syntax error at|near ".*": syntax|unrecognized token|relation ".*" does not exist|invalid input syntax/,
  /\b(?:Type|Range|Reference|Syntax|Store|Internal)Error\b/,
  /is not a function|Cannot read propert|undefined is not an object|is not iterable|JSON Parse error|Unexpected token|\[object Object\]/,
  /\bpons_(?:journal|idempotency|keys|realms?|sequences?)\b/,
  new RegExp(`\\b(?:${tables.filter((name) => name.includes("_")).join("|")})\\b`),
];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Flaw(what);
};

/** The body as it was before its content coding. */
export const plainBody = (heard: Heard): Uint8Array => {
  const coding = headerOf(heard, "content-encoding");
  const body = heard.body as Uint8Array<ArrayBuffer>;
  if (coding === undefined || body.length === 0) return body;
  switch (coding) {
    case "gzip":
      return Bun.gunzipSync(body);
    case "zstd":
      return Bun.zstdDecompressSync(body);
    case "br":
      return new Uint8Array(require("node:zlib").brotliDecompressSync(body) as Buffer);
    default:
      throw new Flaw(`Content-Encoding: ${coding}`);
  }
};

/** The body as text; throws where it is no UTF-8. */
export const textOf = (heard: Heard): string => new TextDecoder("utf-8", { fatal: true }).decode(plainBody(heard));

/** The value of a body whose format has values; undefined for XML, CSV, NDJSON and documents. */
export const valueOf = (heard: Heard): unknown => {
  const type = headerOf(heard, "content-type")?.split(";")[0];
  if (plainBody(heard).length === 0) return undefined;
  switch (type) {
    case "application/json":
    case "application/problem+json":
      return JSON.parse(textOf(heard)) as unknown;
    case "application/yaml":
      return Bun.YAML.parse(textOf(heard));
    case "application/msgpack":
      // The decoder refuses the key, but a refusal names a field as the caller called it.
      return decode(
        Buffer.from(Buffer.from(plainBody(heard)).toString("latin1").replaceAll("__proto__", "((proto))"), "latin1"),
        {
          useBigInt64: true,
        },
      );
    default:
      return undefined;
  }
};

const checkRefusal = (error: unknown, status: number, what: string): void => {
  if (!isObject(error)) throw new Flaw(`${what}: no error`);
  const { code, type, message, requestId } = error;
  check(Number(code) === status, `${what}: error.code ${String(code)} under status ${status}`);
  check(
    typeof type === "string" && statusesByType.get(type)?.has(status) === true,
    `${what}: type ${String(type)} is not one of status ${status}`,
  );
  check(
    typeof message === "string" && message !== "" && !/\{\w+\}|^error\./.test(message),
    `${what}: message ${String(message)}`,
  );
  check(typeof requestId === "string", `${what}: no requestId`);
};

const checkIssues = (data: unknown, what: string): void => {
  if (data === undefined) return;
  if (!isObject(data)) throw new Flaw(`${what}: data of a refusal is no object`);
  for (const [field, sentences] of Object.entries(data)) {
    const isGood =
      Array.isArray(sentences) && sentences.length > 0 && sentences.every((one) => typeof one === "string" && one !== "");
    check(isGood, `${what}: ${field} has no sentences`);
    for (const sentence of sentences as string[]) check(!/^issue\.|\{\w+\}/.test(sentence), `${what}: no message: ${sentence}`);
  }
};

/** Verdicts of a batch, each like an answer. */
const checkVerdicts = (data: unknown): void => {
  if (!Array.isArray(data)) throw new Flaw("a batch without verdicts");
  for (const [index, verdict] of data.entries()) {
    if (!isObject(verdict)) throw new Flaw(`verdict ${index} is no object`);
    const status = Number(verdict["status"]);
    const isSuccess = successes.has(status);
    check(verdict["success"] === isSuccess, `verdict ${index}: success ${String(verdict["success"])} with ${status}`);
    if (isSuccess) continue;
    check(status >= 400 && status < 500, `verdict ${index}: status ${status}`);
    checkRefusal(verdict["error"], status, `verdict ${index}`);
    checkIssues(verdict["data"], `verdict ${index}`);
  }
};

const checkProblem = (value: Record<string, unknown>, status: number): void => {
  const { type, title, status: code, requestId, errors } = value;
  const name = typeof type === "string" && type.startsWith("/problems/") ? type.slice("/problems/".length) : "";
  check(statusesByType.get(name)?.has(status) === true, `problem type ${String(type)} is not one of status ${status}`);
  check(typeof title === "string" && title !== "", "a problem without title");
  check(code === status, `problem status ${String(code)} under status ${status}`);
  check(typeof requestId === "string", "a problem without requestId");
  checkIssues(errors, "problem");
};

const checkXml = (text: string, status: number): void => {
  check(/^<\?xml version="1\.0"[^>]*\?>/.test(text), `no XML: ${text.slice(0, 60)}`);
  if (status < 400) return;
  check(/<code>\d+<\/code>|<status>\d+<\/status>/.test(text) && text.includes(String(status)), "an XML refusal without its code");
};

export interface Rules {
  /** The caller asked for bare data. */
  readonly isBare?: boolean;
  /** What was asked is the address of a document, which has a form of its own. */
  readonly isDocument?: boolean;
  /** Time allowed, in milliseconds. */
  readonly withinMs?: number;
}

const checkBody = (heard: Heard, rules: Rules): void => {
  const { status } = heard;
  const type = headerOf(heard, "content-type")?.split(";")[0];
  check(type !== undefined, "a body without Content-Type");
  // A function's document is sent as it is, to be saved, and never as a page.
  if (headerOf(heard, "content-disposition")?.startsWith("attachment") === true) {
    check(status === 200, `a document under status ${status}`);
    return check(headerOf(heard, "x-content-type-options") === "nosniff", "a document whose type may be guessed");
  }
  switch (type) {
    case "application/xml":
    case "application/problem+xml":
      return checkXml(textOf(heard), status);
    case "text/csv":
      check(status === 200, `CSV under status ${status}`);
      return void textOf(heard);
    case "application/x-ndjson":
      check(status < 300, `NDJSON under status ${status}`);
      for (const line of textOf(heard).split("\n")) if (line !== "") JSON.parse(line);
      return;
    default: {
      const value = valueOf(heard);
      if (type === "application/problem+json") {
        check(isObject(value), "a problem that is no object");
        return checkProblem(value as Record<string, unknown>, status);
      }
      // The page of a service version and its OpenAPI document have a form of their own, and both say where or what the document is.
      if (status === 200 && isObject(value) && typeof value["openapi"] === "string") return;
      if (rules.isDocument === true || (rules.isBare === true && status < 400)) return;
      if (!isObject(value)) {
        check(rules.isBare === true && status === 422 && Array.isArray(value), "an answer without an envelope");
        return checkVerdicts(value);
      }
      check(value["success"] === status < 400, `success ${String(value["success"])} under status ${status}`);
      if (status < 400) {
        check(Object.hasOwn(value, "data"), "an envelope without data");
        if (status === 207) checkVerdicts(value["data"]);
        return;
      }
      checkRefusal(value["error"], status, "envelope");
      const { type: refusal, requestId } = value["error"] as Record<string, unknown>;
      check(requestId === headerOf(heard, "x-request-id"), "requestId is not X-Request-Id");
      return refusal === "batch_failed" ? checkVerdicts(value["data"]) : checkIssues(value["data"], "envelope");
    }
  }
};

const checkHeaders = (heard: Heard): void => {
  const { status } = heard;
  check(headerOf(heard, "x-content-type-options") === "nosniff", "no nosniff");
  check(/^[\w.:@/+=-]{1,128}$/.test(headerOf(heard, "x-request-id") ?? ""), "no X-Request-Id");
  if (status === 405) check((headerOf(heard, "allow") ?? "") !== "", "405 without Allow");
  if (status === 401) check(headerOf(heard, "www-authenticate") !== undefined, "401 without WWW-Authenticate");
  if (status === 304) check(headerOf(heard, "etag") !== undefined, "304 without ETag");
};

/** Texts that tell of the inside; what the caller sent himself may come back. */
export const leaksIn = (heard: Heard, secrets: readonly string[]): string | undefined => {
  const headers = heard.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  // Quotes as they were before they were escaped.
  const body = Buffer.from(plainBody(heard)).toString("utf8").replaceAll('\\"', '"');
  const everything = `${headers}\n${body}`;
  const secret = secrets.find((text) => everything.includes(text));
  if (secret !== undefined) return `shows ${secret}`;
  const telltale = telltales.find((pattern) => pattern.test(everything));
  return telltale === undefined ? undefined : `shows ${String(telltale)}`;
};

const shown = (heard: Heard): string => {
  const body = Buffer.from(heard.body).toString("utf8");
  return `${heard.status} ${JSON.stringify(heard.headers)} ${body.slice(0, 600)}`;
};

/** Checks an answer. */
export const judge = (heard: Heard, secrets: readonly string[], rules: Rules = {}): void => {
  const { status, ms } = heard;
  try {
    check(status < 500, `status ${status}`);
    check(
      successes.has(status) || [...statusesByType.values()].some((statuses) => statuses.has(status)),
      `status ${status} is not documented`,
    );
    check(ms < (rules.withinMs ?? answerMsMax), `took ${ms.toFixed(0)} ms`);
    checkHeaders(heard);
    if (heard.body.length > 0) checkBody(heard, rules);
    const leak = leaksIn(heard, secrets);
    check(leak === undefined, leak ?? "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Flaw(`${reason}: ${shown(heard)}`, { cause: error });
  }
};

/** Whether the caller asked for data without envelope. */
const asksBare = ({ path, headers = [] }: Omit<Asking, "as">): boolean =>
  /envelope/i.test(decodeURIComponent(path.replace(/%(?![0-9a-fA-F]{2})/g, "").replace(/%[89a-fA-F]./g, ""))) ||
  headers.some(([name, value]) => name.toLowerCase() === "prefer" && /envelope/i.test(value));

/** Asks, and judges the answer. */
export const askAndJudge = async <C extends string>(target: Target<C>, asking: Asking<C>, rules: Rules = {}): Promise<Heard> => {
  const heard = await target.ask(asking);
  judge(heard, target.secrets, { isBare: asksBare(asking), ...rules });
  const statuses = documents.statusesOf(asking.method, asking.path);
  // A version that was switched off answers 410 at every address, so no document of it says so.
  const isKnown = heard.status === 410;
  if (statuses?.has(heard.status) === false && !isKnown) {
    throw new Flaw(`${asking.method} ${asking.path}: its document has no ${heard.status}: ${shown(heard)}`);
  }
  return heard;
};

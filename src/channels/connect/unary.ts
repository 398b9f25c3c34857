/** Methods of one request and one answer. */
import type { Call, Result } from "../../pipeline/call.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { andThen } from "../../pipeline/condition.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import { conditionsOf, contentOf, decompressBody, FormatError, type HttpExchange, refusalOfFormat } from "../http/index.ts";
import { askedOf } from "./codec.ts";
import { oneOf } from "./incoming.ts";
import { connectLimits } from "./limits.ts";
import { answered, refusedIn } from "./respond.ts";
import { callFor, type Rpc } from "./rpc.ts";

/** The result, or that the caller has stopped waiting. What was sent is carried out all the same, or refused by its deadline. */
export const within = (result: MaybePromise<Result>, untilMs: number): MaybePromise<Result> => {
  if (!(result instanceof Promise) || untilMs === Number.POSITIVE_INFINITY) return result;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Result>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, refusal: refuse("deadline_exceeded") }), Math.max(0, untilMs - Date.now()));
  });
  return Promise.race([result, late]).finally(() => clearTimeout(timer));
};

/** A request that is refused before it is a call: it counts like any other. */
export const declined = (pipeline: Pipeline, rpc: Rpc, refusal: Refusal): MaybePromise<Response> =>
  andThen(pipeline.decline(callFor(rpc, {}), refusal), (told) => refusedIn(rpc.exchange, rpc.form, told, { method: rpc.method }));

const run = (pipeline: Pipeline, rpc: Rpc, call: Call): MaybePromise<Response> =>
  andThen(within(pipeline.run(call), rpc.untilMs), (result) => answered(rpc, result, call.input));

/** Answers a request whose message is there. */
export const answerMessage = (pipeline: Pipeline, rpc: Rpc, bytes: Uint8Array): MaybePromise<Response> => {
  const { exchange, method, form } = rpc;
  const asked = askedOf(method, form.codec, bytes);
  if (!("input" in asked)) return declined(pipeline, rpc, asked);
  const conditions = conditionsOf((name) => exchange.headers.get(name));
  if ("type" in conditions) return declined(pipeline, rpc, conditions);
  // Leaving stops a function that only reads; a change that was sent is carried out.
  const isAbandoned = method.operation.kind === "query" && method.operation.action === "function";
  const call = callFor(rpc, asked.input, {
    conditions,
    ...(isAbandoned ? { signal: exchange.request.signal } : {}),
  });
  return run(pipeline, rpc, call);
};

/** The message of a GET: `?connect=v1&encoding=json&message=%7B%7D`, `&base64=1`, `&compression=gzip`. */
const messageOfQuery = (query: URLSearchParams, codec: string): MaybePromise<Uint8Array | Refusal> => {
  const text = query.get("message") ?? "";
  const wrong = (parameter: string): Refusal => refuse("invalid_request", { details: { parameter } });
  if (text.length > connectLimits.queryBytesMax) return refuse("uri_too_long", { details: { max: connectLimits.queryBytesMax } });
  const version = query.get("connect");
  if (version !== null && version !== "v1") return wrong("connect");
  const isBase64 = query.get("base64") === "1";
  if (!isBase64 && codec === "proto" && text !== "") return wrong("base64");
  const compression = query.get("compression");
  if (!isBase64) return compression === null || compression === "identity" ? new TextEncoder().encode(text) : wrong("base64");
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(
      text
        .replace(/={1,2}$/, "")
        .replaceAll("+", "-")
        .replaceAll("/", "_"),
      {
        alphabet: "base64url",
      },
    );
  } catch {
    return wrong("message");
  }
  if (compression === null) return bytes;
  return decompressBody(bytes, compression, { bytesMax: connectLimits.messageBytesMax }).then((content) =>
    content instanceof FormatError ? refusalOfFormat(content) : content,
  );
};

const bodyOf = (exchange: HttpExchange, rpc: Rpc): Promise<Uint8Array | Refusal> => {
  if (rpc.form.protocol === "connect") return contentOf(exchange, connectLimits.messageBytesMax);
  return oneOf(exchange, rpc.form, rpc.requestCoding).then((message) => {
    if (!("bytes" in message)) return message;
    exchange.bodyBytes = message.sent;
    return message.bytes;
  });
};

/** Answers a unary method. `query`: of a GET. */
export const answerUnary = (pipeline: Pipeline, rpc: Rpc, query?: URLSearchParams): MaybePromise<Response> => {
  const { exchange, form } = rpc;
  const message = query === undefined ? bodyOf(exchange, rpc) : messageOfQuery(query, form.codec);
  return andThen(message, (bytes): MaybePromise<Response> =>
    bytes instanceof Uint8Array ? answerMessage(pipeline, rpc, bytes) : declined(pipeline, rpc, bytes),
  );
};

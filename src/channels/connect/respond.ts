/** Answers that are one message, or a refusal, in every form. */
import type { Message } from "../../contract/protobuf/index.ts";
import type { Input, Result } from "../../pipeline/call.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { compress } from "../rest/compress.ts";
import type { HttpExchange } from "../http/index.ts";
import { headerBytes, messageOf, tagOf } from "../rpc/index.ts";
import { encoded } from "./codec.ts";
import { acceptedTypes, type Form } from "./form.ts";
import { Frames } from "./frames.ts";
import { connectLimits } from "./limits.ts";
import type { Rpc } from "./rpc.ts";
import { errorJson, httpStatusOf, statusFor } from "./told.ts";
import type { RpcMethod } from "../../contract/protobuf/index.ts";

type Body = Uint8Array | string;

const withBody = (body: Body, init: ResponseInit): Response => new Response(body as string, init);

/** A body that stands by itself, compressed where the caller takes that and it pays. */
const plain = (
  exchange: HttpExchange,
  bytes: Body,
  status: number,
  headers: Record<string, string>,
): Response | Promise<Response> => {
  const packed =
    bytes.length < connectLimits.compressBytesMin
      ? undefined
      : compress(bytes, {
          acceptEncoding: exchange.headers.get("accept-encoding"),
          bytesMin: connectLimits.compressBytesMin,
        });
  if (packed === undefined) return withBody(bytes, { status, headers });
  const all = { ...headers, "Content-Encoding": packed.coding };
  const { bytes: made } = packed;
  return made instanceof Promise
    ? made.then((body) => withBody(body, { status, headers: all }))
    : withBody(made, { status, headers: all });
};

/** Headers of an answer with messages that have headers of their own. */
export const framedHeaders = ({ form, exchange, answerCoding }: Rpc): Record<string, string> => {
  const headers: Record<string, string> = { "Content-Type": form.contentType, "Content-Language": exchange.locale };
  if (answerCoding !== "identity")
    headers[form.protocol === "grpcWeb" ? "Grpc-Encoding" : "Connect-Content-Encoding"] = answerCoding;
  return headers;
};

/** A refusal in the form of the call. */
export const refusedIn = (
  exchange: HttpExchange,
  form: Form,
  refusal: Refusal,
  given: { readonly method?: RpcMethod | undefined; readonly replayed?: boolean } = {},
): Response | Promise<Response> => {
  const status = statusFor(exchange, refusal, given.method);
  const headers: Record<string, string> = { "Content-Language": exchange.locale };
  if (given.replayed === true) headers["Idempotent-Replayed"] = "true";
  if (refusal.allow !== undefined) headers["Allow"] = refusal.allow.join(", ");
  if (refusal.status === 415) headers["Accept-Post"] = acceptedTypes.join(", ");
  if (refusal.retryAfter !== undefined) headers["Retry-After"] = String(Math.ceil(refusal.retryAfter));
  if (form.protocol === "connect") {
    headers["Content-Type"] = "application/json";
    return plain(exchange, JSON.stringify(errorJson(status)), httpStatusOf(status, refusal), headers);
  }
  headers["Content-Type"] = form.contentType;
  return withBody(new Frames(form, "identity").end(status), { headers });
};

/** The answer of a call. */
export const answered = (rpc: Rpc, result: Result, input?: Input): Response | Promise<Response> => {
  const { exchange, form, method } = rpc;
  if (!result.ok) return refusedIn(exchange, form, result.refusal, { method, replayed: result.replayed === true });
  const headers = framedHeaders(rpc);
  if (result.replayed === true) headers["Idempotent-Replayed"] = "true";
  const tag = tagOf(method, result, input);
  if (tag !== undefined) headers["ETag"] = tag;
  return sent(rpc, messageOf(method, result), headers);
};

const sent = (rpc: Rpc, message: Message, headers: Record<string, string>): Response | Promise<Response> => {
  const { exchange, form, method, answerCoding } = rpc;
  if (form.protocol === "connect") return plain(exchange, encoded(method, form.codec, message), 200, headers);
  const frames = new Frames(form, answerCoding);
  const pieces = [frames.message(encoded(method, form.codec, message, headerBytes)), frames.end()];
  return withBody(Buffer.concat(pieces), { headers });
};

/** Methods with one request and one answer: every operation. */
import type { RpcMethod } from "../../contract/protobuf/index.ts";
import type { Call, Result } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { messageOf, tagOf } from "../rpc/index.ts";
import { metadataOf } from "./answer.ts";
import type { Asking } from "./asking.ts";
import { declineStream, type Handling, headroom, refuseStream, replayedMetadata } from "./handling.ts";
import { Inbound, type Reader } from "./inbound.ts";
import { callOfRequest } from "./request.ts";
import type { GrpcStream } from "./stream.ts";

/** Reads the one request of a stream. */
export const readOne = (
  stream: GrpcStream,
  bytesMax: number,
  then: { request(bytes: Uint8Array, sent: number): void; refused(refusal: Refusal): void } & Pick<Reader, "onLong" | "onError">,
): void => {
  let request: Uint8Array | undefined;
  let sent = 0;
  const inbound = new Inbound(stream, {
    bytesMax,
    reader: {
      onMessage(bytes, count) {
        if (request === undefined) {
          request = bytes;
          sent = count;
          return;
        }
        inbound.stop();
        then.refused(refuse("invalid_request", { details: { explanation: "The method takes one message." } }));
      },
      onEnd() {
        if (request === undefined)
          then.refused(
            refuse("invalid_request", { details: { explanation: "The method takes one message, and there was none." } }),
          );
        else then.request(request, sent);
      },
      onFault: (refusal) => then.refused(refusal),
      onError: (error) => then.onError(error),
      onLong: () => then.onLong?.(),
    },
  });
  inbound.start();
};

/** Leaving stops a function that only reads; a change that was sent is carried out. */
const signalOf = (stream: GrpcStream, { operation }: RpcMethod): AbortSignal | undefined => {
  if (operation.kind !== "query" || operation.action !== "function") return undefined;
  const abort = new AbortController();
  stream.onCancelled = () => abort.abort();
  return abort.signal;
};

const answerResult = (stream: GrpcStream, asking: Asking, call: Call, method: RpcMethod, result: Result): void => {
  if (stream.isOver) return;
  const trailers = result.replayed === true ? replayedMetadata : [];
  if (!result.ok) {
    refuseStream(stream, asking, method, result.refusal, trailers);
    return;
  }
  const tag = tagOf(method, result, call.input);
  stream.addMetadata(tag === undefined ? metadataOf(asking) : [...metadataOf(asking), ["etag", tag]]);
  stream.answer(method.output.encode(messageOf(method, result), headroom), trailers);
};

/** Answers a stream of a unary method. */
export const answerUnary = (handling: Handling, stream: GrpcStream, asking: Asking, method: RpcMethod): void => {
  const { parts, limits } = handling;
  const refused = (refusal: Refusal): void => declineStream(handling, stream, asking, method, refusal);
  const run = (call: Call): void =>
    handling.work(
      stream,
      asking,
      method,
      () => parts.pipeline.run(call),
      (result) => answerResult(stream, asking, call, method, result),
    );
  readOne(stream, limits.messageBytesMax, {
    refused,
    onLong: () => handling.barred(asking, method),
    onError: (error) => handling.failed(stream, asking, method, error),
    request(bytes, sent) {
      if (stream.isOver) return;
      const call = callOfRequest(stream, asking, method, { bytes, sent, signal: signalOf(stream, method) });
      if ("operation" in call) run(call);
      else refused(call);
    },
  });
};

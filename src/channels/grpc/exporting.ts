/** `Export…`: all rows of a list, some in each message, as fast as the client reads and no faster. Memory stays the same whatever the number of rows. */
import type { RpcMethod } from "../../contract/protobuf/index.ts";
import type { Call } from "../../pipeline/call.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { RowStream } from "../../pipeline/pipeline.ts";
import { rowsOf } from "../rpc/index.ts";
import { metadataOf, refusalOfError } from "./answer.ts";
import type { Asking } from "./asking.ts";
import { declineStream, type Handling, headroom, refuseStream } from "./handling.ts";
import { callOfRequest } from "./request.ts";
import { ok } from "./status.ts";
import type { GrpcStream } from "./stream.ts";
import { readOne } from "./unary.ts";

const sendRows = async (
  { parts }: Handling,
  stream: GrpcStream,
  asking: Asking,
  method: RpcMethod,
  opened: RowStream,
): Promise<void> => {
  if (!opened.ok) {
    refuseStream(stream, asking, method, opened.refusal);
    return;
  }
  stream.addMetadata(metadataOf(asking));
  stream.begin();
  try {
    for await (const rows of opened.rows) {
      if (stream.isOver) return;
      stream.send(method.output.encode(rowsOf(method, rows), headroom));
      const room = stream.room();
      if (room !== undefined) await room;
    }
    stream.finish(ok);
  } catch (error) {
    if (!stream.isOver) refuseStream(stream, asking, method, refusalOfError(error, parts, asking));
  }
};

/** Answers a stream of an `Export…`. */
export const answerExport = (handling: Handling, stream: GrpcStream, asking: Asking, method: RpcMethod): void => {
  const { parts, limits } = handling;
  const refused = (refusal: Refusal): void => declineStream(handling, stream, asking, method, refusal);
  const open = (call: Call): void =>
    handling.work(
      stream,
      asking,
      method,
      async () => sendRows(handling, stream, asking, method, await parts.pipeline.stream(call)),
      () => undefined,
    );
  readOne(stream, limits.messageBytesMax, {
    refused,
    onLong: () => handling.barred(asking, method),
    onError: (error) => handling.failed(stream, asking, method, error),
    request(bytes, sent) {
      if (stream.isOver) return;
      const abort = new AbortController();
      stream.onCancelled = () => abort.abort();
      const call = callOfRequest(stream, asking, method, { bytes, sent, signal: abort.signal });
      if ("operation" in call) open(call);
      else refused(call);
    },
  });
};

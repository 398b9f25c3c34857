/**
 * What a new stream is: a call of a method, or none at all.
 *
 *   not POST                      405                     Content-Type is not application/grpc    415
 *   no such path                  UNIMPLEMENTED           grpc-encoding that is not served        UNIMPLEMENTED, with those that are
 *   a version that is over        of `gone`               credentials that cannot be read         of the refusal
 */
import { refuse } from "../../pipeline/refusal.ts";
import { metadataOf, refusalStatus } from "./answer.ts";
import { askingOf } from "./asking.ts";
import { acceptedCodings, answerCoding, codingOf } from "./coding.ts";
import type { Connection } from "./connection.ts";
import { answerExport } from "./exporting.ts";
import { declineStream, type Handling, refuseStream } from "./handling.ts";
import { answerItems } from "./items.ts";
import type { ServedMethod } from "./served.ts";
import { codes, grpcTimeoutMs } from "../rpc/index.ts";
import type { GrpcStream } from "./stream.ts";
import { answerUnary } from "./unary.ts";

/** A method that is no operation: health, reflection. */
export interface Helper {
  /** It goes on for as long as its client wants. */
  readonly isOpenEnded: boolean;
  answer(stream: GrpcStream, connection: Connection): void;
}

/** `application/grpc`, with or without `+proto` and parameters; not `application/grpc-web`. */
const contentForm = /^application\/grpc(?:\+proto)?(?:\s*;|$)/i;

const handlers = { none: answerUnary, server: answerExport, both: answerItems } as const;

export interface DispatchParts {
  readonly handling: Handling;
  readonly methods: ReadonlyMap<string, ServedMethod>;
  readonly helpers: ReadonlyMap<string, Helper>;
}

/** Takes new streams. */
export type Dispatch = (stream: GrpcStream, connection: Connection) => void;

/** Makes what takes new streams. */
export const createDispatch = ({ handling, methods, helpers }: DispatchParts): Dispatch => {
  const { parts, limits } = handling;

  /** Whether the stream is a gRPC call; else it is answered. */
  const isCall = (stream: GrpcStream): boolean => {
    const { headers } = stream;
    if (headers[":method"] !== "POST") {
      stream.refuseHttp(405, [["allow", "POST"]]);
      return false;
    }
    const type = headers["content-type"];
    if (type === "application/grpc" || (type !== undefined && contentForm.test(type))) return true;
    stream.refuseHttp(415, [["accept-post", "application/grpc, application/grpc+proto"]]);
    return false;
  };

  /** Whether its messages can be read; else it is answered. */
  const isReadable = (stream: GrpcStream): boolean => {
    const requested = stream.headers["grpc-encoding"];
    if (requested === undefined) return true;
    const coding = codingOf(requested);
    if (coding !== undefined) {
      stream.coding = coding;
      stream.answerCoding = answerCoding(coding, stream.get("grpc-accept-encoding") ?? undefined);
      return true;
    }
    const message = `grpc-encoding must be one of ${acceptedCodings}.`;
    stream.finish({ code: codes.unimplemented, message }, [["grpc-accept-encoding", acceptedCodings]]);
    return false;
  };

  const answer = (stream: GrpcStream, connection: Connection, { method, version }: ServedMethod): void => {
    const nowMs = parts.now();
    const isOpenEnded = method.streaming !== "none";
    const asking = askingOf({ parts, limits }, stream, { version, peer: connection.peer, nowMs, isOpenEnded });
    stream.onRefused = (refusal) => refuseStream(stream, asking, method, refusal);
    if (version.sunsetMs <= nowMs) stream.finish(refusalStatus(asking, method.operation, refuse("gone")), metadataOf(asking));
    else if (asking.refusal !== undefined) declineStream(handling, stream, asking, method, asking.refusal);
    else if (stream.deadlineMs <= nowMs) stream.refuse(refuse("deadline_exceeded"));
    else handlers[method.streaming](handling, stream, asking, method);
  };

  const help = (stream: GrpcStream, connection: Connection, { isOpenEnded, answer: answers }: Helper): void => {
    const timeoutMs = grpcTimeoutMs(stream.get("grpc-timeout")) ?? Number.POSITIVE_INFINITY;
    stream.deadlineMs = parts.now() + (isOpenEnded ? timeoutMs : Math.min(timeoutMs, limits.callMsMax));
    stream.onRefused = ({ type, message }) =>
      stream.finish({ code: type === "deadline_exceeded" ? codes.deadlineExceeded : codes.unavailable, message });
    answers(stream, connection);
  };

  return (stream, connection) => {
    if (!isCall(stream)) return;
    const path = stream.headers[":path"] ?? "";
    const served = methods.get(path);
    const helper = served === undefined ? helpers.get(path) : undefined;
    if (served === undefined && helper === undefined) {
      stream.finish({ code: codes.unimplemented, message: "There is no such method." });
      return;
    }
    if (!isReadable(stream)) return;
    if (served !== undefined) answer(stream, connection, served);
    else if (helper !== undefined) help(stream, connection, helper);
  };
};

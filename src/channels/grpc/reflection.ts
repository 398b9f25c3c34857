/**
 * Server reflection (grpc/doc/server-reflection.md), v1 and v1alpha: what tools ask to call services whose .proto they do not have. In production it is for
 * callers who may call something here; in development for everybody, like the documents.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Contract } from "../../contract/contract.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type ChannelParts, versionOf } from "../http/index.ts";
import { type Asking, askingOf, callOf } from "./asking.ts";
import type { Connection } from "./connection.ts";
import { type Handling, headroom, refuseStream } from "./handling.ts";
import { Inbound } from "./inbound.ts";
import { codes } from "../rpc/index.ts";
import { ok } from "./status.ts";
import type { GrpcStream } from "./stream.ts";
import type { DescribedFile, Symbols } from "./symbols.ts";

export const reflectionServices = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"] as const;

const requestBytesMax = 4 * 1024;

/** Fields of ServerReflectionRequest. */
const asked = {
  fileByFilename: 3,
  fileContainingSymbol: 4,
  fileContainingExtension: 5,
  extensionsOf: 6,
  listServices: 7,
} as const;

interface Request {
  readonly bytes: Uint8Array;
  readonly host: string;
  /** The last field of the oneof, which counts. */
  readonly kind: number | undefined;
  readonly text: string;
}

const requestOf = (bytes: Uint8Array): Request | undefined => {
  let host = "";
  let kind: number | undefined;
  let text = "";
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (type !== WireType.LengthDelimited) {
        reader.skip(type, number);
      } else if (number === asked.fileContainingExtension) {
        kind = number;
        reader.bytes();
      } else if (number === 1) {
        host = reader.string();
      } else if (number >= asked.fileByFilename && number <= asked.listServices) {
        kind = number;
        text = reader.string();
      } else {
        reader.skip(type, number);
      }
    }
  } catch {
    return undefined;
  }
  return { bytes, host, kind, text };
};

type Write = (writer: BinaryWriter) => void;

const within = (writer: BinaryWriter, number: number, write: Write): void => {
  writer.tag(number, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
};

/** The answer's field of the oneof, and what it holds. */
interface Answer {
  readonly field: 4 | 5 | 6 | 7;
  readonly write: Write;
}

const errorOf = (code: number, message: string): Answer => ({
  field: 7,
  write: (writer) => void writer.tag(1, WireType.Varint).int32(code).tag(2, WireType.LengthDelimited).string(message),
});

const filesOf = (files: readonly DescribedFile[] | undefined): Answer =>
  files === undefined
    ? errorOf(codes.notFound, "There is no such file or symbol.")
    : {
        field: 4,
        write(writer) {
          for (const { bytes } of files) writer.tag(1, WireType.LengthDelimited).bytes(bytes);
        },
      };

const namesOf = (names: readonly string[]): Answer => ({
  field: 6,
  write(writer) {
    for (const name of names) within(writer, 1, (one) => void one.tag(1, WireType.LengthDelimited).string(name));
  },
});

export interface ReflectionParts {
  readonly handling: Handling;
  readonly services: readonly string[];
  readonly symbols: () => Symbols;
}

export class Reflection {
  readonly #handling: Handling;
  readonly #parts: ChannelParts;
  readonly #services: readonly string[];
  readonly #symbols: () => Symbols;

  constructor({ handling, services, symbols }: ReflectionParts) {
    this.#handling = handling;
    this.#parts = handling.parts;
    this.#services = services.toSorted();
    this.#symbols = symbols;
  }

  /** ServerReflectionInfo: answers one request after the other. */
  answer(stream: GrpcStream, connection: Connection): void {
    const [contract] = this.#parts.contracts.values();
    if (contract === undefined) {
      stream.finish(ok);
      return;
    }
    const asking = this.#askingOf(stream, connection, contract);
    const refused = (refusal: Refusal): void => refuseStream(stream, asking, { operation: contract.events }, refusal);
    stream.onRefused = refused;
    if (asking.refusal !== undefined) {
      refused(asking.refusal);
      return;
    }
    const failed = (error: unknown): void => this.#handling.failed(stream, asking, { operation: contract.events }, error);
    let isAnswering = false;
    let hasEnded = false;
    const finish = (): void => {
      hasEnded = true;
      if (!isAnswering) stream.finish(ok);
    };
    const inbound = new Inbound(stream, {
      bytesMax: requestBytesMax,
      reader: {
        onMessage: (bytes) => {
          isAnswering = true;
          inbound.hold();
          this.#answerOne(stream, asking, bytes, refused)
            .then(() => {
              isAnswering = false;
              if (hasEnded) stream.finish(ok);
              else inbound.release();
            })
            .catch(failed);
        },
        onEnd: finish,
        onFault: refused,
        onError: failed,
      },
    });
    stream.onStopping = finish;
    inbound.start();
  }

  async #answerOne(stream: GrpcStream, asking: Asking, bytes: Uint8Array, refused: (refusal: Refusal) => void): Promise<void> {
    const barred = await this.#barred(asking);
    const request = requestOf(bytes);
    if (barred !== undefined || request === undefined) {
      refused(barred ?? refuse("invalid_body", { details: { reason: "malformed" } }));
      return;
    }
    const { field, write } = this.#answerOf(request);
    const writer = new BinaryWriter();
    writer.raw(new Uint8Array(headroom));
    if (request.host !== "") writer.tag(1, WireType.LengthDelimited).string(request.host);
    writer.tag(2, WireType.LengthDelimited).bytes(request.bytes);
    within(writer, field, write);
    stream.send(writer.finish());
    await stream.room();
  }

  /** In production, everybody who may do nothing here. */
  async #barred(asking: Asking): Promise<Refusal | undefined> {
    if (this.#parts.mode === "development") return undefined;
    if (asking.credentials.kind === "none") return refuse("unauthenticated");
    for (const contract of this.#parts.contracts.values()) {
      const caller = await this.#parts.pipeline.identify(callOf(asking, contract.events, {}));
      if ("status" in caller) {
        if (caller.status !== 403) return caller;
      } else if (caller.roles.length > 0) {
        return undefined;
      }
    }
    return refuse("forbidden");
  }

  #answerOf({ kind, text }: Request): Answer {
    switch (kind) {
      case asked.fileByFilename:
        return filesOf(this.#symbols().fileNamed(text));
      case asked.fileContainingSymbol:
        return filesOf(this.#symbols().fileOf(text));
      case asked.fileContainingExtension:
        return errorOf(codes.notFound, "There are no extensions.");
      case asked.extensionsOf:
        if (!this.#symbols().hasMessage(text)) return errorOf(codes.notFound, "There is no such message.");
        return { field: 5, write: (writer) => void writer.tag(1, WireType.LengthDelimited).string(text) };
      case asked.listServices:
        return namesOf(this.#services);
      default:
        return errorOf(codes.invalidArgument, "The request asks for nothing.");
    }
  }

  #askingOf(stream: GrpcStream, connection: Connection, contract: Contract): Asking {
    return askingOf({ parts: this.#parts, limits: this.#handling.limits }, stream, {
      version: versionOf(contract, contract.version),
      peer: connection.peer,
      nowMs: this.#parts.now(),
      isOpenEnded: true,
    });
  }
}

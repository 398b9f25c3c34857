/**
 * The health service (grpc/doc/health-checking.md): Check, Watch and List of `grpc.health.v1.Health`. Asked by load balancers and orchestrators, which have
 * no credentials: it tells nothing but whether the server takes calls.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { headroom } from "./handling.ts";
import { codes } from "../rpc/index.ts";
import { ok, type Status } from "./status.ts";
import type { GrpcStream } from "./stream.ts";
import { readOne } from "./unary.ts";

export const healthService = "grpc.health.v1.Health";

const serving = 1;
const notServing = 2;
const serviceUnknown = 3;
type ServingStatus = typeof serving | typeof notServing | typeof serviceUnknown;

const requestBytesMax = 1024;
const nameLengthMax = 256;
const malformed: Status = { code: codes.invalidArgument, message: "The request is no grpc.health.v1.HealthCheckRequest." };
const unknownService: Status = { code: codes.notFound, message: "There is no such service." };

/** `HealthCheckRequest.service`; undefined where the bytes are none. */
const serviceOf = (bytes: Uint8Array): string | undefined => {
  let service = "";
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (number === 1 && type === WireType.LengthDelimited) service = reader.string();
      else reader.skip(type, number);
    }
  } catch {
    return undefined;
  }
  return service.length > nameLengthMax ? undefined : service;
};

/** `HealthCheckResponse`, behind room for the prefix. */
const responseOf = (status: ServingStatus): Uint8Array =>
  framed(new BinaryWriter().tag(1, WireType.Varint).int32(status).finish());

const framed = (message: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(headroom + message.length);
  frame.set(message, headroom);
  return frame;
};

export class Health {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Map<GrpcStream, { readonly service: string; told: ServingStatus | undefined }>();
  #isServing = true;

  /** `services`: full names of what is served. */
  constructor(services: Iterable<string>) {
    this.#services = new Set(["", ...services]);
  }

  /** Takes calls or does not; watchers are told. */
  set(isServing: boolean): void {
    this.#isServing = isServing;
    for (const stream of this.#watchers.keys()) this.#tell(stream);
  }

  check(stream: GrpcStream): void {
    this.#read(stream, (service) => {
      if (this.#services.has(service)) stream.answer(responseOf(this.#statusOf(service)));
      else stream.finish(unknownService);
    });
  }

  list(stream: GrpcStream): void {
    this.#read(stream, () => {
      const writer = new BinaryWriter();
      for (const service of this.#services) {
        const response = responseOf(this.#statusOf(service)).subarray(headroom);
        writer.tag(1, WireType.LengthDelimited).fork();
        writer.tag(1, WireType.LengthDelimited).string(service).tag(2, WireType.LengthDelimited).bytes(response).join();
      }
      stream.answer(framed(writer.finish()));
    });
  }

  watch(stream: GrpcStream): void {
    this.#read(stream, (service) => {
      this.#watchers.set(stream, { service, told: undefined });
      stream.onCancelled = () => void this.#watchers.delete(stream);
      stream.onStopping = () => {
        this.#watchers.delete(stream);
        stream.finish(ok);
      };
      this.#tell(stream);
    });
  }

  #read(stream: GrpcStream, then: (service: string) => void): void {
    readOne(stream, requestBytesMax, {
      refused: () => stream.finish(malformed),
      onError: () => stream.finish({ code: codes.internal, message: "" }),
      request(bytes) {
        const service = serviceOf(bytes);
        if (service === undefined) stream.finish(malformed);
        else then(service);
      },
    });
  }

  #statusOf(service: string): ServingStatus {
    if (!this.#services.has(service)) return serviceUnknown;
    return this.#isServing ? serving : notServing;
  }

  #tell(stream: GrpcStream): void {
    const watcher = this.#watchers.get(stream);
    if (watcher === undefined) return;
    const status = this.#statusOf(watcher.service);
    if (status === watcher.told) return;
    watcher.told = status;
    stream.send(responseOf(status));
  }
}

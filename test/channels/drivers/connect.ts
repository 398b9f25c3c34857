/** Clients of Connect and gRPC-Web over HTTP: bytes by fetch, messages by @bufbuild/protobuf from the published descriptors. */
import type { FileRegistry } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Contract } from "../../../src/contract/contract.ts";
import { protoOf } from "../../../src/contract/protobuf/index.ts";
import type { Asked, Driver, Heard, Target } from "../driver.ts";
import { answerOf, type Form, formOf, refusalOf, registryOf, requestBytes } from "./protobuf.ts";

const registries = new WeakMap<Contract, Map<string, FileRegistry>>();

const registryFor = (target: Target, { service, version }: Asked): FileRegistry => {
  const contract = target.contract(service);
  const wanted = version ?? contract.version;
  let versions = registries.get(contract);
  if (versions === undefined) registries.set(contract, (versions = new Map()));
  let registry = versions.get(wanted);
  if (registry === undefined) {
    registry = registryOf(protoOf(contract, wanted, target.numbersOf(contract)).files.values());
    versions.set(wanted, registry);
  }
  return registry;
};

interface Prepared {
  readonly registry: FileRegistry;
  readonly form: Form;
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const prepare = (target: Target, asked: Asked): Prepared => {
  const form = formOf(asked, target);
  if (form === undefined) throw new Error(`${asked.operation} has no form`);
  const registry = registryFor(target, asked);
  return {
    registry,
    form,
    bytes: requestBytes(registry, form, asked.input),
    headers: { ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }), ...asked.headers },
  };
};

/** What differs between any two answers. */
const quiet: ReadonlySet<string> = new Set(["x-request-id", "date", "content-length", "ratelimit"]);

const shown = (headers: Headers): unknown => [...headers].filter(([name]) => !quiet.has(name));

const done = ({ registry, form }: Prepared, headers: Headers, message: Uint8Array): Heard => {
  const answer = answerOf(registry, form, message);
  const replayed = headers.get("idempotent-replayed") === "true";
  return { outcome: "done", ...answer, replayed, face: JSON.stringify([shown(headers), answer]) };
};

const refused = (headers: Headers, status: Uint8Array, raw: string): Heard => {
  const refusal = refusalOf(status);
  const requestId = headers.get("x-request-id") ?? "";
  const face = JSON.stringify([shown(headers), raw, Buffer.from(status).toString("latin1"), refusal]).replaceAll(requestId, "");
  return { ...refusal, replayed: headers.get("idempotent-replayed") === "true", face };
};

interface ConnectError {
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

/** The same as a google.rpc.Status; what is told twice (`debug`) is left to the library's readers. */
const statusOf = ({ message = "", details = [] }: ConnectError): Uint8Array => {
  const writer = new BinaryWriter().tag(2, WireType.LengthDelimited).string(message);
  for (const { type, value } of details) {
    writer.tag(3, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(`type.googleapis.com/${type}`);
    writer.tag(2, WireType.LengthDelimited).bytes(Buffer.from(value, "base64"));
    writer.join();
  }
  return writer.finish();
};

/** Reads are asked for by GET, where they fit into an address. */
const isByGet = ({ form: { operation }, bytes }: Prepared): boolean => operation.kind === "query" && bytes.length < 2_000;

export const connectDriver: Driver = {
  name: "Connect",
  can: (asked, target) => formOf(asked, target) !== undefined,
  async ask(target, asked) {
    const prepared = prepare(target, asked);
    const { form, bytes, headers } = prepared;
    const path = `/${form.service}/${form.method}`;
    const message = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    const response = isByGet(prepared)
      ? await target.fetch(`${path}?connect=v1&encoding=proto&base64=1&message=${message}`, { headers })
      : await target.fetch(path, {
          method: "POST",
          headers: { "content-type": "application/proto", "connect-protocol-version": "1", ...headers },
          body: bytes as Uint8Array<ArrayBuffer>,
        });
    if (response.ok) return done(prepared, response.headers, await response.bytes());
    const text = await response.text();
    const error = JSON.parse(text) as ConnectError;
    // The request's id is in none of what two answers are compared by.
    const details = error.details?.filter(({ type }) => type !== "google.rpc.RequestInfo") ?? [];
    const heard = refused(response.headers, statusOf({ ...error, details }), JSON.stringify({ ...error, details }));
    return heard.outcome === "" ? { ...heard, outcome: error.code } : heard;
  },
};

/** Frames of an answer: flags and data. */
const framesOf = (bytes: Uint8Array): readonly (readonly [flags: number, data: Uint8Array])[] => {
  const frames: (readonly [number, Uint8Array])[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at + 1);
    frames.push([bytes[at] ?? 0, bytes.subarray(at + 5, at + 5 + length)]);
    at += 5 + length;
  }
  return frames;
};

const framed = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const frame = new Uint8Array(5 + bytes.length);
  new DataView(frame.buffer).setUint32(1, bytes.length);
  frame.set(bytes, 5);
  return frame;
};

export const grpcWebDriver: Driver = {
  name: "gRPC-Web",
  can: (asked, target) => formOf(asked, target) !== undefined,
  async ask(target, asked) {
    const prepared = prepare(target, asked);
    const { form, bytes, headers } = prepared;
    const response = await target.fetch(`/${form.service}/${form.method}`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", ...headers },
      body: framed(bytes),
    });
    const body = await response.bytes();
    if (!response.ok) throw new Error(`${response.status} ${Buffer.from(body).toString()}`);
    const frames = framesOf(body);
    const trailers = Buffer.from(frames.find(([flags]) => flags === 0x80)?.[1] ?? []).toString();
    const status = /^grpc-status: (\d+)\r$/m.exec(trailers)?.[1];
    const message = frames.find(([flags]) => flags === 0)?.[1];
    if (status === "0" && message !== undefined) return done(prepared, response.headers, message);
    const details = /^grpc-status-details-bin: (.*)\r$/m.exec(trailers)?.[1] ?? "";
    const heard = refused(response.headers, Buffer.from(details, "base64"), trailers.replaceAll(details, ""));
    return heard.outcome === "" ? { ...heard, outcome: `status ${String(status)}` } : heard;
  },
};

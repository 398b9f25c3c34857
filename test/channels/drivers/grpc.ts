/** A client of gRPC: HTTP/2 connections that are kept, descriptors by reflection, messages by @bufbuild/protobuf. */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import type { FileRegistry } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { protoOf } from "../../../src/contract/protobuf/index.ts";
import type { Asked, Driver, Heard, Target } from "../driver.ts";
import { answerOf, formOf, refusalOf, registryOf, requestBytes } from "./protobuf.ts";

const reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/** Longest wait for an answer, in milliseconds. */
const waitMsMax = 20_000;

export interface Answered {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly messages: readonly Uint8Array[];
}

/** A message with its prefix. */
export const framed = (message: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

const unframed = (bytes: Buffer): Uint8Array[] => {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages;
};

/** Sends messages, and hears the answer to its end. */
export const exchange = (
  session: ClientHttp2Session,
  path: string,
  messages: readonly Uint8Array[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...metadata,
    });
    const parts: Buffer[] = [];
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders | undefined;
    const timer = setTimeout(() => {
      stream.close();
      reject(new Error(`no answer: ${path}`));
    }, waitMsMax);
    stream.on("response", (given) => void (headers = given));
    stream.on("trailers", (given) => void (trailers = given));
    stream.on("data", (part: Buffer) => void parts.push(part));
    stream.on("error", reject);
    stream.on("close", () => {
      clearTimeout(timer);
      resolve({ headers, trailers: trailers ?? headers, messages: unframed(Buffer.concat(parts)) });
    });
    stream.end(Buffer.concat(messages.map(framed)));
  });

/** Files that describe a symbol. */
const describe = async (session: ClientHttp2Session, symbol: string): Promise<FileRegistry> => {
  const request = new BinaryWriter().tag(4, WireType.LengthDelimited).string(symbol).finish();
  const { messages, trailers } = await exchange(session, reflection, [request]);
  const files: Uint8Array[] = [];
  for (const message of messages) {
    const reader = new BinaryReader(message);
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (number !== 4) {
        reader.skip(type, number);
        continue;
      }
      const inner = new BinaryReader(reader.bytes());
      while (inner.pos < inner.len) {
        inner.tag();
        files.push(inner.bytes());
      }
    }
  }
  if (files.length === 0) throw new Error(`nothing describes ${symbol}: ${JSON.stringify(trailers)}`);
  // Each after what it depends on.
  return registryOf(files.toReversed());
};

interface Kept {
  readonly session: ClientHttp2Session;
  readonly registries: Map<string, Promise<FileRegistry>>;
}

const kept = new Map<number, Kept>();

const keptAt = (port: number): Kept => {
  let one = kept.get(port);
  if (one === undefined || one.session.closed || one.session.destroyed) {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => undefined);
    kept.set(port, (one = { session, registries: new Map() }));
  }
  return one;
};

/** What differs between any two answers. */
const quiet: ReadonlySet<string> = new Set(["x-request-id", "date", ":status", "grpc-status-details-bin", "ratelimit"]);

const shown = (headers: IncomingHttpHeaders): unknown => Object.entries(headers).filter(([name]) => !quiet.has(name));

const ask = async (target: Target, asked: Asked): Promise<Heard> => {
  const form = formOf(asked, target);
  const { grpcPort } = target;
  if (form === undefined || grpcPort === undefined) throw new Error(`${asked.operation} has no form`);
  const { session, registries } = keptAt(grpcPort);
  let described = registries.get(form.service);
  // A version that is over is not described any more: its clients have what was written before.
  const written = (): FileRegistry => {
    const contract = target.contract(asked.service);
    return registryOf(protoOf(contract, asked.version ?? contract.version, target.numbersOf(contract)).files.values());
  };
  const isOver = (): boolean => {
    const { older } = target.contract(asked.service);
    const { sunset } = older.find(({ name }) => name === asked.version) ?? {};
    return sunset !== undefined && Date.parse(sunset) <= Date.now();
  };
  if (described === undefined)
    registries.set(form.service, (described = isOver() ? Promise.resolve(written()) : describe(session, form.service)));
  const registry = await described;
  const { headers, trailers, messages } = await exchange(
    session,
    `/${form.service}/${form.method}`,
    [requestBytes(registry, form, asked.input)],
    { ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }), ...asked.headers },
  );
  const status = trailers["grpc-status"];
  const replayed = trailers["idempotent-replayed"] === "true";
  const [message] = messages;
  if (status === "0" && message !== undefined) {
    const answer = answerOf(registry, form, message);
    return { outcome: "done", ...answer, replayed, face: JSON.stringify([shown(headers), shown(trailers), answer]) };
  }
  const details = Buffer.from(String(trailers["grpc-status-details-bin"] ?? ""), "base64");
  const refusal = refusalOf(details);
  const requestId = String(trailers["x-request-id"] ?? "");
  const face = JSON.stringify([shown(headers), shown(trailers), details.toString("latin1"), refusal]).replaceAll(requestId, "");
  return { ...refusal, outcome: refusal.outcome === "" ? `status ${String(status)}` : refusal.outcome, replayed, face };
};

export const grpcDriver: Driver = {
  name: "gRPC",
  can: (asked, target) => formOf(asked, target) !== undefined,
  ask,
  async close() {
    const sessions = [...kept.values()].map(({ session }) => session);
    kept.clear();
    await Promise.all(sessions.map((session) => new Promise<void>((resolve) => session.close(resolve))));
  },
};

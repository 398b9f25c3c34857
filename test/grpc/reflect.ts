/** Reflection as tools ask it, over a connection of its own: the walk that grpcurl makes. */
import { connect } from "node:http2";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Answered, exchange } from "../channels/drivers/grpc.ts";

export type Version = "v1" | "v1alpha";

/** What is asked: field of ServerReflectionRequest and its text. */
export type Question = readonly [field: 3 | 4 | 6 | 7, text: string];

export interface Reply {
  /** Serialized FileDescriptorProtos. */
  readonly files: readonly Uint8Array[];
  readonly services: readonly string[];
  readonly error: { readonly code: number; readonly message: string } | undefined;
}

const each = (bytes: Uint8Array, take: Readonly<Record<number, (reader: BinaryReader) => void>>): void => {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const taken = take[number];
    if (taken === undefined) reader.skip(type, number);
    else taken(reader);
  }
};

const replyOf = (bytes: Uint8Array): Reply => {
  const files: Uint8Array[] = [];
  const services: string[] = [];
  let error: { code: number; message: string } | undefined;
  each(bytes, {
    4: (reader) => each(reader.bytes(), { 1: (inner) => void files.push(inner.bytes()) }),
    6: (reader) =>
      each(reader.bytes(), { 1: (inner) => each(inner.bytes(), { 1: (name) => void services.push(name.string()) }) }),
    7: (reader) => {
      const told = (error = { code: 0, message: "" });
      each(reader.bytes(), { 1: (code) => void (told.code = code.int32()), 2: (text) => void (told.message = text.string()) });
    },
  });
  return { files, services, error };
};

/** Asks one question after the other, in one stream. */
export const ask = async (
  port: number,
  questions: readonly Question[],
  options: { readonly version?: Version; readonly metadata?: Readonly<Record<string, string>> } = {},
): Promise<Answered & { readonly replies: readonly Reply[] }> => {
  const { version = "v1", metadata = {} } = options;
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  try {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const requests = questions.map(([field, text]) =>
      new BinaryWriter().tag(field, WireType.LengthDelimited).string(text).finish(),
    );
    const answered = await exchange(session, path, requests, metadata);
    return { ...answered, replies: answered.messages.map(replyOf) };
  } finally {
    session.destroy();
  }
};

/** Files that describe a symbol, each after what it depends on. */
export const descriptorsOf = async (port: number, symbol: string, metadata = {}): Promise<readonly Uint8Array[]> => {
  const { replies, trailers } = await ask(port, [[4, symbol]], { metadata });
  const [reply] = replies;
  if (reply === undefined || reply.files.length === 0)
    throw new Error(`nothing describes ${symbol}: ${JSON.stringify([reply, trailers["grpc-status"]])}`);
  return reply.files.toReversed();
};

/**
 * Services behind the gRPC listener, in process, with keys for their roles, and grpc-js as their client: its stubs are made of what reflection tells.
 *
 *   await using hall = await openHall(await engine.create());
 *   const client = await hall.client();
 *   const { status, message } = await client.ask("GetWare", { id }, { key: hall.keys.seller });
 */
import * as grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type GrpcLimits, type GrpcListening, listenGrpc, type GrpcOptions } from "../../src/channels/grpc/index.ts";
import { createChannels } from "../../src/host/channels.ts";
import type { Logger } from "../../src/observe/logger.ts";
import bazaar from "../channels/bazaar.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { archive, registry } from "../security/registry.ts";
import { type Nodes, openNodes } from "../security/nodes.ts";
import { descriptorsOf } from "./reflect.ts";

export type Message = Record<string, unknown>;

export interface Status {
  readonly code: number;
  readonly details: string;
  readonly metadata: grpc.Metadata;
}

export interface Answer {
  readonly status: Status;
  readonly headers: grpc.Metadata;
  readonly message: Message;
}

export interface AskOptions {
  readonly key?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

/** A stream of a client: what came so far, and its end. */
export interface Conversation {
  readonly call: grpc.ClientDuplexStream<Message, Message>;
  readonly messages: Message[];
  readonly status: Promise<Status>;
}

export class Client implements AsyncDisposable {
  readonly stub: grpc.Client & Record<string, unknown>;

  constructor(stub: grpc.Client) {
    this.stub = stub as Client["stub"];
  }

  /** A unary call. */
  ask(method: string, message: Message, options: AskOptions = {}): Promise<Answer> {
    return new Promise((resolve) => {
      let headers = new grpc.Metadata();
      let answered: Message = {};
      const start = this.#method(method) as (
        message: Message,
        metadata: grpc.Metadata,
        options: grpc.CallOptions,
        done: (error: unknown, answer?: Message) => void,
      ) => grpc.ClientUnaryCall;
      const call = start.call(this.stub, message, metadataOf(options), optionsOf(options), (_, answer) => {
        answered = answer ?? {};
      });
      call.on("metadata", (given) => void (headers = given));
      // The status comes before the answer is handed out.
      call.on("status", (status) => setImmediate(() => resolve({ status, headers, message: answered })));
    });
  }

  /** An `Export…`: answers as they come. */
  list(method: string, message: Message, options: AskOptions = {}): Conversation {
    const start = this.#method(method) as (
      message: Message,
      metadata: grpc.Metadata,
      options: grpc.CallOptions,
    ) => Conversation["call"];
    return conversation(start.call(this.stub, message, metadataOf(options), optionsOf(options)));
  }

  /** A `…Stream`. */
  talk(method: string, options: AskOptions = {}): Conversation {
    const start = this.#method(method) as (metadata: grpc.Metadata, options: grpc.CallOptions) => Conversation["call"];
    return conversation(start.call(this.stub, metadataOf(options), optionsOf(options)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stub.close();
    return Promise.resolve();
  }

  #method(name: string): unknown {
    const method = this.stub[name];
    if (typeof method !== "function") throw new Error(`there is no method ${name}`);
    return method;
  }
}

const conversation = (call: Conversation["call"]): Conversation => {
  const messages: Message[] = [];
  call.on("data", (message: Message) => void messages.push(message));
  call.on("error", () => undefined);
  return { call, messages, status: new Promise((resolve) => void call.on("status", resolve)) };
};

const metadataOf = ({ key, metadata = {} }: AskOptions): grpc.Metadata => {
  const given = new grpc.Metadata();
  if (key !== undefined) given.set("authorization", `Bearer ${key}`);
  for (const [name, value] of Object.entries(metadata)) given.set(name, name.endsWith("-bin") ? Buffer.from(value) : value);
  return given;
};

const optionsOf = ({ deadlineMs }: AskOptions): grpc.CallOptions =>
  deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };

/** Stubs of what a server describes. */
export const stubs = async (port: number, symbol: string): Promise<grpc.GrpcObject> => {
  const writer = new BinaryWriter();
  for (const file of await descriptorsOf(port, symbol)) writer.tag(1, WireType.LengthDelimited).bytes(file);
  const loaded = loadFileDescriptorSetFromBuffer(Buffer.from(writer.finish()), { longs: String, enums: String });
  return grpc.loadPackageDefinition(loaded);
};

export interface Hall extends AsyncDisposable {
  readonly nodes: Nodes;
  readonly listening: GrpcListening;
  readonly port: number;
  readonly keys: Readonly<Record<"seller" | "buyer" | "watcher" | "keeper" | "reader", string>>;
  client(service?: string, options?: grpc.ClientOptions, credentials?: grpc.ChannelCredentials): Promise<Client>;
}

export interface HallOptions {
  readonly limits?: Partial<GrpcLimits>;
  readonly tls?: GrpcOptions["tls"];
  readonly mode?: "development" | "production";
}

export const openHall = async (
  database: TestDatabase,
  { limits = {}, tls, mode = "development" }: HallOptions = {},
): Promise<Hall> => {
  const nodes = await openNodes(database, { services: [bazaar, registry, archive] });
  const { app } = nodes.at(0);
  const logger = { error: (_: string, { error }: { error?: unknown }) => void nodes.errors.push(error) } as unknown as Logger;
  const { parts } = createChannels({ app, config: { publicUrl: undefined, mode }, services: [] }, { logger });
  const listening = await listenGrpc({ host: "127.0.0.1", port: 0, parts, limits, ...(tls === undefined ? {} : { tls }) });
  const [seller, buyer, watcher, keeper, reader] = await Promise.all(
    ["bazaar:seller", "bazaar:buyer", "bazaar:watcher", "archive:keeper", "archive:reader"].map((role) =>
      nodes.grant({ roles: [role] }),
    ),
  );
  const known = new Map<string, Promise<grpc.GrpcObject>>();
  return {
    nodes,
    listening,
    port: listening.port,
    keys: { seller, buyer, watcher, keeper, reader } as Hall["keys"],
    async client(service = "bazaar.v2.BazaarService", options = {}, credentials = grpc.credentials.createInsecure()) {
      let described = known.get(service);
      if (described === undefined) known.set(service, (described = stubs(listening.port, service)));
      let found: unknown = await described;
      for (const name of service.split(".")) found = (found as Record<string, unknown>)[name];
      const Stub = found as new (
        address: string,
        credentials: grpc.ChannelCredentials,
        options: grpc.ClientOptions,
      ) => grpc.Client;
      return new Client(new Stub(`127.0.0.1:${listening.port}`, credentials, options));
    },
    [Symbol.asyncDispose]: async () => {
      await listening.stop({ withinMs: 0 });
      await nodes[Symbol.asyncDispose]();
    },
  };
};

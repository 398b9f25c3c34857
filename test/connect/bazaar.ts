/** The bazaar as clients of Connect and gRPC-Web reach it: a plane, and the official clients over every transport they have. */
import { createFileRegistry, type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport as connectOverNode, createGrpcWebTransport as grpcWebOverNode } from "@connectrpc/connect-node";
import { createConnectTransport as connectOverFetch, createGrpcWebTransport as grpcWebOverFetch } from "@connectrpc/connect-web";
import type { Contract } from "../../src/contract/contract.ts";
import { type ProtoService, protoOf } from "../../src/contract/protobuf/index.ts";
import definition from "../channels/bazaar.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import type { TestDatabase } from "../postgres/index.ts";

export type Fields = Readonly<Record<string, unknown>>;
/** A client without generated types: what an answer looks like, its caller says. */
export interface Client {
  call<T = Fields>(method: string, request: Fields, options?: CallOptions): Promise<T>;
  rows<T = Fields>(method: string, request: Fields, options?: CallOptions): AsyncIterable<T>;
  items<T = Fields>(method: string, requests: AsyncIterable<Fields>, options?: CallOptions): AsyncIterable<T>;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly onHeader?: (headers: Headers) => void;
  readonly onTrailer?: (headers: Headers) => void;
}

export type TransportName =
  | "Connect"
  | "Connect, JSON"
  | "Connect, GET"
  | "gRPC-Web"
  | "Connect, HTTP/1.1"
  | "Connect, HTTP/2"
  | "gRPC-Web, HTTP/1.1"
  | "gRPC-Web, HTTP/2";

export const transportNames: readonly TransportName[] = [
  "Connect",
  "Connect, JSON",
  "Connect, GET",
  "gRPC-Web",
  "Connect, HTTP/1.1",
  "Connect, HTTP/2",
  "gRPC-Web, HTTP/1.1",
  "gRPC-Web, HTTP/2",
];

/** Only these send while they are answered. */
export const duplexNames: readonly TransportName[] = ["Connect, HTTP/2", "gRPC-Web, HTTP/2"];
/** These can send many messages at all. */
export const itemNames: readonly TransportName[] = [...duplexNames, "Connect, HTTP/1.1", "gRPC-Web, HTTP/1.1"];

const transportOf = (name: TransportName, baseUrl: string, interceptors: Interceptor[]): Transport => {
  const options = { baseUrl, interceptors };
  switch (name) {
    case "Connect":
      return connectOverFetch({ ...options, useBinaryFormat: true });
    case "Connect, JSON":
      return connectOverFetch({ ...options, useBinaryFormat: false });
    case "Connect, GET":
      return connectOverFetch({ ...options, useBinaryFormat: true, useHttpGet: true });
    case "gRPC-Web":
      return grpcWebOverFetch(options);
    case "Connect, HTTP/1.1":
      return connectOverNode({ ...options, httpVersion: "1.1" });
    case "Connect, HTTP/2":
      return connectOverNode({ ...options, httpVersion: "2" });
    case "gRPC-Web, HTTP/1.1":
      return grpcWebOverNode({ ...options, httpVersion: "1.1" });
    case "gRPC-Web, HTTP/2":
      return grpcWebOverNode({ ...options, httpVersion: "2" });
  }
};

export interface Bazaar extends AsyncDisposable {
  readonly plane: Plane;
  readonly origin: string;
  readonly contract: Contract;
  readonly registry: FileRegistry;
  /** Of a version; the newest unless said otherwise. */
  proto(version?: string): ProtoService;
  service(version?: string): DescService;
  client(name: TransportName, options: { readonly key?: string; readonly version?: string }): Client;
  /** Makes a stall and a ware in it. */
  readonly stall: string;
  readonly ware: string;
  readonly seller: string;
  readonly buyer: string;
}

export const openBazaar = async (database: TestDatabase): Promise<Bazaar> => {
  const plane = await openPlane(database, { service: definition });
  const [node] = plane.nodes;
  const contract = node?.app.contracts.get("bazaar");
  if (node === undefined || contract === undefined) throw new Error("there is no bazaar");
  const { origin } = node;
  const proto = (version = contract.version): ProtoService => protoOf(contract, version, {});
  const sets = [contract.version, ...contract.older.map(({ name }) => name)].map(
    (version) => [version, createFileRegistry(fromBinary(FileDescriptorSetSchema, proto(version).descriptorSet()))] as const,
  );
  const registries = new Map(sets);
  const registry = registries.get(contract.version);
  if (registry === undefined) throw new Error("there is no registry");
  const service = (version = contract.version): DescService => {
    const found = registries.get(version)?.getService(`bazaar.${version}.BazaarService`);
    if (found === undefined) throw new Error(`there is no bazaar ${version}`);
    return found;
  };
  const { key: seller } = await plane.app({}, ["seller"]);
  const { key: buyer } = await plane.app({}, ["buyer"]);
  const ask = async (path: string, body: object): Promise<string> =>
    String(((await plane.ask(path, { key: seller, method: "POST", body })).data as { id?: string }).id);
  const stall = await ask("/bazaar/v2/stalls", { name: "The corner" });
  const ware = await ask("/bazaar/v2/wares", { stall, name: "A lamp", price: 10, stock: 500 });
  return {
    plane,
    origin,
    contract,
    registry,
    proto,
    service,
    stall,
    ware,
    seller,
    buyer,
    client(name, { key, version }) {
      const authorized: Interceptor = (next) => (request) => {
        if (key !== undefined) request.header.set("authorization", `Bearer ${key}`);
        return next(request);
      };
      const made = createClient(service(version), transportOf(name, origin, [authorized])) as unknown as Readonly<
        Record<string, (request: unknown, options?: CallOptions) => unknown>
      >;
      const asked = (method: string, request: unknown, options?: CallOptions): unknown => {
        const called = made[method];
        if (called === undefined) throw new Error(`there is no method ${method}`);
        return called(request, options);
      };
      return { call: asked, rows: asked, items: asked } as Client;
    },
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  };
};

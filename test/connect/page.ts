/** What the page does: it is bundled for the browser and run there. */
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";

interface Given {
  readonly origin: string;
  readonly key: string;
  readonly stall: string;
  readonly descriptors: string;
}

type Calls = Readonly<Record<string, (request: object, options?: object) => Promise<unknown> & AsyncIterable<unknown>>>;

const use = async (name: string, calls: Calls, { stall }: Given): Promise<unknown> => {
  const call = (method: string, request: object, options?: object): Promise<unknown> & AsyncIterable<unknown> => {
    const called = calls[method];
    if (called === undefined) throw new Error(`there is no ${method}`);
    return called(request, options);
  };
  let requestId: string | null = null;
  const onHeader = (headers: Headers): void => void (requestId = headers.get("x-request-id"));
  const headers = { "idempotency-key": `"page ${name}"`, "x-request-id": `page-${name}` };
  const body = { stall, name: `Page ${name}`, price: 9_007_199_254_740_993n };
  const { ware } = (await call("createWare", body, { headers, onHeader })) as { ware: { id: string; price: bigint } };
  const { count } = (await call("countWares", {})) as { count: bigint };
  let exported = 0;
  for await (const part of call("exportWares", {})) exported += (part as { wares: unknown[] }).wares.length;
  let refused: unknown;
  try {
    await call("createWare", { stall, name: "x" });
  } catch (error) {
    const { code, rawMessage, details } = ConnectError.from(error);
    refused = [code, rawMessage, details.length];
  }
  await call("deleteWare", { id: ware.id });
  return { price: String(ware.price), isWhole: Number(count) === exported, refused, requestId };
};

const answerTo = async (given: Given): Promise<unknown> => {
  const bytes = Uint8Array.from(atob(given.descriptors), (character) => character.charCodeAt(0));
  const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes)).getService("bazaar.v2.BazaarService");
  if (service === undefined) throw new Error("there is no service");
  const authorized: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${given.key}`);
    return next(request);
  };
  const options = { baseUrl: given.origin, interceptors: [authorized] };
  const transports: Readonly<Record<string, Transport>> = {
    connect: createConnectTransport({ ...options, useBinaryFormat: true }),
    json: createConnectTransport(options),
    get: createConnectTransport({ ...options, useHttpGet: true }),
    grpcWeb: createGrpcWebTransport(options),
  };
  const answers: Record<string, unknown> = {};
  for (const [name, transport] of Object.entries(transports))
    answers[name] = await use(name, createClient(service, transport), given);
  return answers;
};

const given = (await (await fetch("/given")).json()) as Given;
const answer = await answerTo(given).catch((error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : "failed",
);
await fetch("/told", { method: "POST", body: JSON.stringify(answer) });

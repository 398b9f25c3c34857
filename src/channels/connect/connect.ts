/**
 * Connect and gRPC-Web on the HTTP port: `/bank.v2.BankService/GetAccount`.
 *
 *   POST application/proto, application/json          Connect; GET for what only reads
 *   POST application/connect+proto, connect+json      Connect streams: `Export…`, `…Stream`
 *   POST application/grpc-web, -text, +proto, +json   gRPC-Web, for all of them
 *
 * The messages of a version are made from its contract when it is first called. Every request, and every item of a stream, is a call of the pipeline.
 */
import { protoOf, type RpcMethod } from "../../contract/protobuf/index.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import type { ChannelParts, HttpExchange, HttpVersion, RootChannel } from "../http/index.ts";
import { acceptedTypes, type Form, formOf, getForm, plainForm } from "./form.ts";
import { connectLimits } from "./limits.ts";
import { refusedIn } from "./respond.ts";
import { rpcOf } from "./rpc.ts";
import { Streams } from "./streams.ts";
import { answerUnary } from "./unary.ts";
import { connectVersionOf } from "./version-of.ts";

const unsupported = (accepted: readonly string[]): Refusal => refuse("unsupported_media_type", { details: { accepted } });

class ConnectChannel implements RootChannel {
  readonly name = "connect";
  readonly methods = ["GET", "HEAD", "POST"];
  readonly bodyBytesMax = connectLimits.bodyBytesMax;
  readonly versionOf: RootChannel["versionOf"];
  readonly #parts: ChannelParts;
  readonly #streams: Streams;
  readonly #methods = new WeakMap<HttpVersion, ReadonlyMap<string, RpcMethod>>();

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    this.#streams = new Streams(parts);
    this.versionOf = connectVersionOf(parts.contracts);
  }

  handle(exchange: HttpExchange, rest: readonly string[]): Response | Promise<Response> {
    const query = exchange.method === "GET" ? new URLSearchParams(exchange.query) : undefined;
    const form = query === undefined ? formOf(exchange.headers.get("content-type")) : getForm(query.get("encoding"));
    const method = this.#methodOf(exchange.version, rest);
    if (method === undefined) return this.#unknown(exchange, form ?? plainForm);
    if (form === undefined) {
      if (query === undefined) return refusedIn(exchange, plainForm, unsupported(acceptedTypes), { method });
      return refusedIn(exchange, plainForm, refuse("invalid_request", { details: { parameter: "encoding" } }), { method });
    }
    if (form.protocol === "grpcWeb") exchange.channel = "grpc-web";
    if (query !== undefined && !method.idempotent)
      return refusedIn(exchange, form, refuse("method_not_allowed", { allow: ["POST", "OPTIONS"] }), { method });
    return this.#answer(exchange, method, form, query);
  }

  refuse(exchange: HttpExchange, refusal: Refusal): Response | Promise<Response> {
    return refusedIn(exchange, formOf(exchange.headers.get("content-type")) ?? plainForm, refusal);
  }

  close(): void {
    this.#streams.close();
  }

  #methodOf(version: HttpVersion | undefined, [name, ...more]: readonly string[]): RpcMethod | undefined {
    if (version === undefined || name === undefined || more.length > 0) return undefined;
    let methods = this.#methods.get(version);
    if (methods === undefined) {
      const { contract } = version;
      ({ methods } = protoOf(contract, version.name, this.#parts.numbersOf(contract)));
      this.#methods.set(version, methods);
    }
    return methods.get(name);
  }

  /** A service or method that does not exist is `unimplemented`, at an address that is not there. */
  async #unknown(exchange: HttpExchange, form: Form): Promise<Response> {
    const response = await refusedIn(exchange, form, refuse("not_implemented"));
    return form.protocol === "connect" ? new Response(response.body, { status: 404, headers: response.headers }) : response;
  }

  #answer(
    exchange: HttpExchange,
    method: RpcMethod,
    form: Form,
    query: URLSearchParams | undefined,
  ): Response | Promise<Response> {
    const { pipeline } = this.#parts;
    const isStream = method.streaming !== "none";
    // A stream has headers before its messages; a single message in Connect has none.
    if (form.protocol !== "grpcWeb" && isStream !== (form.protocol === "connectStream")) {
      const accepted = acceptedTypes.filter((type) => type.startsWith("application/connect+") === isStream);
      return refusedIn(exchange, plainForm, unsupported(accepted), { method });
    }
    const rpc = rpcOf(exchange, method, form, Date.now());
    if ("type" in rpc) return refusedIn(exchange, form, rpc, { method });
    const answer: MaybePromise<Response> =
      method.streaming === "server"
        ? this.#streams.exported(rpc)
        : method.streaming === "both"
          ? this.#streams.items(rpc)
          : answerUnary(pipeline, rpc, query);
    return answer;
  }
}

/** Makes the channel. */
export const createConnect = (parts: ChannelParts): RootChannel => new ConnectChannel(parts);

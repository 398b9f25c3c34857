/**
 * The GraphQL channel: `/{service}/{version}/graphql`.
 *
 *   GET ?query=…, POST { "query": … }         GraphQL over HTTP, September 2026 edition
 *   Accept: text/event-stream                 the same as a stream: subscriptions (GraphQL over SSE, distinct connections)
 *   Upgrade: websocket                        graphql-transport-ws
 *   GET …/graphql/schema.graphql              the schema, for who may ask for it
 *
 * The schema of a version is made from its contract when it is first asked for. Every field that is an operation is a call of the pipeline.
 */
import { OperationTypeNode } from "graphql";
import { andThen } from "../../pipeline/condition.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import { type ChannelParts, type HttpChannel, type HttpExchange, type HttpVersion, unknownAddress } from "../http/index.ts";
import { type Form, formOf, respond } from "./answer.ts";
import { ofRequest } from "./asking.ts";
import { graphqlLimits } from "./limits.ts";
import { type Answer, Performance, type Ready } from "./perform.ts";
import { Problem } from "./problem.ts";
import { type GraphqlRequest, requestOfBody, requestOfQuery } from "./request.ts";
import { Served } from "./served.ts";
import type { Roster } from "../stream/roster.ts";
import type { StreamLimits } from "../stream/limits.ts";
import { openLimits, rosterOf } from "./open-streams.ts";
import { Sockets } from "./sockets.ts";
import { Streams } from "./streams.ts";

const schemaName = "schema.graphql";

const isReady = (value: Ready | Answer): value is Ready => "plan" in value;
const isRefusal = (value: GraphqlRequest | Refusal): value is Refusal => "status" in value;

class GraphqlChannel implements HttpChannel {
  readonly name = "graphql";
  readonly methods = ["GET", "HEAD", "POST"];
  readonly bodyBytesMax = graphqlLimits.bodyBytesMax;
  readonly #parts: ChannelParts;
  readonly #served = new WeakMap<HttpVersion, Served>();
  readonly #roster: Roster;
  readonly #streams: Streams;
  readonly #sockets: Sockets;

  constructor(parts: ChannelParts, limits: StreamLimits) {
    this.#parts = parts;
    this.#roster = rosterOf(parts, limits);
    this.#streams = new Streams(parts, this.#roster, limits);
    this.#sockets = new Sockets(parts, this.#roster, limits);
  }

  handle(exchange: HttpExchange, rest: readonly string[]): Response | Promise<Response> {
    const { version, headers, method } = exchange;
    if (version === undefined) throw new Error("the channel stands below a service version");
    const form = formOf(headers.get("accept"));
    if (rest.length > 0) return this.#document(exchange, version, rest);
    if (headers.get("upgrade")?.toLowerCase() === "websocket") return this.#upgrade(exchange, version);
    const performance = this.#performance(exchange, version, exchange.request.signal);
    if (form === undefined) return this.#respond(exchange, performance.refused(refuse("not_acceptable")), "json");
    if (method === "GET") return this.#answer(exchange, performance, form, () => requestOfQuery(exchange.query));
    return this.#answer(exchange, performance, form, () => requestOfBody(exchange));
  }

  refuse(exchange: HttpExchange, refusal: Refusal): Response | Promise<Response> {
    const { version } = exchange;
    if (version === undefined) throw new Error("the channel stands below a service version");
    const form = formOf(exchange.headers.get("accept"));
    const performance = this.#performance(exchange, version);
    return this.#respond(exchange, performance.refused(refusal), form === "graphql" ? "graphql" : "json");
  }

  close(): Promise<void> {
    return this.#roster.close();
  }

  #respond({ headers }: HttpExchange, answer: Answer, form: Exclude<Form, "events">): Response | Promise<Response> {
    return respond(answer, form, headers.get("accept-encoding"));
  }

  #servedOf(version: HttpVersion): Served {
    let served = this.#served.get(version);
    if (served === undefined) this.#served.set(version, (served = new Served(version.contract, version.name, this.#parts.mode)));
    return served;
  }

  #answer(
    exchange: HttpExchange,
    performance: Performance,
    form: Form,
    read: () => MaybePromise<GraphqlRequest | Refusal>,
  ): Response | Promise<Response> {
    const ready = andThen(reading(read), (request): MaybePromise<Ready | Answer> => {
      if (request instanceof Problem) return performance.problem(request);
      return isRefusal(request)
        ? performance.refused(request)
        : performance.prepare(request, { isSafe: exchange.method === "GET" });
    });
    return andThen(ready, (prepared): MaybePromise<Response> => {
      if (form === "events") return this.#streams.open(exchange, performance.served, prepared);
      if (!isReady(prepared)) return this.#respond(exchange, prepared, form);
      if (prepared.plan.operation === OperationTypeNode.SUBSCRIPTION)
        return this.#respond(
          exchange,
          performance.refused(refuse("not_acceptable", { details: { accepted: ["text/event-stream"] } })),
          form,
        );
      return andThen(performance.execute(prepared), (answer) => this.#respond(exchange, answer, form));
    });
  }

  /** The schema as a document. */
  #document(exchange: HttpExchange, version: HttpVersion, rest: readonly string[]): Response | Promise<Response> {
    const served = this.#servedOf(version);
    const performance = this.#performance(exchange, version);
    if (rest.length > 1 || rest[0] !== schemaName) return this.#respond(exchange, performance.refused(unknownAddress), "json");
    if (exchange.method !== "GET")
      return this.#respond(
        exchange,
        performance.refused(refuse("method_not_allowed", { allow: ["GET", "HEAD", "OPTIONS"] })),
        "json",
      );
    return andThen(performance.run(served.introspection, {}), (result) =>
      result.ok
        ? new Response(served.sdl, { headers: { "Content-Type": "text/plain; charset=utf-8" } })
        : this.#respond(exchange, performance.refused(result.refusal), "json"),
    );
  }

  #performance(exchange: HttpExchange, version: HttpVersion, signal?: AbortSignal): Performance {
    return new Performance(this.#servedOf(version), this.#parts.pipeline, ofRequest(exchange, signal));
  }

  async #upgrade(exchange: HttpExchange, version: HttpVersion): Promise<Response> {
    const opened = await this.#sockets.open(exchange, version, this.#servedOf(version));
    return opened instanceof Response ? opened : this.refuse(exchange, opened);
  }
}

/** What a request was read as; a `Problem` that was thrown is returned. */
const reading = (read: () => MaybePromise<GraphqlRequest | Refusal>): MaybePromise<GraphqlRequest | Refusal | Problem> => {
  const caught = (error: unknown): Problem => {
    if (error instanceof Problem) return error;
    throw error;
  };
  try {
    const request = read();
    return request instanceof Promise ? request.catch(caught) : request;
  } catch (error) {
    return caught(error);
  }
};

/** Makes the channel. `limits` overrides single bounds of connections that stay open. */
export const createGraphql = (parts: ChannelParts, limits: Partial<StreamLimits> = {}): HttpChannel =>
  new GraphqlChannel(parts, { ...openLimits, ...limits });

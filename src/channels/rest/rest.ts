/**
 * The REST channel: from a request to a call of the pipeline, and from its result to a response. See WIRE.md for what clients see.
 *
 *   step      does                                                        may refuse with
 *   open      headers read once: request id, language, preferences        –
 *   locate    host, path, method → endpoint; parameters, format           400 404 405 406 410 414 422
 *   identify  which key, or what is signed; whether it is known is for    400 401 413
 *             the pipeline
 *   perform   body → call → pipeline → answer                             400 413 415, and every refusal of the operation
 *   send      headers, compression                                        –
 *
 * A read by id waits for nothing here: it is answered in the same turn when the pipeline answers in it. Nothing that is sent makes an exception
 * pass `handle`: what is thrown nevertheless is ours, is told to `hooks.onError` and answered as 500 `internal` with the request id.
 */
import type { Contract } from "../../contract/contract.ts";
import { refuse, refusalTypes } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { platformLanguages } from "../../pipeline/messages/index.ts";
import { answerChannel, signedReading } from "./answer-channel.ts";
import { identify, isSigned, LanguageChooser, readSigned, RequestIds } from "../http/index.ts";
import { represent } from "./answer-data.ts";
import { acceptTypes, answerRefusal } from "./answer-refusal.ts";
import type { RestConfig, RestOptions } from "./config.ts";
import type { Address, Endpoint } from "./endpoint.ts";
import type { CallerInfo, Exchange } from "./exchange.ts";
import { ItemAddresses } from "./item-addresses.ts";
import { Jobs } from "./jobs.ts";
import { restLimits } from "./limits.ts";
import { locate } from "./locate.ts";
import type { Located } from "./locate.ts";
import { open } from "./open.ts";
import { perform } from "./perform.ts";
import { answerSealed } from "./sealed.ts";
import { send } from "./send.ts";
import type { Answer } from "./send.ts";
import { serve } from "./served.ts";

const fallbackLanguage = "en";

export interface Rest {
  /** Answers one request; never throws and never rejects. `address`, the caller's as text, may be a getter: a read does not ask for it. */
  handle(request: Request, caller: CallerInfo): Response | Promise<Response>;
}

/** Chooses among the languages that there are messages in. */
export const languagesOf = (contracts: readonly Contract[]): LanguageChooser => {
  const available = new Set([...platformLanguages, ...contracts.flatMap(({ messages }) => Object.keys(messages))]);
  return new LanguageChooser({ available: [...available], fallback: fallbackLanguage });
};

const configOf = (options: RestOptions): RestConfig => {
  const { contracts, pipeline } = options;
  const limits = { ...restLimits, ...options.limits };
  const now = options.now ?? Date.now;
  const languages = options.languages ?? languagesOf(contracts);
  const own = contracts.flatMap(({ operations }) => [...operations.values()].flatMap(({ refusals }) => Object.entries(refusals)));
  return {
    pipeline,
    limits,
    documents: options.documents ?? new Map(),
    places: { served: serve(contracts), languages, baseDomain: options.baseDomain?.toLowerCase() },
    items: options.baseDomain === undefined ? new ItemAddresses() : undefined,
    languages,
    channels: options.channels ?? new Map(),
    rootChannel: options.rootChannel,
    requestIds: options.requestIds ?? new RequestIds(),
    jobs: new Jobs(limits, now),
    hooks: options.hooks ?? {},
    signingKeys: options.signingKeys ?? (() => Promise.resolve([])),
    publicOrigin: options.publicOrigin,
    origins: options.origins,
    now,
    problems: new Map([...own, ...Object.entries(refusalTypes)]),
  };
};

/** Methods of an address, and the types of bodies they take (RFC 5789 section 3.1, RFC 10008 section 3). */
const answerOptions = ({ origins }: RestConfig, { headers: asked }: Exchange, address: Address): Answer => {
  const headers: (readonly [string, string])[] = [["Allow", address.allow.join(", ")]];
  for (const method of ["POST", "PATCH", "QUERY"]) {
    const accepted = acceptTypes[method];
    if (accepted !== undefined && address.endpoints.has(method)) headers.push(accepted);
  }
  const origin = asked.get("origin");
  if (origin !== null && origins !== undefined && asked.has("access-control-request-method"))
    headers.push(...origins.preflight(origin, address.allow));
  return { status: 204, headers };
};

const isRefusal = (value: Located | Refusal): value is Refusal => !("kind" in value);

/** Documents are made elsewhere and kept; the request id is this request's. */
const identified = (answer: Response | Promise<Response>, requestId: string): Response | Promise<Response> => {
  if (answer instanceof Promise) return answer.then((response) => identified(response, requestId));
  answer.headers.set("X-Request-Id", requestId);
  return answer;
};

const bytesMaxOf = ({ limits }: RestConfig, endpoint: Endpoint): number =>
  endpoint.kind === "batch" || ("takesMany" in endpoint && endpoint.takesMany) ? limits.batchBytesMax : limits.bodyBytesMax;

class RestChannel implements Rest {
  readonly #config: RestConfig;

  constructor(config: RestConfig) {
    this.#config = config;
  }

  handle(request: Request, caller: CallerInfo): Response | Promise<Response> {
    const { exchange, hasTarget } = open(this.#config, request, caller);
    try {
      const response = this.#answer(exchange, hasTarget);
      return this.#readable(exchange, response instanceof Promise ? this.#settled(exchange, response) : response);
    } catch (error) {
      return this.#readable(exchange, this.#failed(exchange, error));
    }
  }

  /**
   * A page learns why it was refused also where no tenant's policies were asked, since nobody was known to be calling: such a refusal tells of the request
   * alone. What was judged for a caller is as his tenant's policies have it.
   */
  #readable(exchange: Exchange, answer: Response | Promise<Response>): Response | Promise<Response> {
    const { origins } = this.#config;
    const origin = exchange.headers.get("origin");
    if (origin === null || origins === undefined) return answer;
    if (answer instanceof Promise) return answer.then((response) => this.#readable(exchange, response));
    const { caller, cors } = exchange.findings;
    if (answer.status >= 400 && caller === undefined && cors === undefined)
      for (const [name, value] of origins.refusal(origin)) answer.headers.set(name, value);
    return answer;
  }

  #answer(exchange: Exchange, hasTarget: boolean): Response | Promise<Response> {
    const located = locate(this.#config, exchange, hasTarget);
    if (isRefusal(located)) {
      // A key that stood in an address is known to others: that is told of like wrong credentials.
      if (located.type === "credential_in_address") return this.#refused(exchange, undefined, located);
      return this.#send(exchange, answerRefusal(exchange, located));
    }
    switch (located.kind) {
      case "document":
        return identified(located.handler(exchange.request), exchange.requestId);
      case "options":
        return this.#send(exchange, answerOptions(this.#config, exchange, located.address));
      case "problem":
        return this.#send(exchange, { status: 200, ...represent(exchange, located.problem), isRead: true });
      case "channel":
        return answerChannel(this.#config, exchange, located);
      case "endpoint": {
        const refusal = identify(exchange);
        if (refusal !== undefined) return this.#refused(exchange, located.endpoint, refusal);
        return isSigned(exchange.headers) ? this.#answerSigned(exchange, located) : this.#answerEndpoint(exchange, located);
      }
    }
  }

  async #answerSigned(exchange: Exchange, located: Extract<Located, { kind: "endpoint" }>): Promise<Response> {
    const refusal = await readSigned(exchange, signedReading(this.#config, bytesMaxOf(this.#config, located.endpoint)));
    if (refusal !== undefined) return this.#refused(exchange, located.endpoint, refusal);
    return this.#answerEndpoint(exchange, located);
  }

  #answerEndpoint(exchange: Exchange, located: Extract<Located, { kind: "endpoint" }>): Response | Promise<Response> {
    const { endpoint } = located;
    if (endpoint.kind === "sealed") return this.#answerSealed(exchange, endpoint);
    const answer = perform(this.#config, exchange, endpoint, located);
    return answer instanceof Promise ? this.#sendLater(exchange, answer) : this.#send(exchange, answer);
  }

  async #answerSealed(exchange: Exchange, endpoint: Endpoint): Promise<Response> {
    const answer = await answerSealed(this.#config, exchange);
    return "type" in answer ? this.#refused(exchange, endpoint, answer) : this.#send(exchange, answer);
  }

  #refused(exchange: Exchange, endpoint: Endpoint | undefined, refusal: Refusal): Response | Promise<Response> {
    const { requestId, caller, tenant = null } = exchange;
    const operation =
      endpoint !== undefined && "operation" in endpoint ? `${endpoint.operation.service}.${endpoint.operation.name}` : null;
    this.#config.hooks.onRefused?.(refusal, { requestId, operation, address: caller.address, tenant });
    return this.#send(exchange, answerRefusal(exchange, refusal));
  }

  #send(exchange: Exchange, answer: Answer): Response | Promise<Response> {
    return send(exchange, answer, this.#config.limits);
  }

  async #sendLater(exchange: Exchange, answer: Promise<Answer>): Promise<Response> {
    return this.#send(exchange, await answer);
  }

  async #settled(exchange: Exchange, response: Promise<Response>): Promise<Response> {
    try {
      return await response;
    } catch (error) {
      return this.#failed(exchange, error);
    }
  }

  #failed(exchange: Exchange, error: unknown): Response | Promise<Response> {
    const { requestId, method, path } = exchange;
    this.#config.hooks.onError?.(error, { requestId, method, path });
    return this.#send(exchange, answerRefusal(exchange, refuse("internal")));
  }
}

/** Compiles the addresses of all contracts and makes the channel. Throws `Error` when two contracts have the same service. */
export const createRest = (options: RestOptions): Rest => new RestChannel(configOf(options));

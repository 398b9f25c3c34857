/**
 * The channel for agents, `/{service}/{version}/mcp`: the Model Context Protocol over Streamable HTTP, without sessions. One request, one message, one answer.
 *
 *   revision     begins with            methods
 *   2026-07-28   any request            server/discover, tools/list, tools/call, subscriptions/listen
 *   2025-11-25   initialize             initialize, ping, tools/list, tools/call
 *
 * A tool is an operation; every call of one is a call of the pipeline. What a model can do something about is the result of a tool, `isError`; what the client
 * has to do otherwise is an error of the protocol.
 */
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { Telling } from "../../pipeline/told.ts";
import {
  type ChannelParts,
  contentOf,
  FormatError,
  type HttpChannel,
  type HttpExchange,
  type HttpVersion,
  refusalOfFormat,
  unknownAddress,
} from "../http/index.ts";
import { compress } from "../rest/compress.ts";
import { parseJson } from "../rest/formats/json.ts";
import { faultOf, resultBase, toolResult } from "./answer.ts";
import { challenge, resourcePath } from "./challenge.ts";
import { callerText, Confirmations } from "./confirmation.ts";
import { eventResponse } from "./events.ts";
import { mcpLimits, type McpLimits } from "./limits.ts";
import { isWelcome } from "./origins.ts";
import {
  acceptedResponse,
  type Fault,
  faultResponse,
  isObject,
  jsonResponse,
  type JsonObject,
  legacyVersions,
  type Message,
  messageOf,
  metaKeys,
  newestLegacy,
  type Request,
  resultResponse,
  resultText,
  rpcCodes,
  supportedVersions,
} from "./protocol.ts";
import { Questions, Sessions } from "./questions.ts";
import { type Revision, revisionOf } from "./revision.ts";
import { type Catalogue, catalogueOf } from "./tool.ts";
import { type Asking, ToolCall, type ToolOutcome, type ToolRequest } from "./tool-call.ts";
import { Who } from "./who.ts";

/** Name of the channel, and last segment of its address. */
const name = "mcp";
const mediaType = /^application\/json *(?:;|$)/i;
/** Lists of tools are long and alike. */
const compressBytesMin = 4_096;
const sessionHeader = "mcp-session-id";

/** Whether answers as JSON are taken (RFC 9110 section 12.5.1); their quality does not matter. */
const acceptsJson = (accept: string | null): boolean =>
  accept === null || accept.split(",").some((range) => /^ *(?:application\/json|application\/\*|\*\/\*) *(?:;|$)/i.test(range));

const isFault = (value: object): value is Fault => "code" in value && "status" in value;

const invalidParams = (message: string): Fault => ({ status: 200, code: rpcCodes.invalidParams, message });

/** Whether a client can show forms (2026-07-28, client/elicitation "Capabilities"): an empty object says so too. */
const showsForms = (capabilities: unknown): boolean => {
  const elicitation = isObject(capabilities) ? capabilities["elicitation"] : undefined;
  return isObject(elicitation) && (elicitation["form"] !== undefined || elicitation["url"] === undefined);
};

class McpChannel implements HttpChannel {
  readonly name = name;
  readonly methods = ["POST"];
  readonly bodyBytesMax: number;
  readonly #parts: ChannelParts;
  readonly #limits: McpLimits;
  readonly #catalogues = new WeakMap<HttpVersion, Catalogue>();
  readonly #confirmations: Confirmations;
  readonly #sessions: Sessions;
  readonly #questions: Questions;
  readonly #who: Who;

  constructor(parts: ChannelParts, limits: McpLimits) {
    this.#parts = parts;
    this.#limits = limits;
    this.bodyBytesMax = limits.bodyBytesMax;
    const secret = parts.secretOf("mcp confirmations");
    this.#confirmations = new Confirmations(secret, { now: () => parts.now(), holdsMs: limits.confirmMs });
    this.#sessions = new Sessions(parts.secretOf("mcp sessions"));
    this.#questions = new Questions(limits);
    this.#who = new Who(parts.pipeline);
  }

  async handle(exchange: HttpExchange, rest: readonly string[]): Promise<Response> {
    const { version, headers } = exchange;
    if (version === undefined || rest.length > 0) return this.refuse(exchange, unknownAddress);
    if (!isWelcome(exchange, (origin) => this.#parts.allowsOrigin(origin)))
      return this.refuse(
        exchange,
        refuse("forbidden", { details: { header: "Origin", explanation: "Pages of this origin may not call." } }),
      );
    if (!mediaType.test(headers.get("content-type") ?? "")) return this.refuse(exchange, refuse("unsupported_media_type"));
    if (!acceptsJson(headers.get("accept"))) return this.refuse(exchange, refuse("not_acceptable"));
    const content = await contentOf(exchange, this.#limits.bodyBytesMax);
    if (!(content instanceof Uint8Array)) return this.refuse(exchange, content);
    const { bodyBytesMax, depthMax, nodesMax } = this.#limits;
    const body = parseJson(content, { bytesMax: bodyBytesMax, depthMax, nodesMax });
    if (body instanceof FormatError) return this.refuse(exchange, refusalOfFormat(body));
    const message = messageOf(body, this.#limits);
    if (isFault(message)) return faultResponse(message, message.id);
    const revision = revisionOf(headers, message);
    if (isFault(revision)) return faultResponse(revision, message.kind === "request" ? message.id : undefined);
    const { credentials } = exchange;
    // A token that is for this address alone counts here.
    if (credentials.kind === "token") exchange.credentials = { ...credentials, resource: resourcePath(exchange) };
    try {
      return await this.#answer(exchange, version, message, revision);
    } catch (error) {
      this.#parts.onError(error, { requestId: exchange.requestId, channel: name });
      return this.refuse(exchange, refuse("internal"));
    }
  }

  refuse(exchange: HttpExchange, refusal: Refusal): Response {
    return this.#refused(exchange, refusal);
  }

  close(): void {
    this.#questions.close();
  }

  #refused(exchange: HttpExchange, refusal: Refusal, id?: Request["id"]): Response {
    const response = faultResponse(faultOf(refusal, this.#telling(exchange)), id);
    const challenged = challenge(exchange, refusal);
    if (challenged !== undefined) response.headers.set("WWW-Authenticate", challenged);
    if (refusal.retryAfter !== undefined) response.headers.set("Retry-After", String(Math.ceil(refusal.retryAfter)));
    return response;
  }

  #telling({ locale, requestId, version }: HttpExchange): Telling {
    return { locale, requestId, messages: version?.contract.messages, resource: undefined };
  }

  #catalogueOf(version: HttpVersion): Catalogue {
    let catalogue = this.#catalogues.get(version);
    if (catalogue === undefined) this.#catalogues.set(version, (catalogue = catalogueOf(version)));
    return catalogue;
  }

  async #answer(exchange: HttpExchange, version: HttpVersion, message: Message, revision: Revision): Promise<Response> {
    const catalogue = this.#catalogueOf(version);
    const session = revision.isModern ? null : exchange.headers.get(sessionHeader);
    if (session !== null && !this.#sessions.isGood(session))
      return faultResponse({ status: 404, code: rpcCodes.invalidRequest, message: "There is no such session." });
    if (message.kind === "request" && message.method === "tools/call") return this.#call(exchange, catalogue, message, revision);
    if (message.kind === "request" && message.method === "tools/list") return this.#list(exchange, catalogue, message, revision);
    if (message.kind === "response") return this.#replied(exchange, catalogue, message);
    const refusal = await this.#who.refused(exchange, catalogue);
    if (refusal !== undefined) return this.#refused(exchange, refusal, message.kind === "request" ? message.id : undefined);
    if (message.kind === "notification") return acceptedResponse();
    return revision.isModern ? this.#modern(catalogue, message) : this.#legacy(catalogue, message);
  }

  /** What the revision without a handshake has beside tools. */
  #modern(catalogue: Catalogue, { id, method }: Request): Response {
    const base = resultBase(true, catalogue);
    if (method === "server/discover") {
      const { instructions } = catalogue;
      const discovered = {
        ...base,
        supportedVersions,
        capabilities: { tools: {} },
        instructions,
        ttlMs: this.#limits.discoverTtlMs,
        cacheScope: "public",
      };
      return resultResponse(id, JSON.stringify(discovered));
    }
    if (method === "subscriptions/listen") return this.#listen(id, base);
    return unknownMethod(id, method, 404);
  }

  /** There is nothing to subscribe to: that is acknowledged, and the stream ends (2026-07-28, patterns/subscriptions "Graceful Closure"). */
  #listen(id: Request["id"], base: JsonObject): Response {
    const meta = { [metaKeys.subscription]: id };
    const acknowledged = {
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { _meta: meta, notifications: {} },
    };
    const last = JSON.stringify({ ...base, _meta: { ...(base["_meta"] as JsonObject), ...meta } });
    return eventResponse({
      first: [JSON.stringify(acknowledged)],
      last: Promise.resolve(resultText(id, last)),
      heartbeatMs: this.#limits.heartbeatMs,
    });
  }

  #legacy(catalogue: Catalogue, { id, method, params }: Request): Response {
    if (method === "ping") return resultResponse(id, "{}");
    if (method !== "initialize") return unknownMethod(id, method, 200);
    const { protocolVersion, capabilities } = params;
    if (typeof protocolVersion !== "string")
      return faultResponse(invalidParams("`protocolVersion` is missing: the revision that the client speaks."), id);
    const { server, instructions } = catalogue;
    const initialized = {
      protocolVersion: legacyVersions.includes(protocolVersion) ? protocolVersion : newestLegacy,
      capabilities: { tools: {} },
      serverInfo: server,
      instructions,
    };
    const response = resultResponse(id, JSON.stringify(initialized));
    // Only who can be asked needs to be known again.
    if (showsForms(capabilities)) response.headers.set(sessionHeader, this.#sessions.make());
    return response;
  }

  async #list(exchange: HttpExchange, catalogue: Catalogue, { id, params }: Request, { isModern }: Revision): Promise<Response> {
    const { cursor } = params;
    const from = cursor === undefined || cursor === null ? 0 : positionOf(cursor);
    if (from === undefined || from > catalogue.tools.length)
      return faultResponse(invalidParams("The cursor is none of this list."), id);
    const tools = await this.#who.tools(exchange, catalogue);
    if ("type" in tools) return this.#refused(exchange, tools, id);
    const to = from + this.#limits.toolsPerPage;
    const page = tools.slice(from, to).map(({ text }) => text);
    const more = {
      ...resultBase(isModern, catalogue),
      ...(to < tools.length ? { nextCursor: cursorOf(to) } : {}),
      ...(isModern ? { ttlMs: this.#limits.toolsTtlMs, cacheScope: "private" } : {}),
    };
    const rest = JSON.stringify(more).slice(1);
    const text = resultText(id, `{"tools":[${page.join()}]${rest === "}" ? "" : ","}${rest}`);
    const compressed = compress(text, { acceptEncoding: exchange.headers.get("accept-encoding"), bytesMin: compressBytesMin });
    if (compressed === undefined) return jsonResponse(text);
    const response = jsonResponse(await compressed.bytes);
    response.headers.set("Content-Encoding", compressed.coding);
    return response;
  }

  async #call(exchange: HttpExchange, catalogue: Catalogue, message: Request, revision: Revision): Promise<Response> {
    const { id, params } = message;
    const { isModern } = revision;
    const { name: toolName, arguments: given = {} } = params;
    const tool = typeof toolName === "string" ? catalogue.byName.get(toolName) : undefined;
    if (tool === undefined || !isObject(given)) {
      const refusal = await this.#who.refused(exchange, catalogue);
      if (refusal !== undefined) return this.#refused(exchange, refusal, id);
      const flaw =
        tool === undefined
          ? `Unknown tool: ${typeof toolName === "string" ? toolName.slice(0, 128) : "its name is no text"}`
          : "`arguments` is no object.";
      return faultResponse(invalidParams(flaw), id);
    }
    const asking: Asking = isModern
      ? showsForms(capabilitiesOf(params))
        ? "form"
        : "token"
      : exchange.headers.has(sessionHeader)
        ? "stream"
        : "token";
    const request = requestOf(params, given, asking);
    if (isFault(request)) return faultResponse(request, id);
    const { pipeline } = this.#parts;
    const parts = {
      pipeline,
      confirmations: this.#confirmations,
      questions: this.#questions,
      limits: this.#limits,
      now: () => this.#parts.now(),
    };
    const outcome = await new ToolCall(parts, exchange, tool).run(request);
    return this.#told(exchange, catalogue, { id, isModern }, outcome);
  }

  #told(
    exchange: HttpExchange,
    catalogue: Catalogue,
    { id, isModern }: { readonly id: Request["id"]; readonly isModern: boolean },
    outcome: ToolOutcome,
  ): Response {
    const base = resultBase(isModern, catalogue);
    switch (outcome.kind) {
      case "refused":
        return this.#refused(exchange, outcome.refusal, id);
      case "content": {
        const response = resultResponse(id, toolResult(outcome.content, base));
        const { error } = outcome.content.structured as { readonly error?: { readonly retryAfter?: number } };
        if (error?.retryAfter !== undefined) response.headers.set("Retry-After", String(error.retryAfter));
        return response;
      }
      case "input": {
        const { state, question } = outcome;
        const inputRequests = { agree: { method: "elicitation/create", params: question } };
        return resultResponse(id, JSON.stringify({ ...base, resultType: "input_required", inputRequests, requestState: state }));
      }
      case "badState":
        return faultResponse(invalidParams("`requestState` is over, or of another call."), id);
      case "question":
        return this.#question(exchange, { id, base }, outcome);
    }
  }

  /** The question goes out, and what came of it ends the answer. */
  #question(
    exchange: HttpExchange,
    { id, base }: { readonly id: Request["id"]; readonly base: JsonObject },
    { id: questionId, question, outcome }: Extract<ToolOutcome, { kind: "question" }>,
  ): Response {
    exchange.caller.keepOpen?.();
    const answer = (made: ToolOutcome): string => {
      if (made.kind === "content") return resultText(id, toolResult(made.content, base));
      const refusal = made.kind === "refused" ? made.refusal : refuse("internal");
      const { code, message, data } = faultOf(refusal, this.#telling(exchange));
      return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, data } });
    };
    const last = outcome.then(answer, (error: unknown) => {
      this.#parts.onError(error, { requestId: exchange.requestId, channel: name });
      return answer({ kind: "refused", refusal: refuse("internal") });
    });
    const asked = { jsonrpc: "2.0", id: questionId, method: "elicitation/create", params: question };
    return eventResponse({ first: [JSON.stringify(asked)], last, heartbeatMs: this.#limits.heartbeatMs });
  }

  /** An answer to a question. */
  async #replied(
    exchange: HttpExchange,
    catalogue: Catalogue,
    { id, result }: Extract<Message, { kind: "response" }>,
  ): Promise<Response> {
    const operation = this.#questions.operationOf(id);
    const caller = await this.#who.caller(exchange, operation ?? catalogue.contract.events);
    if ("status" in caller && (caller.status !== 403 || operation !== undefined)) return this.#refused(exchange, caller);
    if (!("status" in caller) && this.#questions.answer(id, callerText(caller), result)) return acceptedResponse();
    return faultResponse({ status: 400, code: rpcCodes.invalidRequest, message: "Nothing was asked under this id." });
  }
}

const unknownMethod = (id: Request["id"], method: string, status: number): Response =>
  faultResponse({ status, code: rpcCodes.methodNotFound, message: `Method not found: ${method.slice(0, 128)}` }, id);

const capabilitiesOf = (params: JsonObject): unknown => {
  const meta = params["_meta"];
  return isObject(meta) ? meta[metaKeys.capabilities] : undefined;
};

const stateLengthMax = 256;

const requestOf = (params: JsonObject, given: JsonObject, asking: Asking): ToolRequest | Fault => {
  const { requestState, inputResponses } = params;
  if (requestState === undefined && inputResponses === undefined) return { given, asking };
  if (typeof requestState !== "string" || requestState.length > stateLengthMax)
    return invalidParams("`requestState` is missing, or none of ours.");
  if (inputResponses !== undefined && !isObject(inputResponses)) return invalidParams("`inputResponses` is no object.");
  const answer = inputResponses?.["agree"];
  return { given, asking, retry: { state: requestState, answer: isObject(answer) ? answer : undefined } };
};

/** A cursor says how many tools go before. It is opaque to clients, and nothing is to be had by making one up. */
const cursorOf = (position: number): string => Buffer.from(`after ${position}`).toString("base64url");

const positionOf = (cursor: unknown): number | undefined => {
  if (typeof cursor !== "string" || cursor.length > 64) return undefined;
  const [, digits] = /^after (\d{1,6})$/.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

/** Makes the channel. */
export const createMcp = (parts: ChannelParts, limits: McpLimits = mcpLimits): HttpChannel => new McpChannel(parts, limits);

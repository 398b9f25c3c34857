/**
 * The stream channel, `/{service}/{version}/stream`: events as they are committed, by Server-Sent Events or over a WebSocket, and calls over a WebSocket.
 *
 *   GET                          events of the types and with the fields that the query asks for; see event-stream.ts
 *   GET with Upgrade: websocket  subprotocol `pons.v1`, or none; see connection.ts and message.ts
 *
 * A WebSocket's credentials are those of the request that opens it, or come with its first message. Refusals before it is open are answers of HTTP.
 */
import { invalid, type Refusal, refuse } from "../../pipeline/refusal.ts";
import {
  type ChannelParts,
  type HttpChannel,
  type HttpExchange,
  type HttpVersion,
  unknownAddress,
  upgraded,
} from "../http/index.ts";
import { knownCaller } from "./authenticate.ts";
import { Connection, type Shared } from "./connection.ts";
import { refusalMembers, type Telling } from "./envelope.ts";
import { readEventParameters } from "./event-query.ts";
import { EventStream } from "./event-stream.ts";
import { type StreamLimits, streamLimits } from "./limits.ts";
import { originOf, refusedOrigin } from "./origins.ts";
import { Roster } from "./roster.ts";
import { Seat } from "./seat.ts";

/** Name of the channel, and last segment of its address. */
const name = "stream";
/** The subprotocol (RFC 6455 section 1.9). */
export const subprotocol = "pons.v1";

const isWebSocket = ({ headers }: HttpExchange): boolean => headers.get("upgrade")?.toLowerCase() === "websocket";

/** Whether a reader of event streams takes what there is (RFC 9110 section 12.5.1); the quality of what is taken does not matter. */
const acceptsEvents = (accept: string | null): boolean =>
  accept === null ||
  accept.split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return ["text/event-stream", "text/*", "*/*"].includes(type) && !parameters.some((part) => /^q=0(?:\.0*)?$/.test(part));
  });

const headersOf = (refusal: Refusal): Record<string, string> => {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (refusal.retryAfter !== undefined) headers["Retry-After"] = String(Math.ceil(refusal.retryAfter));
  return headers;
};

class StreamChannel implements HttpChannel {
  readonly name = name;
  readonly methods = ["GET"];
  readonly bodyBytesMax = 0;
  readonly #parts: ChannelParts;
  readonly #shared: Shared;
  readonly #roster: Roster;

  constructor(parts: ChannelParts, limits: StreamLimits) {
    this.#parts = parts;
    this.#roster = new Roster({
      limits,
      ask: (question) => parts.pipeline.identify(question),
      onError: (error) => parts.onError(error, { requestId: "", channel: name }),
    });
    this.#shared = { parts, limits, roster: this.#roster };
  }

  handle(exchange: HttpExchange, rest: readonly string[]): Response | Promise<Response> {
    const { version } = exchange;
    if (version === undefined || rest.length > 0) return this.refuse(exchange, unknownAddress);
    const opened = isWebSocket(exchange) ? this.#upgrade(exchange, version) : this.#events(exchange, version);
    return opened.then((answer) => (answer instanceof Response ? answer : this.refuse(exchange, answer)));
  }

  refuse(exchange: HttpExchange, refusal: Refusal): Response {
    const { status: _, retryAfter: _retryAfter, ...envelope } = refusalMembers(refusal, this.#telling(exchange));
    return new Response(JSON.stringify(envelope), { status: refusal.status, headers: headersOf(refusal) });
  }

  close(): Promise<void> {
    return this.#roster.close();
  }

  #telling({ locale, requestId, version }: HttpExchange): Telling {
    return { locale, requestId, messages: version?.contract.messages };
  }

  #seat(exchange: HttpExchange, version: HttpVersion): Seat {
    const url = URL.parse(exchange.path, exchange.publicOrigin ?? exchange.request.url);
    return new Seat(exchange, version, url?.href ?? exchange.path);
  }

  async #upgrade(exchange: HttpExchange, version: HttpVersion): Promise<Response | Refusal> {
    const { caller, headers } = exchange;
    if (caller.upgrade === undefined)
      return refuse("not_implemented", { details: { explanation: "There are no WebSockets here." } });
    const offered = headers
      .get("sec-websocket-protocol")
      ?.split(",")
      .map((one) => one.trim());
    if (offered?.includes(subprotocol) === false)
      return refuse("invalid_header", { details: { header: "Sec-WebSocket-Protocol", supported: subprotocol } });
    const refusal = refusedOrigin(exchange, (origin) => this.#parts.allowsOrigin(origin));
    if (refusal !== undefined) return refusal;
    const seat = this.#seat(exchange, version);
    const barred = (seat.isKnown ? await knownCaller(seat, this.#parts.pipeline) : undefined) ?? this.#roster.admits(seat);
    if (barred !== undefined) return barred;
    const connection = new Connection(seat, this.#shared, { isForeign: originOf(exchange) === "foreign" });
    this.#roster.enter(connection);
    const isOpen = caller.upgrade(
      connection,
      offered === undefined ? {} : { headers: { "Sec-WebSocket-Protocol": subprotocol } },
    );
    if (isOpen) return upgraded;
    this.#roster.leave(connection);
    return refuse("invalid_request", { details: { explanation: "This is no handshake of a WebSocket (RFC 6455 section 4.1)." } });
  }

  async #events(exchange: HttpExchange, version: HttpVersion): Promise<Response | Refusal> {
    const { limits } = this.#shared;
    const { headers, requestId, request } = exchange;
    if (!acceptsEvents(headers.get("accept"))) return refuse("not_acceptable");
    const asked = readEventParameters(exchange.query, headers.get("last-event-id"), { service: version.service, limits });
    if (!("query" in asked)) return asked;
    if (asked.language !== undefined) {
      const language = this.#parts.languages.lookup(asked.language);
      if (language === undefined) return invalid({ language: [{ code: "bad_format", params: { format: "language" } }] });
      exchange.locale = language;
    }
    const seat = this.#seat(exchange, version);
    const full = this.#roster.admits(seat);
    if (full !== undefined) return full;
    const onError = (error: unknown): void => this.#parts.onError(error, { requestId, channel: name });
    const stream = new EventStream({
      seat,
      limits,
      roster: this.#roster,
      telling: this.#telling(exchange),
      origin: this.#parts.publicOrigin ?? "",
      onError,
      keepOpen: exchange.caller.keepOpen?.bind(exchange.caller),
    });
    this.#roster.enter(stream);
    request.signal.addEventListener("abort", () => stream.stop(), { once: true });
    const { findings, locale } = exchange;
    const { signal } = stream.controller;
    const call = seat.callOf(version.contract.events, {}, { requestId, locale, findings, signal });
    const opened = await this.#parts.pipeline.subscribe(call, asked.query);
    if (!opened.ok) {
      stream.stop();
      return opened.refusal;
    }
    return new Response(stream.body(opened), {
      headers: {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store, no-transform",
        // What nginx and others would otherwise gather before they hand it on.
        "X-Accel-Buffering": "no",
      },
    });
  }
}

/** Makes the channel. `limits` overrides single bounds. */
export const createStream = (parts: ChannelParts, limits: Partial<StreamLimits> = {}): HttpChannel =>
  new StreamChannel(parts, { ...streamLimits, ...limits });

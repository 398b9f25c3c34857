/**
 * The SOAP channel: from a message to a call of the pipeline, and from its result to a message.
 *
 *   step      does                                                                 may fault with
 *   type      Content-Type, SOAPAction → version, charset                          415
 *   probe     no credentials, and none in the message: who asks is told how        401 with WWW-Authenticate, at no cost
 *   parse     bytes → tree with namespaces → envelope                              400, 413, 415, VersionMismatch
 *   headers   header blocks: ours, UsernameToken, what must be understood          MustUnderstand, wsse:…, 400
 *   method    the body's element → operation; its elements → input                 404, and with the gate's word 400, 422
 *   run       pipeline → answer or fault                                           every refusal of the operation
 *
 * The body's element alone says which operation is meant; a SOAPAction that names another is refused, since something on the way may have judged by it.
 */
import { entityTag } from "../../pipeline/entity-tag.ts";
import type { Call, Result } from "../../pipeline/call.ts";
import { refuse, type Refusal } from "../../pipeline/refusal.ts";
import { tell, type ToldRefusal } from "../../pipeline/told.ts";
import {
  actingOf,
  callOf,
  type ChannelParts,
  conditionsOf,
  contentOf,
  type HttpChannel,
  type HttpExchange,
  unknownAddress,
} from "../http/index.ts";
import { type MessageType, messageTypeOf, versionAsked } from "./content-type.ts";
import { describe } from "./describe.ts";
import { envelopeOf } from "./envelope.ts";
import { type Fault, faultText, isFault, statusOf } from "./fault.ts";
import { type ReadBlocks, readBlocks } from "./header-blocks.ts";
import { inputOf, isInput } from "./input.ts";
import { soapLimits } from "./limits.ts";
import type { SoapVersion } from "./namespaces.ts";
import { isUnreadable, readRequest } from "./read.ts";
import { credentialsIn } from "./security.ts";
import { packed } from "./packed.ts";
import { type ServedInterface, type ServedMethod, servedOf } from "./service.ts";
import { inUnitsOf, pathInMessage } from "./told-issues.ts";
import { isNode, parseMessage, type XmlNode } from "./xml.ts";

const contentTypes: Readonly<Record<SoapVersion, string>> = {
  "1.1": "text/xml; charset=utf-8",
  "1.2": "application/soap+xml; charset=utf-8",
};

/** Clients of SOAP know Basic, and look for nothing else. */
const challenge = 'Basic realm="pons", charset="UTF-8"';

/** Answers with a row as it is now: a change may follow under its tag. */
const answersRow: ReadonlySet<string> = new Set(["get", "create", "update", "replace"]);

/** One request, as far as it was understood. */
interface Asked {
  readonly version: SoapVersion;
  readonly served: ServedInterface;
  readonly method?: ServedMethod;
  /** Credentials came in the message, not in a header of HTTP. */
  readonly isInMessage?: boolean;
}

const invalidHeader = (header: string, explanation: string): Refusal =>
  refuse("invalid_header", { details: { header, explanation } });

class SoapChannel implements HttpChannel {
  readonly name = "soap";
  readonly methods = ["GET", "HEAD", "POST"] as const;
  readonly bodyBytesMax = soapLimits.bodyBytesMax;
  readonly #parts: ChannelParts;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
  }

  handle(exchange: HttpExchange, rest: readonly string[]): Response | Promise<Response> {
    const { version } = exchange;
    if (version === undefined || rest.length > 0) return this.refuse(exchange, unknownAddress);
    if (exchange.method !== "GET") return this.#answer(exchange, servedOf(version));
    try {
      return describe(exchange, servedOf(version)) ?? this.refuse(exchange, unknownAddress);
    } catch (error) {
      return this.#failed(exchange, error);
    }
  }

  refuse(exchange: HttpExchange, refusal: Refusal): Response {
    const version = versionAsked(exchange.headers);
    const served = exchange.version === undefined ? undefined : servedOf(exchange.version);
    return this.#fault(exchange, { version, served }, { refusal }, { isRequest: true });
  }

  #failed(exchange: HttpExchange, error: unknown): Response {
    this.#parts.onError(error, { requestId: exchange.requestId, channel: this.name });
    return this.refuse(exchange, refuse("internal"));
  }

  async #answer(exchange: HttpExchange, served: ServedInterface): Promise<Response> {
    try {
      return await this.#asked(exchange, served);
    } catch (error) {
      return this.#failed(exchange, error);
    }
  }

  async #asked(exchange: HttpExchange, served: ServedInterface): Promise<Response> {
    const type = messageTypeOf(exchange.headers);
    if (type === undefined) {
      const explanation = "SOAP comes as text/xml (1.1) or application/soap+xml (1.2).";
      return this.refuse(exchange, refuse("unsupported_media_type", { details: { explanation } }));
    }
    const asked: Asked = { version: type.version, served };
    const content = await contentOf(exchange, soapLimits.bodyBytesMax);
    if (!(content instanceof Uint8Array)) return this.#fault(exchange, asked, { refusal: content });
    // Clients ask without credentials first, to be told how to show them: that is no call, and none that failed.
    if (exchange.credentials.kind === "none" && !served.isOpen && !mayHoldToken(content))
      return this.#fault(exchange, asked, { refusal: refuse("unauthenticated") });
    const root = parseMessage(content, type.charset);
    if (!isNode(root)) return this.#fault(exchange, asked, { refusal: root });
    const envelope = envelopeOf(root, type.version);
    if (isFault(envelope)) return this.#fault(exchange, asked, envelope);
    const blocks = readBlocks(envelope);
    if (isFault(blocks)) return this.#fault(exchange, asked, blocks);
    const isInMessage = this.#identify(exchange, served, blocks);
    if (typeof isInMessage === "object") return this.#fault(exchange, asked, isInMessage);
    return this.#run(exchange, { ...asked, isInMessage }, { type, blocks, request: envelope.request });
  }

  /** Puts what the header blocks say of the caller into the exchange; whether they have credentials. */
  #identify(exchange: HttpExchange, served: ServedInterface, { given, security }: ReadBlocks): boolean | Fault {
    const language = exchange.headers.has("accept-language") ? undefined : given.get("accept-language");
    if (language !== undefined) exchange.locale = this.#parts.languages.lookup(language) ?? exchange.locale;
    if (given.has("pons-tenant") || given.has("pons-act-for")) {
      const headers = new Headers();
      for (const name of ["pons-tenant", "pons-act-for", "pons-reason"]) {
        const value = exchange.headers.get(name) ?? given.get(name);
        if (value !== undefined) headers.set(name, value);
      }
      const acting = actingOf(headers);
      if ("status" in acting) return { refusal: acting };
      exchange.tenant = acting.tenant;
      exchange.actFor = acting.actFor;
    }
    if (security === undefined) return false;
    const { mode, now } = this.#parts;
    const credentials = credentialsIn(security, exchange, { passwords: served.made.passwords, mode, nowMs: now() });
    if (credentials === undefined) return false;
    if (isFault(credentials)) return credentials;
    const { kind } = exchange.credentials;
    // What a browser or the connection adds by itself does not count beside it.
    if (kind !== "none" && kind !== "session" && kind !== "certificate")
      return {
        refusal: invalidHeader("Security", "Credentials stand in a header and in the message."),
        code: { of: "wsse", name: "InvalidSecurity" },
      };
    exchange.credentials = credentials;
    exchange.host = undefined;
    return true;
  }

  /** The request's element → operation → call. */
  #run(
    exchange: HttpExchange,
    asked: Asked,
    { type, blocks, request }: { readonly type: MessageType; readonly blocks: ReadBlocks; readonly request: XmlNode },
  ): Response | Promise<Response> {
    const { served } = asked;
    const found = request.namespace === served.made.namespace ? served.method(request.name) : undefined;
    if (found === undefined) {
      const explanation = `There is no operation {${request.namespace}}${request.name}`.slice(0, soapLimits.nameLengthMax);
      return this.#fault(exchange, asked, { refusal: refuse("not_found", { details: { explanation } }) });
    }
    const { method } = found;
    const known = { ...asked, method: found };
    const named = type.action === "" ? undefined : served.actions.get(type.action);
    if (named !== undefined && named !== method.name)
      return this.#fault(exchange, known, { refusal: invalidHeader("SOAPAction", `The action is that of ${named}.`) });
    // Some operation is open to all, but not this one: the probe is a probe here as well.
    if (exchange.credentials.kind === "none" && !method.operation.roles.has("anyone"))
      return this.#fault(exchange, known, { refusal: refuse("unauthenticated") });
    const { pipeline } = this.#parts;
    const call = this.#call(exchange, known.method, blocks, request);
    const result: Result | Promise<Result> =
      "refusal" in call
        ? Promise.resolve(pipeline.decline(call.call, call.refusal)).then((refusal) => ({ ok: false, refusal }) as const)
        : pipeline.run(call);
    return result instanceof Promise
      ? result.then((one) => this.#told(exchange, known, one))
      : this.#told(exchange, known, result);
  }

  /** The call, or the call as far as it goes with what is wrong with it. */
  #call(
    exchange: HttpExchange,
    { method }: ServedMethod,
    { given }: ReadBlocks,
    request: XmlNode,
  ): Call | { readonly call: Call; readonly refusal: Refusal } {
    const operation = exchange.version?.contract.operations.get(method.operation.name) ?? method.operation;
    // The messages are described once: no policy gives fields other names, and what the definition gives is the same in every version.
    const shared = { text: true, hasFixedNames: true } as const;
    const finished = (call: Call): Call => {
      if (!method.isGiven) return call;
      const { version: _version, ...newest } = call;
      return newest;
    };
    const declined = (refusal: Refusal) => ({ call: finished(callOf(exchange, operation, {}, shared)), refusal });
    const conditions = conditionsOf((name) => exchange.headers.get(name) ?? given.get(name));
    if ("status" in conditions) return declined(conditions);
    const record = readRequest(
      method.request,
      request,
      exchange.version === undefined ? "" : servedOf(exchange.version).made.namespace,
    );
    if (isUnreadable(record)) return declined(record.refusal);
    const input = inputOf(method, record);
    if (!isInput(input)) return declined(input);
    // Leaving stops a function that only reads; a change that was sent is carried out.
    const signal = operation.kind === "query" && operation.action === "function" ? exchange.request.signal : undefined;
    return finished(callOf(exchange, operation, input, { ...conditions, ...shared, signal }));
  }

  #told(exchange: HttpExchange, asked: Asked & { readonly method: ServedMethod }, result: Result): Response | Promise<Response> {
    const { version, method: served } = asked;
    const { method, writer } = served;
    if (!result.ok) {
      const { refusal, replayed } = result;
      if (method.inBand.has(refusal.type))
        return this.#message(exchange, version, writer.inBand(version, this.#words(exchange, asked, refusal)), { replayed });
      const isOfToken = asked.isInMessage === true && refusal.type === "invalid_credentials";
      const code = { code: { of: "wsse", name: "FailedAuthentication" } } as const;
      return this.#fault(exchange, asked, { refusal, ...(isOfToken ? code : {}) }, { replayed });
    }
    const { data } = result;
    const isRow = answersRow.has(method.operation.action) && !method.isGiven && data !== undefined;
    const tag = isRow ? `${entityTag(data).slice(0, -1)}-soap"` : undefined;
    return this.#message(exchange, version, writer.success(version, result), { replayed: result.replayed, tag });
  }

  #message(
    exchange: HttpExchange,
    version: SoapVersion,
    text: string,
    { replayed, tag }: { readonly replayed?: true | undefined; readonly tag?: string | undefined },
  ): Response | Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": contentTypes[version] };
    if (replayed === true) headers["Idempotent-Replayed"] = "true";
    if (tag !== undefined) headers["ETag"] = tag;
    return packed(exchange, text, headers);
  }

  /** A refusal in the caller's language, its fields and units as the message has them. */
  #words(
    { version: served, locale, requestId }: HttpExchange,
    { method: found }: { readonly method?: ServedMethod },
    refusal: Refusal,
  ): ToldRefusal {
    const given = found?.method.isGiven === true ? found.method.request : undefined;
    const told = tell(given === undefined ? refusal : inUnitsOf(given, refusal), {
      locale,
      requestId,
      messages: served?.contract.messages,
      resource: found?.method.operation.resource?.name,
    });
    if (given === undefined || told.data === undefined) return told;
    const renamed = Object.entries(told.data).map(([path, messages]) => [pathInMessage(given, path), messages] as const);
    return { ...told, data: Object.fromEntries(renamed) };
  }

  #fault(
    exchange: HttpExchange,
    asked: Omit<Asked, "served"> & { readonly served: ServedInterface | undefined },
    fault: Fault,
    { isRequest = false, replayed }: { readonly isRequest?: boolean; readonly replayed?: true | undefined } = {},
  ): Response {
    const { version, served } = asked;
    const { refusal } = fault;
    const status = statusOf(version, fault, isRequest);
    const text = faultText(fault, {
      version,
      told: this.#words(exchange, asked, refusal),
      locale: exchange.locale,
      detail: served === undefined ? undefined : { element: served.made.fault, namespace: served.made.namespace },
    });
    const headers: Record<string, string> = { "Content-Type": contentTypes[version], "Content-Language": exchange.locale };
    if (status === 401) headers["WWW-Authenticate"] = challenge;
    if (status === 415) headers["Accept-Post"] = "text/xml, application/soap+xml";
    if (refusal.retryAfter !== undefined) headers["Retry-After"] = String(refusal.retryAfter);
    if (replayed === true) headers["Idempotent-Replayed"] = "true";
    return new Response(text, { status, headers });
  }
}

/** Whether a message may hold a UsernameToken: a search, so that a probe costs no parse. UTF-16 has its letters two bytes apart. */
const mayHoldToken = (content: Uint8Array): boolean => {
  const isUtf16 = (content[0] === 0xff && content[1] === 0xfe) || (content[0] === 0xfe && content[1] === 0xff);
  return isUtf16 || Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes("UsernameToken");
};

/** Makes the channel. */
export const createSoap = (parts: ChannelParts): HttpChannel => new SoapChannel(parts);

/**
 * Requests of the other HTTP channels: what all have in common is done here, before and after the channel's own work. Methods, the age of the version,
 * credentials and signatures before; after it the headers that follow from the call, from policies and from the version.
 */
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import {
  acceptSignature,
  addManaged,
  challengeOf,
  identify,
  isManaged,
  isSigned,
  readSigned,
  upgraded,
  vary,
} from "../http/index.ts";
import type { RestConfig } from "./config.ts";
import type { Exchange } from "./exchange.ts";
import type { Located } from "./locate.ts";
import { linksOf } from "./served.ts";

type ToChannel = Extract<Located, { kind: "channel" }>;

/** What signatures are read with. */
export const signedReading = (config: RestConfig, bytesMax: number): Parameters<typeof readSigned>[1] => ({
  nowMs: config.now(),
  baseDomain: config.places.baseDomain,
  bytesMax,
});

/** Seconds after which a 429 or 503 that says nothing else may be repeated. */
const retryAfterDefault = "1";

/** Adds what every answer has, whichever channel made it. */
const finished = (exchange: Exchange, response: Response): Response => {
  if (response === upgraded) return response;
  const { headers, status } = response;
  headers.set("X-Request-Id", exchange.requestId);
  if (!headers.has("X-Content-Type-Options")) headers.set("X-Content-Type-Options", "nosniff");
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  if (!headers.has("Vary")) headers.set("Vary", vary);
  const { version } = exchange;
  if (version?.older !== undefined) {
    for (const [name, value] of version.headers) headers.set(name, value);
    const link = linksOf(version, []);
    if (link !== undefined) headers.append("Link", link);
  }
  if (exchange.traceparent !== undefined) headers.set("traceparent", exchange.traceparent);
  if (isManaged(exchange)) addManaged(headers, exchange, exchange.method === "GET");
  if (status === 401 && !headers.has("WWW-Authenticate")) {
    headers.set(
      "WWW-Authenticate",
      challengeOf(exchange, { type: exchange.credentials.kind === "none" ? "unauthenticated" : "" }),
    );
    if (isSigned(exchange.headers)) headers.set("Accept-Signature", acceptSignature(exchange.method));
  }
  if ((status === 429 || status === 503) && !headers.has("Retry-After")) headers.set("Retry-After", retryAfterDefault);
  return response;
};

const optionsOf = ({ origins }: RestConfig, exchange: Exchange, methods: readonly string[]): Response => {
  const allow = [...methods, "OPTIONS"];
  const headers = new Headers({ Allow: allow.join(", ") });
  const origin = exchange.headers.get("origin");
  if (origin !== null && origins !== undefined && exchange.headers.has("access-control-request-method"))
    for (const [name, value] of origins.preflight(origin, allow)) headers.set(name, value);
  return new Response(null, { status: 204, headers });
};

/** Why the channel is not even asked; credentials are put into the exchange. */
const barred = (config: RestConfig, exchange: Exchange, { channel }: ToChannel): Refusal | undefined => {
  const { version } = exchange;
  if (version !== undefined && version.sunsetMs <= config.now()) return refuse("gone");
  if (!channel.methods.includes(exchange.request.method))
    return refuse("method_not_allowed", { allow: [...channel.methods, "OPTIONS"] });
  const refusal = identify(exchange);
  if (refusal !== undefined) {
    config.hooks.onRefused?.(refusal, {
      requestId: exchange.requestId,
      operation: null,
      address: exchange.caller.address,
      tenant: exchange.tenant ?? null,
      channel: channel.name,
    });
  }
  return refusal;
};

const refused = (exchange: Exchange, { channel }: ToChannel, refusal: Refusal): Response | Promise<Response> => {
  const answer = channel.refuse(exchange, refusal);
  const told = (response: Response): Response => {
    if (refusal.allow !== undefined) response.headers.set("Allow", refusal.allow.join(", "));
    return finished(exchange, response);
  };
  return answer instanceof Promise ? answer.then(told) : told(answer);
};

const signed = async (config: RestConfig, exchange: Exchange, located: ToChannel): Promise<Response> => {
  const refusal = await readSigned(exchange, signedReading(config, located.channel.bodyBytesMax));
  if (refusal === undefined) return finished(exchange, await located.channel.handle(exchange, located.rest));
  config.hooks.onRefused?.(refusal, {
    requestId: exchange.requestId,
    operation: null,
    address: exchange.caller.address,
    tenant: exchange.tenant ?? null,
    channel: located.channel.name,
  });
  return refused(exchange, located, refusal);
};

/** Lets a channel answer a request. */
export const answerChannel = (config: RestConfig, exchange: Exchange, located: ToChannel): Response | Promise<Response> => {
  const { channel, rest } = located;
  exchange.channel = channel.name;
  if (exchange.method === "OPTIONS") return finished(exchange, optionsOf(config, exchange, channel.methods));
  const refusal = barred(config, exchange, located);
  if (refusal !== undefined) return refused(exchange, located, refusal);
  if (isSigned(exchange.headers)) return signed(config, exchange, located);
  const answer = channel.handle(exchange, rest);
  return answer instanceof Promise ? answer.then((response) => finished(exchange, response)) : finished(exchange, answer);
};

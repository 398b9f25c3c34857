/**
 * Sealed calls: `POST /{service}/{version}/call` with `{ "appId": …, "sealed": … }`. What is inside is run as if it had come openly, under the app
 * whose secret sealed it, and is answered sealed with the same key:
 *
 *   { "sealed": "<JWE>" }   inside: { "answers": "<jti of the call>", "status": 200, "headers": { "ETag": … }, "body": { "success": true, … } }
 *
 *   400 invalid_header        another credential beside it
 *   400 invalid_body          no sealed call; `details.reason` says why
 *   401 invalid_credentials   an app that is unknown, another secret, a call that is too old, from the future, or was made already
 *
 * Refusals before the seal is open are not sealed; those of the call are. A file is answered as `{ "contentType": …, "base64": … }`.
 */
import { timingSafeEqual } from "node:crypto";
import type { Credentials } from "../../pipeline/call.ts";
import type { SigningKey } from "../../pipeline/identity/credentials.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { unknownAddress } from "../http/index.ts";
import { parseSealed, ponsPolicy, seal, type SealedMessage, sealingKey, unseal } from "../http/signature/index.ts";
import { answerRefusal } from "./answer-refusal.ts";
import { readBody } from "./body.ts";
import type { RestConfig } from "./config.ts";
import type { Exchange } from "./exchange.ts";
import { defaultLimits, FormatError, formatNamed } from "./formats/index.ts";
import { isObject } from "./input.ts";
import { locate } from "./locate.ts";
import { open } from "./open.ts";
import { perform } from "./perform.ts";
import { readSealedCall, type SealedCall } from "./sealed-call.ts";
import type { Answer } from "./send.ts";

const appIdLengthMax = 256;
/** A call that is sealed is a body of its own size and a third more. */
const sealedShare = 4 / 3;

interface Envelope {
  readonly appId: string;
  readonly message: SealedMessage;
}

type SecretKey = Extract<SigningKey, { algorithm: "hmac-sha256" }>;

/** An open call, and the key to answer with. */
interface Opened {
  readonly call: SealedCall;
  readonly credentials: Credentials;
  readonly key: Uint8Array;
}

const invalidBody = (reason: string): Refusal => refuse("invalid_body", { details: { reason } });

const envelopeOf = (value: unknown): Envelope | Refusal => {
  if (!isObject(value)) return invalidBody("sealed_malformed");
  const { appId, sealed, ...more } = value;
  const isWhole = typeof appId === "string" && typeof sealed === "string" && Object.keys(more).length === 0;
  if (!isWhole || appId === "" || appId.length > appIdLengthMax) return invalidBody("sealed_malformed");
  const message = parseSealed(sealed);
  if (message === undefined || (message.kid !== undefined && message.kid !== appId)) return invalidBody("sealed_malformed");
  return { appId, message };
};

/** The key of the app that opens the message, with what is in it. Without any, as much is done with the key of nobody. */
const openedBy = (
  keys: readonly SigningKey[],
  message: SealedMessage,
): { readonly secret: Uint8Array; readonly key: Uint8Array; readonly content: Uint8Array } | undefined => {
  const secrets = keys.filter((key): key is SecretKey => key.algorithm === "hmac-sha256").map(({ secret }) => secret);
  if (secrets.length === 0) unseal(sealingKey(crypto.getRandomValues(new Uint8Array(32))), message);
  for (const secret of secrets) {
    const key = sealingKey(secret);
    const content = unseal(key, message);
    if (content !== undefined) return { secret, key, content };
  }
  return undefined;
};

/** Of an app by the secret that opened its call; its number counts once. */
const credentialsOf = (appId: string, secret: Uint8Array, { iat, jti }: SealedCall): Credentials => ({
  kind: "sealed",
  keyId: appId,
  nonce: `sealed ${jti}`,
  nonceUntilMs: (iat + ponsPolicy.ageSecondsMax + 1) * 1000,
  verify: (key) => {
    const isSame = key.algorithm === "hmac-sha256" && key.secret.length === secret.length && timingSafeEqual(key.secret, secret);
    return isSame ? undefined : refuse("invalid_credentials");
  },
});

const checkTime = (iat: number, nowMs: number): Refusal | undefined => {
  const now = nowMs / 1000;
  const reason =
    iat > now + ponsPolicy.aheadSecondsMax
      ? "created_in_future"
      : iat < now - ponsPolicy.ageSecondsMax
        ? "created_too_old"
        : undefined;
  return reason === undefined ? undefined : refuse("invalid_credentials", { details: { reason, serverTime: Math.floor(now) } });
};

/** Opens what a request has sealed. */
const openSealed = async (config: RestConfig, exchange: Exchange): Promise<Opened | Refusal> => {
  const { credentials, headers } = exchange;
  if (credentials.kind === "signature" || headers.has("authorization") || headers.has("x-api-key"))
    return refuse("invalid_header", { details: { explanation: "A sealed call has its credentials inside." } });
  const bytesMax = Math.ceil(config.limits.bodyBytesMax * sealedShare) + 1_024;
  const read = await readBody(exchange.request, { bytesMax, need: "required", takesMany: false });
  if (!("kind" in read)) return read;
  const envelope = envelopeOf(read.body?.value);
  if ("status" in envelope) return envelope;
  const { appId, message } = envelope;
  const opened = openedBy(await config.signingKeys(appId), message);
  if (opened === undefined) return refuse("invalid_credentials");
  const { secret, key, content } = opened;
  const limits = { ...defaultLimits, bytesMax: config.limits.bodyBytesMax };
  const value = formatNamed("json").parse(content, { limits });
  if (value instanceof FormatError) return invalidBody(value.type);
  const call = readSealedCall(value);
  if ("field" in call) return refuse("invalid_body", { details: { reason: "sealed_call_malformed", field: call.field } });
  return checkTime(call.iat, config.now()) ?? { call, credentials: credentialsOf(appId, secret, call), key };
};

/** The request that the call would have been, had it come openly. */
const requestOf = ({ request, base, headers }: Exchange, call: SealedCall): Request => {
  const { method, target, body, idempotencyKey, ifMatch } = call;
  const inner = new Headers({ accept: "application/json" });
  for (const name of ["host", "accept-language", "traceparent"]) {
    const value = headers.get(name);
    if (value !== null) inner.set(name, value);
  }
  if (idempotencyKey !== undefined) inner.set("idempotency-key", idempotencyKey);
  if (ifMatch !== undefined) inner.set("if-match", ifMatch);
  const content = body === undefined ? undefined : JSON.stringify(body);
  if (content !== undefined) {
    inner.set("content-type", "application/json");
    inner.set("content-length", String(Buffer.byteLength(content)));
  }
  const from = request.url.indexOf("/", request.url.indexOf("://") + 3);
  const url = `${request.url.slice(0, from)}${base}${target}`;
  return new Request(url, { method, headers: inner, ...(content === undefined ? {} : { body: content }) });
};

/** Runs the call and gives its answer, and the exchange it was run in. */
const runOpened = async (
  config: RestConfig,
  outer: Exchange,
  { call, credentials }: Opened,
): Promise<{ readonly inner: Exchange; readonly answer: Answer }> => {
  const request = requestOf(outer, call);
  const { exchange, hasTarget } = open(config, request, outer.caller);
  const { requestId, findings, deadline, tenant, actFor, startedMs } = outer;
  const inner: Exchange = { ...exchange, requestId, findings, deadline, tenant, actFor, startedMs, credentials };
  const located = locate(config, inner, hasTarget);
  if (!("kind" in located)) return { inner, answer: answerRefusal(inner, located) };
  const endpoint = located.kind === "endpoint" ? located.endpoint : undefined;
  if (located.kind !== "endpoint" || endpoint === undefined || endpoint.kind === "sealed")
    return { inner, answer: answerRefusal(inner, unknownAddress) };
  return { inner, answer: await perform(config, inner, endpoint, located) };
};

/** Headers that say more than the body does. */
const toldHeaders = ({ entityTag, headers = [] }: Answer): Readonly<Record<string, string>> =>
  Object.fromEntries([...(entityTag === undefined ? [] : [["ETag", entityTag] as const]), ...headers]);

const bodyOf = ({ body, contentType }: Answer): string | undefined => {
  if (body === undefined) return "null";
  if (body instanceof ReadableStream) return undefined;
  const isJson = contentType !== undefined && /^application\/(?:problem\+)?json\b/.test(contentType);
  if (isJson && typeof body === "string") return body;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return JSON.stringify({ contentType, base64: Buffer.from(bytes).toString("base64") });
};

/** Statuses that have no body of their own. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Opens, runs and answers a sealed call. */
export const answerSealed = async (config: RestConfig, exchange: Exchange): Promise<Answer | Refusal> => {
  const opened = await openSealed(config, exchange);
  if ("status" in opened) return opened;
  const { inner, answer } = await runOpened(config, exchange, opened);
  exchange.locale = inner.locale;
  const body = bodyOf(answer);
  if (body === undefined) return refuse("not_acceptable");
  const { call, credentials, key } = opened;
  const { status } = answer;
  const told = JSON.stringify({ answers: call.jti, status, headers: toldHeaders(answer) });
  const kid = credentials.kind === "sealed" ? credentials.keyId : "";
  const sealed = seal(key, kid, `${told.slice(0, -1)},"body":${body}}`);
  const retryAfter = answer.headers?.filter(([name]) => name === "Retry-After") ?? [];
  return {
    status: bodiless.has(status) ? 200 : status,
    contentType: "application/json",
    body: JSON.stringify({ sealed }),
    ...(retryAfter.length === 0 ? {} : { headers: retryAfter }),
  };
};

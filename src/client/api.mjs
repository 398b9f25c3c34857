// @ts-check
/**
 * The engine of generated clients (`pons sdk`): calls, retries, idempotency keys, pages, event streams, signatures. It knows no service: what there is to
 * call is given to it as a list. Browsers, Node from 20, Bun; depends on nothing.
 */

import { PonsError } from "./error.mjs";
import { queryText } from "./query.mjs";

export { PonsError };

/**
 * @typedef {object} ClientOptions
 * @property {string} baseUrl `https://api.example.com`; a path before `/{service}/{version}` is kept
 * @property {string} [key] API key
 * @property {string | (() => string | Promise<string>)} [token] access token, or what gives one; asked before every request
 * @property {{ sign(request: Request): Promise<Request> }} [signer] of `createSigner`
 * @property {string} [language] of messages: `de`
 * @property {string} [tenant] where the credentials do not say whose it is
 * @property {number} [retries] further attempts of a call that can be repeated safely; 3
 * @property {number} [timeoutMs] of one attempt; 30,000
 * @property {number} [silenceMs] after so much silence an event stream counts as cut; 45,000, three signs of life of a server
 * @property {(request: Request) => Promise<Response>} [fetch] in place of the platform's
 * @property {Readonly<Record<string, string>>} [headers] on every request
 */

/**
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 * @property {string} [idempotencyKey] of a command; made when absent
 * @property {string} [ifMatch] entity tag, or `*`
 * @property {string} [language]
 * @property {{ subject: string, reason?: string }} [actFor] the row on whose behalf
 * @property {number} [timeoutMs]
 * @property {number} [retries]
 */

/**
 * @typedef {object} Operation
 * @property {string} name `accounts.freeze`
 * @property {string} method
 * @property {string} path `/accounts/{id}/freeze`
 * @property {"list" | "get" | "value" | "create" | "change" | "delete" | "function" | "document"} kind
 * @property {boolean} [hasBody]
 * @property {boolean} [isRead] changes nothing
 */

/** @typedef {{ service: string, version: string, operations: readonly Operation[] }} Definition */

const defaultRetries = 3;
const defaultTimeoutMs = 30_000;
const defaultSilenceMs = 45_000;
const firstWaitMs = 200;
const waitMsMax = 20_000;
/** Statuses after which the same call may succeed. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const allPerPage = 100;

/** @param {AbortSignal | undefined} signal @param {number} ms */
const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const done = () => {
      signal?.removeEventListener("abort", stop);
      resolve(undefined);
    };
    const timer = setTimeout(done, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
  });

/** Full jitter: anything up to the bound, so that many do not come back at once. @param {number} attempt */
const waitMsOf = (attempt) => Math.random() * Math.min(waitMsMax, firstWaitMs * 2 ** attempt);

const bytesAtOnce = 0x8000;

/** @param {Uint8Array} bytes */
const base64Of = (bytes) => {
  let text = "";
  for (let at = 0; at < bytes.length; at += bytesAtOnce) text += String.fromCharCode(...bytes.subarray(at, at + bytesAtOnce));
  return btoa(text);
};

/** Amounts as bigint, moments as Date and bytes are sent as the wire has them. @param {unknown} body */
const bodyText = (body) =>
  JSON.stringify(
    body,
    /** @this {any} @param {string} name @param {unknown} value */
    function (name, value) {
      if (typeof value === "bigint")
        return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
          ? Number(value)
          : String(value);
      // As it was given: a Buffer has made an object of itself by now.
      const given = this[name];
      return given instanceof Uint8Array ? base64Of(given) : value;
    },
  );

/** @param {Response} response @param {any} answer */
const errorOf = (response, answer) => {
  const { error, data } = answer ?? {};
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new PonsError(error?.type ?? "no_answer", {
    message: error?.message ?? `the server answered ${response.status}`,
    status: response.status,
    requestId: error?.requestId ?? response.headers.get("x-request-id") ?? undefined,
    issues: data !== null && typeof data === "object" && !Array.isArray(data) ? data : {},
    details: error?.details ?? {},
    ...(Number.isFinite(after) ? { retryAfter: after } : {}),
  });
};

/**
 * What a stream reads next; rejects after too much silence: a network that has lost a connection need not say so.
 *
 * @template T @param {Promise<T>} reading @param {number} silenceMs
 * @returns {Promise<T>}
 */
const withinSilence = (reading, silenceMs) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new PonsError("no_answer", { message: `the stream was silent for ${silenceMs} ms` })),
      silenceMs,
    );
    reading.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/**
 * @param {ReadableStream<Uint8Array>} stream @param {number} silenceMs
 * @returns {AsyncGenerator<{ id?: string, event?: string, data: string, retry?: number }>}
 */
async function* eventsIn(stream, silenceMs) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  /** @type {{ id?: string, event?: string, data: string, retry?: number }} */
  let event = { data: "" };
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), silenceMs);
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (event.data !== "" || event.event !== undefined || event.retry !== undefined) yield event;
          event = { data: "" };
          continue;
        }
        const colon = line.indexOf(":");
        if (colon === 0) continue;
        const field = colon === -1 ? line : line.slice(0, colon);
        const text = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "data") event.data = event.data === "" ? text : `${event.data}\n${text}`;
        else if (field === "id") event.id = text;
        else if (field === "event") event.event = text;
        else if (field === "retry" && /^\d+$/.test(text)) event.retry = Number(text);
      }
    }
  } finally {
    // Not waited for: what has been cut may never say that it has ended.
    void reader.cancel().catch(() => undefined);
  }
}

const keyForm = /^[\x20-\x7e]{1,255}$/;

/** An idempotency key as its header has it. @param {string} key */
const keyText = (key) => {
  if (!keyForm.test(key)) throw new TypeError("idempotencyKey: 1 to 255 printable characters of ASCII");
  return `"${key.replaceAll(/["\\]/g, "\\$&")}"`;
};

/** A text as a header can have it: beyond ASCII as a display string (RFC 9651). @param {string} text */
const headerText = (text) => {
  if (/^[\x20-\x7e]*$/.test(text) && !text.startsWith('%"')) return text;
  const escaped = [...new TextEncoder().encode(text)].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x25
      ? `%${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte),
  );
  return `%"${escaped.join("")}"`;
};

/** @param {Response} response @returns {Promise<any>} */
const readEnvelope = async (response) => (response.status === 204 ? { success: true, data: undefined } : response.json());

/** A client of one service version. */
export class Api {
  /** @param {Definition} definition @param {ClientOptions} options */
  constructor(definition, options) {
    this.definition = definition;
    this.options = options;
    this.base = `${options.baseUrl.replace(/\/+$/, "")}/${definition.service}/${definition.version}`;
  }

  /** @param {CallOptions} call */
  async headersOf(call) {
    const { key, token, language, tenant, headers = {} } = this.options;
    const all = new Headers(headers);
    const bearer = typeof token === "function" ? await token() : (token ?? key);
    if (bearer !== undefined) all.set("authorization", `Bearer ${bearer}`);
    const said = call.language ?? language;
    if (said !== undefined) all.set("accept-language", said);
    if (tenant !== undefined) all.set("pons-tenant", tenant);
    if (call.actFor !== undefined) {
      all.set("pons-act-for", call.actFor.subject);
      if (call.actFor.reason !== undefined) all.set("pons-reason", headerText(call.actFor.reason));
    }
    if (call.ifMatch !== undefined) all.set("if-match", call.ifMatch);
    return all;
  }

  /** One attempt. @param {string} url @param {RequestInit} init */
  async fetchOnce(url, init) {
    const { signer, fetch: given = fetch } = this.options;
    const request = new Request(url, init);
    return given(signer === undefined ? request : await signer.sign(request));
  }

  /**
   * A request and its answer, read to its end; repeated where that is safe. Throws `PonsError`, or the signal's reason.
   *
   * @param {string} method @param {string} path
   * @param {{ body?: unknown, accept?: string, isRead?: boolean, read?: (response: Response) => Promise<any>, isAnswer?: (answer: any) => boolean }} more
   *   `isAnswer`: whether what comes with a status of refusal is an answer all the same
   * @param {CallOptions} [call]
   * @returns {Promise<any>}
   */
  async request(
    method,
    path,
    { body, accept = "application/json", isRead = method === "GET", read = readEnvelope, isAnswer = () => false },
    call = {},
  ) {
    const {
      retries = this.options.retries ?? defaultRetries,
      timeoutMs = this.options.timeoutMs ?? defaultTimeoutMs,
      signal,
    } = call;
    const headers = await this.headersOf(call);
    headers.set("accept", accept);
    if (body !== undefined) headers.set("content-type", "application/json");
    // With its key a command may be sent again: it has one effect.
    const key = call.idempotencyKey ?? (isRead ? undefined : crypto.randomUUID());
    if (key !== undefined) headers.set("idempotency-key", keyText(key));
    const text = body === undefined ? undefined : bodyText(body);
    for (let attempt = 0; ; attempt++) {
      const timeout = AbortSignal.timeout(timeoutMs);
      /** @type {PonsError} */
      let failed;
      try {
        const response = await this.fetchOnce(`${this.base}${path}`, {
          method,
          headers,
          ...(text === undefined ? {} : { body: text }),
          signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        });
        if (response.ok) return await read(response);
        const answer = await response.json().catch(() => undefined);
        if (isAnswer(answer)) return answer;
        failed = errorOf(response, answer);
        const isFinal = !passing.has(response.status) || failed.type === "quota_exceeded" || failed.type === "internal";
        if (isFinal || attempt >= retries) throw failed;
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (error instanceof PonsError) throw error;
        failed = new PonsError("no_answer", { message: "no answer came", cause: error });
        if (attempt >= retries) throw failed;
        // A platform may keep a body that was being sent: each attempt has its own.
      }
      const waitMs = failed.retryAfter === undefined ? waitMsOf(attempt) : failed.retryAfter * 1000 + Math.random() * firstWaitMs;
      if (waitMs > waitMsMax) throw failed;
      await sleep(waitMs, signal);
      if (typeof this.options.token === "function") headers.set("authorization", `Bearer ${await this.options.token()}`);
    }
  }

  /** @param {string} path @param {Record<string, any>} [query] @param {CallOptions} [call] */
  async list(path, query = {}, call) {
    const { data, pagination } = await this.request("GET", `${path}${queryText(query)}`, {}, call);
    return { data, pagination };
  }

  /** Row by row, a page at a time. @param {string} path @param {Record<string, any>} [query] @param {CallOptions} [call] */
  async *all(path, query = {}, call) {
    let cursor = query["cursor"] ?? "";
    for (;;) {
      const { page: _, ...rest } = query;
      const { data, pagination } = await this.list(path, { perPage: allPerPage, ...rest, cursor }, call);
      yield* data;
      cursor = pagination?.nextCursor;
      if (cursor === undefined || cursor === null) return;
    }
  }

  /**
   * Events as they are committed; goes on where it was after an interruption, of which silence is one. Ends with the signal; throws `PonsError` when it may
   * not be listened any more.
   *
   * @param {{ types?: readonly string[], filters?: Record<string, string | readonly string[]>, after?: string }} [query]
   * @param {CallOptions} [call]
   */
  async *events({ types = [], filters = {}, after } = {}, call = {}) {
    const { signal } = call;
    const { silenceMs = defaultSilenceMs } = this.options;
    let last = after;
    let failures = 0;
    let retryMs = 1_000;
    for (;;) {
      if (signal?.aborted) return;
      const search = new URLSearchParams();
      if (types.length > 0) search.set("types", types.join(","));
      for (const [field, values] of Object.entries(filters))
        for (const value of [values].flat()) search.append(`data.${field}`, value);
      if (last !== undefined) search.set("after", last);
      const headers = await this.headersOf(call);
      headers.set("accept", "text/event-stream");
      // Ends the connection, whichever way it is left.
      const attempt = new AbortController();
      const unanswered = setTimeout(() => attempt.abort(), silenceMs);
      try {
        const response = await this.fetchOnce(`${this.base}/stream?${search.toString()}`, {
          headers,
          signal: signal === undefined ? attempt.signal : AbortSignal.any([signal, attempt.signal]),
        });
        clearTimeout(unanswered);
        if (!response.ok || response.body === null) throw errorOf(response, await response.json().catch(() => undefined));
        for await (const { id, event, data, retry } of eventsIn(response.body, silenceMs)) {
          failures = 0;
          if (retry !== undefined) retryMs = retry;
          if (id !== undefined && id !== "") last = id;
          if (event === "end") break;
          if (data !== "") yield JSON.parse(data);
        }
      } catch (error) {
        if (signal?.aborted) return;
        const isFinal = error instanceof PonsError && error.status > 0 && !passing.has(error.status);
        if (isFinal || failures >= (call.retries ?? this.options.retries ?? 10)) throw error;
        failures++;
        if (error instanceof PonsError && error.retryAfter !== undefined) retryMs = error.retryAfter * 1000;
      } finally {
        clearTimeout(unanswered);
        attempt.abort();
      }
      try {
        await sleep(Math.min(waitMsMax, retryMs + waitMsOf(failures)), signal);
      } catch {
        return;
      }
    }
  }

  /** Many calls in one request. @param {readonly object[]} calls @param {{ strategy?: "atomic" | "independent" } & CallOptions} [options] */
  async batch(calls, { strategy = "independent", ...call } = {}) {
    const isAnswer = (/** @type {any} */ answer) => Array.isArray(answer?.data);
    const answer = await this.request("POST", "/batch", { body: { strategy, calls }, isAnswer }, call);
    return answer.data;
  }
}

/** No id, but another address. */
const noId = /^\.{0,2}$/;

/** @param {string} path @param {string} id */
const at = (path, id) => {
  if (noId.test(id)) throw new PonsError("not_found", { message: `there is nothing with the id "${id}"`, status: 404 });
  return path.replace("{id}", encodeURIComponent(id));
};

/** The function of one operation. @param {Api} api @param {Operation} operation */
const methodOf = (api, { method, path, kind, hasBody = false, isRead = false }) => {
  const isItem = path.includes("{id}");
  const data = async (/** @type {Promise<any>} */ answer) => (await answer).data;
  switch (kind) {
    case "list":
      return Object.assign((/** @type {any} */ query, /** @type {any} */ call) => api.list(path, query, call), {
        all: (/** @type {any} */ query, /** @type {any} */ call) => api.all(path, query, call),
      });
    case "value":
      return async (/** @type {any} */ query = {}, /** @type {any} */ call) =>
        data(api.request("GET", `${path}${queryText(query)}`, {}, call));
    case "get":
      return isItem
        ? async (/** @type {string} */ id, /** @type {any} */ query = {}, /** @type {any} */ call) =>
            data(api.request("GET", `${at(path, id)}${queryText(query)}`, {}, call))
        : async (/** @type {any} */ query = {}, /** @type {any} */ call) =>
            data(api.request("GET", `${path}${queryText(query)}`, {}, call));
    case "document":
      return async (/** @type {any[]} */ ...given) => {
        const [id, body, call] = isItem ? given : ["", ...given];
        const read = (/** @type {Response} */ response) => response.blob();
        return api.request(method, isItem ? at(path, id) : path, { body: body ?? {}, accept: "*/*", isRead, read }, call);
      };
    case "delete":
      return async (/** @type {string} */ id, /** @type {any} */ call) => data(api.request(method, at(path, id), {}, call));
    default:
      if (!isItem)
        return async (/** @type {any} */ body, /** @type {any} */ call) =>
          data(api.request(method, path, { body: body ?? {}, isRead }, call));
      return hasBody
        ? async (/** @type {string} */ id, /** @type {any} */ body, /** @type {any} */ call) =>
            data(api.request(method, at(path, id), { body: body ?? {}, isRead }, call))
        : async (/** @type {string} */ id, /** @type {any} */ call) =>
            data(api.request(method, at(path, id), { body: {}, isRead }, call));
  }
};

/**
 * A client: a function per operation, by the parts of its name.
 *
 * @param {Definition} definition @param {ClientOptions} options
 */
export const createClient = (definition, options) => {
  const api = new Api(definition, options);
  /** @type {Record<string, any>} */
  const client = {
    events: (/** @type {any} */ query, /** @type {any} */ call) => api.events(query, call),
    batch: (/** @type {any} */ calls, /** @type {any} */ call) => api.batch(calls, call),
  };
  for (const operation of definition.operations) {
    const parts = operation.name.split(".");
    const last = /** @type {string} */ (parts.pop());
    let place = client;
    for (const part of parts) place = place[part] ??= {};
    const method = methodOf(api, operation);
    place[last] = method;
    if (operation.kind === "list") place["all"] = /** @type {any} */ (method).all;
  }
  return client;
};

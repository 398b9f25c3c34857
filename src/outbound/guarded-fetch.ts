/**
 * `fetch` to addresses that others have given: webhooks, upstreams, keys of issuers. Nothing of it reaches into our own network (OWASP API7:2023).
 *
 *   const guarded = createGuardedFetch({ allow: [] });
 *   const response = await guarded("https://hooks.example.com/in", { method: "POST", body, timeoutMs: 15_000, bytesMax: 65_536 });
 *
 *   target     the text of the address: https, a public name, a usual port                                    refused_url
 *   resolve    the name's addresses, all public                                                               refused_address, unresolved
 *   connect    to such an address, with the name for `Host`, for SNI and for the certificate; the next one when it refuses
 *                                                                                                             unreachable, certificate
 *   answer     no redirect, no encoding that was not asked for; body within `bytesMax`, all within `timeoutMs` redirected, encoded, too_large, timed_out
 *
 * Rejects with an `OutboundError`; an error of the caller's own signal is passed on as it is. No proxy of the environment is used.
 */
import { boundedBody, prefixOf } from "./bounded-body.ts";
import { OutboundError } from "./outbound-error.ts";
import { addressesOf, type Lookup, systemLookup } from "./resolve.ts";
import { type Target, targetOf, type TargetPolicy } from "./target.ts";

export interface GuardOptions extends TargetPolicy {
  readonly lookup?: Lookup;
  /** PEM of authorities to trust in place of the usual ones. */
  readonly ca?: string;
  /** Requests under way at the same time; further ones are refused. */
  readonly inFlightMax?: number;
}

export interface GuardedInit {
  readonly method?: string;
  /** `Host`, `Connection` and `Accept-Encoding` are ours. */
  readonly headers?: Bun.HeadersInit;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly signal?: AbortSignal;
  /** For everything, from the look-up to the last byte of the answer. */
  readonly timeoutMs?: number;
  readonly bytesMax?: number;
  /**
   * The status is what matters: an answer of any status is given, redirects too, which are not followed. Of its body so many bytes as came within so many
   * milliseconds; none where it is encoded. It is never an error.
   */
  readonly excerpt?: { readonly bytesMax: number; readonly withinMs: number };
  /** Keeps the connection for the next request to the same address and name; default: false. */
  readonly keepalive?: boolean;
}

export type GuardedFetch = (url: string, init?: GuardedInit) => Promise<Response>;

export const outboundLimits = { timeoutMs: 10_000, bytesMax: 1024 * 1024, inFlightMax: 128 } as const;

/** Errors of fetch after which nothing was sent, so that the next address may be tried. */
const unsent = /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|FailedToOpenSocket|ConnectionRefused)$/;
const ofCertificate = /CERT|^UNABLE_TO_|^ERR_TLS|SELF_SIGNED|HOSTNAME_MISMATCH/;

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code);

/** What fetch is asked: the address that was checked, under the name it was checked for. */
const pinned = ({ url, host }: Target, address: string): string => {
  const literal = address.includes(":") ? `[${address}]` : address;
  return host === address
    ? url.href
    : `${url.protocol}//${literal}${url.port === "" ? "" : `:${url.port}`}${url.pathname}${url.search}`;
};

const headersFor = ({ url, host }: Target, given: Bun.HeadersInit | undefined): Headers => {
  const headers = new Headers(given);
  for (const name of ["connection", "transfer-encoding", "content-length", "upgrade", "te", "trailer", "keep-alive"])
    headers.delete(name);
  const literal = host.includes(":") ? `[${host}]` : host;
  headers.set("host", url.port === "" ? literal : `${literal}:${url.port}`);
  headers.set("accept-encoding", "identity");
  return headers;
};

/** Rejects when the signal is aborted first: a look-up cannot be called off. */
const orAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener("abort", abort));
};

class Guard {
  readonly #options: GuardOptions;
  #inFlight = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  async fetch(text: string, init: GuardedInit = {}): Promise<Response> {
    const target = targetOf(text, this.#options);
    const { inFlightMax = outboundLimits.inFlightMax } = this.#options;
    if (this.#inFlight >= inFlightMax) throw new OutboundError("busy", `${inFlightMax} requests to outside are under way`);
    this.#inFlight++;
    const { timeoutMs = outboundLimits.timeoutMs, signal: given } = init;
    const timeout = new AbortController();
    const late = new OutboundError("timed_out", `no complete answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => timeout.abort(late), timeoutMs);
    const signal = given === undefined ? timeout.signal : AbortSignal.any([given, timeout.signal]);
    let isUnderWay = true;
    const ended = (): void => {
      if (!isUnderWay) return;
      isUnderWay = false;
      clearTimeout(timer);
      this.#inFlight--;
    };
    // An answer whose body nobody reads ends here at the latest.
    signal.addEventListener("abort", ended, { once: true });
    const asFault = (error: unknown): unknown => faultOf(error, signal, target);
    try {
      const addresses = await orAborted(addressesOf(target, this.#options.lookup ?? systemLookup), signal);
      const response = await this.#connect(target, addresses, init, signal);
      if (init.excerpt !== undefined) return await excerpted(response, init.excerpt).finally(ended);
      return await taken(response, { bytesMax: init.bytesMax ?? outboundLimits.bytesMax, asFault, ended });
    } catch (error) {
      ended();
      throw asFault(error);
    }
  }

  async #connect(target: Target, addresses: readonly string[], init: GuardedInit, signal: AbortSignal): Promise<Response> {
    const { ca } = this.#options;
    const tls = { serverName: target.host, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
    let failure: unknown;
    for (const address of addresses) {
      try {
        return await fetch(pinned(target, address), {
          method: init.method ?? "GET",
          headers: headersFor(target, init.headers),
          ...(init.body === undefined ? {} : { body: init.body }),
          ...(target.url.protocol === "https:" ? { tls } : {}),
          signal,
          redirect: "manual",
          proxy: false,
          decompress: false,
          keepalive: init.keepalive ?? false,
        });
      } catch (error) {
        failure = error;
        if (signal.aborted || !unsent.test(codeOf(error))) break;
      }
    }
    throw failure;
  }
}

const faultOf = (error: unknown, signal: AbortSignal, { host }: Target): unknown => {
  if (signal.aborted) return signal.reason;
  if (error instanceof OutboundError) return error;
  const fault = ofCertificate.test(codeOf(error)) ? "certificate" : "unreachable";
  return new OutboundError(fault, `${host}: ${codeOf(error)}`, { cause: error });
};

const encodingOf = (headers: Headers): string => headers.get("content-encoding")?.trim().toLowerCase() ?? "";

/** The answer with the beginning of its body. */
const excerpted = async (response: Response, excerpt: NonNullable<GuardedInit["excerpt"]>): Promise<Response> => {
  const { status, statusText, headers, body } = response;
  const isPlain = ["", "identity"].includes(encodingOf(headers));
  const content = body === null ? undefined : await prefixOf(body, isPlain ? excerpt : { ...excerpt, bytesMax: 0 });
  const isEmpty = content === undefined || content.length === 0 || [204, 205, 304].includes(status);
  return new Response(isEmpty ? null : content, { status, statusText, headers });
};

type Bounds = Parameters<typeof boundedBody>[1];

/** The answer, if it may be taken, with its body bounded. */
const taken = async (response: Response, bounds: Bounds): Promise<Response> => {
  const drop = async (error: OutboundError): Promise<never> => {
    await response.body?.cancel();
    throw error;
  };
  const { status, statusText, headers } = response;
  // 304 answers a condition, which only its sender can have set.
  if (status >= 300 && status < 400 && status !== 304)
    return drop(new OutboundError("redirected", `answered ${status}, and redirects are not followed`));
  if (!["", "identity"].includes(encodingOf(headers)))
    return drop(new OutboundError("encoded", "the body is encoded although no encoding was accepted"));
  if (Number(headers.get("content-length") ?? 0) > bounds.bytesMax)
    return drop(new OutboundError("too_large", `the answer is larger than ${bounds.bytesMax} bytes`));
  const { body } = response;
  if (body === null || status === 204 || status === 304) {
    await body?.cancel();
    bounds.ended();
    return new Response(null, { status, statusText, headers });
  }
  return new Response(boundedBody(body, bounds), { status, statusText, headers });
};

/** A `fetch` under one policy. */
export const createGuardedFetch = (options: GuardOptions = {}): GuardedFetch => {
  const guard = new Guard(options);
  return (url, init) => guard.fetch(url, init);
};

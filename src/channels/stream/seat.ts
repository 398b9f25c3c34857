/**
 * What all calls of one connection share, read once from the request that opened it, which is not kept: a quiet connection is to cost little.
 *
 *   const seat = seatOf(exchange, parts);
 *   pipeline.run(seat.callOf(operation, input, { idempotencyKey }))
 *
 * A browser's session opens it with a GET, which shows no CSRF token; commands go with `changing`, for which the pipeline asks for one.
 */
import type { Contract, Operation } from "../../contract/contract.ts";
import { versionView } from "../../contract/versions.ts";
import type { Call, Credentials, Findings, Input } from "../../pipeline/call.ts";
import { ownerOf } from "../../pipeline/identity/credentials.ts";
import type { HttpExchange, HttpVersion } from "../http/index.ts";

/** What differs between the calls of one connection. */
export interface SeatCall {
  readonly requestId: string;
  readonly locale: string;
  readonly findings?: Findings;
  readonly bodyBytes?: number;
  readonly idempotencyKey?: string | undefined;
  readonly ifMatch?: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  readonly onRun?: () => void;
}

/** For whom the caller acts. */
export interface Acting {
  readonly tenant?: string | undefined;
  readonly actFor?: Call["actFor"] | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A session's credentials for commands, with the token that its page has shown. */
const changingWith = (credentials: Credentials, csrf: string | null): Credentials =>
  credentials.kind === "session" ? { ...credentials, csrf, isChange: true } : credentials;

export class Seat {
  readonly version: HttpVersion;
  /** The service in the words of the version that is spoken. */
  readonly contract: Contract;
  readonly requestId: string;
  readonly locale: string;
  /** Address of the opening request, as a DPoP proof names it. */
  readonly url: string;
  readonly address: string;
  readonly certificate: string | undefined;
  readonly origin: string | undefined;
  readonly #channel: string;
  readonly #traceparent: string | undefined;
  readonly #host: string | undefined;
  readonly #peer: { readonly address: string };
  #credentials: Credentials;
  #changing: Credentials;
  #acting: Acting;

  constructor(exchange: HttpExchange, version: HttpVersion, url: string) {
    this.version = version;
    this.contract = version.older === undefined ? version.contract : versionView(version.contract, version.older).contract;
    this.requestId = exchange.requestId.slice(0, requestIdMax);
    this.locale = exchange.locale;
    this.url = url;
    this.address = exchange.caller.address;
    this.certificate = exchange.caller.certificate;
    this.origin = exchange.headers.get("origin") ?? undefined;
    this.#channel = exchange.channel;
    this.#traceparent = exchange.traceparent;
    this.#host = exchange.host;
    this.#peer = { address: this.address };
    this.#credentials = exchange.credentials;
    this.#changing = changingWith(exchange.credentials, exchange.headers.get("x-csrf-token"));
    this.#acting = { tenant: exchange.tenant, actFor: exchange.actFor };
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  /** Has somebody shown credentials; whether they are good is another question. */
  get isKnown(): boolean {
    return this.#credentials.kind !== "none";
  }

  /** Whose connection it is, for counting: a credential, or an address that has shown none. */
  get owner(): string {
    const owner = ownerOf(this.#credentials);
    return owner === undefined ? `from ${this.address}` : owner;
  }

  /** What decides whether the caller may still call: the same for connections that are judged alike. */
  get standing(): string {
    return `${this.version.service} ${this.#acting.tenant ?? ""} ${this.address} ${this.owner}`;
  }

  /** Calls from now on are made with other credentials. */
  take(credentials: Credentials, acting: Acting): void {
    this.#credentials = credentials;
    this.#changing = credentials;
    this.#acting = acting;
  }

  /** The page has shown the token that goes with its session. */
  takeCsrf(token: string): void {
    this.#changing = changingWith(this.#credentials, token);
  }

  callOf(operation: Operation, input: Input, more: SeatCall): Call {
    const { requestId, locale } = more;
    const isCommand = operation.kind === "command";
    const call: Mutable<Call> = {
      operation,
      input,
      credentials: isCommand ? this.#changing : this.#credentials,
      locale,
      requestId,
      channel: this.#channel,
      peer: this.#peer,
    };
    const { tenant, actFor } = this.#acting;
    const { older } = this.version;
    if (tenant !== undefined) call.tenant = tenant;
    if (actFor !== undefined) call.actFor = actFor;
    if (this.origin !== undefined) call.origin = this.origin;
    if (this.#host !== undefined && !this.isKnown) call.host = this.#host;
    if (isCommand) call.address = this.address;
    if (older !== undefined) call.version = older;
    if (this.#traceparent !== undefined) call.traceparent = this.#traceparent;
    if (more.findings !== undefined) call.findings = more.findings;
    if (more.bodyBytes !== undefined) call.bodyBytes = more.bodyBytes;
    if (more.idempotencyKey !== undefined) call.idempotencyKey = more.idempotencyKey;
    if (more.ifMatch !== undefined) call.ifMatch = more.ifMatch;
    if (more.deadline !== undefined) call.deadline = more.deadline;
    if (more.signal !== undefined) call.signal = more.signal;
    if (more.onRun !== undefined) call.onRun = more.onRun;
    return call;
  }

  /** The question whether the caller may still call; nothing is in use by it. */
  question(): Call {
    const call = this.callOf(this.version.contract.events, {}, { requestId: this.requestId, locale: this.locale });
    const { credentials } = call;
    // What a session's record says is looked up anew: its idle time ends without a change of it.
    return { ...call, credentials: credentials.kind === "session" ? { ...credentials } : credentials, isIdle: true };
  }
}

/** Longest request id that messages put a number behind. */
const requestIdMax = 100;

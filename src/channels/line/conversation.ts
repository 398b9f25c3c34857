/**
 * What is said on one connection: lines come in, answers go out, in order. It knows who speaks, and what holds for all lines that follow; of sockets it knows
 * nothing.
 */
import type { Operation } from "../../contract/contract.ts";
import type { Call, Credentials, Result } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { Telling } from "../../pipeline/told.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import type { HeaderReader } from "../http/credentials.ts";
import { actingOf, type ChannelParts, conditionsOf, reasonHeader } from "../http/index.ts";
import { type Aside, asidesOfHeaders, keptAsides } from "./asides.ts";
import { credentialsOfLine } from "./credentials.ts";
import { type Flaw, readLine } from "./grammar.ts";
import { readInput } from "./input.ts";
import type { LineLimits } from "./limits.ts";
import { textOf } from "./lines.ts";
import { errorLine, type Place, resultLines, statusLine } from "./output.ts";
import { Queue, type Work } from "./queue.ts";
import { type LineRequest, readRequest } from "./request.ts";
import type { Services, Spoken } from "./services.ts";
import type { Titles } from "./titles.ts";

/** Name of the channel in journal, audit and usage. */
const name = "line";

export interface ConversationOptions {
  readonly parts: ChannelParts;
  readonly limits: LineLimits;
  readonly services: Services;
  readonly address: string;
  /** Whether the other side does not read. */
  isFull(): boolean;
  send(answer: string): void;
  /** Everything is said: what was sent goes out, then the connection ends. */
  end(): void;
}

type Kept = { readonly [name in (typeof keptAsides)[number]]?: string };

/** A line on its way. */
interface Heard {
  readonly line: string;
  readonly bytes: number;
  readonly request: LineRequest;
  readonly tag: string | undefined;
}

/** A line that is none. */
interface Garbled {
  readonly line: string;
  readonly garbled: Flaw;
  readonly refusal: Refusal;
}

const anonymous: Credentials = { kind: "none" };
const wrongLine = (): Refusal => refuse("invalid_request");

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #queue: Queue;
  readonly #left = new AbortController();
  #credentials: Credentials = anonymous;
  #kept: Kept = {};
  /** What the lines that have come say for those behind them, done or not: only the order in which they run hangs on it. */
  #announced: Kept = {};
  #isKnown = false;
  #failures = 0;
  #garbled = 0;
  #isOver = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const { runningMax, waitingMax, waitingBytesMax } = options.limits;
    this.#queue = new Queue({
      runningMax,
      waitingMax,
      waitingBytesMax,
      isFull: () => options.isFull(),
      send: (answer) => {
        options.send(answer);
        if (this.#isOver && this.#queue.isIdle) options.end();
      },
    });
  }

  /** Somebody has shown good credentials, or was served without any. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  get isIdle(): boolean {
    return this.#queue.isIdle;
  }

  /** Whether more should be read. */
  get hasRoom(): boolean {
    return !this.#isOver && this.#queue.hasRoom;
  }

  /** Most bytes that a line may have now. */
  get lineBytesMax(): number {
    const { lineBytesMax, strangerLineBytesMax } = this.#options.limits;
    return this.#isKnown || this.#credentials.kind !== "none" ? lineBytesMax : strangerLineBytesMax;
  }

  /** Takes a line. */
  take(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const read = this.#read(bytes);
    // Whether a stranger has said it is known when its turn comes.
    if ("garbled" in read) this.#queue.add({ kind: "barrier", bytes: bytes.length, run: () => this.#garbling(read) });
    else this.#queue.add(this.#workOf(read));
  }

  /** Says why nothing more is taken, behind all answers, and ends. */
  finish(refusal: Refusal): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue.add({ kind: "barrier", bytes: 0, run: () => this.#refused(refusal, undefined, { line: "" }) });
  }

  /** Nothing more comes: what was asked is answered, then it ends. */
  leave(): void {
    this.#isOver = true;
    if (this.#queue.isIdle) this.#options.end();
  }

  /** Nothing behind the line that is being run is answered. */
  #cut(): void {
    this.#isOver = true;
    this.#queue.cut();
  }

  /** There is room again. */
  resume(): void {
    this.#queue.resume();
  }

  /** The other side has left: what only reads is stopped, what was sent to be done is done. */
  close(): void {
    this.#isOver = true;
    this.#queue.close();
    this.#left.abort();
  }

  #read(bytes: Uint8Array): Heard | Garbled {
    const { limits } = this.#options;
    const decoded = textOf(bytes);
    const { text: line } = decoded;
    if ("flaw" in decoded) return { line, garbled: decoded, refusal: refuse("invalid_encoding") };
    const pairs = readLine(line, limits);
    if ("flaw" in pairs) return { line, garbled: pairs, refusal: wrongLine() };
    const request = readRequest(pairs);
    if ("flaw" in request) return { line, garbled: request, refusal: wrongLine() };
    const [tag] = request.asides.get("tag") ?? [];
    const { tagLengthMax } = limits;
    if ((tag?.text?.length ?? 0) > tagLengthMax)
      return { line, garbled: { flaw: `A tag has at most ${tagLengthMax} characters.`, at: tag?.at ?? 0 }, refusal: wrongLine() };
    return { line, bytes: bytes.length, request, tag: tag?.text ?? undefined };
  }

  /** A line that cannot be read. A stranger who begins with one speaks another protocol. */
  #garbling({ line, garbled: { flaw, at }, refusal }: Garbled): string {
    const isStranger = !this.#isKnown && this.#credentials.kind === "none";
    if (isStranger || ++this.#garbled >= this.#options.limits.garbledMax) this.#cut();
    return this.#refused(refusal, undefined, { line, at, problem: flaw });
  }

  /** A refusal that is about no operation. */
  #refused(refusal: Refusal, heard: Heard | undefined, place: Place): string {
    return errorLine(refusal, this.#telling(heard, undefined, undefined), { tag: heard?.tag, place });
  }

  #telling(heard: Heard | undefined, spoken: Spoken | undefined, titles: Titles | undefined): Telling {
    const { parts } = this.#options;
    return {
      locale: parts.languages.choose(this.#said(heard, "language")),
      requestId: parts.requestIds.of(heard?.request.asides.get("requestId")?.[0]?.text ?? null),
      messages: spoken?.contract.messages,
      resource: titles?.operation.resource?.name,
    };
  }

  /** What a line says, else what an earlier one has said for it. */
  #said(heard: Heard | undefined, aside: keyof Kept): string | undefined {
    const told = heard?.request.asides.get(aside)?.[0];
    return told === undefined ? this.#kept[aside] : (told.text ?? undefined);
  }

  #workOf(heard: Heard): Work {
    const { request, bytes } = heard;
    const run = (isBegun: () => void): MaybePromise<string> => this.#run(heard, isBegun);
    if (request.verb === "ping") return { kind: "query", bytes, run };
    if (request.verb !== "operation") {
      this.#announced = keptOf(request, this.#announced);
      return { kind: "barrier", bytes, run };
    }
    const { service, version } = keptOf(request, this.#announced);
    const operation = this.#options.services.find(service, version)?.find(request.subject);
    return { kind: operation?.kind ?? "barrier", bytes, run };
  }

  #run(heard: Heard, isBegun: () => void): MaybePromise<string> {
    this.#garbled = 0;
    try {
      const answer = this.#answer(heard, isBegun);
      return answer instanceof Promise ? answer.catch((error: unknown) => this.#failed(heard, error)) : answer;
    } catch (error) {
      return this.#failed(heard, error);
    }
  }

  #failed(heard: Heard, error: unknown): string {
    const { kind } = (error ?? {}) as { readonly kind?: unknown };
    const isAway = kind === "unavailable" || kind === "timeout";
    const refusal = isAway ? refuse("unavailable", { retryAfter: 1 }) : refuse("internal");
    const telling = this.#telling(heard, undefined, undefined);
    if (!isAway) this.#options.parts.onError(error, { requestId: telling.requestId, channel: name });
    return errorLine(refusal, telling, { tag: heard.tag, place: { line: heard.line } });
  }

  #answer(heard: Heard, isBegun: () => void): MaybePromise<string> {
    const { request, tag } = heard;
    switch (request.verb) {
      case "operation":
        return this.#call(heard, isBegun);
      case "ping":
        return statusLine(tag);
      case "quit":
        this.#cut();
        return statusLine(tag);
      case "use": {
        const flaw = this.#keep(heard);
        return flaw ?? statusLine(tag);
      }
      default:
        return this.#identify(heard);
    }
  }

  /** Keeps what holds for the lines that follow; the answer where it cannot. */
  #keep(heard: Heard): string | undefined {
    const { asides } = heard.request;
    const kept = keptOf(heard.request, this.#kept);
    if (this.#options.services.find(kept.service, kept.version) === undefined) {
      const at = asides.get("version")?.[0]?.at ?? asides.get("service")?.[0]?.at ?? 0;
      return this.#refused(refuse("not_found"), heard, { line: heard.line, at });
    }
    const acting = actingOf(this.#headers(heard));
    if ("type" in acting) return this.#refused(acting, heard, this.#placeOf(heard, acting));
    this.#kept = kept;
    return undefined;
  }

  /** Takes credentials, once they were found good. */
  async #identify(heard: Heard): Promise<string> {
    const { parts, services, limits } = this.#options;
    const shown = credentialsOfLine(heard.request);
    this.#credentials = anonymous;
    if ("flaw" in shown) return this.#refused(wrongLine(), heard, { line: heard.line, at: shown.at, problem: shown.flaw });
    const flaw = this.#keep(heard);
    if (flaw !== undefined) return flaw;
    const spoken = services.find(this.#kept.service, this.#kept.version);
    if (spoken === undefined) throw new Error("there is no service");
    const call = this.#callOf(heard, spoken, spoken.contract.events, shown);
    if ("type" in call) return this.#refused(call, heard, this.#placeOf(heard, call));
    const caller = await parts.pipeline.identify(call);
    // Who may not use one operation may use others.
    if ("status" in caller && caller.status !== 403) {
      if (++this.#failures >= limits.failuresMax) this.#cut();
      return this.#refused(caller, heard, { line: heard.line, at: heard.request.subjectAt });
    }
    this.#credentials = shown;
    this.#isKnown = true;
    return statusLine(heard.tag);
  }

  #call(heard: Heard, isBegun: () => void): MaybePromise<string> {
    const { services, parts, limits } = this.#options;
    const { request, line, tag } = heard;
    const spoken = services.find(this.#said(heard, "service"), this.#said(heard, "version"));
    const operation = spoken?.find(request.subject);
    if (spoken === undefined || operation === undefined) {
      // Which service was meant is told: it may have been none of the line's words.
      const { service, version } = spoken?.contract ?? {};
      const problem =
        spoken === undefined ? "There is no such service or version." : `There is no such operation of ${service} ${version}.`;
      return this.#refused(refuse("not_found"), heard, { line, at: request.subjectAt, problem });
    }
    const titles = spoken.titlesOf(operation);
    const telling = this.#telling(heard, spoken, titles);
    const refused = (refusal: Refusal, place: Omit<Place, "line" | "titles">, replayed?: true): string =>
      errorLine(refusal, telling, { tag, place: { line, titles, ...place } }, replayed);
    if (spoken.sunsetMs <= parts.now()) return refused(refuse("gone"), {});
    const call = this.#callOf(heard, spoken, operation, this.#credentials, telling);
    if ("type" in call) return refused(call, this.#placeOf(heard, call));
    const read = readInput(titles, request, limits);
    if (!read.ok) return this.#declined(call, read.refusal, (refusal) => refused(refusal, { places: read.places }));
    const isChosen = read.input.query?.fields !== undefined || read.input.query?.include !== undefined;
    const whole: Call = {
      ...call,
      input: read.input,
      ...(operation.kind === "command" ? { onRun: isBegun } : { signal: this.#left.signal }),
    };
    const told = (result: Result): string => {
      if (!result.ok) return refused(result.refusal, { places: read.places }, result.replayed);
      this.#isKnown = true;
      return resultLines(titles, result, { tag, isChosen });
    };
    const result = parts.pipeline.run(whole);
    return result instanceof Promise ? result.then(told) : told(result);
  }

  /** What is refused here counts like any other call, and is refused otherwise where the gate says so. */
  #declined(call: Call, refusal: Refusal, told: (refusal: Refusal) => string): MaybePromise<string> {
    const declined = this.#options.parts.pipeline.decline(call, refusal);
    return declined instanceof Promise ? declined.then(told) : told(declined);
  }

  #placeOf({ line, request }: Heard, { details }: Refusal): Place {
    const aside = asidesOfHeaders[String(details?.["header"])];
    const at = aside === undefined ? undefined : request.asides.get(aside)?.[0]?.at;
    return { line, ...(at === undefined ? {} : { at }) };
  }

  #callOf(
    heard: Heard,
    spoken: Spoken,
    operation: Operation,
    credentials: Credentials,
    { locale, requestId }: Telling = this.#telling(heard, spoken, undefined),
  ): Call | Refusal {
    const { parts, limits, address } = this.#options;
    const headers = this.#headers(heard);
    const acting = actingOf(headers);
    if ("type" in acting) return acting;
    const conditions = conditionsOf((header) => headers.get(header));
    if ("type" in conditions) return conditions;
    const call: Mutable<Call> = {
      operation,
      input: {},
      credentials,
      locale,
      requestId,
      deadline: parts.now() + limits.callMsMax,
      channel: name,
      peer: { address },
      bodyBytes: heard.bytes,
      text: true,
      hasFixedNames: true,
      ...conditions,
      ...acting,
    };
    if (operation.kind === "command") call.address = address;
    if (spoken.older !== undefined) call.version = spoken.older;
    return call;
  }

  /** What a line says about its request, under the names that it has over HTTP. */
  #headers(heard: Heard): HeaderReader {
    const own = (aside: Aside): string | null => heard.request.asides.get(aside)?.[0]?.text ?? null;
    const tag = own("ifMatch");
    const reason = this.#said(heard, "reason");
    const values: Readonly<Record<string, string | null>> = {
      "pons-tenant": this.#said(heard, "tenant") ?? null,
      "pons-act-for": this.#said(heard, "actFor") ?? null,
      "pons-reason": reason === undefined ? null : reasonHeader(reason),
      "idempotency-key": own("idempotencyKey"),
      // As answers have it, without quotes.
      "if-match": tag === null || tag === "*" || tag.includes('"') ? tag : `"${tag}"`,
    };
    return { get: (header) => values[header] ?? null };
  }
}

/** What holds behind a line. */
const keptOf = ({ asides }: LineRequest, before: Kept): Kept => {
  const said = keptAsides.flatMap((aside): [string, string | undefined][] => {
    const told = asides.get(aside)?.[0];
    return told === undefined ? [] : [[aside, told.text ?? undefined]];
  });
  return said.length === 0 ? before : { ...before, ...(Object.fromEntries(said) as Kept) };
};

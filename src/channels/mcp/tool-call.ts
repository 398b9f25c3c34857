/**
 * One call of a tool: its arguments read, confirmed where it has to be, run, and answered.
 *
 *   confirmed by            the client can                     how
 *   a person, by a form     input required (2026-07-28)        the call is answered with a question, and made anew with its answer
 *   a person, by a form     elicitation (2025-11-25)           the question goes out on the open answer of the call
 *   the model               neither                            the call is answered with a token, and made anew with it
 */
import { hasToBeConfirmed } from "../../contract/mcp.ts";
import type { Call, Result } from "../../pipeline/call.ts";
import type { Caller } from "../../pipeline/identity/caller.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { type Refusal, invalid, refuse } from "../../pipeline/refusal.ts";
import type { Telling } from "../../pipeline/told.ts";
import { callOf, conditionsOf, type HttpExchange } from "../http/index.ts";
import { type Content, dataContent, endsRequest, refusalContent } from "./answer.ts";
import { readArguments, type ToolArguments } from "./arguments.ts";
import { flawOfInput } from "./check.ts";
import { callerText, type Confirmations, type Confirmed, keyOfToken, type Way } from "./confirmation.ts";
import type { McpLimits } from "./limits.ts";
import { isObject, type JsonObject } from "./protocol.ts";
import { agrees, type Questions, questionParams } from "./questions.ts";
import { shownCall } from "./shown.ts";
import { textsOf } from "./texts.ts";
import type { Tool } from "./tool.ts";

/** How the client can be asked. */
export type Asking = "form" | "stream" | "token";

/** What a request brings beside its arguments. */
export interface ToolRequest {
  readonly given: JsonObject;
  readonly asking: Asking;
  /** The answer to a question, and the token that went out with it (2026-07-28, patterns/mrtr). */
  readonly retry?: { readonly state: string; readonly answer: JsonObject | undefined };
}

/** What came of it. */
export type ToolOutcome =
  | { readonly kind: "content"; readonly content: Content }
  /** The request itself is refused. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** To be asked, and called again with `state`. */
  | { readonly kind: "input"; readonly state: string; readonly question: JsonObject }
  /** The state that came back is none of ours, or of another call. */
  | { readonly kind: "badState" }
  /** The question waits on the open answer. */
  | { readonly kind: "question"; readonly id: string; readonly question: JsonObject; readonly outcome: Promise<ToolOutcome> };

export interface ToolCallParts {
  readonly pipeline: Pipeline;
  readonly confirmations: Confirmations;
  readonly questions: Questions;
  readonly limits: McpLimits;
  readonly now: () => number;
}

const fieldOfConfirm = (tool: Tool, text: string): Refusal => invalid({ [tool.names.confirm ?? "confirm"]: [{ code: text }] });

/** A refusal that stands for "has to be confirmed" on its way through the gate, so that it counts like any other call. */
const unconfirmed = (): Refusal => refuse("precondition_required");

export class ToolCall {
  readonly #parts: ToolCallParts;
  readonly #exchange: HttpExchange;
  readonly #tool: Tool;
  readonly #telling: Telling;

  constructor(parts: ToolCallParts, exchange: HttpExchange, tool: Tool) {
    this.#parts = parts;
    this.#exchange = exchange;
    this.#tool = tool;
    this.#telling = {
      locale: exchange.locale,
      requestId: exchange.requestId,
      messages: exchange.version?.contract.messages,
      resource: tool.operation.resource?.name,
    };
  }

  async run(request: ToolRequest): Promise<ToolOutcome> {
    const conditions = conditionsOf((name) => this.#exchange.headers.get(name));
    if ("type" in conditions) return this.#declined(conditions);
    const read = readArguments(this.#tool, request.given, this.#parts.limits);
    if ("type" in read) return this.#declined(read);
    // Leaving stops what only reads; a change that was sent is carried out.
    const signal = this.#tool.operation.kind === "query" ? this.#exchange.request.signal : undefined;
    const call: Call = {
      ...callOf(this.#exchange, this.#tool.operation, read.input, { ...conditions, signal }),
      hasFixedNames: true,
    };
    return this.#isAsked(read) ? this.#asked(call, read, request) : this.#made(call);
  }

  #isAsked({ input: { body } }: ToolArguments): boolean {
    const { asks, shown } = this.#tool;
    const contract = this.#exchange.version?.contract;
    return asks && contract !== undefined && hasToBeConfirmed(contract, shown, isObject(body) ? body : {});
  }

  /** A call that has to be confirmed. */
  async #asked(call: Call, { confirm }: ToolArguments, { asking, retry }: ToolRequest): Promise<ToolOutcome> {
    const { pipeline, confirmations } = this.#parts;
    const barred = await pipeline.permit(call);
    const caller = this.#exchange.findings.caller;
    if (barred !== undefined || caller === undefined) return this.#refused(barred ?? refuse("internal"));
    const known: Call = { ...call, principal: caller };
    if (retry !== undefined) {
      const { state, answer } = retry;
      if (!confirmations.isGood(state, this.#confirmed("form", caller, call))) return { kind: "badState" };
      if (agrees(answer)) return this.#made(keyed(known, state));
      return answer === undefined ? this.#ask(known, caller, asking) : this.#content(this.#notAgreed());
    }
    if (confirm !== undefined) {
      if (confirmations.isGood(confirm, this.#confirmed("token", caller, call))) return this.#made(keyed(known, confirm));
      return this.#declined(fieldOfConfirm(this.#tool, textsOf(this.#exchange.locale).stale), known);
    }
    return this.#ask(known, caller, asking);
  }

  async #ask(call: Call, caller: Caller, asking: Asking): Promise<ToolOutcome> {
    const { pipeline, confirmations, questions, limits, now } = this.#parts;
    const flaw = flawOfInput(this.#tool, call);
    if (flaw !== undefined) return this.#declined(flaw, call);
    const counted = await pipeline.decline(call, unconfirmed());
    if (counted.type !== unconfirmed().type) return this.#refused(counted);
    const texts = textsOf(this.#exchange.locale);
    const message = shownCall(this.#tool, call.input, { texts, limits });
    const question = questionParams(message, texts.agree);
    const owner = callerText(caller);
    if (asking === "form")
      return { kind: "input", state: confirmations.make(this.#confirmed("form", caller, call)).text, question };
    if (asking === "stream" && questions.hasRoom(owner)) {
      const { id, reply } = questions.ask(owner, this.#tool.operation, this.#exchange.request.signal);
      const outcome = reply.then((said): ToolOutcome | Promise<ToolOutcome> => {
        if (said === "accepted") return this.#made(keyed({ ...call, deadline: now() + limits.callMsMax }, id));
        return this.#content(said === "declined" ? this.#notAgreed() : this.#token(call, caller, message));
      });
      return { kind: "question", id, question, outcome };
    }
    return this.#content(this.#token(call, caller, message));
  }

  #confirmed(way: Way, caller: Caller, { operation, input, idempotencyKey, ifMatch }: Call): Confirmed {
    const version = this.#exchange.version?.name ?? "";
    return { way, caller, operation: `${operation.service}.${operation.name}`, version, input, idempotencyKey, ifMatch };
  }

  #token(call: Call, caller: Caller, message: string): Content {
    const { confirmations, limits } = this.#parts;
    const { text, untilMs } = confirmations.make(this.#confirmed("token", caller, call));
    const next = textsOf(this.#exchange.locale)
      .next.replace("{name}", this.#tool.names.confirm ?? "confirm")
      .replace("{minutes}", String(limits.confirmMs / 60_000));
    return { structured: { confirmation: { token: text, expiresAt: new Date(untilMs).toISOString(), message, next } } };
  }

  #notAgreed(): Content {
    const message = textsOf(this.#exchange.locale).declined;
    return { structured: { error: { type: "not_confirmed", message, requestId: this.#exchange.requestId } }, isError: true };
  }

  async #made(call: Call): Promise<ToolOutcome> {
    const result: Result = await this.#parts.pipeline.run(call);
    return result.ok ? this.#content(dataContent(result)) : this.#refused(result.refusal, result.replayed);
  }

  /** What is refused here counts like any other call. */
  async #declined(refusal: Refusal, call?: Call): Promise<ToolOutcome> {
    const { pipeline } = this.#parts;
    return this.#refused(await pipeline.decline(call ?? callOf(this.#exchange, this.#tool.operation, {}), refusal));
  }

  #refused(refusal: Refusal, replayed?: true): ToolOutcome {
    if (endsRequest(refusal, this.#exchange.credentials.kind === "token")) return { kind: "refused", refusal };
    return this.#content(refusalContent(refusal, this.#telling, replayed));
  }

  #content(content: Content): ToolOutcome {
    return { kind: "content", content };
  }
}

/** One confirmation has one effect: it is the idempotency key, unless the caller has one. */
const keyed = (call: Call, token: string): Call =>
  call.idempotencyKey === undefined ? { ...call, idempotencyKey: keyOfToken(token) } : call;

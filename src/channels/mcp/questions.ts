/**
 * Questions to the person behind a client of a revision with a handshake: asked on the open answer of a call, answered by a message of its own
 * (2025-11-25, client/elicitation). What the client can do it says once, at the handshake: that is in the session id it is given then, signed, so that nothing is
 * kept for it.
 *
 * A question waits in the memory of the node that was called. An answer that comes to another node is refused there, and the call ends as if nobody had
 * answered.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Operation } from "../../contract/contract.ts";
import type { McpLimits } from "./limits.ts";
import type { JsonObject, RequestId } from "./protocol.ts";

/** What became of a question. */
export type Reply = "accepted" | "declined" | "unanswered";

interface Waiting {
  /** Who was asked, and about what. */
  readonly owner: string;
  readonly operation: Operation;
  settle(reply: Reply): void;
}

const sessionForm = /^ask\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22})$/;
const macBytes = 16;
const nonceBytes = 12;

/** Session ids of clients that can be asked. */
export class Sessions {
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  make(): string {
    const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes)).toBase64({ alphabet: "base64url" });
    return `ask.${nonce}.${this.#mac(nonce).toString("base64url")}`;
  }

  /** Whether it is one of ours. */
  isGood(id: string): boolean {
    const [, nonce = "", mac = ""] = sessionForm.exec(id) ?? [];
    const given = Buffer.from(mac, "base64url");
    return given.length === macBytes && timingSafeEqual(given, this.#mac(nonce));
  }

  #mac(nonce: string): Buffer {
    return createHmac("sha256", this.#secret).update("session\n").update(nonce).digest().subarray(0, macBytes);
  }
}

/** Whether an answer says yes: the person has accepted, and ticked the box. */
export const agrees = (answer: JsonObject | undefined): boolean => {
  const content = answer?.["content"];
  return (
    answer?.["action"] === "accept" &&
    typeof content === "object" &&
    content !== null &&
    (content as { readonly agree?: unknown }).agree === true
  );
};

/** The question as the protocol has it: one box to tick. */
export const questionParams = (message: string, agree: string): JsonObject => ({
  mode: "form",
  message,
  requestedSchema: {
    type: "object",
    properties: { agree: { type: "boolean", title: agree, default: false } },
    required: ["agree"],
  },
});

export class Questions {
  readonly #limits: McpLimits;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ofOwner = new Map<string, number>();

  constructor(limits: McpLimits) {
    this.#limits = limits;
  }

  /** Whether one more may be asked. */
  hasRoom(owner: string): boolean {
    const { questionsMax, questionsPerCallerMax } = this.#limits;
    return this.#waiting.size < questionsMax && (this.#ofOwner.get(owner) ?? 0) < questionsPerCallerMax;
  }

  /** A question that waits; `reply` resolves once, at the latest when its time is up. */
  ask(owner: string, operation: Operation, signal: AbortSignal): { readonly id: string; readonly reply: Promise<Reply> } {
    const id = `ask-${crypto.randomUUID()}`;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    const settle = (reply: Reply): void => {
      if (!this.#waiting.delete(id)) return;
      clearTimeout(timer);
      signal.removeEventListener("abort", left);
      const count = (this.#ofOwner.get(owner) ?? 1) - 1;
      if (count === 0) this.#ofOwner.delete(owner);
      else this.#ofOwner.set(owner, count);
      resolve(reply);
    };
    const left = (): void => settle("unanswered");
    const timer = setTimeout(left, this.#limits.questionMs);
    this.#waiting.set(id, { owner, operation, settle });
    this.#ofOwner.set(owner, (this.#ofOwner.get(owner) ?? 0) + 1);
    if (signal.aborted) left();
    else signal.addEventListener("abort", left, { once: true });
    return { id, reply: promise };
  }

  /** What a question is about; undefined: nobody here has asked it, or nobody waits any longer. */
  operationOf(id: RequestId): Operation | undefined {
    return typeof id === "string" ? this.#waiting.get(id)?.operation : undefined;
  }

  /** Takes an answer; false: nobody here has asked that caller. */
  answer(id: RequestId, owner: string, result: JsonObject | undefined): boolean {
    const waiting = typeof id === "string" ? this.#waiting.get(id) : undefined;
    if (waiting === undefined || waiting.owner !== owner) return false;
    waiting.settle(agrees(result) ? "accepted" : "declined");
    return true;
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const { settle } of this.#waiting.values()) settle("unanswered");
  }
}

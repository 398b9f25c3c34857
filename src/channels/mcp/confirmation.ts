/**
 * Confirmations: proof that a caller was told what a call would do before it is made. A token is made for the call as it stands, by whom it stands, and for a
 * few minutes; it is good for no other call. It is the call's idempotency key too, so that one confirmation has one effect however often it is sent.
 *
 *   token   <until, seconds in base 36>.<72 random bits>.<MAC, 128 bits>
 *
 * Nothing is kept: any node of the installation can check what another one has made.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Caller } from "../../pipeline/identity/caller.ts";

/** How it is confirmed: by the model, which is told to ask; by a person whom the client has asked; by an answer to a question over an open stream. */
export type Way = "token" | "form";

/** The call that is confirmed. */
export interface Confirmed {
  readonly way: Way;
  readonly caller: Caller;
  /** `bank.transfers.create`. */
  readonly operation: string;
  readonly version: string;
  /** As it was given: any JSON value. */
  readonly input: unknown;
  readonly idempotencyKey: string | undefined;
  readonly ifMatch: readonly string[] | undefined;
}

export interface Token {
  readonly text: string;
  readonly untilMs: number;
}

const macBytes = 16;
const nonceBytes = 9;
const form = /^([0-9a-z]{6,10})\.([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{22})$/;

/** A text that is the same for the same value, whatever the order of its members. */
const canonical = (value: unknown): string => {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
};

/** A text that is the same for the same caller, by whatever credentials of the same kind he comes. */
export const callerText = ({ realm, tenant, environment, app, user, subject, key, actor }: Caller): string =>
  canonical([realm, tenant, environment, app, user, subject, key ?? null, actor ?? null]);

export class Confirmations {
  readonly #secret: Uint8Array;
  readonly #now: () => number;
  readonly #holdsMs: number;

  constructor(secret: Uint8Array, options: { readonly now: () => number; readonly holdsMs: number }) {
    this.#secret = secret;
    this.#now = options.now;
    this.#holdsMs = options.holdsMs;
  }

  make(call: Confirmed): Token {
    const untilMs = this.#now() + this.#holdsMs;
    const head = `${Math.floor(untilMs / 1_000).toString(36)}.${crypto.getRandomValues(new Uint8Array(nonceBytes)).toBase64({ alphabet: "base64url" })}`;
    return { text: `${head}.${this.#mac(head, call).toString("base64url")}`, untilMs };
  }

  /** Whether a token is one of ours, for this call, and not over. */
  isGood(token: string, call: Confirmed): boolean {
    const [, until = "", nonce = "", mac = ""] = form.exec(token) ?? [];
    if (until === "" || Number.parseInt(until, 36) * 1_000 < this.#now()) return false;
    const given = Buffer.from(mac, "base64url");
    return given.length === macBytes && timingSafeEqual(given, this.#mac(`${until}.${nonce}`, call));
  }

  #mac(head: string, { way, caller, operation, version, input, idempotencyKey, ifMatch }: Confirmed): Buffer {
    const bound = canonical([way, callerText(caller), operation, version, input, idempotencyKey ?? null, ifMatch ?? null]);
    return createHmac("sha256", this.#secret).update(head).update("\n").update(bound).digest().subarray(0, macBytes);
  }
}

/** The idempotency key of a call that was confirmed with a token, where the caller has none of its own. */
export const keyOfToken = (token: string): string => `confirmed ${token}`;

/**
 * Calls between nodes, as they travel: `POST /_pons/forward`, a body of several items, each one call or an atomic batch.
 *
 *   Authorization: Pons-Node <milliseconds>.<nonce>.<SHA-256 of the body>.<HMAC-SHA-256 of method, path and what stands before it>
 *
 * The key is made from the installation's secret, which all nodes have. A signature is good for `signatureMsMax` and one time. The answer carries
 * a signature over the request's nonce and its own body. Bodies are structured clones (bun:jsc): bigints, bytes and absent values stay what they
 * are. They are read only once the signature is found good.
 */
import { deserialize, serialize } from "bun:jsc";
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Contract } from "../contract/index.ts";
import type { Call } from "../pipeline/call.ts";
import type { RunOutcome } from "../pipeline/context.ts";
import type { Refusal } from "../pipeline/refusal.ts";
import type { Handed } from "../sources/index.ts";

export const forwardPath = "/_pons/forward";
export const signatureHeader = "x-pons-signature";
const scheme = "Pons-Node ";

/** How far the clocks of two nodes may differ. */
export const signatureMsMax = 60_000;

/** What a call is made of, on its way. The deadline is what is left of it: clocks differ. */
type SentCall = Omit<Call, "operation" | "credentials" | "signal" | "deadline" | "isHandedOver" | "peer" | "findings"> & {
  readonly service: string;
  readonly operation: string;
  readonly leftMs?: number;
};

interface SentItem {
  readonly strategy: Handed["strategy"];
  readonly calls: readonly ({ readonly call: SentCall } | { readonly refusal: Refusal })[];
}

/** What came of an item; `null`: this node has no lease for it, or does not know its operation. */
export type Answered = readonly RunOutcome[] | null;

const sentCall = (call: Call, nowMs: number): SentCall => {
  const {
    operation,
    credentials: _credentials,
    signal: _signal,
    onRun: _onRun,
    deadline,
    isHandedOver: _isHandedOver,
    ...sent
  } = call;
  const { peer: _peer, findings: _findings, ...rest } = sent;
  return {
    ...rest,
    service: operation.service,
    operation: operation.name,
    ...(deadline === undefined ? {} : { leftMs: deadline - nowMs }),
  };
};

export const encodeItem = ({ strategy, calls }: Handed, nowMs: number): Uint8Array => {
  const item: SentItem = {
    strategy,
    calls: calls.map((call) => ("operation" in call ? { call: sentCall(call, nowMs) } : { refusal: call })),
  };
  return new Uint8Array(serialize(item));
};

/** The calls of an item; `undefined` when this node does not know one of their operations. */
export const decodeItem = (
  bytes: Uint8Array,
  options: { readonly contracts: ReadonlyMap<string, Contract>; readonly nowMs: number; readonly signal: AbortSignal },
): Handed | undefined => {
  const { strategy, calls } = deserialize(bytes) as SentItem;
  const known: (Call | Refusal)[] = [];
  for (const sent of calls) {
    if ("refusal" in sent) {
      known.push(sent.refusal);
      continue;
    }
    const { service, operation: name, leftMs, ...rest } = sent.call;
    const operation = options.contracts.get(service)?.operations.get(name);
    if (operation === undefined) return undefined;
    known.push({
      ...rest,
      operation,
      credentials: { kind: "none" },
      signal: options.signal,
      ...(leftMs === undefined ? {} : { deadline: options.nowMs + leftMs }),
    });
  }
  return { strategy, calls: known };
};

export const encode = (value: readonly Uint8Array[] | readonly Answered[]): Uint8Array => new Uint8Array(serialize(value));
export const decodeItems = (bytes: Uint8Array): readonly Uint8Array[] => deserialize(bytes) as Uint8Array[];
export const decodeAnswers = (bytes: Uint8Array): readonly Answered[] => deserialize(bytes) as Answered[];

const digest = (body: Uint8Array): string => new Bun.CryptoHasher("sha256").update(body).digest("base64url");

const isSame = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** A request's credentials as it states them, once its signature was found good. */
export interface Signed {
  readonly nonce: string;
  readonly bodyDigest: string;
}

/** Signs requests and answers, and checks the signatures of others. */
export class Signer {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update("pons: calls between nodes").digest();
  }

  request(body: Uint8Array, { nonce, nowMs }: { readonly nonce: string; readonly nowMs: number }): string {
    const stated = `${nowMs}.${nonce}.${digest(body)}`;
    return `${scheme}${stated}.${this.#sign(`POST ${forwardPath} ${stated}`)}`;
  }

  /** What a request states, if it was signed by a node of this installation within the time. */
  check(authorization: string | null, nowMs: number): Signed | undefined {
    const parts = authorization?.startsWith(scheme) === true ? authorization.slice(scheme.length).split(".") : [];
    const [time = "", nonce = "", bodyDigest = "", signature = ""] = parts;
    if (parts.length !== 4 || Math.abs(nowMs - Number(time)) > signatureMsMax) return undefined;
    return isSame(signature, this.#sign(`POST ${forwardPath} ${time}.${nonce}.${bodyDigest}`))
      ? { nonce, bodyDigest }
      : undefined;
  }

  isOf({ bodyDigest }: Signed, body: Uint8Array): boolean {
    return isSame(bodyDigest, digest(body));
  }

  answer(nonce: string, body: Uint8Array): string {
    return this.#sign(`${nonce} ${digest(body)}`);
  }

  isAnswer(nonce: string, body: Uint8Array, signature: string | null): boolean {
    return isSame(signature ?? "", this.answer(nonce, body));
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}

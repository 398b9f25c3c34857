/**
 * Takes calls that other nodes hand over. What is not signed by a node of this installation is not taken: to whoever sent it the address does not
 * exist.
 */
import type { Contract } from "../contract/index.ts";
import { notHolder } from "../batch/index.ts";
import type { Handover } from "../pipeline/pipeline.ts";
import { type Answered, decodeItem, decodeItems, encode, signatureHeader, signatureMsMax, type Signer } from "./forward.ts";

/** As large as the largest single body, decoded, with room. */
const bodyBytesMax = 256 * 1024 * 1024;
/** Signatures remembered, so that none counts twice; beyond it no further request is taken until the oldest are too old to count. */
const noncesMax = 100_000;

export interface ReceiverOptions {
  readonly signer: Signer;
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly takeOver: Handover["takeOver"];
}

/** When a nonce was first seen, oldest first. */
class Nonces {
  readonly #seen = new Map<string, number>();

  /** Whether it is seen for the first time. */
  take(nonce: string, nowMs: number): boolean {
    for (const [old, seenMs] of this.#seen) {
      // A signature may be from the future of this clock: it counts for twice the time.
      if (nowMs - seenMs <= 2 * signatureMsMax) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(nonce) || this.#seen.size >= noncesMax) return false;
    this.#seen.set(nonce, nowMs);
    return true;
  }
}

/** Whether a body stays within bounds is told before it is read; one without a length is none of ours. */
const fits = (request: Request): boolean => {
  const length = request.headers.get("content-length") ?? "";
  return /^\d+$/.test(length) && Number(length) <= bodyBytesMax;
};

/** The answer to a request, or `undefined` when it is not of another node. */
export const createForwardReceiver = ({ signer, contracts, takeOver }: ReceiverOptions) => {
  const nonces = new Nonces();

  const run = async (item: Uint8Array, signal: AbortSignal): Promise<Answered> => {
    const handed = decodeItem(item, { contracts, nowMs: Date.now(), signal });
    if (handed === undefined) return null;
    const outcomes = await takeOver(handed.calls, { strategy: handed.strategy });
    return outcomes.some((outcome) => !outcome.ok && outcome.refusal === notHolder) ? null : outcomes;
  };

  return async (request: Request): Promise<Response | undefined> => {
    const signed = signer.check(request.headers.get("authorization"), Date.now());
    if (signed === undefined || !fits(request)) return undefined;
    const body = new Uint8Array(await request.arrayBuffer());
    if (!signer.isOf(signed, body) || !nonces.take(signed.nonce, Date.now())) return undefined;
    const answers = await Promise.all(decodeItems(body).map((item) => run(item, request.signal)));
    const answer = encode(answers);
    return new Response(answer, {
      headers: { "Content-Type": "application/octet-stream", [signatureHeader]: signer.answer(signed.nonce, answer) },
    });
  };
};

/**
 * Hands calls over to other nodes. Calls that wait for the same node go in one request; while requests are under way the next one fills.
 *
 * Each request has a connection of its own: on one that is kept open, a node that has gone away could not be told from one that executed and
 * died. A node that does not answer is asked whether it lives (`/healthz`); when that gets no answer either, the request is given up, and nothing is
 * sent any more until it does answer that.
 *
 * Limits: `waitingMax` items wait per node, further ones are refused `overloaded`.
 */
import { Batcher } from "../batch/batcher.ts";
import { refuse } from "../pipeline/refusal.ts";
import type { Forwarded, Handed, Peers } from "../sources/index.ts";
import { decodeAnswers, encode, encodeItem, forwardPath, signatureHeader, type Signer } from "./forward.ts";

const waitingMax = 10_000;
const itemsPerRequestMax = 500;
/** A request is closed once it is so large; one item may be larger. */
const requestBytesMax = 8 * 1024 * 1024;
const requestsInFlightMax = 4;
/** Nodes remembered; beyond it all are forgotten that are not waited for. */
const peersMax = 256;
/** So long may an answer take before its node is asked whether it lives, and so long has it for the answer to that. */
const probeMs = 1_500;
/** So long has a node for it that did not answer before. */
const suspectProbeMs = 500;
/** However much a node is alive: longer than any call may take. */
const requestMsMax = 60_000;

/** Errors of fetch after which nothing was sent. */
const unsent =
  /^(?:ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EAI_\w+|FailedToOpenSocket|ConnectionRefused)$|CERT|^UNABLE_TO_|^ERR_TLS/;
/** Statuses of a node that did not take the request. */
const untaken: ReadonlySet<number> = new Set([400, 404, 405, 413]);

const all = (count: number, forwarded: Forwarded): readonly Forwarded[] => Array.from({ length: count }, () => forwarded);

interface Peer {
  readonly batcher: Batcher<Uint8Array, Forwarded>;
  waiting: number;
}

/** Whether the node at an address answers at all. */
const isAlive = (address: string, withinMs: number): Promise<boolean> =>
  fetch(`${address}/healthz`, { keepalive: false, redirect: "manual", signal: AbortSignal.timeout(withinMs) }).then(
    (response) => response.ok,
    (error: unknown) => unsent.test(String((error as { code?: unknown }).code)),
  );

export class ForwardClient implements Peers {
  readonly #signer: Signer;
  readonly #peers = new Map<string, Peer>();
  /** Addresses that did not answer when they were asked last. */
  readonly #suspects = new Set<string>();

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  async forward(address: string, handed: Handed): Promise<Forwarded> {
    const peer = this.#peerAt(address);
    if (peer.waiting >= waitingMax) {
      const refusal = refuse("overloaded", { retryAfter: 1 });
      return { kind: "outcomes", outcomes: handed.calls.map(() => ({ ok: false, refusal })) };
    }
    peer.waiting++;
    try {
      return await peer.batcher.submit(encodeItem(handed, Date.now()));
    } finally {
      peer.waiting--;
    }
  }

  #peerAt(address: string): Peer {
    let peer = this.#peers.get(address);
    if (peer === undefined) {
      if (this.#peers.size >= peersMax) this.#suspects.clear();
      if (this.#peers.size >= peersMax)
        for (const [known, { waiting }] of this.#peers) if (waiting === 0) this.#peers.delete(known);
      const batcher = new Batcher<Uint8Array, Forwarded>((items) => this.#sendInParts(address, items), {
        batchMax: itemsPerRequestMax,
        inFlightMax: requestsInFlightMax,
      });
      peer = { batcher, waiting: 0 };
      this.#peers.set(address, peer);
    }
    return peer;
  }

  async #sendInParts(address: string, items: readonly Uint8Array[]): Promise<readonly Forwarded[]> {
    const answers: Forwarded[] = [];
    for (let from = 0; from < items.length;) {
      let to = from;
      for (let bytes = 0; to < items.length && (to === from || bytes + (items[to]?.length ?? 0) <= requestBytesMax); to++)
        bytes += items[to]?.length ?? 0;
      answers.push(...(await this.#send(address, items.slice(from, to))));
      from = to;
    }
    return answers;
  }

  async #send(address: string, items: readonly Uint8Array[]): Promise<readonly Forwarded[]> {
    if (this.#suspects.has(address)) {
      if (!(await isAlive(address, suspectProbeMs))) return all(items.length, { kind: "silent" });
      this.#suspects.delete(address);
    }
    const body = encode(items);
    const nonce = crypto.randomUUID();
    const giveUp = new AbortController();
    const watch = watchOver(address, () => {
      this.#suspects.add(address);
      giveUp.abort();
    });
    try {
      const response = await fetch(`${address}${forwardPath}`, {
        method: "POST",
        body,
        headers: { authorization: this.#signer.request(body, { nonce, nowMs: Date.now() }) },
        keepalive: false,
        redirect: "manual",
        signal: giveUp.signal,
      });
      const answer = new Uint8Array(await response.arrayBuffer());
      if (untaken.has(response.status)) return all(items.length, { kind: "unreachable" });
      const isGood = response.status === 200 && this.#signer.isAnswer(nonce, answer, response.headers.get(signatureHeader));
      if (!isGood) return all(items.length, { kind: "lost" });
      const answered = decodeAnswers(answer);
      return items.map((_, at): Forwarded => {
        const outcomes = answered[at];
        if (outcomes === undefined) return { kind: "lost" };
        return outcomes === null ? { kind: "elsewhere" } : { kind: "outcomes", outcomes };
      });
    } catch (error) {
      return all(items.length, { kind: unsent.test(String((error as { code?: unknown }).code)) ? "unreachable" : "lost" });
    } finally {
      watch.end();
    }
  }
}

/** Gives a request up when its node does not answer, or when it takes too long. */
const watchOver = (address: string, giveUp: () => void): { end(): void } => {
  const until = performance.now() + requestMsMax;
  let hasEnded = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const probe = async (): Promise<void> => {
    const isAnswering = await isAlive(address, probeMs);
    if (hasEnded) return;
    if (isAnswering && performance.now() < until) wait();
    else giveUp();
  };
  const wait = (): void => {
    timer = setTimeout(() => void probe(), probeMs);
  };
  wait();
  return {
    end: () => {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
};

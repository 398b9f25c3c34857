/**
 * Commands run on the node that has the lease of their realm's partition: here, or handed over to another one. Queries run anywhere.
 *
 *   here          the writer runs it; when it finds the lease gone, the command is routed again
 *   handed over   the other node checks it anew and runs it; it answers with the outcome, or that it has no lease either
 *   as a guest    a batch whose steps are made from the results of others cannot be sent: it runs here, without the lease
 *
 * Nothing is executed twice by itself. An answer that is lost is `unknown_fate`, unless idempotency keys make it safe to ask again.
 */
import { type Leases, notHolder } from "../batch/lease.ts";
import type { Call } from "../pipeline/call.ts";
import { andThen } from "../pipeline/condition.ts";
import { type AtomicOrigin, type CallContext, type Executor, handedCall, type RunOutcome } from "../pipeline/context.ts";
import type { RowsPlan } from "../pipeline/plan.ts";
import type { Strategy } from "../pipeline/pipeline.ts";
import { type Refusal, refuse } from "../pipeline/refusal.ts";
import { StoreError } from "../store/store-error.ts";
import type { MaybePromise } from "../store/store.ts";
import type { Sources } from "./sources.ts";

/** One call, or several that commit together; with their principals. */
export interface Handed {
  readonly strategy: Strategy;
  readonly calls: readonly (Call | Refusal)[];
}

/** What came of handing over. */
export type Forwarded =
  | { readonly kind: "outcomes"; readonly outcomes: readonly RunOutcome[] }
  /** The other node has no lease. Nothing was executed. */
  | { readonly kind: "elsewhere" }
  /** Nothing reached it, or it does not take calls of this node. Nothing was executed. */
  | { readonly kind: "unreachable" }
  /** It has not answered lately, so nothing was sent: once its lease runs out, another one has it. */
  | { readonly kind: "silent" }
  /** No answer: it may or may not have been executed. */
  | { readonly kind: "lost" };

/** The other nodes. */
export interface Peers {
  /** Never rejects. */
  forward(address: string, handed: Handed): Promise<Forwarded>;
}

interface Work {
  readonly realm: number;
  readonly stepsCount: number;
  readonly isHandedOver: boolean;
  readonly here: (options: { readonly isGuest?: true }) => Promise<readonly RunOutcome[]>;
  readonly handed: () => MaybePromise<Handed | undefined>;
}

type Attempted = Exclude<Forwarded, { kind: "lost" }> | { readonly kind: "lost"; readonly isRepeatable: boolean };

/** How long a command looks for a node that takes it, in milliseconds: longer than a lease. */
const routingMsMax = 15_000;
/** Between two attempts, in milliseconds: the first ones come at once. */
const pauseMsMax = 100;
const retryAfterSeconds = 1;

const isNotHolder = (outcome: RunOutcome): boolean => !outcome.ok && outcome.refusal === notHolder;

/** Whether asking again gives the answer of the first time. */
const isRepeatable = ({ calls }: Handed): boolean =>
  calls.every((call) => !("operation" in call) || call.operation.kind === "query" || call.idempotencyKey !== undefined);

/** After an answer was lost, a refusal that says nothing of the first attempt is none. */
const isTelling = (outcome: RunOutcome): boolean => outcome.ok || outcome.refusal.status < 500;

export class Router implements Executor {
  readonly #sources: Sources;
  readonly #leases: Leases;
  readonly #peers: Peers;

  constructor(sources: Sources, options: { readonly leases: Leases; readonly peers: Peers }) {
    this.#sources = sources;
    this.#leases = options.leases;
    this.#peers = options.peers;
  }

  query(context: CallContext): MaybePromise<RunOutcome> {
    return this.#sources.query(context);
  }

  scan(plan: RowsPlan, signal: AbortSignal | undefined): AsyncIterable<readonly unknown[]> {
    return this.#sources.scan(plan, signal);
  }

  async command(context: CallContext): Promise<RunOutcome> {
    const { call, caller } = context;
    if (caller === undefined) throw new Error("run comes after identify");
    const [outcome] = await this.#route({
      realm: caller.realm,
      stepsCount: 1,
      isHandedOver: call.isHandedOver === true,
      here: async () => [await this.#sources.command(context)],
      handed: () => ({ strategy: "independent", calls: [handedCall(context)] }),
    });
    return outcome ?? { ok: false, refusal: refuse("internal") };
  }

  atomic(
    steps: readonly ((earlier: readonly RunOutcome[]) => MaybePromise<CallContext | Refusal>)[],
    origin: AtomicOrigin,
  ): Promise<readonly RunOutcome[]> {
    const { realm } = origin;
    if (realm === undefined) return this.#sources.atomic(steps, { realm });
    return this.#route({
      realm,
      stepsCount: steps.length,
      isHandedOver: origin.isHandedOver === true,
      here: (options) => this.#sources.atomic(steps, { realm, ...options }),
      handed: () =>
        andThen(origin.calls(), (calls) =>
          calls?.every((call) => !("operation" in call) || call.principal !== undefined) === true
            ? { strategy: "atomic", calls }
            : undefined,
        ),
    });
  }

  async #route(work: Work): Promise<readonly RunOutcome[]> {
    let wasLost = false;
    const refused = (): readonly RunOutcome[] => {
      const refusal = refuse(wasLost ? "unknown_fate" : "unavailable", { retryAfter: retryAfterSeconds });
      return Array.from({ length: work.stepsCount }, () => ({ ok: false, refusal }));
    };
    const until = performance.now() + routingMsMax;
    for (let attempt = 0; performance.now() < until; attempt++) {
      if (attempt > 1) await Bun.sleep(Math.random() * Math.min(pauseMsMax, 5 * attempt));
      const attempted = await this.#attempt(work);
      if (attempted.kind === "outcomes") {
        const { outcomes } = attempted;
        return wasLost && !outcomes.every(isTelling) ? refused() : outcomes;
      }
      if (work.isHandedOver) return Array.from({ length: work.stepsCount }, () => ({ ok: false, refusal: notHolder }));
      if (attempted.kind === "lost") {
        wasLost = true;
        if (!attempted.isRepeatable) return refused();
      }
    }
    return refused();
  }

  /** Runs it where it belongs now. The database being away is an outcome; having come to nobody who may run it is none. */
  async #attempt(work: Work): Promise<Attempted> {
    try {
      // It has left: what others still believe to be its own is theirs.
      if (work.isHandedOver && !this.#leases.isMember) return { kind: "elsewhere" };
      const found = this.#leases.route(work.realm);
      // Nothing is awaited where it is known: commands reach the writer in the order in which they came.
      const route = found instanceof Promise ? await found : found;
      if (route.to === "nowhere") return { kind: "elsewhere" };
      if (route.to === "here") return settled(await work.here({}));
      if (work.isHandedOver) return { kind: "elsewhere" };
      const made = work.handed();
      const handed = made instanceof Promise ? await made : made;
      if (handed === undefined) return settled(await work.here({ isGuest: true }));
      const forwarded = await this.#peers.forward(route.address, handed);
      if (forwarded.kind === "lost") return { kind: "lost", isRepeatable: isRepeatable(handed) };
      if (forwarded.kind === "elsewhere" || forwarded.kind === "unreachable") await this.#leases.replace(route);
      return forwarded;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const refusal = refuse("unavailable", { retryAfter: retryAfterSeconds });
      return { kind: "outcomes", outcomes: Array.from({ length: work.stepsCount }, () => ({ ok: false, refusal })) };
    }
  }
}

const settled = (outcomes: readonly RunOutcome[]): Attempted =>
  outcomes.some(isNotHolder) ? { kind: "elsewhere" } : { kind: "outcomes", outcomes };

/**
 * The gate of every call: run-time policies, then limits by plan, then the record of what came of it.
 *
 *   admit      overload (the lowest plan is shed first) → policies → limits and quotas, all or none
 *   present    what policies change of an answer
 *   answered   what was held is given back; usage, traffic and refusals are recorded
 *
 * What follows from a caller and an operation is reckoned once and kept with how the caller stands, which is another object as soon as his app, plan or
 * product changes, and the same for all keys of an app.
 */
import type { Contract, Operation } from "../contract/contract.ts";
import type { Limiter, LimitRule, LimitState } from "../limits/index.ts";
import { RateLimitFormatter, type Shedder } from "../limits/index.ts";
import type { Call } from "../pipeline/call.ts";
import type { CallContext, Caller, RunOutcome } from "../pipeline/context.ts";
import { andThen } from "../pipeline/condition.ts";
import type { Gate } from "../pipeline/gate.ts";
import type { Directory } from "../pipeline/identity/directory.ts";
import type { PlanEntry } from "../pipeline/identity/entries.ts";
import { type Standing, standingOf } from "../pipeline/identity/standing.ts";
import { type Refusal, refuse } from "../pipeline/refusal.ts";
import type { MaybePromise } from "../store/store.ts";
import { type Terms, termsOf } from "./terms.ts";

/** Policies as the gate asks them. */
export interface PolicyGate {
  /** Refuses a call, or notes in the context what it will need. */
  admit(context: CallContext): MaybePromise<Refusal | undefined>;
  present(context: CallContext, outcome: RunOutcome): RunOutcome;
}

/** Told of each call once it is answered. */
export interface Recorder {
  count(context: CallContext, outcome: RunOutcome, elapsedMs: number): void;
}

export interface GateOptions {
  readonly directory: Directory;
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly limiter: Limiter;
  readonly clock: () => number;
  readonly policies?: PolicyGate;
  readonly shedder?: Shedder;
  readonly recorders?: readonly Recorder[];
}

/** What a call holds until it is answered. */
interface Held {
  readonly terms: Terms | undefined;
  readonly isAdmitted: boolean;
  readonly tenant: string;
}

/** Priority of callers without a plan: keys of the installation itself, sessions of people. */
const priorityDefault = 5;

const refusalTypes = {
  rate: "too_many_requests",
  quota: "quota_exceeded",
  concurrency: "concurrency_exceeded",
  spend: "spend_cap_reached",
  payload: "too_large",
  store_unavailable: "unavailable",
} as const;

/** The rules of a call: those of bodies count its own. Others stay the same objects, which is faster. */
const rulesFor = ({ rules, countsBodies }: Terms, { bodyBytes = 0 }: Call): readonly LimitRule[] =>
  countsBodies ? rules.map((rule) => (rule.kind === "payload" ? { ...rule, units: bodyBytes } : rule)) : rules;

export class ManagedGate implements Gate {
  readonly #options: GateOptions;
  readonly #formatter = new RateLimitFormatter();
  readonly #terms = new WeakMap<Standing | Caller, Map<Operation, Terms | "personal">>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  admit(context: CallContext): MaybePromise<Refusal | undefined> {
    const { caller } = context;
    if (caller === undefined) throw new Error("admit comes after identify");
    const { policies, shedder } = this.#options;
    // What the installation does itself (a seed, a notice) is not turned away by what it is busy with.
    if (caller.authentication === undefined || caller.authentication === "system") return undefined;
    const shed = shedder?.enter(caller.tenant, caller.priority ?? priorityDefault);
    if (shed !== undefined) return refuse("overloaded", { retryAfter: shed.retryAfterSeconds, details: { reason: shed.reason } });
    context.held = { terms: undefined, isAdmitted: false, tenant: caller.tenant } satisfies Held;
    if (policies === undefined) return this.#limit(context, caller);
    return andThen(
      policies.admit(context),
      (refusal): MaybePromise<Refusal | undefined> => refusal ?? this.#limit(context, caller),
    );
  }

  review(context: CallContext): MaybePromise<Refusal | undefined> {
    return this.#options.policies?.admit(context);
  }

  present(context: CallContext, outcome: RunOutcome): RunOutcome {
    return this.#options.policies?.present(context, outcome) ?? outcome;
  }

  answered(context: CallContext, outcome: RunOutcome, elapsedMs: number): void {
    const { limiter, shedder, recorders = [] } = this.#options;
    const held = context.held as Held | undefined;
    if (held !== undefined) {
      context.held = undefined;
      shedder?.leave(held.tenant);
      if (held.isAdmitted && held.terms !== undefined) limiter.release(held.terms.rules);
    }
    for (const recorder of recorders) recorder.count(context, outcome, elapsedMs);
  }

  abandon(context: CallContext): void {
    const { limiter, shedder } = this.#options;
    const held = context.held as Held | undefined;
    if (held === undefined) return;
    context.held = undefined;
    shedder?.leave(held.tenant);
    if (!held.isAdmitted || held.terms === undefined) return;
    limiter.release(held.terms.rules);
    limiter.refund(held.terms.rules, held.terms.units);
  }

  #limit(context: CallContext, caller: Caller): MaybePromise<Refusal | undefined> {
    if (caller.plan === undefined) return undefined;
    return andThen(this.#termsOf(caller, context.operation), (terms): MaybePromise<Refusal | undefined> => {
      if (terms === undefined) return undefined;
      context.units = terms.units;
      if (terms.rules.length === 0) return undefined;
      const admission = this.#options.limiter.admit(rulesFor(terms, context.call), terms.units, this.#options.clock());
      return andThen(admission, (decided) => {
        this.#tell(context, decided.states, decided.ok ? undefined : decided.retryAfterSeconds);
        if (decided.ok) {
          context.held = { terms, isAdmitted: true, tenant: caller.tenant } satisfies Held;
          return undefined;
        }
        const { name, quota, windowSeconds } = decided.denied;
        return refuse(refusalTypes[decided.reason], {
          // A body that is too large will be so later.
          ...(decided.reason === "payload" ? {} : { retryAfter: decided.retryAfterSeconds }),
          details: { limit: name, quota, ...(windowSeconds > 0 ? { windowSeconds } : {}) },
        });
      });
    });
  }

  #termsOf(caller: Caller, operation: Operation): MaybePromise<Terms | undefined> {
    const standing = standingOf(caller);
    const common = this.#terms.get(standing)?.get(operation);
    const known = common === "personal" ? this.#terms.get(caller)?.get(operation) : common;
    if (known !== undefined && known !== "personal") return known;
    return andThen(this.#options.directory.get("plan", caller.plan ?? ""), (plan) => {
      if (plan === undefined) return undefined;
      const terms = termsOf(plan.value as unknown as PlanEntry, caller, operation);
      if (terms.isPersonal && standing !== caller) this.#keep(standing, operation, "personal");
      this.#keep(terms.isPersonal ? caller : standing, operation, terms);
      return terms;
    });
  }

  #keep(whose: Standing | Caller, operation: Operation, terms: Terms | "personal"): void {
    let byOperation = this.#terms.get(whose);
    if (byOperation === undefined) this.#terms.set(whose, (byOperation = new Map()));
    byOperation.set(operation, terms);
  }

  #tell(context: CallContext, states: readonly LimitState[], retryAfterSeconds?: number): void {
    const { findings } = context.call;
    if (findings === undefined) return;
    const fields = this.#formatter.format(states, retryAfterSeconds);
    if (fields === undefined) return;
    findings.limits = states;
    const own = [
      ["RateLimit-Policy", fields.policy],
      ["RateLimit", fields.limit],
    ] as const;
    const { headers } = findings;
    findings.headers = headers === undefined ? own : [...headers.filter(([name]) => !name.startsWith("RateLimit")), ...own];
  }
}

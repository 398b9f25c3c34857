/** Run-time policies at the gate: whether a call passes, and what is changed of its input and its answer. */
import type { Contract, Operation } from "../../contract/contract.ts";
import { andThen } from "../../pipeline/condition.ts";
import type { CallContext, Caller, RunOutcome } from "../../pipeline/context.ts";
import type { Redaction } from "../../pipeline/identity/caller.ts";
import { type Standing, standingOf } from "../../pipeline/identity/standing.ts";
import { tenantEnvironment } from "../../pipeline/identity/realm.ts";
import type { Input } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type Words, wordsOf } from "../../pipeline/words.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { PolicyGate } from "../gate.ts";
import { type Applied, appliedOf } from "./applied.ts";
import { tellHeaders } from "./headers.ts";
import { judge } from "./judge.ts";
import type { PolicySet, PolicySets } from "./set.ts";
import { lenientBody, responseFlaws } from "./validation.ts";

export interface PoliciesOptions {
  readonly sets: PolicySets;
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly realmOf: (tenant: string, environment: string) => MaybePromise<number>;
  readonly clock: () => number;
  /** Told of answers that do not fit their definition, where a policy asks for it. */
  readonly onFlaw?: (operation: Operation, flaws: readonly string[], requestId: string) => void;
}

interface Known {
  readonly set: PolicySet;
  readonly byOperation: Map<Operation, Applied>;
}

/** Redactions of one caller that are remembered, as of his operations. */
const redactionsMax = 200;

export class Policies implements PolicyGate {
  readonly #options: PoliciesOptions;
  /** By how callers stand: what is for one key of an app is for all that stand alike. */
  readonly #known = new WeakMap<Standing | Caller, Known>();
  readonly #redacted = new WeakMap<Caller, Map<Redaction, Caller>>();
  readonly #applied = new WeakMap<CallContext, Applied>();

  constructor(options: PoliciesOptions) {
    this.#options = options;
  }

  admit(context: CallContext): MaybePromise<Refusal | undefined> {
    const { caller, operation } = context;
    if (caller === undefined || caller.authentication === undefined || caller.authentication === "system") return undefined;
    return andThen(this.#options.realmOf(caller.tenant, tenantEnvironment), (realm) =>
      andThen(this.#options.sets.of(realm), (set) => {
        if (set.policies.length === 0) return undefined;
        return this.#apply(context, this.#for(caller, operation, set));
      }),
    );
  }

  #for(caller: Caller, operation: Operation, set: PolicySet): { readonly applied: Applied; readonly caller: Caller } {
    const standing = standingOf(caller);
    let known = this.#known.get(standing);
    if (known?.set !== set) this.#known.set(standing, (known = { set, byOperation: new Map() }));
    let applied = known.byOperation.get(operation);
    if (applied === undefined) {
      applied = appliedOf(set.policies, caller, operation, this.#options.contracts);
      known.byOperation.set(operation, applied);
    }
    return { applied, caller: applied.redaction === undefined ? caller : this.#under(applied.redaction, caller) };
  }

  /** The caller under a redaction: the same object each time. */
  #under(redaction: Redaction, caller: Caller): Caller {
    let known = this.#redacted.get(caller);
    if (known === undefined) this.#redacted.set(caller, (known = new Map()));
    let redacted = known.get(redaction);
    if (redacted === undefined) {
      if (known.size >= redactionsMax) known.clear();
      known.set(redaction, (redacted = { ...caller, redaction }));
    }
    return redacted;
  }

  #apply(context: CallContext, { applied, caller }: { readonly applied: Applied; readonly caller: Caller }): Refusal | undefined {
    const { call, operation } = context;
    if (call.findings !== undefined) tellHeaders(call.findings, applied, call.origin);
    if (applied.isEmpty) return undefined;
    const nowMs = this.#options.clock();
    // Asked for only where a policy looks at it: that costs as much as a fifth of a read.
    const isAddressed = applied.ipAllow.length + applied.ipDeny.length > 0;
    const address = isAddressed ? (call.peer?.address ?? call.address ?? "") : "";
    const isControl = operation.service === "platform";
    // The control plane itself is not closed by what it keeps: whoever locks everybody out can undo it.
    const refusal = isControl
      ? undefined
      : judge(applied, { operation, caller, address, nowMs, isOwnDocument: call.isOwnDocument });
    if (refusal !== undefined) return refusal;
    if (!isControl && applied.requestBytesMax !== undefined && (call.bodyBytes ?? 0) > applied.requestBytesMax)
      return refuse("too_large", { details: { max: applied.requestBytesMax } });
    context.caller = caller;
    const words = applied.names === undefined || call.hasFixedNames === true ? undefined : wordsOf(operation, applied.names);
    context.words = words;
    const input = this.#inputOf(call.input, words, applied, operation);
    if (input !== call.input) context.input = input;
    if ((applied.validation?.response ?? "off") !== "off") this.#applied.set(context, applied);
    return undefined;
  }

  #inputOf(input: Input, words: Words | undefined, { validation }: Applied, operation: Operation): Input {
    let changed: Input = input;
    if (words !== undefined) {
      const { body, query } = input;
      changed = {
        ...changed,
        ...(body === undefined ? {} : { body: words.body(body) }),
        ...(query === undefined ? {} : { query: words.query(query) }),
      };
    }
    if (validation?.request === "lenient" && changed.body !== undefined)
      changed = { ...changed, body: lenientBody(changed.body, operation) };
    return changed;
  }

  present(context: CallContext, outcome: RunOutcome): RunOutcome {
    const applied = this.#applied.get(context);
    if (applied === undefined || !outcome.ok) return outcome;
    const { operation, call } = context;
    const level = applied.validation?.response ?? "off";
    if (level !== "off") {
      const flaws = responseFlaws(outcome.data, context);
      if (flaws.length > 0) {
        this.#options.onFlaw?.(operation, flaws, call.requestId);
        if (level === "enforce") return { ok: false, refusal: refuse("internal") };
      }
    }
    return outcome;
  }
}

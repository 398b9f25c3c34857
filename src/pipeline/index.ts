/**
 * The pipeline: the one way of every call, whichever channel it came through, alone or in a batch.
 *
 *   step       does                                                    may refuse with
 *   identify   credentials → caller                                    401
 *   admit      is there room for it now                                503, 504
 *   authorize  roles → the view on the resource                        403
 *   accept     translate from an older version, check, decode, plan    400, 404, 422
 *   relate     what reads of related resources need by themselves      403, 410, 503
 *   run        the source executes; commands in the writer             404, 409, 412, 422, 5xx
 *   present    into the caller's version                               –
 *   record     told to whoever watches                                 –
 *
 * Steps that need no I/O are synchronous: a call whose key is known reaches `run` without one `await`.
 */
import type { Contract } from "../contract/contract.ts";
import { versionView } from "../contract/versions.ts";
import { StoreError } from "../store/store-error.ts";
import type { MaybePromise } from "../store/store.ts";
import type { Call, Result } from "./call.ts";
import { andThen } from "./condition.ts";
import { type Caller, type CallContext, type Executor, handedCall, type RunOutcome, type Step } from "./context.ts";
import type { Gate } from "./gate.ts";
import type { Credentials } from "./identity/credentials.ts";
import { InOrder } from "./in-order.ts";
import type { Identity } from "./identity/identity.ts";
import type { BatchStep, Handover, Pipeline, RowStream, Strategy } from "./pipeline.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { mapped, once, resumed } from "./chunks.ts";
import { contextOf, pass } from "./pass.ts";
import type { EventQuery, EventSource, Subscription } from "./events.ts";
import { StreamEnded } from "./stream-ended.ts";
import { subscribeTo } from "./subscribe.ts";
import { accept } from "./steps/accept.ts";
import { type Admission, admit } from "./steps/admit.ts";
import { authorize } from "./steps/authorize.ts";
import { identify } from "./steps/identify.ts";
import { relate } from "./steps/relate.ts";
import type { View } from "./view.ts";

export interface PipelineOptions {
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly identity: Pick<Identity, "callerOf">;
  /** Limits, policies and the record of usage; absent: none. */
  readonly gate?: Gate;
  readonly executor: Executor;
  /** Absent: nobody can subscribe. */
  readonly events?: EventSource;
  /** Signs cursors. */
  readonly cursorSecret: string;
  readonly now?: () => string;
  readonly inFlightMax?: number;
  /** Told of errors that are ours; nothing of them reaches a caller. */
  readonly onError?: (error: unknown, call: Call) => void;
  /** Told of every call that is refused, before it is answered. */
  readonly onRefused?: (context: CallContext, refusal: Refusal) => void;
  /** Told of every call once it is answered. */
  readonly onCall?: (call: Call, result: Result) => void;
}

const inFlightMaxDefault = 100_000;
const unavailableRetryAfter = 1;
/** How often an open stream asks whether its caller may still call. */
const streamAskMs = 300;
const streamPartRows = 50;

/** Makes the pipeline over contracts and their sources. */
export const createPipeline = (options: PipelineOptions): Pipeline & Handover => {
  const { contracts, executor, onCall } = options;
  const now = options.now ?? (() => new Date().toISOString());
  const { gate } = options;
  const admission: Admission = {
    inFlight: 0,
    inFlightMax: options.inFlightMax ?? inFlightMaxDefault,
    ...(gate === undefined ? {} : { gate }),
  };
  /** Without the gate: nothing is counted and nothing is held for a call that is not made yet. */
  const permission: readonly Step[] = [identify(options.identity), authorize];
  const accepting = accept({ contracts, cursorSecret: options.cursorSecret, now });
  const steps: readonly Step[] = [identify(options.identity), admit(admission), authorize, accepting, relate(gate)];

  /** Who listens is admitted like any call; a row that an event is about is read without being one. */
  const entrance: readonly Step[] = [identify(options.identity), admit(admission), authorize];
  const reading: readonly Step[] = [authorize, accepting];
  const identifying: readonly Step[] = [identify(options.identity)];

  /** Tells of an error of ours. Whoever is told may be broken too: the call is answered all the same. */
  const report = (error: unknown, call: Call): void => {
    try {
      options.onError?.(error, call);
    } catch (broken) {
      console.error(broken);
    }
  };

  const refusalOf = (error: unknown, call: Call): Refusal => {
    if (error instanceof StoreError && error.kind === "unavailable")
      return refuse("unavailable", { retryAfter: unavailableRetryAfter });
    if (error instanceof StoreError && error.kind === "timeout") return refuse("deadline_exceeded");
    report(error, call);
    return refuse("internal");
  };

  const present = (context: CallContext, outcome: RunOutcome): Result => {
    const { words } = context;
    const inVersion = presentInVersion(context, outcome);
    if (words === undefined) return inVersion;
    return inVersion.ok
      ? { ...inVersion, data: words.data(inVersion.data) }
      : { ...inVersion, refusal: words.refusal(inVersion.refusal) };
  };

  const presentInVersion = ({ call, operation }: CallContext, outcome: RunOutcome): Result => {
    if (call.version === undefined) return outcome;
    const contract = contracts.get(operation.service);
    if (contract === undefined || call.version === contract.version) return outcome;
    const version = versionView(contract, call.version);
    if (outcome.ok) return { ...outcome, data: version.downData(operation, outcome.data, call.input.query) };
    // What a step refused while translating already speaks the caller's version; the rest is named back.
    return { ...outcome, refusal: version.downRefusal(operation, outcome.refusal) };
  };

  /** Tells that a call was answered. */
  const tell = (context: CallContext, outcome: RunOutcome, result: Result): void => {
    const { call } = context;
    try {
      if (!outcome.ok) options.onRefused?.(context, outcome.refusal);
      gate?.answered(context, outcome, performance.now() - context.startedMs);
      onCall?.(call, result);
    } catch (error) {
      report(error, call);
    }
  };

  const finish = (context: CallContext, came: RunOutcome): Result => {
    const { call } = context;
    const outcome = came.isRecorded === true ? unmarked(came) : came;
    if (outcome !== came) context.metering = { isRecorded: true };
    let result: Result;
    let told = outcome;
    try {
      told = gate?.present?.(context, outcome) ?? outcome;
      result = present(context, told);
    } catch (error) {
      report(error, call);
      result = { ok: false, refusal: refuse("internal") };
    }
    if (result.ok && result.session !== undefined && call.findings !== undefined) call.findings.session = result.session;
    tell(context, outcome, result);
    return result;
  };

  const execute = (context: CallContext): MaybePromise<RunOutcome> => {
    context.hasRun = true;
    const outcome = context.operation.kind === "command" ? executor.command(context) : executor.query(context);
    context.call.onRun?.();
    return outcome;
  };

  const run = (call: Call, order?: InOrder): MaybePromise<Result> => {
    const context = contextOf(call);
    admission.inFlight++;
    let answer: MaybePromise<Result>;
    try {
      const passed = pass(steps, context);
      answer = andThen(order === undefined ? passed : order.next(passed), (refusal): MaybePromise<Result> => {
        if (refusal !== undefined) return finish(context, { ok: false, refusal });
        return andThen(execute(context), (outcome) => finish(context, outcome));
      });
    } catch (error) {
      answer = finish(context, { ok: false, refusal: refusalOf(error, call) });
    }
    if (!(answer instanceof Promise)) {
      admission.inFlight--;
      return answer;
    }
    return answer
      .catch((error: unknown) => finish(context, { ok: false, refusal: refusalOf(error, call) }))
      .finally(() => void admission.inFlight--);
  };

  /** What is permitted is told of when it runs; what is refused, here. */
  const permit = (call: Call): MaybePromise<Refusal | undefined> => {
    const context = contextOf(call);
    const told = (refusal: Refusal): Refusal => {
      const result = finish(context, { ok: false, refusal });
      return result.ok ? refusal : result.refusal;
    };
    try {
      const refusal = pass(permission, context);
      if (!(refusal instanceof Promise)) return refusal === undefined ? undefined : told(refusal);
      return refusal
        .catch((error: unknown) => refusalOf(error, call))
        .then((refused) => (refused === undefined ? undefined : told(refused)));
    } catch (error) {
      return told(refusalOf(error, call));
    }
  };

  const whoCalls = (call: Call): MaybePromise<Caller | Refusal> =>
    andThen(options.identity.callerOf(call), (found) => {
      // Somebody who is known may be kept from this operation alone.
      if ("status" in found && found.status !== 403 && call.isIdle !== true)
        finish(contextOf(call), { ok: false, refusal: found });
      return found;
    });

  const note = (call: Call, caller: Caller): MaybePromise<void> => {
    const context = contextOf(call);
    context.caller = caller;
    return gate?.review === undefined ? undefined : andThen(gate.review(context), () => undefined);
  };

  const decline = (call: Call, refusal: Refusal): MaybePromise<Refusal> => {
    const context = contextOf(call);
    const told = (refused: Refusal): Refusal => {
      finish(context, { ok: false, refusal: refused });
      return refused;
    };
    try {
      // Whose it is nobody needs to know who has sent no call.
      const answer = andThen(pass([identify(options.identity)], context), (stranger): MaybePromise<Refusal> =>
        stranger === undefined ? andThen(pass([admit(admission)], context), (barred) => told(barred ?? refusal)) : told(refusal),
      );
      return answer instanceof Promise ? answer.catch((error: unknown) => told(refusalOf(error, call))) : answer;
    } catch (error) {
      return told(refusalOf(error, call));
    }
  };

  const independent = async (batch: readonly BatchStep[]): Promise<readonly Result[]> => {
    const results: (Result | undefined)[] = batch.map(() => undefined);
    const running: MaybePromise<Result>[] = [];
    const order = new InOrder();
    for (const [position, step] of batch.entries()) {
      const start = (): MaybePromise<Result> => {
        const call = step.prepare(results);
        return "operation" in call ? run(call, order) : { ok: false, refusal: call };
      };
      const waits = step.dependsOn.flatMap((earlier) => (running[earlier] instanceof Promise ? [running[earlier]] : []));
      const answer = waits.length === 0 ? start() : Promise.all(waits).then(start);
      running.push(
        answer instanceof Promise ? answer.then((result) => (results[position] = result)) : (results[position] = answer),
      );
    }
    return Promise.all(running.map(async (answer) => answer));
  };

  /**
   * The caller of a batch, known before it runs, so that no step inside the writer has to wait for it. All steps come with the same credentials;
   * one that does not is identified by itself.
   */
  const callerOfBatch = async (
    batch: readonly BatchStep[],
  ): Promise<{ credentials: Credentials; caller: Caller | Refusal } | undefined> => {
    for (const step of batch) {
      if (step.dependsOn.length > 0) continue;
      const prepared = step.prepare([]);
      if (!("operation" in prepared) || prepared.credentials.kind === "none" || prepared.principal !== undefined) continue;
      const { credentials } = prepared;
      return { credentials, caller: await options.identity.callerOf(prepared) };
    }
    return undefined;
  };

  const atomic = async (batch: readonly BatchStep[]): Promise<readonly Result[]> => {
    const contexts: (CallContext | undefined)[] = batch.map(() => undefined);
    let known: Awaited<ReturnType<typeof callerOfBatch>>;
    try {
      known = await callerOfBatch(batch);
    } catch (error) {
      const first = batch[0]?.prepare([]);
      const refusal = first !== undefined && "operation" in first ? refusalOf(error, first) : refuse("internal");
      return batch.map(() => ({ ok: false, refusal }));
    }
    const callOf = (position: number, earlier: readonly RunOutcome[]): Call | Refusal => {
      const prepared = batch[position]?.prepare(earlier) ?? refuse("internal");
      if (!("operation" in prepared)) return prepared;
      const { credentials } = prepared;
      const isSame = known !== undefined && (credentials === known.credentials || isSameKey(credentials, known.credentials));
      const caller = isSame ? known?.caller : undefined;
      if (caller !== undefined && "status" in caller) return caller;
      const call = caller === undefined ? prepared : { ...prepared, principal: caller };
      const abandoned = contexts[position];
      if (abandoned !== undefined) gate?.abandon(abandoned);
      contexts[position] = contextOf(call);
      return call;
    };
    /** For another node, whose gate they do not pass. After the first that is refused none counts. */
    const admitted = async (): Promise<readonly (Call | Refusal)[]> => {
      const calls: (Call | Refusal)[] = [];
      let isRefused = false;
      for (const position of batch.keys()) {
        const call = callOf(position, []);
        const context = contexts[position];
        const made: Call | Refusal | CallContext =
          isRefused || !("operation" in call) || context === undefined ? call : await passed(context);
        isRefused ||= "type" in made;
        calls.push("held" in made ? handedCall(made) : made);
      }
      return calls;
    };
    const outcomes = await executor.atomic(
      batch.map((_, position) => (earlier) => {
        const call = callOf(position, earlier);
        return "operation" in call ? passed(contexts[position] ?? contextOf(call)) : call;
      }),
      {
        realm: known !== undefined && !("status" in known.caller) ? known.caller.realm : principalOf(batch)?.realm,
        calls: () => (batch.some(({ dependsOn }) => dependsOn.length > 0) ? undefined : admitted()),
      },
    );
    return outcomes.map((outcome, position) => {
      const context = contexts[position];
      return context === undefined ? outcome : finish(context, outcome);
    });
  };

  /** A step of an atomic batch. The writer waits for it, so what it may have to look up is short: what nobody has asked for lately. */
  const passed = (context: CallContext): MaybePromise<CallContext | Refusal> =>
    andThen(pass(steps, context), (refusal) => {
      context.hasRun = refusal === undefined;
      return refusal ?? context;
    });

  /** An outcome on its way to the node that was asked. */
  const recorded = (context: CallContext | undefined, outcome: RunOutcome): RunOutcome =>
    context?.metering?.isRecorded === true ? { ...outcome, isRecorded: true } : outcome;

  const takeOverOne = async (call: Call): Promise<RunOutcome> => {
    const context = contextOf({ ...call, isHandedOver: true });
    admission.inFlight++;
    try {
      const refusal = await pass(steps, context);
      return refusal === undefined ? recorded(context, await execute(context)) : { ok: false, refusal };
    } catch (error) {
      return { ok: false, refusal: refusalOf(error, call) };
    } finally {
      admission.inFlight--;
    }
  };

  const takeOver: Handover["takeOver"] = async (calls, { strategy }) => {
    if (strategy === "independent")
      return Promise.all(calls.map(async (call) => ("operation" in call ? takeOverOne(call) : { ok: false, refusal: call })));
    const first = calls.find((call) => "operation" in call);
    const contexts: (CallContext | undefined)[] = calls.map(() => undefined);
    const outcomes = await executor.atomic(
      calls.map((call, position) => () => {
        if (!("operation" in call)) return call;
        const context = contextOf({ ...call, isHandedOver: true });
        contexts[position] = context;
        return passed(context);
      }),
      { realm: first?.principal?.realm, isHandedOver: true, calls: () => undefined },
    );
    return outcomes.map((outcome, position) => recorded(contexts[position], outcome));
  };

  const runBatch = (batch: readonly BatchStep[], { strategy }: { readonly strategy: Strategy }): Promise<readonly Result[]> =>
    strategy === "atomic" ? atomic(batch) : independent(batch);

  /** Chunks of an open stream, as long as its caller may still call and sees the same: that is asked several times a second. Throws where not. */
  async function* watched(
    chunks: AsyncIterable<readonly unknown[]>,
    { call, caller: first }: CallContext,
  ): AsyncIterable<readonly unknown[]> {
    let askedMs = performance.now();
    for await (const chunk of chunks) {
      // A reader may take long for each part: it is asked in between.
      const size = call.principal === undefined ? streamPartRows : chunk.length;
      for (let at = 0; at < chunk.length && call.signal?.aborted !== true; at += size) {
        if (call.principal === undefined && performance.now() - askedMs > streamAskMs) {
          askedMs = performance.now();
          const caller = await options.identity.callerOf(call);
          if ("status" in caller) throw new StreamEnded(caller);
          if (first === undefined || !seesTheSame(first, caller)) throw new StreamEnded(refuse("forbidden"));
        }
        yield chunk.length <= size ? chunk : chunk.slice(at, at + size);
      }
    }
  }

  const stream = (call: Call): MaybePromise<RowStream> => {
    const { query } = call.input;
    const isPage = query?.page !== undefined || query?.perPage !== undefined || query?.cursor !== undefined;
    const context = contextOf(call);
    const older = (rows: readonly unknown[]): readonly unknown[] => {
      const outcome: RunOutcome = { ok: true, status: 200, data: rows };
      const result = present(context, gate?.present?.(context, outcome) ?? outcome);
      return result.ok ? (result.data as readonly unknown[]) : [];
    };
    if (isPage || call.operation.action !== "list") {
      return andThen(run(call), (result): RowStream => {
        if (!result.ok) return result;
        const rows = Array.isArray(result.data) ? (result.data as readonly unknown[]) : [result.data];
        return { ok: true, rows: once(rows) };
      });
    }
    const refused = (refusal: Refusal): RowStream => {
      const result = finish(context, { ok: false, refusal });
      return result.ok ? { ok: false, refusal } : result;
    };
    const open = async (): Promise<RowStream> => {
      const refusal = await pass(steps, context);
      if (refusal !== undefined) return refused(refusal);
      const { plan, parentPlan } = context;
      if (plan?.kind !== "rows") return refused(refuse("internal"));
      if (parentPlan !== undefined) {
        const parent = await executor.query({ ...context, plan: parentPlan, parentPlan: undefined });
        if (!parent.ok) return refused(parent.refusal);
      }
      const chunks = executor.scan(plan, call.signal)[Symbol.asyncIterator]();
      // The first rows are there before the answer begins: what fails until then is still a refusal.
      const first = await chunks.next();
      context.hasRun = true;
      const rows = mapped(watched(resumed(first, chunks), context), older, () => tell(context, streamed, streamed));
      const isWhole =
        query?.fields === undefined && query?.include === undefined && call.version === undefined && context.words === undefined;
      return isWhole ? { ok: true, rows, fields: plan.view.shown } : { ok: true, rows };
    };
    return open().catch((error: unknown) => refused(refusalOf(error, call)));
  };

  const subscribe = (call: Call, query: EventQuery): MaybePromise<Subscription> => {
    const context = contextOf(call);
    const refused = (refusal: Refusal): Subscription => {
      const result = finish(context, { ok: false, refusal });
      return { ok: false, refusal: result.ok ? refusal : result.refusal };
    };
    const contract = contracts.get(call.operation.service);
    const open = async (): Promise<Subscription> => {
      const refusal = await pass(entrance, context);
      if (refusal !== undefined) return refused(refusal);
      if (contract === undefined || options.events === undefined) return refused(refuse("not_implemented"));
      const opened = await subscribeTo({
        contract,
        source: options.events,
        query,
        context,
        renewed() {
          const now = contextOf({ ...call, findings: {}, isIdle: true });
          const renewed = (barred: Refusal | undefined): { readonly caller: Caller } | Refusal =>
            barred ?? { caller: now.caller as Caller };
          return andThen(pass(identifying, now), (stranger) =>
            stranger !== undefined || gate?.review === undefined ? renewed(stranger) : andThen(gate.review(now), renewed),
          );
        },
        viewFor(caller, list) {
          const asked: CallContext = { ...contextOf({ ...call, operation: list }), caller };
          return (authorize(asked) as Refusal | undefined) ?? (asked.view as View);
        },
        async sees(caller, resource, id) {
          const operation = contract.operations.get(`${resource.name}.get`);
          if (operation === undefined) return false;
          const asked = contextOf({ ...newest(call), operation, input: { id } });
          asked.caller = caller;
          const hidden = await pass(reading, asked);
          return hidden === undefined && (await executor.query(asked)).ok;
        },
      });
      if (!opened.ok) return refused(opened.refusal);
      context.hasRun = true;
      tell(context, streamed, streamed);
      return opened;
    };
    return open().catch((error: unknown) => refused(refusalOf(error, call)));
  };

  return { run, identify: whoCalls, note, permit, decline, runBatch, stream, subscribe, takeOver };
};

/** The call in the newest version's words. */
const newest = ({ version: _, ...call }: Call): Call => call;

const isSameKey = (a: Credentials, b: Credentials): boolean => a.kind === "key" && b.kind === "key" && a.secret === b.secret;

/** Whether a caller sees what he saw before: with other roles, or as another row, he sees other rows and fields. */
const seesTheSame = (before: Caller, now: Caller): boolean =>
  before.realm === now.realm && before.subject === now.subject && before.roles.join() === now.roles.join();

/** Who makes a batch, where that is known without a key. */
const principalOf = (batch: readonly BatchStep[]): Call["principal"] => {
  const prepared = batch.find(({ dependsOn }) => dependsOn.length === 0)?.prepare([]);
  return prepared !== undefined && "operation" in prepared ? prepared.principal : undefined;
};

/** What is told of a list that was read as a stream. */
const streamed: RunOutcome = { ok: true, status: 200, data: undefined };

/** The outcome without what another node says of it. */
const unmarked = ({ isRecorded: _, ...outcome }: RunOutcome): RunOutcome => outcome;

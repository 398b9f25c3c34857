/** Runs what a definition says of a job: `work` beside the writer, `run` within it. */
import type { Unit } from "../../batch/unit.ts";
import { type CommandContext, type FunctionRefusal, refusalMark } from "../../define/function.ts";
import type { WorkContext } from "../../define/jobs.ts";
import type { Outside as Parties } from "../../outbound/index.ts";
import { andThen } from "../../pipeline/condition.ts";
import type { Secrets } from "../../pipeline/identity/secrets.ts";
import { StoreError } from "../../store/store-error.ts";
import type { MaybePromise, Store } from "../../store/store.ts";
import { type Caller, commandContext, queryContext } from "../code/context.ts";
import { type About, callingFrom, type Switchboard } from "./calling.ts";

export type Attempt = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: unknown };

/** The server stops: what was at work has not failed, it begins anew elsewhere. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

const problemLengthMax = 500;

/** Why something failed, for people, in one line. */
export const problemOf = (error: unknown): string => {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/\s+/g, " ").slice(0, problemLengthMax);
};

/** What a job's `run` is given: as a command has it, but it belongs to no resource. */
const jobContext = (unit: Unit, caller: Caller): CommandContext => {
  const context = commandContext(unit, caller, { locale: "en", resource: undefined });
  return {
    ...context,
    emit: (event, data, of) => {
      if (of === undefined)
        throw new TypeError(`ctx.emit("${event}", …): a job says whose event it is, ctx.emit(event, data, resource)`);
      context.emit(event, data, of);
    },
  };
};

const refuseToPass = (result: unknown): void => {
  const refused = result as Partial<FunctionRefusal> | null | undefined;
  if (typeof refused !== "object" || refused === null || refused[refusalMark] !== true) return;
  const details = refused.details === undefined ? "" : ` ${JSON.stringify(refused.details)}`;
  throw new Error(`refused: ${refused.type ?? ""}${details}`);
};

type Run = (ctx: never, subject: never, result: never) => unknown;

/**
 * Runs `run` in the writer. What it did before it failed is taken back. An error of the store is thrown: it concerns the batch as a whole.
 */
export const attemptInside = (
  unit: Unit,
  caller: Caller,
  { run, subject, result }: { readonly run: Run | undefined; readonly subject: unknown; readonly result: unknown },
): MaybePromise<Attempt> => {
  if (run === undefined) return { ok: true, result };
  const mark = unit.rows.mark();
  const failed = (error: unknown): Attempt => {
    if (error instanceof StoreError) throw error;
    unit.rows.rollback(mark);
    unit.takeEvents();
    return { ok: false, error };
  };
  const done = (value: unknown): Attempt => {
    refuseToPass(value);
    return { ok: true, result: value };
  };
  try {
    const running = (run as (ctx: unknown, subject: unknown, result: unknown) => unknown)(
      jobContext(unit, caller),
      subject,
      result,
    );
    return running instanceof Promise ? running.then(done).catch(failed) : andThen(running, done);
  } catch (error) {
    return failed(error);
  }
};

export interface Outside {
  readonly store: Store;
  readonly secrets: Secrets | undefined;
  /** Other services; `ctx.call`. */
  readonly switchboard: Switchboard;
  /** Parties outside; `ctx.fetch`. */
  readonly parties: Parties;
  readonly now: () => string;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
  readonly realmOf: ((environment: string) => MaybePromise<number>) | undefined;
}

/** Runs `work`, within its time. Throws `Stopped` when the server stops. */
export const attemptOutside = async (
  caller: Caller,
  work: ((ctx: never, subject: never) => Promise<unknown>) | undefined,
  subject: unknown,
  outside: Outside & { readonly timeoutMs: number; readonly about: About },
): Promise<Attempt> => {
  if (work === undefined) return { ok: true, result: undefined };
  const { store, secrets, switchboard, parties, now, stopping, realmOf, timeoutMs, about } = outside;
  const ending = new AbortController();
  const ended = Promise.withResolvers<never>();
  const stop = (): void => {
    ending.abort();
    ended.reject(new Stopped());
  };
  const timer = setTimeout(() => {
    ending.abort();
    ended.reject(new Error(`it took longer than ${timeoutMs / 1_000} s`));
  }, timeoutMs);
  stopping.addEventListener("abort", stop, { once: true });
  if (stopping.aborted) stop();
  try {
    const { signal } = ending;
    const asker = { tenant: caller.tenant, environment: caller.environment, signal };
    const context: WorkContext = {
      ...queryContext(store, caller, { locale: "en", signal, now: now(), secrets, realmOf }),
      ...callingFrom(switchboard, caller, { ...about, signal }),
      fetch: (url, request) => parties.fetch(asker, url, request),
    };
    const working = (async () => work(context as never, subject as never))();
    return { ok: true, result: await Promise.race([working, ended.promise]) };
  } catch (error) {
    if (error instanceof Stopped) throw error;
    return { ok: false, error };
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener("abort", stop);
    ended.promise.catch(() => undefined);
  }
};

/** Runs functions of the definition: commands in the writer, queries at once or gathered. */
import type { Fields } from "../../define/field.ts";
import {
  type AllOf,
  type Answer,
  answerMark,
  type FunctionDefinition,
  type FunctionRefusal,
  refusalMark,
} from "../../define/function.ts";
import type { Operation } from "../../contract/contract.ts";
import type { Need, Verdict } from "../../batch/command.ts";
import type { Unit } from "../../batch/unit.ts";
import { compilePresent } from "../../contract/values/fields.ts";
import { andThen } from "../../pipeline/condition.ts";
import { type Issue, type Refusal, refusalTypes } from "../../pipeline/refusal.ts";
import { jsonReady } from "../../pipeline/json-ready.ts";
import type { View } from "../../pipeline/view.ts";
import type { MaybePromise, Row } from "../../store/store.ts";
import { handlerRow } from "../table/nested.ts";
import { visible } from "../table/visible.ts";
import { type Caller, commandContext, resourceOf } from "./context.ts";
import { presentDocument } from "./document.ts";
import { needsOf, type Requests, rowsFor } from "./loading.ts";

/** A refusal by code, with the status its operation declares. */
export const refusalFrom = (operation: Operation, refused: FunctionRefusal): Refusal => {
  const declared =
    operation.refusals[refused.type] ?? (refusalTypes as Readonly<Record<string, { status: number; doc: string }>>)[refused.type];
  if (declared === undefined) throw new Error(`${operation.name} refuses with "${refused.type}", which it does not declare`);
  const issues: Record<string, readonly Issue[]> | undefined =
    refused.fields === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(refused.fields).map(([field, codes]) => [
            field,
            codes.map((issue) => (typeof issue === "string" ? { code: issue } : issue)),
          ]),
        );
  return {
    type: refused.type,
    status: declared.status,
    message: declared.doc,
    ...(refused.details === undefined ? {} : { details: jsonReady(refused.details) as Record<string, unknown> }),
    ...(issues === undefined ? {} : { issues }),
  };
};

/** Whether a function has refused. */
export const isRefusal = (value: unknown): value is FunctionRefusal =>
  typeof value === "object" && value !== null && (value as Partial<FunctionRefusal>)[refusalMark] === true;
const isAnswer = (value: unknown): value is Answer =>
  typeof value === "object" && value !== null && (value as Partial<Answer>)[answerMark] === true;

const presenters = new WeakMap<Fields, (row: Row) => unknown>();
const presenterOf = (fields: Fields): ((row: Row) => unknown) => {
  let present = presenters.get(fields);
  if (present === undefined) {
    present = compilePresent(fields);
    presenters.set(fields, present);
  }
  return present;
};

/** Puts a function's result into the form its operation declares. */
export const presentResult = (operation: Operation, view: View | undefined, result: unknown): unknown => {
  const { output } = operation;
  switch (output.kind) {
    case "none":
      return undefined;
    case "row":
      return view === undefined ? jsonReady(result) : view.present(result as Row);
    case "rows":
      return view === undefined ? jsonReady(result) : (result as Row[]).map(view.present);
    case "fields":
      return presenterOf(output.fields)(result as Row);
    case "document":
      return presentDocument(operation, result);
    default:
      return jsonReady(result);
  }
};

/**
 * What a function answered, as a verdict. `row` is what an item function without a result answers; `isNew`, whether the row that it answers with has come to
 * be by it: only then is a `create` that says nothing else answered 201.
 */
export const verdictOf = (
  operation: Operation,
  view: View | undefined,
  result: unknown,
  { row, isNew }: { readonly row: () => Row | undefined; readonly isNew?: (id: unknown) => boolean },
): Verdict => {
  if (isRefusal(result)) {
    const refusal = refusalFrom(operation, result);
    return result.keep === true ? { ok: false, refusal, keep: true } : { ok: false, refusal };
  }
  const answer = isAnswer(result) ? result : undefined;
  if (answer?.status === 202 && operation.function?.accepted === undefined)
    throw new Error(`${operation.name} answers 202, but does not say what it waits for: \`accepted\``);
  const given = answer === undefined ? result : answer.data;
  const data = given === undefined && operation.output.kind === "row" ? row() : given;
  if (operation.output.kind === "none") return { ok: true, status: 204, data: () => undefined };
  if (data === undefined) throw new Error(`${operation.name} answered nothing, but its output is declared`);
  const id = operation.output.kind === "row" ? (data as Row)["id"] : undefined;
  const status = answer?.status ?? (operation.action === "create" && isNew?.(id) === true ? 201 : 200);
  return {
    ok: true,
    status,
    data: () => presentResult(operation, view, data),
    ...(typeof id === "string" ? { id } : {}),
    ...(answer?.replayed === true ? { replayed: true as const } : {}),
    ...(answer?.session === undefined ? {} : { session: answer.session }),
  };
};

export interface FunctionCall {
  readonly operation: Operation;
  readonly view: View | undefined;
  readonly id: string | undefined;
  readonly input: Row;
  readonly caller: Caller;
  readonly locale: string;
  /** What the function's `prepare` gave. */
  readonly prepared?: unknown;
}

type Loading = Pick<FunctionDefinition, "load" | "loadMore">;

interface LoadingCall {
  readonly row: Row | undefined;
  readonly input: Row;
  readonly principal: Caller;
}

const functionOf = (operation: Operation): FunctionDefinition => {
  if (operation.function === undefined) throw new Error(`${operation.name} is no function`);
  return operation.function;
};

const allOf =
  (unit: Unit, realm: number): AllOf =>
  (resource) => {
    const contract = resourceOf(resource);
    return unit.all(contract.table, realm).map((row) => handlerRow(contract, row)) as never;
  };

/** What `loadMore` names, given what was found of what `load` names. */
const secondRound = (
  fn: Loading,
  call: LoadingCall,
  { loaded, unit, realm }: { readonly loaded: Record<string, unknown>; readonly unit: Unit; readonly realm: number },
): Requests => fn.loadMore?.({ ...call, loaded, all: allOf(unit, realm), now: unit.now } as never) ?? {};

/** The rows a command asks for: its own first, then those `load` and `loadMore` name. */
export const needsOfFunction = (call: FunctionCall): ((unit: Unit) => readonly Need[])[] => {
  const { operation, view, id, input, caller } = call;
  const fn = functionOf(operation);
  const rounds: ((unit: Unit) => readonly Need[])[] = [];
  const own = operation.target === "item" && view !== undefined && id !== undefined ? view.resource.table : undefined;
  if (own !== undefined) rounds.push(() => [{ by: "key", table: own, key: [id as string] }]);
  /** Runs a round with the command's own row, if it needs one and has it. */
  const round = (choose: (call: LoadingCall, unit: Unit) => Requests) => {
    rounds.push((unit) => {
      const row = own === undefined ? undefined : unit.rows.entry(own, caller.realm, [id as string])?.current;
      if (own !== undefined && row === undefined) return [];
      return needsOf(choose({ row: view === undefined ? row : handlerRow(view.resource, row), input, principal: caller }, unit));
    });
  };
  const { load } = fn;
  if (load !== undefined) round((given) => load(given as never));
  if (fn.loadMore !== undefined)
    round((given, unit) => {
      const { realm } = caller;
      // The first round was fetched: nothing is waited for.
      const loaded = rowsFor(fn.load?.(given as never) ?? {}, unit, realm);
      return loaded instanceof Promise ? {} : secondRound(fn, given, { loaded, unit, realm });
    });
  return rounds;
};

/** The rows of both rounds, for `run`. */
const loadedOf = (fn: Loading, call: LoadingCall, unit: Unit, realm: number): MaybePromise<Record<string, unknown>> => {
  if (fn.load === undefined && fn.loadMore === undefined) return {};
  return andThen(rowsFor(fn.load?.(call as never) ?? {}, unit, realm), (loaded) => {
    if (fn.loadMore === undefined) return loaded;
    return andThen(rowsFor(secondRound(fn, call, { loaded, unit, realm }), unit, realm), (more) => Object.assign(loaded, more));
  });
};

/** Runs a command on the working set. */
export const runCommand = (call: FunctionCall, unit: Unit): MaybePromise<Verdict> => {
  const { operation, view, id, input, caller, locale } = call;
  const fn = functionOf(operation);
  const context = commandContext(unit, caller, { locale, resource: view?.resource });
  const start = unit.rows.mark();
  /** A row of the function's own resource; without an id, any of them. */
  const isNew = (key: unknown): boolean =>
    unit.rows
      .changesSince(start)
      .some(
        ({ entry, before, after }) =>
          before === undefined &&
          after !== undefined &&
          entry.table === view?.resource.table &&
          (key === undefined || entry.key[0] === key),
      );
  const execute = (row: Row | undefined): MaybePromise<Verdict> => {
    const result = andThen(loadedOf(fn, { row, input, principal: caller }, unit, caller.realm), (loaded) =>
      fn.run?.(context as never, { row, input, loaded, prepared: call.prepared } as never),
    );
    const current = (): Row | undefined =>
      view === undefined || id === undefined ? undefined : unit.rows.entry(view.resource.table, caller.realm, [id])?.current;
    return andThen(result, (settled) => verdictOf(operation, view, settled, { row: current, isNew }));
  };
  if (operation.target !== "item" || view === undefined || id === undefined) return execute(undefined);
  return andThen(unit.get(view.resource.table, caller.realm, [id]), (row): MaybePromise<Verdict> => {
    const missing: Verdict = { ok: false, refusal: { type: "not_found", status: 404, message: refusalTypes.not_found.doc } };
    if (row === undefined) return missing;
    return andThen(visible(view, row, unit, caller), (seen) => (seen ? execute(handlerRow(view.resource, row)) : missing));
  });
};

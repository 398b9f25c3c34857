/** Runs functions of the definition: commands in the writer, queries at once or gathered. */
import type { Fields } from "../../define/field.ts";
import {
  type Answer,
  answerMark,
  type FunctionDefinition,
  type FunctionRefusal,
  refusalMark,
  type RowRequest,
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

/** A refusal by code, with the status its operation declares. */
export const refusalFrom = (operation: Operation, refused: FunctionRefusal): Refusal => {
  const declared =
    operation.refusals[refused.type] ?? (refusalTypes as Readonly<Record<string, { status: number; doc: string }>>)[refused.type];
  if (declared === undefined) throw new Error(`${operation.name} refuses with "${refused.type}", which it does not declare`);
  const issues: Record<string, readonly Issue[]> | undefined =
    refused.fields === undefined
      ? undefined
      : Object.fromEntries(Object.entries(refused.fields).map(([field, codes]) => [field, codes.map((code) => ({ code }))]));
  return {
    type: refused.type,
    status: declared.status,
    message: declared.doc,
    ...(refused.details === undefined ? {} : { details: jsonReady(refused.details) as Record<string, unknown> }),
    ...(issues === undefined ? {} : { issues }),
  };
};

const isRefusal = (value: unknown): value is FunctionRefusal =>
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
    default:
      return jsonReady(result);
  }
};

/** What a function answered, as a verdict. `row` is what an item function without a result answers. */
export const verdictOf = (operation: Operation, view: View | undefined, result: unknown, row: () => Row | undefined): Verdict => {
  if (isRefusal(result)) {
    const refusal = refusalFrom(operation, result);
    return result.keep === true ? { ok: false, refusal, keep: true } : { ok: false, refusal };
  }
  const answer = isAnswer(result) ? result : undefined;
  const given = answer === undefined ? result : answer.data;
  const data = given === undefined && operation.output.kind === "row" ? row() : given;
  if (operation.output.kind === "none") return { ok: true, status: 204, data: () => undefined };
  if (data === undefined) throw new Error(`${operation.name} answered nothing, but its output is declared`);
  const id = operation.output.kind === "row" ? (data as Row)["id"] : undefined;
  const status = answer?.status ?? (operation.action === "create" ? 201 : 200);
  return {
    ok: true,
    status,
    data: () => presentResult(operation, view, data),
    ...(typeof id === "string" ? { id } : {}),
    ...(answer?.replayed === true ? { replayed: true as const } : {}),
  };
};

export interface FunctionCall {
  readonly operation: Operation;
  readonly view: View | undefined;
  readonly id: string | undefined;
  readonly input: Row;
  readonly caller: Caller;
  readonly locale: string;
}

const functionOf = (operation: Operation): FunctionDefinition => {
  if (operation.function === undefined) throw new Error(`${operation.name} is no function`);
  return operation.function;
};

const needOf = (request: RowRequest): Need[] =>
  request.id === null ? [] : [{ by: "key", table: resourceOf(request.resource).table, key: [request.id] }];

/** The rows a command asks for: its own first, then those `load` names. */
export const needsOfFunction = (call: FunctionCall): ((unit: Unit) => readonly Need[])[] => {
  const { operation, view, id, input, caller } = call;
  const { load } = functionOf(operation);
  const rounds: ((unit: Unit) => readonly Need[])[] = [];
  const own = operation.target === "item" && view !== undefined && id !== undefined ? view.resource.table : undefined;
  if (own !== undefined) rounds.push(() => [{ by: "key", table: own, key: [id as string] }]);
  if (load !== undefined) {
    rounds.push((unit) => {
      const row = own === undefined ? undefined : unit.rows.entry(own, caller.realm, [id as string])?.current;
      if (own !== undefined && row === undefined) return [];
      return Object.values(load({ row, input, principal: caller } as never)).flatMap(needOf);
    });
  }
  return rounds;
};

/** Runs a command on the working set. */
export const runCommand = (call: FunctionCall, unit: Unit): MaybePromise<Verdict> => {
  const { operation, view, id, input, caller, locale } = call;
  const fn = functionOf(operation);
  const context = commandContext(unit, caller, { locale, resource: view?.resource });
  const execute = (row: Row | undefined): MaybePromise<Verdict> => {
    const requests = fn.load === undefined ? {} : fn.load({ row, input, principal: caller } as never);
    const loaded: Record<string, Row | undefined> = {};
    for (const [name, request] of Object.entries(requests)) {
      if (request.id === null) continue;
      const target = resourceOf(request.resource);
      loaded[name] = handlerRow(target, unit.rows.entry(target.table, caller.realm, [request.id])?.current);
    }
    const result = fn.run?.(context as never, { row, input, loaded } as never);
    const current = (): Row | undefined =>
      view === undefined || id === undefined ? undefined : unit.rows.entry(view.resource.table, caller.realm, [id])?.current;
    return andThen(result, (settled) => verdictOf(operation, view, settled, current));
  };
  if (operation.target !== "item" || view === undefined || id === undefined) return execute(undefined);
  return andThen(unit.get(view.resource.table, caller.realm, [id]), (row): MaybePromise<Verdict> => {
    const missing: Verdict = { ok: false, refusal: { type: "not_found", status: 404, message: refusalTypes.not_found.doc } };
    if (row === undefined) return missing;
    return andThen(visible(view, row, unit, caller), (seen) => (seen ? execute(handlerRow(view.resource, row)) : missing));
  });
};

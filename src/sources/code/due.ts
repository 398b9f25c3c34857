/** Runs timed work of a resource on one row: `due` of the definition, in the writer, as the system. */
import type { Need, Verdict } from "../../batch/command.ts";
import type { Unit } from "../../batch/unit.ts";
import type { ResourceContract } from "../../contract/contract.ts";
import { type DueDefinition, type FunctionRefusal, refusalMark } from "../../define/function.ts";
import { andThen } from "../../pipeline/condition.ts";
import type { MaybePromise, Row } from "../../store/store.ts";
import { handlerRow } from "../table/nested.ts";
import { type Caller, commandContext } from "./context.ts";
import { needsOf, type Requests, rowsFor } from "./loading.ts";

export interface DueCall {
  readonly resource: ResourceContract;
  readonly due: DueDefinition;
  readonly id: string;
  readonly caller: Caller;
}

const rowIn = ({ resource, id, caller }: DueCall, unit: Unit): Row | undefined =>
  unit.rows.entry(resource.table, caller.realm, [id])?.current;

/** Whether the row still wants it: somebody may have been faster. */
const isDue = (row: Row | undefined, { due }: DueCall, unit: Unit): row is Row => {
  const at = row?.[due.at];
  return typeof at === "string" && at <= unit.now;
};

const requestsOf = ({ due, resource, caller }: DueCall, row: Row): Requests =>
  due.load?.({ row: handlerRow(resource, row), principal: caller } as never) ?? {};

/** The row itself, then what `load` asks for. */
export const needsOfDue = (call: DueCall): ((unit: Unit) => readonly Need[])[] => [
  () => [{ by: "key", table: call.resource.table, key: [call.id] }],
  (unit) => {
    const row = rowIn(call, unit);
    return isDue(row, call, unit) ? needsOf(requestsOf(call, row)) : [];
  },
];

const done: Verdict = { ok: true, status: 204, data: () => undefined };

/** Throws when the work refuses or leaves the moment as it was: then it would be due for ever. */
export const runDue = (call: DueCall, unit: Unit): MaybePromise<Verdict> => {
  const { resource, due, caller } = call;
  const row = rowIn(call, unit);
  if (!isDue(row, call, unit)) return done;
  const at = row[due.at];
  const requests = requestsOf(call, row);
  return andThen(rowsFor(requests, unit, caller.realm), (loaded) => {
    const context = commandContext(unit, caller, { locale: "en", resource });
    return andThen(due.run(context as never, { row: handlerRow(resource, row), loaded } as never), (result) => {
      const refused = result as Partial<FunctionRefusal> | null | undefined;
      if (typeof refused === "object" && refused !== null && refused[refusalMark] === true)
        throw new Error(`${resource.name}.due of ${call.id} refused: ${refused.type}`);
      if (rowIn(call, unit)?.[due.at] === at) throw new Error(`${resource.name}.due of ${call.id} left "${due.at}" as it was`);
      return done;
    });
  });
};

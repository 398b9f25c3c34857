/** Carries steps out, one after the other; the first that is refused ends it. */
import type { Contract } from "../../contract/index.ts";
import { CommandError } from "../exit-code.ts";
import type { Answer, ControlPlane, Refused } from "./control-plane.ts";
import type { Step } from "./difference.ts";
import { fieldsOf, patchOf } from "./fields.ts";
import { type Names, withIds } from "./names.ts";
import type { Item, Place } from "./wanted.ts";

export interface CarryingOut extends Place {
  readonly plane: ControlPlane;
  readonly contract: Contract;
  readonly names: Names;
}

const refusalOf = (
  { kind, key, action }: Step,
  { status, type, message, fields }: Refused,
  place: Place,
  item: Item | undefined,
): CommandError => {
  const [[field, sentences] = [undefined, []]] = Object.entries(fields);
  const path =
    item === undefined
      ? undefined
      : [
          ...item.path,
          ...(field === undefined ? [] : field.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step))),
        ];
  const where = path === undefined ? "" : `${place.where(path)}: `;
  const why = field === undefined ? message : `${field}: ${sentences[0] ?? message}`;
  return new CommandError("failed", `${where}${kind.word} ${key}: ${action} was refused: ${status} ${type}: ${why}`);
};

const partOf = (values: Readonly<Record<string, unknown>>, names: ReadonlySet<string>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));

const dataOf = (step: Step, answer: Answer, place: Place, item: Item | undefined): Readonly<Record<string, unknown>> => {
  if (!answer.ok) throw refusalOf(step, answer.refused, place, item);
  return (answer.data ?? {}) as Readonly<Record<string, unknown>>;
};

const create = async (step: Step, item: Item, { plane, contract, names, where }: CarryingOut): Promise<void> => {
  const { kind, key } = step;
  const fields = fieldsOf(contract, kind);
  if (fields === undefined) throw new Error(`there are no ${kind.name}`);
  const values = withIds(kind, item.values, names);
  const made = dataOf(
    step,
    await plane.call(`${kind.resource}.create`, { body: partOf(values, fields.create) }),
    { where },
    item,
  );
  const id = String(made["id"]);
  names.add(kind.name, key, id);
  // What can only be said of a row that is there, such as that it is retired.
  const later = Object.entries(values).filter(([name, value]) => !fields.create.has(name) && !Bun.deepEquals(made[name], value));
  if (later.length > 0)
    dataOf(step, await plane.call(`${kind.resource}.update`, { id, body: Object.fromEntries(later) }), { where }, item);
};

const remove = async (step: Step, id: string, { plane, where }: CarryingOut): Promise<void> => {
  const { kind } = step;
  const answer = await plane.call(kind.removal, kind.removal.endsWith(".delete") ? { id } : { id, body: {} });
  if (answer.ok) return;
  const isNeeded = answer.refused.status === 409;
  if (!isNeeded || kind.retirement === undefined) throw refusalOf(step, answer.refused, { where }, undefined);
  dataOf(step, await plane.call(`${kind.resource}.update`, { id, body: kind.retirement }), { where }, undefined);
};

const change = async (step: Extract<Step, { action: "change" | "replace" }>, work: CarryingOut): Promise<void> => {
  const { kind, item, id, changes } = step;
  const [before, after] = (["before", "after"] as const).map((side) =>
    withIds(kind, Object.fromEntries(changes.map((one) => [one.field, one[side]])), work.names),
  );
  dataOf(step, await work.plane.call(`${kind.resource}.update`, { id, body: patchOf(before, after) }), work, item);
};

/** Carries out `steps`; `onDone` hears of each. Throws `CommandError` "failed" with what was refused, and where in the file it stands. */
export const carryOut = async (steps: readonly Step[], work: CarryingOut, onDone: (step: Step) => void): Promise<void> => {
  for (const step of steps) {
    if (step.action === "create") await create(step, step.item, work);
    else if (step.action === "change") await change(step, work);
    else {
      await remove(step, step.id, work);
      if (step.action === "replace") await create(step, step.item, work);
    }
    onDone(step);
  }
};

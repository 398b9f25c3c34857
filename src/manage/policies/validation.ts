/** Levels of validation that policies choose: bodies with unknown fields, and answers against their definition. */
import type { Operation } from "../../contract/contract.ts";
import { type AcceptFields, compileFields } from "../../contract/values/fields.ts";
import type { Fields } from "../../define/field.ts";
import type { CallContext } from "../../pipeline/context.ts";
import type { View } from "../../pipeline/view.ts";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The body without fields that the operation does not take. */
export const lenientBody = (body: unknown, { input }: Operation): unknown =>
  isRecord(body) ? Object.fromEntries(Object.entries(body).filter(([name]) => Object.hasOwn(input, name))) : body;

const byView = new WeakMap<View, AcceptFields>();
const byFields = new WeakMap<Fields, AcceptFields>();

const acceptorOf = (fields: Fields): AcceptFields =>
  compileFields(fields, { required: new Set(), partial: true, defaults: false, unknown: "refuse" });

/** The fields that a view shows in full; masked ones have no form of their own. */
const readableOf = ({ resource, readable }: View): Fields =>
  Object.fromEntries(Object.entries(resource.fields).filter(([name]) => readable.has(name)));

const flawsOf = (value: unknown, accept: AcceptFields, leftOut: (name: string) => boolean): readonly string[] => {
  if (!isRecord(value)) return ["is no object"];
  const looked = Object.fromEntries(Object.entries(value).filter(([name]) => !leftOut(name)));
  const accepted = accept(looked, false);
  if (accepted.ok) return [];
  return Object.entries(accepted.issues).map(([field, [issue]]) => `${field}: ${issue?.code ?? "does not fit"}`);
};

/** What of an answer does not fit its definition: fields that are not declared or not shown, and values of another form. */
export const responseFlaws = (data: unknown, context: CallContext): readonly string[] => {
  const { operation, view } = context;
  const { output } = operation;
  if (output.kind === "fields") {
    let accept = byFields.get(output.fields);
    if (accept === undefined) byFields.set(output.fields, (accept = acceptorOf(output.fields)));
    return flawsOf(data, accept, () => false);
  }
  if ((output.kind !== "row" && output.kind !== "rows") || view === undefined) return [];
  let accept = byView.get(view);
  if (accept === undefined) byView.set(view, (accept = acceptorOf(readableOf(view))));
  const checked = accept;
  const { one, many } = view.resource;
  const isMasked = new Set(view.shown.filter((name) => !view.readable.has(name)));
  // Relations stand under their names where they were asked for.
  const leftOut = (name: string): boolean => isMasked.has(name) || many.has(name) || one.has(name);
  const { ids } = context.input;
  // Several rows at once are a list, with null for those that are not there.
  const rows =
    output.kind === "rows" ? data : ids === undefined ? [data] : (data as readonly unknown[]).filter((row) => row !== null);
  if (!Array.isArray(rows)) return ["is no list"];
  return [...new Set((rows as unknown[]).flatMap((row) => flawsOf(row, checked, leftOut)))];
};

/** What XML and CSV need to know of an operation's body: which properties are lists and objects. Types of values follow from the fields later. */
import type { Field, Fields } from "../../define/field.ts";
import type { SchemaHint } from "./formats/index.ts";

const hintOfField = (field: Field): SchemaHint => {
  if (field.kind === "array") return { type: "array", ...(field.item === undefined ? {} : { items: hintOfField(field.item) }) };
  if (field.kind === "object") return hintOf(field.fields ?? {});
  // Any JSON value: no hint.
  if (field.kind === "json") return {};
  return { type: "string" };
};

/** Hint of one object of these fields. */
const hintOf = (fields: Fields): SchemaHint => ({
  type: "object",
  properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, hintOfField(field)])),
});

/** Hint of one object or a list of them: which of the two it is, the body shows. */
const batchHintOf = (fields: Fields): SchemaHint => {
  const one = hintOf(fields);
  return { ...one, type: ["object", "array"], properties: { ...one.properties, ids: { type: "array" } }, items: one };
};

/** The hint of a body of these fields; made when it is first asked for, which is by XML and CSV only. */
export const hintOfBody = (fields: Fields, { takesMany }: { readonly takesMany: boolean }): (() => SchemaHint) => {
  let hint: SchemaHint | undefined;
  return () => (hint ??= takesMany ? batchHintOf(fields) : hintOf(fields));
};

/** What the .proto says of fields: their documentation, and what their form is where it has a name of its own. */
import type { Field } from "../../define/field.ts";
import { isWriteOnly } from "../json-schema.ts";

const forms: Partial<Record<Field["kind"], string>> = {
  money: "Whole minor units of the currency.",
  decimal: "An exact decimal number.",
  date: "A day, YYYY-MM-DD.",
  duration: "ISO 8601 duration.",
  phone: "E.164 telephone number.",
  currency: "ISO 4217 code.",
  country: "ISO 3166-1 alpha-2 code.",
  language: "BCP 47 language tag.",
  json: "Any JSON value.",
};

const masks = {
  last4: "Who may not read it sees only the last four characters.",
  hidden: "Who may not read it sees that there is one.",
  email: "Who may not read it sees only its first letter and the domain.",
} as const;

/** `overdraftLimit` → `Overdraft limit.` */
const wordsOf = (name: string): string => {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
};

/** The comment of a field. */
export const noteOf = (name: string, field: Field, direction: "input" | "output"): string => {
  const { doc, mask, read, optional } = field.options;
  const target = field.target === undefined ? undefined : `Id of one of ${field.target}.`;
  return [
    doc ?? target ?? (field.kind === "id" ? "Its id." : wordsOf(name)),
    forms[field.kind],
    direction === "output" && mask !== undefined ? masks[mask] : undefined,
    direction === "output" && mask === undefined && read !== undefined && !isWriteOnly(field)
      ? "Only some roles see it."
      : undefined,
    direction === "output" && optional === true ? "May be absent." : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(" ");
};

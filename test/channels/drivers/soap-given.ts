/** Messages that a definition gives: a request's fields under the names that its elements have there, in their units. */
import type { SoapElement, SoapElements } from "../../../src/define/soap.ts";
import type { Description, Part } from "../../soap/description.ts";

type Values = Readonly<Record<string, unknown>>;
type Types = Readonly<Record<string, SoapElements>>;

const scaled = (value: unknown, { scale }: SoapElement): unknown =>
  scale !== undefined && typeof value === "number" ? (value / 10 ** scale).toFixed(scale) : value;

/** `{ placedAt: "…", goods: [{ length: 1300 }] }` → `{ Date: "…", Goods: [{ Length: "0.1300" }] }`. What has no element is left out. */
export const givenRecord = (values: Values, elements: SoapElements, types: Types): Values =>
  Object.fromEntries(
    elements.flatMap((element) => {
      const spec: SoapElement = typeof element === "string" ? { name: element } : element;
      const field = spec.field ?? Object.keys(values).find((name) => name.toLowerCase() === spec.name.toLowerCase());
      const value = field === undefined ? undefined : values[field];
      if (value === undefined || value === null) return [];
      const inner = types[spec.type ?? ""];
      const one = (given: unknown): unknown =>
        inner !== undefined && typeof given === "object" && given !== null
          ? givenRecord(given as Values, inner, types)
          : scaled(given, spec);
      return [[spec.name, Array.isArray(value) ? value.map(one) : one(value)] as const];
    }),
  );

const zeros: Readonly<Record<string, string>> = {
  "xs:boolean": "false",
  "xs:date": "0001-01-01",
  "xs:dateTime": "0001-01-01T00:00:00",
};

/** The same with what may not be left out: what stands for null. */
export const completed = (record: Values, parts: readonly Part[], description: Description): Values => {
  const complete = (part: Part, value: unknown): unknown => {
    const inner = description.partsOf(part);
    if (Array.isArray(value)) return value.map((one) => complete({ ...part, isRepeated: false }, one));
    if (inner !== undefined && typeof value === "object" && value !== null) return completed(value as Values, inner, description);
    if (value !== undefined || part.isOptional || part.isRepeated) return value;
    if (inner !== undefined) return completed({}, inner, description);
    return zeros[part.type ?? ""] ?? (part.type === "xs:string" ? "" : "0");
  };
  return Object.fromEntries(parts.map((part) => [part.name, complete(part, record[part.name])]));
};

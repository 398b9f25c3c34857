/**
 * What is wrong with values, in the terms of a message whose elements a definition gives: its names, and its units.
 *
 *   goods.0.length, too_large, max 100000   → DimensionsList.0.Length, max 10          where the element holds metres, the field 0.1 mm
 *   goods.0.length, wrong_type, "integer"   → DimensionsList.0.Length, "number"
 */
import type { Element, SimpleType, ValueType } from "../../contract/soap/index.ts";
import type { Issue, Refusal } from "../../pipeline/refusal.ts";

const innerType = ({ content }: Element): ValueType => (content.kind === "wrapped" ? innerType(content.item) : content.type);

interface Found {
  /** The path as the message has it. */
  readonly path: string;
  /** Of its element, where that holds a single value. */
  readonly type?: SimpleType;
}

const foundAt = (elements: readonly Element[], path: string): Found => {
  let at: readonly Element[] = elements;
  let type: ValueType | undefined;
  const steps = path.split(".").map((step) => {
    const element = at.find(({ key }) => key === step);
    if (element === undefined) return step;
    type = innerType(element);
    at = type.kind === "complex" ? type.elements : [];
    return element.name;
  });
  return { path: steps.join("."), ...(type?.kind === "simple" ? { type } : {}) };
};

/** The path of a field as the message has it: `goods.0.length` → `Goods.0.Length`. */
export const pathInMessage = (elements: readonly Element[], path: string): string => foundAt(elements, path).path;

/** Types that may hold a whole number of the field as a fraction. */
const fractions: ReadonlySet<SimpleType["base"]> = new Set(["decimal", "float", "double"]);
const bounds = ["min", "max"] as const;
const ofValues: ReadonlySet<string> = new Set(["too_small", "too_large", "not_in_range"]);

/** `path`: as the message has it. */
const issueIn = (type: SimpleType | undefined, path: string, issue: Issue): Issue => {
  const { code, params } = issue;
  if (code === "unknown_field") return { code, params: { field: path, ...params } };
  if (type === undefined || !fractions.has(type.base) || params === undefined) return issue;
  if (code === "wrong_type" && params["expected"] === "integer") return { code, params: { ...params, expected: "number" } };
  if (!ofValues.has(code)) return issue;
  const inUnits = bounds.flatMap((name) => {
    const bound = params[name];
    return typeof bound === "number" ? [[name, Number(type.write(bound))] as const] : [];
  });
  return { code, params: { ...params, ...Object.fromEntries(inUnits) } };
};

/** The refusal with bounds in the units of the message, and names of the message in its sentences. Paths stay those of the fields: names of fields are found by them. */
export const inUnitsOf = (elements: readonly Element[], refusal: Refusal): Refusal => {
  const { issues } = refusal;
  if (issues === undefined) return refusal;
  const told = Object.entries(issues).map(([path, list]) => {
    const { path: shown, type } = foundAt(elements, path);
    return [path, list.map((issue) => issueIn(type, shown, issue))] as const;
  });
  return { ...refusal, issues: Object.fromEntries(told) };
};

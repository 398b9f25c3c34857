/** Fields that no version has: a limit with a slip in its name would count for nothing, and a version cannot be mended once it is added. */
import { problemsMax } from "./limits.ts";
import type { Problem } from "./problem.ts";
import { isFields, shown } from "./shape.ts";

/** What may stand at a place: one value, the fields of an object, or the like of a list's entries. */
type Known = true | readonly [Known] | { readonly [field: string]: Known };

const fields = (names: string): { readonly [field: string]: Known } =>
  Object.fromEntries(names.split(" ").map((name) => [name, true as const]));

const place = fields("name region district");
const material = fields("price weight");

const service: Known = {
  ...fields("id typeId kind name description dimensionFactor weightStep containers transitDays deliversOn"),
  limits: fields("weightMax sidesMax girthMax sidesSumMax declaredValueMax cashOnDeliveryMax parcelsMax"),
  surcharges: [
    {
      ...fields("code kind basisPoints of prefixes price sideOver girthOver weightOver min max freeUpTo"),
      settlements: [place],
    },
  ],
  transit: [fields("zone minDays maxDays")],
  windows: [fields("from to")],
};

const version: Known = {
  ...fields("id number name effectiveFrom effectiveTo currency"),
  zones: [{ ...fields("id name prefixes regions"), settlements: [place] }],
  services: [service],
  grid: [fields("service zone weightFrom weightTo price")],
  packaging: {
    containers: [fields("id kind name length width height wall weight maxWeight price")],
    custom: { ...material, wall: true },
    seals: [{ ...material, type: true }],
    sturdy: material,
    labour: fields("perParcel perItem"),
    label: true,
  },
  tax: fields("basisPoints exempt"),
  calendar: fields("timeZone cutOff leadDays workdays holidays"),
};

const isList = (known: Known): known is readonly [Known] => Array.isArray(known);

const look = (value: unknown, known: Known, path: string, found: Problem[]): void => {
  if (known === true || found.length >= problemsMax) return;
  if (isList(known)) {
    if (Array.isArray(value)) for (const [at, entry] of value.entries()) look(entry, known[0], `${path}[${at}]`, found);
    return;
  }
  if (!isFields(value)) return;
  for (const [name, inside] of Object.entries(value)) {
    const where = path === "" ? name : `${path}.${name}`;
    const next = Object.hasOwn(known, name) ? known[name] : undefined;
    if (next !== undefined) look(inside, next, where, found);
    else if (found.length < problemsMax)
      found.push({ path: where, code: "unknown_field", text: `there is no field ${shown(name)}` });
  }
};

/** Every field that means nothing, at most `problemsMax`. */
export const unknownFields = (value: unknown): readonly Problem[] => {
  const found: Problem[] = [];
  look(value, version, "", found);
  return found;
};

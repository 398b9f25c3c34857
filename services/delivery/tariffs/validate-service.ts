/** Checks of one service: limits, surcharges, transit, windows. */
import {
  basisPointsMax,
  daysMax,
  parcelsMax,
  sideMax,
  surchargesMax,
  valueMax,
  weightMax,
  windowsMax,
  zonesMax,
} from "./limits.ts";
import { type Fields, type NumberRule, rules, type Shape } from "./shape.ts";
import { serviceKinds } from "./tariff.ts";
import { checkArea } from "./validate-area.ts";

/** Ids that exist, and those of services so far. */
export interface Known {
  readonly zones: ReadonlySet<string>;
  readonly containers: ReadonlySet<string>;
  readonly services: Set<string>;
  readonly typeIds: Set<string>;
}

const optional = (max: number, min = 0): NumberRule => ({ min, max, isOptional: true });

/** Sides of a limit, longest first. */
const checkSides = (shape: Shape, path: string, sides: unknown): void => {
  if (sides === undefined) return;
  const list = shape.list(path, sides, { min: 3, max: 3 });
  for (const [at, side] of list.entries()) {
    if (!shape.number(`${path}[${at}]`, side, { min: 1, max: sideMax })) continue;
    const before = list[at - 1];
    if (typeof before === "number" && before < side) shape.add(`${path}[${at}]`, "bad_order", "sides stand longest first");
  }
};

const checkLimits = (shape: Shape, path: string, value: unknown): void => {
  const limits = shape.fields(path, value);
  if (limits === undefined) return;
  shape.numbers(path, limits, {
    weightMax: { min: 1, max: weightMax },
    girthMax: optional(5 * sideMax, 1),
    sidesSumMax: optional(3 * sideMax, 1),
    declaredValueMax: optional(valueMax),
    cashOnDeliveryMax: optional(valueMax),
    parcelsMax: optional(parcelsMax, 1),
  });
  checkSides(shape, `${path}.sidesMax`, limits["sidesMax"]);
};

const surchargeKinds = ["fuel", "remote", "oversize", "cashOnDelivery", "insurance"] as const;
/** Codes of lines that are not surcharges. */
const reserved = ["container", "custom", "seal", "sturdy", "labour", "handling", "label", "carriage", "tax"];

const checkSurcharge = (shape: Shape, path: string, surcharge: Fields): void => {
  const { kind, min, max } = surcharge;
  if (!shape.oneOf(`${path}.kind`, kind, surchargeKinds)) return;
  switch (kind) {
    case "fuel":
      shape.oneOf(`${path}.of`, surcharge["of"], ["carriage", "before"]);
      return shape.numbers(path, surcharge, { basisPoints: rules.share });
    case "remote":
      checkArea(shape, path, surcharge, new Set());
      return shape.numbers(path, surcharge, { price: rules.price });
    case "oversize":
      return shape.numbers(path, surcharge, {
        price: rules.price,
        sideOver: optional(sideMax),
        girthOver: optional(5 * sideMax),
        weightOver: optional(weightMax),
      });
    case "cashOnDelivery":
      shape.numbers(path, surcharge, { basisPoints: rules.share, min: rules.price, max: { ...rules.price, isOptional: true } });
      if (typeof min === "number" && typeof max === "number" && max < min)
        shape.add(`${path}.max`, "bad_order", "must not be less than min");
      return undefined;
    case "insurance":
      return shape.numbers(path, surcharge, { basisPoints: { max: basisPointsMax }, freeUpTo: { max: valueMax } });
  }
};

const checkSurcharges = (shape: Shape, path: string, value: unknown): void => {
  const codes = new Set<string>(reserved);
  for (const [where, surcharge] of shape.entries(path, value, { max: surchargesMax })) {
    if (shape.text(`${where}.code`, surcharge["code"])) shape.unique(`${where}.code`, surcharge["code"], codes);
    checkSurcharge(shape, where, surcharge);
  }
};

const checkTransit = (
  shape: Shape,
  path: string,
  { value, zones }: { readonly value: unknown; readonly zones: ReadonlySet<string> },
): void => {
  const taken = new Set<string>();
  for (const [where, { zone, minDays, maxDays }] of shape.entries(path, value, { min: 1, max: zonesMax })) {
    if (typeof zone !== "string" || !zones.has(zone)) shape.add(`${where}.zone`, "unknown_zone", "there is none of this id");
    else shape.unique(`${where}.zone`, zone, taken);
    const hasMin = shape.number(`${where}.minDays`, minDays, { max: daysMax });
    const hasMax = shape.number(`${where}.maxDays`, maxDays, { max: daysMax });
    if (hasMin && hasMax && maxDays < minDays) shape.add(`${where}.maxDays`, "bad_order", "must not be less than minDays");
  }
};

const checkWindows = (shape: Shape, path: string, value: unknown): void => {
  if (value === undefined) return;
  for (const [where, { from, to }] of shape.entries(path, value, { max: windowsMax })) {
    const hasFrom = shape.number(`${where}.from`, from, { max: 1440 });
    const hasTo = shape.number(`${where}.to`, to, { max: 1440 });
    if (hasFrom && hasTo && to <= from) shape.add(`${where}.to`, "bad_order", "must be later than from");
  }
};

export const checkService = (shape: Shape, path: string, service: Fields, known: Known): void => {
  const { id, typeId, containers } = service;
  if (shape.text(`${path}.id`, id)) shape.unique(`${path}.id`, id, known.services);
  if (shape.number(`${path}.typeId`, typeId, { min: 1, max: 1_000_000 }))
    shape.unique(`${path}.typeId`, String(typeId), known.typeIds);
  shape.oneOf(`${path}.kind`, service["kind"], serviceKinds);
  shape.oneOf(`${path}.transitDays`, service["transitDays"], ["working", "calendar"]);
  shape.text(`${path}.name`, service["name"]);
  shape.text(`${path}.description`, service["description"], { max: 1000, min: 0 });
  shape.numbers(path, service, { dimensionFactor: optional(100_000, 1), weightStep: { min: 1, max: 100_000 } });
  checkLimits(shape, `${path}.limits`, service["limits"]);
  if (containers !== undefined)
    for (const [at, container] of shape.list(`${path}.containers`, containers, { max: known.containers.size }).entries())
      if (typeof container !== "string" || !known.containers.has(container))
        shape.add(`${path}.containers[${at}]`, "unknown_container", "there is none of this id");
  checkSurcharges(shape, `${path}.surcharges`, service["surcharges"]);
  checkTransit(shape, `${path}.transit`, { value: service["transit"], zones: known.zones });
  shape.weekdays(`${path}.deliversOn`, service["deliversOn"]);
  checkWindows(shape, `${path}.windows`, service["windows"]);
};

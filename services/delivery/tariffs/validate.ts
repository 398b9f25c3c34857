/**
 * What is wrong with a version: shape and bounds of every value, ids that stand twice or do not exist, postal prefixes that two zones claim, brackets
 * that overlap or leave holes, prices that fall while the weight grows, services without a price or a transit in a zone.
 */
import { nameKey } from "./address-index.ts";
import { dayOf, instantOf, isTimeZone } from "./days.ts";
import { gridProblems, weightsPriced } from "./grid.ts";
import { containersMax, daysMax, gridMax, holidaysMax, placesMax, servicesMax, weightMax, zonesMax } from "./limits.ts";
import type { Problem } from "./problem.ts";
import { type Fields, isFields, rules, Shape, shown } from "./shape.ts";
import type { Bracket, TariffVersion } from "./tariff.ts";
import { sealTypes } from "./tariff.ts";
import { checkArea } from "./validate-area.ts";
import { checkService } from "./validate-service.ts";
import { ceilDivide } from "./whole-numbers.ts";

const checkZones = (shape: Shape, zones: unknown): ReadonlySet<string> => {
  const ids = new Set<string>();
  const taken = new Set<string>();
  for (const [path, zone] of shape.entries("zones", zones, { min: 1, max: zonesMax })) {
    if (shape.text(`${path}.id`, zone["id"])) shape.unique(`${path}.id`, zone["id"], ids);
    shape.text(`${path}.name`, zone["name"]);
    checkArea(shape, path, zone, taken);
    for (const [at, region] of shape.list(`${path}.regions`, zone["regions"], { max: placesMax }).entries()) {
      const where = `${path}.regions[${at}]`;
      if (shape.text(where, region)) shape.unique(where, `region ${nameKey(region)}`, taken);
    }
  }
  return ids;
};

const material = { price: rules.price, weight: rules.weight };

const checkPackaging = (shape: Shape, value: unknown): ReadonlySet<string> => {
  const ids = new Set<string>();
  const packaging = shape.fields("packaging", value);
  if (packaging === undefined) return ids;
  for (const [path, container] of shape.entries("packaging.containers", packaging["containers"], { max: containersMax })) {
    if (shape.text(`${path}.id`, container["id"])) shape.unique(`${path}.id`, container["id"], ids);
    shape.text(`${path}.name`, container["name"]);
    shape.oneOf(`${path}.kind`, container["kind"], ["carton", "envelope"]);
    const { side } = rules;
    shape.numbers(path, container, { ...material, length: side, width: side, height: side, wall: { max: 1000 } });
    shape.number(`${path}.maxWeight`, container["maxWeight"], { min: 1, max: weightMax });
  }
  const custom = shape.fields("packaging.custom", packaging["custom"]);
  if (custom !== undefined) shape.numbers("packaging.custom", custom, { ...material, wall: { max: 1000 } });
  const sealsTaken = new Set<string>();
  for (const [path, seal] of shape.entries("packaging.seals", packaging["seals"], { max: sealTypes.length })) {
    if (shape.oneOf(`${path}.type`, seal["type"], sealTypes)) shape.unique(`${path}.type`, String(seal["type"]), sealsTaken);
    shape.numbers(path, seal, material);
  }
  const sturdy = shape.fields("packaging.sturdy", packaging["sturdy"]);
  if (sturdy !== undefined) shape.numbers("packaging.sturdy", sturdy, material);
  const labour = shape.fields("packaging.labour", packaging["labour"]);
  if (labour !== undefined) shape.numbers("packaging.labour", labour, { perParcel: rules.price, perItem: rules.price });
  shape.number("packaging.label", packaging["label"], rules.price);
  return ids;
};

const checkCalendar = (shape: Shape, value: unknown): void => {
  const calendar = shape.fields("calendar", value);
  if (calendar === undefined) return;
  const { timeZone, workdays, holidays } = calendar;
  if (shape.text("calendar.timeZone", timeZone) && !isTimeZone(timeZone))
    shape.add("calendar.timeZone", "unknown_time_zone", "no IANA time zone has this name");
  shape.numbers("calendar", calendar, { cutOff: { max: 1440 }, leadDays: { max: daysMax } });
  shape.weekdays("calendar.workdays", workdays);
  const taken = new Set<string>();
  for (const [at, date] of shape.list("calendar.holidays", holidays, { max: holidaysMax }).entries()) {
    const path = `calendar.holidays[${at}]`;
    if (typeof date !== "string" || dayOf(date) === undefined) shape.add(path, "bad_date", "a date like 2026-01-01 is needed");
    else shape.unique(path, date, taken);
  }
};

const checkEffect = (shape: Shape, { effectiveFrom, effectiveTo }: Fields): void => {
  const read = (path: string, value: unknown): number | undefined => {
    const ms = typeof value === "string" ? instantOf(value) : undefined;
    if (ms === undefined) shape.add(path, "bad_instant", "an instant in UTC like 2026-01-01T00:00:00Z is needed");
    return ms;
  };
  const from = read("effectiveFrom", effectiveFrom);
  const to = effectiveTo === null ? undefined : read("effectiveTo", effectiveTo);
  if (from !== undefined && to !== undefined && to <= from) shape.add("effectiveTo", "bad_order", "ends before it begins");
};

/** The brackets of sound shape, with their places. */
const checkBrackets = (
  shape: Shape,
  grid: unknown,
  known: { readonly services: ReadonlySet<string>; readonly zones: ReadonlySet<string> },
): readonly (Bracket & { readonly at: number })[] => {
  const found: (Bracket & { readonly at: number })[] = [];
  for (const [at, entry] of shape.list("grid", grid, { min: 1, max: gridMax }).entries()) {
    const path = `grid[${at}]`;
    const fields = shape.fields(path, entry);
    if (fields === undefined) continue;
    const { service, zone, weightFrom, weightTo, price } = fields;
    const isKnown = (field: "service" | "zone", value: unknown, ids: ReadonlySet<string>): value is string => {
      if (typeof value === "string" && ids.has(value)) return true;
      shape.add(`${path}.${field}`, field === "zone" ? "unknown_zone" : "unknown_service", "there is none of this id");
      return false;
    };
    const hasService = isKnown("service", service, known.services);
    const hasZone = isKnown("zone", zone, known.zones);
    const hasFrom = shape.number(`${path}.weightFrom`, weightFrom, rules.weight);
    const hasTo = shape.number(`${path}.weightTo`, weightTo, rules.weight);
    const hasPrice = shape.number(`${path}.price`, price, rules.price);
    if (!hasService || !hasZone || !hasFrom || !hasTo || !hasPrice) continue;
    if (weightTo <= weightFrom) shape.add(`${path}.weightTo`, "bad_order", "must be more than weightFrom");
    else found.push({ service, zone, weightFrom, weightTo, price, at });
  }
  return found;
};

/** The grid holds a price up to the greatest weight of each service, in each zone to which it goes; and goes nowhere without a transit. */
const checkReach = (shape: Shape, services: readonly (readonly [string, Fields])[], grid: readonly Bracket[]): void => {
  const priced = weightsPriced(grid);
  for (const [path, { id, limits, weightStep, transit }] of services) {
    if (
      typeof id !== "string" ||
      !isFields(limits) ||
      typeof weightStep !== "number" ||
      weightStep < 1 ||
      !Array.isArray(transit)
    )
      continue;
    const goesTo = new Set<unknown>(transit.map((entry: unknown) => (isFields(entry) ? entry["zone"] : undefined)));
    for (const zone of goesTo) {
      const upTo = priced.get(JSON.stringify([id, zone]));
      if (upTo === undefined) shape.add(path, "no_price", `no price in ${shown(zone)}`);
      else if (typeof limits["weightMax"] === "number" && upTo < ceilDivide(limits["weightMax"], weightStep) * weightStep)
        shape.add(path, "hole", `${shown(zone)}: from ${upTo} g to the limit of ${limits["weightMax"]} g there is no price`);
    }
  }
  const transits = new Set<string>();
  for (const [, { id, transit }] of services)
    for (const entry of Array.isArray(transit) ? transit : [])
      if (isFields(entry)) transits.add(JSON.stringify([id, entry["zone"]]));
  for (const key of priced.keys())
    if (!transits.has(key)) shape.add("services", "no_transit", `no transit for the prices of ${key}`);
};

/** Every problem, at most `problemsMax`; none: it is a `TariffVersion`. */
export const validateVersion = (value: unknown): readonly Problem[] => {
  const shape = new Shape();
  const version = shape.fields("", value);
  if (version === undefined) return shape.problems;
  shape.text("id", version["id"]);
  shape.text("name", version["name"]);
  shape.number("number", version["number"], { min: 1, max: 1_000_000 });
  checkEffect(shape, version);
  const { currency } = version;
  if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency))
    shape.add("currency", "unknown_currency", "a code of three letters is needed");
  const zones = checkZones(shape, version["zones"]);
  const containers = checkPackaging(shape, version["packaging"]);
  const services = new Set<string>();
  const typeIds = new Set<string>();
  const entries = shape.entries("services", version["services"], { min: 1, max: servicesMax });
  for (const [path, service] of entries) checkService(shape, path, service, { zones, containers, services, typeIds });
  const tax = shape.fields("tax", version["tax"]);
  if (tax !== undefined) {
    shape.number("tax.basisPoints", tax["basisPoints"], rules.share);
    for (const [at, code] of shape.list("tax.exempt", tax["exempt"], { max: 100 }).entries())
      shape.text(`tax.exempt[${at}]`, code);
  }
  checkCalendar(shape, version["calendar"]);
  const grid = checkBrackets(shape, version["grid"], { services, zones });
  for (const { at, field, code, text } of gridProblems(grid)) shape.add(`grid[${grid[at]?.at ?? at}].${field}`, code, text);
  checkReach(shape, entries, grid);
  return shape.problems;
};

/** The value as a version. Throws `RangeError` with the first problems. */
export const versionOf = (value: unknown): TariffVersion => {
  const problems = validateVersion(value);
  if (problems.length > 0)
    throw new RangeError(
      problems
        .slice(0, 3)
        .map(({ path, text }) => `${path}: ${text}`)
        .join("; "),
    );
  return value as TariffVersion;
};

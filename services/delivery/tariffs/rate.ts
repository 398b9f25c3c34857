/**
 * What the ways of delivery cost, each step a line: address → zone · pack into parcels · packaging and gross weight · limits → offer or exclusion ·
 * chargeable weight = max(gross, volume / dimension factor) rounded up to the step · price of the bracket · surcharges in declared order · tax.
 * Each line is rounded half up to the minor unit; the total is the sum of the rounded lines. The period comes from zone, lead, cut-off and holidays.
 *
 *   const { rates, excluded } = rate(version, { address: { index: "101000" }, parcels, declaredValue: 150_000, seal: 1, sturdy: false, at });
 *
 * The version must be valid (validate.ts) and the request within limits.ts: else `RangeError`.
 */
import { AddressIndex } from "./address-index.ts";
import { instantOf, localClock, type LocalTime } from "./days.ts";
import { itemsMax, parcelSideMax, parcelsMax, parcelWeightMax, valueMax } from "./limits.ts";
import { packagingLines } from "./packaging-lines.ts";
import { chargeableWeight, type Excess, excesses, goesToPoint, type GrossParcel, type Wrapping } from "./parcels.ts";
import { grossParcel, packerTask, pointExcesses } from "./parcels.ts";
import { DeliveryCalendar } from "./period.ts";
import type { Address, Exclusion, Line, PackerTask, Period, Rate, RateParcel, RateRequest, Rating } from "./rating.ts";
import { surchargeLines } from "./surcharges.ts";
import type { Bracket, Service, TariffVersion, Zone } from "./tariff.ts";
import { shareOf } from "./whole-numbers.ts";

/** What is looked up, made once for each version. */
interface Compiled {
  readonly zones: AddressIndex<Zone>;
  /** By service and zone, lightest first. */
  readonly grid: ReadonlyMap<string, readonly Bracket[]>;
  /** By service and code. */
  readonly remote: ReadonlyMap<string, AddressIndex<true>>;
  readonly calendar: DeliveryCalendar;
}

const compiled = new WeakMap<TariffVersion, Compiled>();

const keyOf = (first: string, second: string): string => JSON.stringify([first, second]);

const compile = (version: TariffVersion): Compiled => {
  const zones = new AddressIndex<Zone>();
  for (const zone of version.zones) zones.add(zone, zone);
  const grid = new Map<string, Bracket[]>();
  for (const bracket of version.grid) {
    const key = keyOf(bracket.service, bracket.zone);
    const brackets = grid.get(key);
    if (brackets === undefined) grid.set(key, [bracket]);
    else brackets.push(bracket);
  }
  for (const brackets of grid.values()) brackets.sort((left, right) => left.weightFrom - right.weightFrom);
  const remote = new Map<string, AddressIndex<true>>();
  for (const { id, surcharges } of version.services)
    for (const surcharge of surcharges) {
      if (surcharge.kind !== "remote") continue;
      const places = new AddressIndex<true>();
      places.add(surcharge, true);
      remote.set(keyOf(id, surcharge.code), places);
    }
  return { zones, grid, remote, calendar: new DeliveryCalendar(version.calendar, localClock(version.calendar.timeZone)) };
};

const compiledOf = (version: TariffVersion): Compiled => {
  const known = compiled.get(version);
  if (known !== undefined) return known;
  const made = compile(version);
  compiled.set(version, made);
  return made;
};

/** The zone of an address; undefined where none claims it. */
export const zoneOf = (version: TariffVersion, address: Address): Zone | undefined => compiledOf(version).zones.find(address);

const msOf = (at: string): number => {
  const ms = instantOf(at);
  if (ms === undefined) throw new RangeError(`not an instant in UTC: ${at}`);
  return ms;
};

/** When what is ordered at an instant (RFC 3339, UTC) arrives; undefined where the service does not go to the zone. */
export const periodOf = (
  version: TariffVersion,
  { service: id, zone, at }: { readonly service: string; readonly zone: string; readonly at: string },
): Period | undefined => {
  const service = version.services.find((service) => service.id === id);
  const transit = service?.transit.find((transit) => transit.zone === zone);
  if (service === undefined || transit === undefined) return undefined;
  const { calendar } = compiledOf(version);
  return calendar.period(calendar.localTime(msOf(at)), { ...service, ...transit });
};

const checkNumber = (what: string, value: number, [min, max]: readonly [number, number]): void => {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw new RangeError(`${what} must be a whole number from ${min} to ${max}`);
};

const checkParcels = (parcels: readonly RateParcel[]): readonly RateParcel[] => {
  checkNumber("the number of parcels", parcels.length, [1, parcelsMax]);
  for (const parcel of parcels) {
    for (const side of ["length", "width", "height"] as const) checkNumber(side, parcel[side], [1, parcelSideMax]);
    checkNumber("weight", parcel.weight, [0, parcelWeightMax]);
    checkNumber("items", parcel.items, [1, itemsMax]);
  }
  const items = parcels.reduce((sum, parcel) => sum + parcel.items, 0);
  checkNumber("the number of items", items, [1, itemsMax]);
  return parcels;
};

const checkRequest = ({ declaredValue, cashOnDelivery = 0, parcels }: RateRequest): void => {
  checkNumber("declaredValue", declaredValue, [0, valueMax]);
  checkNumber("cashOnDelivery", cashOnDelivery, [0, valueMax]);
  if (typeof parcels !== "function") checkParcels(parcels);
};

type Refused = Pick<Exclusion, "reason" | "limit" | "actual" | "unit" | "parcel">;

const refused = (reason: Exclusion["reason"], limit: number | null = null, actual: number | null = null): Refused => ({
  reason,
  limit,
  actual,
  unit: limit === null ? null : "minor",
});

const orderExcesses = (version: TariffVersion, { kind, limits }: Service, request: RateRequest): readonly Refused[] => {
  const { declaredValue, cashOnDelivery = 0, seal, servicePoint } = request;
  const { declaredValueMax = valueMax, cashOnDeliveryMax = valueMax } = limits;
  const found: Refused[] = [];
  if (declaredValue > declaredValueMax) found.push(refused("declared_value", declaredValueMax, declaredValue));
  if (cashOnDelivery > cashOnDeliveryMax) found.push(refused("cash_on_delivery", cashOnDeliveryMax, cashOnDelivery));
  if (seal !== 1 && !version.packaging.seals.some(({ type }) => type === seal)) found.push(refused("seal"));
  if (servicePoint !== undefined && (kind === "servicePoint" || kind === "locker") && servicePoint.kind !== kind)
    found.push(refused("service_point_kind"));
  return found;
};

const containerExcesses = ({ container, goodsWeight }: GrossParcel, service: Service): readonly Excess[] => {
  if (container === undefined) return [];
  if (service.containers !== undefined && !service.containers.includes(container.id))
    return [{ reason: "container", limit: null, actual: null, unit: null }];
  if (goodsWeight <= container.maxWeight) return [];
  return [{ reason: "container", limit: container.maxWeight, actual: goodsWeight, unit: "g" }];
};

const parcelExcesses = (
  parcels: readonly GrossParcel[],
  service: Service,
  request: Pick<RateRequest, "servicePoint">,
): readonly Refused[] => {
  const { limits } = service;
  const found: Refused[] = [];
  if (limits.parcelsMax !== undefined && parcels.length > limits.parcelsMax)
    found.push({ reason: "parcels", limit: limits.parcelsMax, actual: parcels.length, unit: "parcels" });
  const point = goesToPoint(service) ? request.servicePoint : undefined;
  for (const [at, parcel] of parcels.entries()) {
    const exceeded = [
      ...containerExcesses(parcel, service),
      ...excesses(parcel, limits),
      ...(point === undefined ? [] : pointExcesses(parcel, point)),
    ];
    found.push(...exceeded.map((excess) => ({ ...excess, parcel: at })));
  }
  return found;
};

/** Whether a way of delivery takes such parcels, as they are handed over. */
export const takes = (
  { packaging }: TariffVersion,
  service: Service,
  { parcels, ...wrapping }: Wrapping & { readonly parcels: readonly RateParcel[] },
): boolean =>
  parcelExcesses(
    parcels.map((parcel) => grossParcel(packaging, parcel, wrapping)),
    service,
    {},
  ).length === 0;

/** Of what many parcels exceed, the one that exceeds it most: 200 parcels are not 200 reasons. */
const worst = (found: readonly Refused[]): readonly Refused[] => {
  const byReason = new Map<Refused["reason"], Refused>();
  for (const one of found) {
    const known = byReason.get(one.reason);
    if (known === undefined || (one.actual ?? 0) > (known.actual ?? 0)) byReason.set(one.reason, one);
  }
  return [...byReason.values()];
};

interface Priced {
  readonly parcels: readonly (GrossParcel & { readonly chargeableWeight: number; readonly price: number })[];
  readonly refused: readonly Refused[];
}

const priced = (parcels: readonly GrossParcel[], service: Service, brackets: readonly Bracket[]): Priced => {
  const found: Priced["parcels"][number][] = [];
  const refused: Refused[] = [];
  for (const [at, parcel] of parcels.entries()) {
    const weight = chargeableWeight(parcel, service);
    const bracket = brackets.find(({ weightFrom, weightTo }) => weightFrom < weight && weight <= weightTo);
    if (bracket !== undefined) found.push({ ...parcel, chargeableWeight: weight, price: bracket.price });
    else
      refused.push({ reason: "chargeable_weight", limit: brackets.at(-1)?.weightTo ?? 0, actual: weight, unit: "g", parcel: at });
  }
  return { parcels: found, refused };
};

/** Parcels of one price are one line. */
const carriageLines = (parcels: Priced["parcels"]): readonly Line[] => {
  const prices = new Map<number, number>();
  for (const { price } of parcels) prices.set(price, (prices.get(price) ?? 0) + 1);
  return [...prices].map(([price, quantity]) => ({
    code: "carriage",
    group: "carriage",
    description: "delivery.line.carriage",
    quantity,
    price,
    amount: price * quantity,
  }));
};

/** Sum of the lines, or of those of some groups: `sumOf(rate.lines, ["packaging"])`. */
export const sumOf = (lines: readonly Line[], groups?: readonly Line["group"][]): number =>
  lines.reduce((sum, { group, amount }) => (groups === undefined || groups.includes(group) ? sum + amount : sum), 0);

const taxLine = ({ tax }: TariffVersion, lines: readonly Line[]): Line => {
  const base = sumOf(lines.filter(({ code }) => !tax.exempt.includes(code)));
  const amount = shareOf(base, tax.basisPoints);
  return {
    code: "tax",
    group: "tax",
    description: "delivery.line.tax",
    quantity: 1,
    price: amount,
    amount,
    base,
    basisPoints: tax.basisPoints,
  };
};

class Rater {
  readonly #version: TariffVersion;
  readonly #compiled: Compiled;
  readonly #request: RateRequest;
  readonly #packed = new Map<string, readonly RateParcel[] | Excess>();
  readonly #ordered: LocalTime;

  constructor(version: TariffVersion, request: RateRequest) {
    checkRequest(request);
    this.#version = version;
    this.#request = request;
    this.#compiled = compiledOf(version);
    this.#ordered = this.#compiled.calendar.localTime(msOf(request.at));
  }

  /** The offer, or every reason why there is none. */
  offer(service: Service, zone: Zone | undefined): Rate | readonly Refused[] {
    if (zone === undefined) return [refused("zone_unknown")];
    const brackets = this.#compiled.grid.get(keyOf(service.id, zone.id));
    const transit = service.transit.find((transit) => transit.zone === zone.id);
    if (brackets === undefined || transit === undefined) return [refused("zone_not_served")];
    const packed = this.#pack(service);
    const ofOrder = orderExcesses(this.#version, service, this.#request);
    if ("reason" in packed) return [...ofOrder, packed];
    const parcels = packed.map((parcel) => grossParcel(this.#version.packaging, parcel, this.#request));
    const exceeded = [...ofOrder, ...parcelExcesses(parcels, service, this.#request)];
    if (exceeded.length > 0) return worst(exceeded);
    const { parcels: pricedParcels, refused: tooHeavy } = priced(parcels, service, brackets);
    if (tooHeavy.length > 0) return worst(tooHeavy);
    const period = this.#compiled.calendar.period(this.#ordered, { ...service, ...transit });
    if (period === undefined) return [refused("calendar")];
    return this.#rate(service, zone, { parcels: pricedParcels, period });
  }

  #rate(
    service: Service,
    zone: Zone,
    { parcels, period }: { readonly parcels: Priced["parcels"]; readonly period: Period },
  ): Rate {
    const carriage = carriageLines(parcels);
    const surcharges = surchargeLines(service.surcharges, {
      request: this.#request,
      parcels,
      carriage: sumOf(carriage),
      remoteOf: (code) => this.#compiled.remote.get(keyOf(service.id, code)),
    });
    const untaxed = [...packagingLines(this.#version.packaging, parcels, this.#request), ...carriage, ...surcharges];
    const lines = [...untaxed, taxLine(this.#version, untaxed)];
    return {
      service: service.id,
      typeId: service.typeId,
      zone: zone.id,
      currency: this.#version.currency,
      lines,
      total: sumOf(lines),
      period,
      parcels: parcels.map(({ container, length, width, height, grossWeight, chargeableWeight, price }) => ({
        ...(container === undefined ? {} : { container: container.id }),
        length,
        width,
        height,
        grossWeight,
        chargeableWeight,
        price,
      })),
      grossWeight: parcels.reduce((sum, parcel) => sum + parcel.grossWeight, 0),
      chargeableWeight: parcels.reduce((sum, parcel) => sum + parcel.chargeableWeight, 0),
    };
  }

  #pack(service: Service): readonly RateParcel[] | Excess {
    const { parcels: pack } = this.#request;
    if (typeof pack !== "function") return pack;
    const task = packerTask(this.#version.packaging, service, this.#request);
    const known = this.#packed.get(task.key);
    if (known !== undefined) return known;
    const found = pack(task);
    const packed = "reason" in found ? found : checkParcels(found);
    this.#packed.set(task.key, packed);
    return packed;
  }
}

/**
 * What is to be packed for a request, each once: for who packs off the event loop, and then gives `rate` a packer that looks up the answers by key.
 * Only for services that go to the address's zone.
 */
export const packerTasks = (
  version: TariffVersion,
  request: Pick<RateRequest, "address" | "seal" | "sturdy" | "servicePoint">,
): readonly PackerTask[] => {
  const zone = zoneOf(version, request.address)?.id;
  const tasks = new Map<string, PackerTask>();
  for (const service of version.services) {
    if (!service.transit.some((transit) => transit.zone === zone)) continue;
    const task = packerTask(version.packaging, service, request);
    tasks.set(task.key, task);
  }
  return [...tasks.values()];
};

/** Prices every service of the version: an offer or the reasons why it is none. */
export const rate = (version: TariffVersion, request: RateRequest): Rating => {
  const rater = new Rater(version, request);
  const zone = zoneOf(version, request.address);
  const rates: Rate[] = [];
  const excluded: Exclusion[] = [];
  for (const service of version.services) {
    const offer = rater.offer(service, zone);
    if ("lines" in offer) rates.push(offer);
    else excluded.push(...offer.map((reason) => ({ service: service.id, typeId: service.typeId, ...reason })));
  }
  return {
    rates: rates.toSorted((left, right) => left.total - right.total || left.typeId - right.typeId),
    excluded: excluded.toSorted((left, right) => left.typeId - right.typeId),
  };
};

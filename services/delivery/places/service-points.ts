/** Service points and lockers: where parcels are picked up. */
import { and, type QueryContext, eq, resource, t } from "pons";
import { address } from "../orders/address-fields.ts";
import { everybody } from "../roles.ts";
import { isOpenAt, type OpeningHours } from "../tariffs/index.ts";
import { workTimeIn } from "./work-time.ts";

const minute = (doc: string) => t.integer({ min: 0, max: 1_440, doc });
const interval = { from: minute("Minutes after midnight."), to: minute("The minute it closes; 1440 is midnight.") };
const side = t.integer({ min: 1, max: 100_000 });

const input = {
  code: t.string({
    minLength: 1,
    maxLength: 40,
    unique: true,
    write: "create",
    doc: "As the house names it.",
    example: "point-07",
  }),
  kind: t.enum(["servicePoint", "locker"]),
  name: t.string({ minLength: 1, maxLength: 150 }),
  city: t.string({ minLength: 1, maxLength: 100, index: true, doc: "To find it by." }),
  address,
  timeZone: t.string({ maxLength: 60, doc: "IANA name.", example: "Europe/Berlin" }),
  weekly: t.array(t.object({ weekday: t.integer({ min: 1, max: 7, doc: "1 is Monday." }), ...interval }), {
    maxItems: 70,
    doc: "When it is open, local time.",
  }),
  exceptions: t.array(t.object({ date: t.date(), intervals: t.array(t.object(interval), { maxItems: 10 }) }), {
    maxItems: 400,
    default: [],
    doc: "Dates that differ; no interval: closed.",
  }),
  weightMax: t.integer({ optional: true, min: 1, doc: "Grams of a parcel, at most." }),
  sidesMax: t.array(side, { optional: true, minItems: 3, maxItems: 3, doc: "Longest, middle and shortest side, 0.1 mm." }),
  hasCashOnDelivery: t.boolean({ default: false, doc: "Whether it takes cash." }),
  enabled: t.boolean({ default: true }),
};

const fields = { id: t.id("spt"), ...input, updatedAt: t.dateTime({ set: "updated" }) };

const invalidHours = {
  invalid_hours: {
    status: 422,
    doc: "An interval ends before it begins or runs into another, a date stands twice, or there is no such time zone.",
  },
} as const;

type Hours = OpeningHours & { readonly timeZone: string };
type Interval = OpeningHours["weekly"][number] | OpeningHours["exceptions"][number]["intervals"][number];

const isZone = (timeZone: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};

/** Each ends after it begins, and before the next one begins. */
const follow = (intervals: readonly Interval[]): boolean => {
  const sorted = intervals.toSorted((one, other) => one.from - other.from);
  return sorted.every(({ from, to }, at) => from < to && to <= (sorted[at + 1]?.from ?? to));
};

const fits = ({ timeZone, weekly, exceptions }: Hours): boolean =>
  isZone(timeZone) &&
  [...Map.groupBy(weekly, ({ weekday }) => weekday).values()].every(follow) &&
  exceptions.every(({ intervals }) => follow(intervals)) &&
  new Set(exceptions.map(({ date }) => date)).size === exceptions.length;

export const servicePoints = resource(
  "servicePoints",
  { doc: "Where parcels are picked up.", fields },
  ({ self, all, filter, command, query, guard }) => ({
    rows: { shop: all, warehouse: all, manager: all },
    access: { update: ["manager"], replace: [], delete: ["manager"] },
    sortBy: "code",
    filters: { enabled: filter((row) => eq(row.enabled, true)) },
    refusals: invalidHours,
    guard: {
      update: guard((ctx, { row, changes }) => (fits({ ...row, ...changes }) ? undefined : ctx.refuse("invalid_hours"))),
    },
    create: command({
      on: "collection",
      doc: "Adds a service point.",
      roles: ["manager"],
      input,
      output: "row",
      refusals: invalidHours,
      run: (ctx, { input: given }) => (fits(given) ? ctx.created(ctx.table(self).insert(given)) : ctx.refuse("invalid_hours")),
    }),
    functions: {
      hours: query({
        on: "item",
        doc: "Its hours in words, in the language of who asks, with dates to come that differ; and whether it is open.",
        roles: everybody,
        input: { at: t.dateTime({ optional: true, doc: "Now unless given." }) },
        output: { workTime: t.text(), isOpen: t.boolean() },
        run: (ctx, { row, input: { at } }) => ({
          workTime: workTimeIn(ctx.locale, row, at ?? ctx.now),
          isOpen: row.enabled && isOpenAt(row, { timeZone: row.timeZone, at: at ?? ctx.now }),
        }),
      }),
    },
  }),
);

export interface PointFound {
  readonly address: string;
  readonly workTime: string;
}

/** A service point of a kind in a city; one that takes cash, where that is asked for. */
export const pointIn = async (
  ctx: QueryContext,
  kind: "servicePoint" | "locker",
  { city, takesCash }: { readonly city: string | null; readonly takesCash: boolean },
): Promise<PointFound | null> => {
  if (city === null) return null;
  const [found] = await ctx
    .table(servicePoints)
    .find(
      (row) =>
        and(
          eq(row.city, city),
          eq(row.kind, kind),
          eq(row.enabled, true),
          ...(takesCash ? [eq(row.hasCashOnDelivery, true)] : []),
        ),
      { limit: 1, sortBy: "code" },
    );
  if (found === undefined) return null;
  const { index, street, home } = found.address;
  const address = [index, found.city, [street, home].filter((part) => part !== null).join(" ")].filter(
    (part) => part !== null && part !== "",
  );
  return { address: address.join(", "), workTime: workTimeIn(ctx.locale, found, ctx.now) };
};

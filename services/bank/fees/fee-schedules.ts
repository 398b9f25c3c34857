/**
 * Schedules of fees: what a movement of a kind costs. A fee is a further leg of the same transaction: the money moves and the fee is charged, or neither.
 * Kept in memory by the writer, so that a movement without a fee costs nothing more.
 *
 * Kind, reach and currency stay as they are. A new price is a new schedule from a moment on, which goes before the older one, or a change of this one.
 */
import { and, eq, lte, resource, t } from "pons";
import { assets, isKept } from "../assets.ts";
import { chargeableKinds, reaches } from "./fee-for.ts";

/** Greatest part of a fee in minor units, so that no sum with an amount leaves 64 bits unnoticed. */
const partMax = 10n ** 15n;

const part = (doc: string, example: number) => ({ min: 0n, max: partMax, currency: "currency", doc, example }) as const;

const input = {
  name: t.string({
    minLength: 1,
    maxLength: 100,
    doc: "What the payer reads: the reference of the fee.",
    example: "Payment fee",
  }),
  kind: t.enum(chargeableKinds, { write: "create", doc: "Kind of movement it applies to." }),
  reach: t.enum(reaches, {
    default: "internal",
    write: "create",
    doc: "How far the money goes. What the ledger posts stays in the bank; the others are quoted, and charged by who sends the money on.",
  }),
  currency: t.currency({ write: "create", doc: "Of the movement and of the fee.", example: "EUR" }),
  fixed: t.money({ default: 0n, ...part("Charged whatever the amount. Minor units.", 35) }),
  basisPoints: t.integer({ default: 0, min: 0, max: 10_000, doc: "Hundredths of a per cent of the amount.", example: 50 }),
  minFee: t.money({ optional: true, ...part("Least fee.", 150) }),
  maxFee: t.money({ optional: true, ...part("Greatest fee.", 7500) }),
  payer: t.enum(["debit", "credit"], { default: "debit", doc: "Whose account pays it: the debited or the credited one." }),
  validTo: t.dateTime({ optional: true, doc: "Moment from which it does not count any more." }),
  enabled: t.boolean({ default: true, doc: "Whether it counts." }),
};

const validFrom = "Moment from which it counts.";

const fields = {
  id: t.id("fsc"),
  ...input,
  validFrom: t.dateTime({ doc: validFrom }),
  createdAt: t.dateTime({ set: "created" }),
  updatedAt: t.dateTime({ set: "updated" }),
};

interface Bounds {
  readonly minFee: bigint | null;
  readonly maxFee: bigint | null;
  readonly validFrom: string;
  readonly validTo: string | null;
}

/** The field that does not fit another one. */
const flawOf = ({ minFee, maxFee, validFrom: from, validTo: to }: Bounds): "maxFee" | "validTo" | undefined => {
  if (minFee !== null && maxFee !== null && minFee > maxFee) return "maxFee";
  return to !== null && to <= from ? "validTo" : undefined;
};

const invalidTariff = {
  invalid_tariff: { status: 422, doc: "The least fee is above the greatest, or the end before the beginning." },
} as const;

export const feeSchedules = resource(
  "feeSchedules",
  { doc: "What movements of money cost.", fields },
  ({ self, all, filter, command, guard }) => ({
    rows: { customer: all, teller: all, supervisor: all, auditor: all },
    access: { update: ["supervisor"], replace: [], delete: ["supervisor"] },
    inMemory: true,
    sortBy: "validFrom.desc",
    filters: {
      active: filter(({ enabled }) => eq(enabled, true)),
      since: filter({ moment: t.dateTime({ doc: "In force at this moment or before." }) }, (row, { moment }) =>
        and(eq(row.enabled, true), lte(row.validFrom, moment)),
      ),
    },
    refusals: {
      ...invalidTariff,
      fee_schedule_enabled: { status: 409, doc: "The schedule counts: disable it first." },
    },
    guard: {
      update: guard((ctx, { row, changes }) => {
        const field = flawOf({ ...row, ...changes });
        return field === undefined ? undefined : ctx.refuse("invalid_tariff", { field });
      }),
      delete: guard((ctx, { row }) => (row.enabled ? ctx.refuse("fee_schedule_enabled") : undefined)),
    },
    create: command({
      on: "collection",
      doc: "Adds a schedule of fees.",
      roles: ["supervisor"],
      input: { ...input, validFrom: t.dateTime({ optional: true, doc: `${validFrom} Now unless given.` }) },
      output: "row",
      refusals: {
        ...invalidTariff,
        invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
      },
      run: (ctx, { input: given }) => {
        if (!isKept(given.currency, ctx.table(assets).all())) return ctx.refuse("invalid_currency", { currency: given.currency });
        const terms = { ...given, validFrom: given.validFrom ?? ctx.now };
        const field = flawOf(terms);
        if (field !== undefined) return ctx.refuse("invalid_tariff", { field });
        return ctx.created(ctx.table(self).insert(terms));
      },
    }),
  }),
);

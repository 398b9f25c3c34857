/**
 * Rates of exchange. Rows are only ever added: of those of a pair that have come into force, the one that did so last counts, in either direction. A pair
 * that is kept the other way round is taken by its inverse.
 */
import { and, type CommandContext, eq, lte, or, resource, type Row, t } from "pons";
import { assets, isKept } from "../assets.ts";
import { shownDigits } from "./conversion.ts";

const input = {
  base: t.currency({ write: "create", doc: "The currency that one unit is of.", example: "EUR" }),
  quote: t.currency({ write: "create", doc: "The currency the price is in.", example: "USD" }),
  rate: t.decimal({
    write: "create",
    scale: shownDigits,
    min: "0.000000000001",
    max: "1000000000",
    doc: "Units of `quote` for one unit of `base`, in major units: the middle of the market.",
    example: "1.0842",
  }),
  spreadBasisPoints: t.integer({
    default: 0,
    min: 0,
    max: 9_999,
    write: "create",
    doc: "Hundredths of a per cent that the bank keeps, whichever of the two is sold.",
    example: 50,
  }),
};

const validFrom = "Moment from which it counts.";

const fields = {
  id: t.id("fxr"),
  ...input,
  validFrom: t.dateTime({ write: "create", doc: validFrom }),
  createdAt: t.dateTime({ set: "created" }),
};

export const fxRates = resource(
  "fxRates",
  { doc: "Rates at which the bank exchanges.", fields },
  ({ self, all, filter, command }) => ({
    rows: { customer: all, teller: all, supervisor: all, auditor: all },
    appendOnly: true,
    sortBy: "validFrom.desc",
    indexes: [["base", "quote", "validFrom"]],
    filters: {
      between: filter({ one: t.currency(), other: t.currency() }, (row, { one, other }) =>
        or(and(eq(row.base, one), eq(row.quote, other)), and(eq(row.base, other), eq(row.quote, one))),
      ),
    },
    create: command({
      on: "collection",
      doc: "Sets a rate, from now on or from a later moment.",
      roles: ["supervisor"],
      input: { ...input, validFrom: t.dateTime({ optional: true, doc: `${validFrom} Now unless given; never in the past.` }) },
      output: "row",
      refusals: {
        invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
        same_currency: { status: 400, doc: "Both are the same currency." },
        invalid_valid_from: { status: 400, doc: "A rate counts from now on or later." },
      },
      run: (ctx, { input: { validFrom: from, ...terms } }) => {
        const kept = ctx.table(assets).all();
        const strange = [terms.base, terms.quote].find((currency) => !isKept(currency, kept));
        if (strange !== undefined) return ctx.refuse("invalid_currency", { currency: strange });
        if (terms.base === terms.quote) return ctx.refuse("same_currency");
        if (from !== null && from < ctx.now) return ctx.refuse("invalid_valid_from");
        return ctx.created(ctx.table(self).insert({ ...terms, validFrom: from ?? ctx.now }));
      },
    }),
  }),
);

export type FxRate = Row<typeof fxRates>;

/** The newest rate of a pair kept in this direction. */
const newest = async (ctx: CommandContext, base: string, quote: string): Promise<FxRate | undefined> => {
  const found = await ctx
    .table(fxRates)
    .find((row) => and(eq(row.base, base), eq(row.quote, quote), lte(row.validFrom, ctx.now)), {
      limit: 1,
      sortBy: "validFrom.desc,id.desc",
    });
  return found[0];
};

export interface Found {
  readonly rate: FxRate;
  /** It is kept for the other direction. */
  readonly isInverse: boolean;
}

/** The rate for selling one currency for another; of both directions the newer one, and where they are of one moment the direct one. */
export const rateFor = async (ctx: CommandContext, sold: string, bought: string): Promise<Found | undefined> => {
  const direct = await newest(ctx, sold, bought);
  const inverse = await newest(ctx, bought, sold);
  if (inverse !== undefined && (direct === undefined || inverse.validFrom > direct.validFrom))
    return { rate: inverse, isInverse: true };
  return direct === undefined ? undefined : { rate: direct, isInverse: false };
};
